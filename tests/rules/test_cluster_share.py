"""Which destinations a node pings: those it owns, and what is said of the ones that are not calm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster_nodes import NODES
from keepalive_core.rules.cluster_owner import first
from keepalive_core.rules.cluster_share import ClusterShare, Exceptional
from keepalive_core.rules.cluster_verdict import Case, Terms, has_to_ping
from keepalive_core.rules.cluster_view import View

KEYS = [f"sip:192.0.2.{at}:5060" for at in range(40)]
ME, B, C = NODES
ANYBODY = frozenset[str]()


def seen(*ready: str, pings: bool = True, degraded: bool = False) -> View:
    """How this node sees the cluster, if so many may own."""
    nodes = frozenset((ME, *ready))
    return View(ME, nodes, nodes, frozenset(ready), nodes, pings, degraded)


def follow(share: ClusterShare, view: View) -> set[str]:
    """Have a share follow a view; return those that this node pings now."""
    list(share.walk(view))
    return {key for key in KEYS if share.pings(key)}


@pytest.fixture
def share() -> ClusterShare:
    share = ClusterShare()
    for key in KEYS:
        share.follow(key, ANYBODY, None)
    return share


def test_nothing_is_pinged_before_it_is_known_who_is_there(share: ClusterShare) -> None:
    """Nor while this node may not: it listens first, or is paused."""
    assert not any(map(share.pings, KEYS))
    assert not share.sees_others
    assert follow(share, seen(B, pings=False)) == set()
    assert not any(map(share.owns, KEYS))
    assert share.sees_others
    assert follow(share, seen(ME)) == {*KEYS}
    assert not share.sees_others
    assert follow(share, seen(ME, B, C)) == {key for key in KEYS if first(key, NODES) == ME}


def test_a_degraded_node_looks_at_all_and_owns_nothing(share: ClusterShare) -> None:
    """But for what it may not ping at all."""
    share.follow(KEYS[0], frozenset([B]), None)
    assert follow(share, seen(B, degraded=True)) == {*KEYS[1:]}
    assert not any(map(share.owns, KEYS))


def test_the_walk_is_over_all_if_owners_may_change_alone(share: ClusterShare) -> None:
    """A view in which other words count moves nothing."""
    view = seen(ME, B)
    assert list(share.walk(view)) == KEYS
    assert list(share.walk(view._replace(counted=frozenset()))) == []
    assert list(share.walk(view._replace(degraded=True))) == KEYS
    share.forget(KEYS[0])
    share.forget("sip:nobody:5060")
    assert list(share.walk(seen(ME, C))) == KEYS[1:]


def test_whoever_is_next_gives_up_what_its_owner_has_given_up(share: ClusterShare) -> None:
    """Of those that have it, and may own it; one after the other."""
    follow(share, seen(ME, B, C))
    key = next(key for key in KEYS if first(key, NODES) == B and first(key, (ME, C)) == ME)
    agreed = Exceptional(pings=True, agreed=True)
    share.follow(key, ANYBODY, agreed)
    assert not share.owns(key)
    share.follow(key, ANYBODY, agreed._replace(lacking=frozenset({B})))
    assert share.owns(key)
    share.follow(key, ANYBODY, agreed._replace(lacking=frozenset({C})))
    assert not share.owns(key)
    share.follow(key, frozenset({B, C}), agreed._replace(lacking=frozenset({B})))
    assert not share.owns(key)


def test_an_exception_stands_before_the_owner(share: ClusterShare) -> None:
    """Whether this node is to ping, or not to; until the destination is calm, whatever the view becomes."""
    follow(share, seen(ME, B, C))
    mine = next(key for key in KEYS if share.pings(key))
    other = next(key for key in KEYS if not share.pings(key))
    assert not share.owns(mine), "of one that is calm nobody else has said that it is down"
    share.follow(mine, ANYBODY, Exceptional(pings=False))
    share.follow(other, ANYBODY, Exceptional(pings=True))
    assert (share.pings(mine), share.pings(other)) == (False, True)
    assert not share.owns(mine), "what it alone can't reach is no reason to give it up for all"
    assert not share.owns(other)
    share.follow(mine, ANYBODY, Exceptional(pings=True, agreed=True))
    assert share.owns(mine), "down everywhere: its owner gives it up"
    list(share.walk(seen(ME, pings=False)))
    assert not share.pings(other)
    list(share.walk(seen(ME, B, C)))
    share.follow(other, ANYBODY, None)
    assert not share.pings(other)
    share.forget(mine)
    assert not share.pings(mine)


@given(
    st.sampled_from(KEYS),
    st.sets(st.sampled_from(NODES)),
    st.sets(st.sampled_from(NODES)),
    st.booleans(),
    st.booleans(),
)
def test_in_calm_it_is_what_the_case_says(
    key: str, ready: set[str], only: set[str], pings: bool, degraded: bool
) -> None:
    """The process that hears the others comes to the same, with all that it knows."""
    # A node is ready if it may ping and is not degraded, as far as it knows itself.
    ready = ready | {ME} if pings and not degraded else ready - {ME}
    view, share = seen(*ready, pings=pings, degraded=degraded), ClusterShare()
    share.follow(key, frozenset(only), None)
    list(share.walk(view))
    assert share.pings(key) == has_to_ping(Case(key, view, {}, Terms(only=frozenset(only))))
