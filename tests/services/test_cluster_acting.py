"""One node of a cluster acts for all, of those to which a change is news."""

from __future__ import annotations

import importlib
import random

import pytest

from cluster_model import Node
from cluster_trio import ME, NODES, OPTIONS, B, Trio, owned_by
from conftest import FakeServer
from keepalive_core.rules.states import DOWN, UP

acting: list[tuple[str, int, bool]] = []


def tell_who_acts(uri: str, state: int, user_attr: object) -> None:
    """Be a callback."""
    acting.append((uri, state, importlib.import_module("keepalive").info(uri)["cluster"]["mine"]))


def acted_within(trio: Trio, seconds: float) -> list[tuple[str, int, bool]]:
    """Return what the callback was told while time passes, and whether this node acts for all then."""
    trio.server.run_callbacks()
    acting.clear()
    for _ in range(round(seconds * 5)):
        trio.run(0.2)
        trio.server.run_callbacks()
    return sorted(acting)


def trio_with(server: FakeServer, *uris: str) -> Trio:
    """Return three nodes that reach all; each change is told to the callback."""
    trio = Trio(server, uris)
    assert trio.keepalive.register_callback(tell_who_acts, "me") == 0
    trio.run(12)
    return trio


def test_who_alone_lost_it_acts_for_nobody(server: FakeServer) -> None:
    """Neither when it is down there alone, nor when it comes back: at all others nothing changes."""
    [uri] = owned_by(ME)
    trio = trio_with(server, uri)
    trio.unreachable.add((ME, uri))
    assert acted_within(trio, 12) == [(uri, DOWN, False)]
    trio.unreachable.clear()
    assert acted_within(trio, 12) == [(uri, UP, False)]
    assert trio.case(uri) is None
    trio.unreachable |= {(node, uri) for node in NODES}
    assert acted_within(trio, 12) == [(uri, DOWN, True)]


def test_who_alone_lost_it_acts_for_nobody_though_the_others_begin_anew(server: FakeServer) -> None:
    """Without any it is down for all that live; but it was so at this node before."""
    [uri] = owned_by(ME)
    trio = trio_with(server, uri)
    trio.unreachable.add((ME, uri))
    assert acted_within(trio, 12) == [(uri, DOWN, False)]
    for name, before in [*trio.others.items()]:
        trio.others[name] = Node(name, NODES, trio.uris, random.Random(name), server.now, before.terms)
    assert acted_within(trio, 12) == []
    assert trio.at(B, uri) == UP
    trio.unreachable.clear()
    assert acted_within(trio, 12) == [(uri, UP, False)]


@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "one after another"])
@pytest.mark.parametrize("wounded", [ME, B])
@pytest.mark.parametrize("number", [6, 2], ids=["degraded", "not degraded"])
def test_while_the_uplink_of_one_is_dead(
    server: FakeServer, number: int, wounded: str, at_once: bool
) -> None:
    """Of its share the others act, when that goes and when it comes back; that node for none."""
    healthy = B if wounded == ME else ME
    uris = owned_by(wounded, healthy, number=number)
    trio = trio_with(server, *uris)
    trio.unreachable |= {(wounded, uri) for uri in uris}
    acted = acted_within(trio, 30)
    assert acted == (sorted((uri, DOWN, False) for uri in uris) if wounded == ME else [])
    found = []
    for uri in uris:
        trio.unreachable |= {(node, uri) for node in NODES}
        found += [] if at_once else acted_within(trio, 5)
    found += acted_within(trio, 15)
    assert sorted(found) == ([] if wounded == ME else sorted((uri, DOWN, True) for uri in uris))
    found = []
    for uri in uris:
        trio.unreachable -= {(node, uri) for node in NODES if node != wounded}
        found += [] if at_once else acted_within(trio, 5)
    found += acted_within(trio, 15)
    assert sorted(found) == ([] if wounded == ME else sorted((uri, UP, True) for uri in uris))
    trio.unreachable.clear()
    assert acted_within(trio, 30) == (sorted((uri, UP, False) for uri in uris) if wounded == ME else [])


def test_what_was_left_to_a_node_it_acts_for_though_it_became_degraded(server: FakeServer) -> None:
    """The others count on it as the owner in calm, and nobody else is told when it can reach it at last."""
    mine, others = owned_by(ME, number=4), owned_by(B, number=2)
    trio = trio_with(server, *mine, *others)
    trio.unreachable |= {(node, uri) for node in NODES for uri in [*mine, *others]}
    trio.run(12)
    trio.unreachable = {(ME, uri) for uri in [*mine, *others]}
    trio.run(12)
    assert trio.keepalive.info()["cluster"]["degraded"]
    trio.unreachable.clear()
    assert acted_within(trio, 5) == sorted((uri, UP, uri in mine) for uri in [*mine, *others])
    trio.run(15)
    assert [trio.case(uri) for uri in mine] == [None] * len(mine), "calm"


@pytest.mark.parametrize(("join", "late"), [(0, False), (0, True), (2, True)])
def test_who_begins_acts_for_nothing_that_was_so_before(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch, join: int, late: bool
) -> None:
    """However long it takes to follow the others, or to register all: the others have acted; then it does."""
    uris = [uri for who in NODES for uri in owned_by(who, number=10)]
    trio = Trio(server, uris, lacking=uris if late else ())
    trio.keepalive.modparam("cluster_join", join)
    assert trio.keepalive.register_callback(tell_who_acts, "me") == 0
    trio.unreachable.update((who, uri) for who in NODES for uri in uris[::2])
    started = [not late]
    rows = importlib.import_module("keepalive_core.kamailio.startup_rows")
    monkeypatch.setattr(rows, "is_started", lambda: started[0])
    trio.begin_behind()
    acted = acted_within(trio, 3.6)
    if late:
        for uri in uris:
            assert trio.keepalive.add_destination(uri, "me", **OPTIONS) == 0
        acted += acted_within(trio, 0.6)
        started[0] = True
        acted += acted_within(trio, 3)
    assert sorted(acted) == sorted((uri, DOWN if uri in uris[::2] else UP, False) for uri in uris)
    trio.pings_stand_still = False
    trio.run(20)
    trio.unreachable.clear()
    came_back = {uri: mine for uri, _, mine in acted_within(trio, 15)}
    assert came_back == {uri: uri in uris[:10] for uri in uris[::2]}


def test_who_begins_learns_what_is_down_for_this_node(server: FakeServer) -> None:
    """So it acts for nothing for which others have acted."""
    [uri] = owned_by(ME)
    trio = trio_with(server, uri)
    trio.unreachable |= {(node, uri) for node in NODES}
    trio.run(12)
    before = trio.others[B]
    assert not before.talk.words_of(uri)[ME].decided, "it knows that by itself"
    rng = random.Random(8)
    trio.others[B] = Node(B, NODES, trio.uris, rng, server.now, before.terms)
    trio.run(3)
    assert trio.others[B].talk.words_of(uri)[ME].decided
    trio.unreachable.clear()
    trio.run(12)
    assert trio.case(uri) is None
