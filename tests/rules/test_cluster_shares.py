"""What a node pings in calm, and what is its share."""

from __future__ import annotations

from cluster_nodes import NODES
from keepalive_core.rules.cluster_owner import first
from keepalive_core.rules.cluster_shares import Shares
from keepalive_core.rules.cluster_view import View

A, B, C = NODES
KEYS = [f"sip:192.0.2.{number}:5060" for number in range(200)]


def seen(*live: str, ready: tuple[str, ...] | None = None) -> View:
    nodes = frozenset(live)
    return View(A, nodes, nodes, frozenset(live if ready is None else ready), nodes)


def shares(view: View) -> Shares:
    found = Shares(view)
    for key in KEYS:
        found.add(key)
    return found


def wanted(*nodes: str) -> set[str]:
    return {key for key in KEYS if first(key, nodes) == A}


def test_what_is_owned_follows_the_ready_ones_and_the_share_the_live_ones() -> None:
    """A node that finds itself degraded owns nothing, and knows what would be its own."""
    found = shares(seen(A, B, C))
    assert found.owned == found.share == wanted(A, B, C)
    come_or_gone = {key for key in found.walk(seen(A, B, C, ready=(B, C))) if key}
    assert come_or_gone == wanted(A, B, C)
    assert (found.owned, found.share) == (set(), wanted(A, B, C))
    come_or_gone = {key for key in found.walk(seen(A, B)) if key}
    assert found.owned == found.share == come_or_gone == wanted(A, B)
    assert len(found) == len(KEYS)


def test_what_moves_between_others_is_not_told() -> None:
    """It is nothing to this node."""
    found = shares(seen(A, B, C))
    steps = list(found.walk(seen(A, B)))
    assert len(steps) == 2 * len(KEYS)
    assert all(found.owner(key) == first(key, (A, B)) for key in KEYS)
    assert {key for key in steps if key} == wanted(A, B) - wanted(A, B, C)


def test_some_nodes_only_and_what_is_gone() -> None:
    """One that others alone may ping is neither owned nor a share; what is gone counts nowhere."""
    found = shares(seen(A, B, C))
    mine, *_ = sorted(found.owned)
    found.add(mine, frozenset((B,)))
    assert mine not in found.owned | found.share
    found.add(mine)
    assert mine in found.owned & found.share
    found.remove(mine)
    found.remove("sip:never:5060")
    assert mine not in found.owned | found.share
    assert found.owner(mine) == ""
    assert len(found) == len(KEYS) - 1
