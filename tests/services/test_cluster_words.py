"""What the words of a cluster's nodes do to the states of one of them."""

from __future__ import annotations

import pytest

from cluster_trio import ME, B, C, Trio, owned_by
from conftest import FakeServer

UNKNOWN, UP, DOWN = 0, 1, 2
EVERYWHERE = (ME, B, C)


def states(trio: Trio, uri: str) -> list[int]:
    """Return how a destination is at each of the three."""
    return [trio.at(node, uri) for node in EVERYWHERE]


def test_what_one_node_pings_all_know(server: FakeServer) -> None:
    """Each destination is pinged by its owner, and what it says holds here too."""
    mine, other, third = (owned_by(node, number=3) for node in EVERYWHERE)
    trio = Trio(server, [*mine, *other, *third])
    trio.run(12)
    assert all(states(trio, uri) == [UP] * 3 for uri in trio.uris)
    trio.sent.clear()
    trio.run(12)
    assert sorted(trio.sent) == sorted(mine * 3)
    assert [trio.case(uri) for uri in trio.uris] == [None] * 9


def test_an_owner_that_alone_can_not_reach_it(server: FakeServer) -> None:
    """It is down there alone, the others ping it from then on, and it heals by itself."""
    [uri] = owned_by(ME, B)
    trio = Trio(server, [uri])
    trio.run(12)
    trio.unreachable.add((ME, uri))
    trio.run(12)
    assert states(trio, uri) == [DOWN, UP, UP]
    assert all((B, state) not in trio.others[B].states for state in (DOWN,))
    case = trio.case(uri)
    assert case
    assert (case.alone, case.outcome) == (True, "ALONE")
    assert "is down from this node alone: this node alone can't reach it: no reply in 500 ms" in "".join(
        server.ksr.lines("warn")
    )
    trio.unreachable.clear()
    trio.run(12)
    assert states(trio, uri) == [UP, UP, UP]
    assert trio.case(uri) is None
    assert trio.changes == [(uri, UP), (uri, DOWN), (uri, UP)]


def test_another_owner_that_alone_can_not_reach_it(server: FakeServer) -> None:
    """It stays up here throughout: this node is asked, and says that it answers."""
    [uri] = owned_by(B, ME)
    trio = Trio(server, [uri])
    trio.run(12)
    trio.unreachable.add((B, uri))
    trio.sent.clear()
    trio.run(12)
    assert states(trio, uri) == [UP, DOWN, UP]
    assert uri in trio.sent
    trio.unreachable.clear()
    trio.run(12)
    assert states(trio, uri) == [UP, UP, UP]
    assert trio.changes == [(uri, UP)]


@pytest.mark.parametrize("first", EVERYWHERE)
def test_what_nobody_reaches_is_down_everywhere(server: FakeServer, first: str) -> None:
    """Whoever owns it; and up everywhere as soon as it answers."""
    [uri] = owned_by(first)
    trio = Trio(server, [uri])
    trio.run(12)
    trio.unreachable |= {(node, uri) for node in EVERYWHERE}
    trio.run(10)
    assert states(trio, uri) == [DOWN, DOWN, DOWN]
    trio.unreachable.clear()
    trio.run(8)
    assert states(trio, uri) == [UP, UP, UP]
    assert trio.changes == [(uri, UP), (uri, DOWN), (uri, UP)]
    trio.run(8)
    assert trio.case(uri) is None
