"""What a node leaves to the others as its own prober stands still."""

from __future__ import annotations

from cluster_trio import ME, B, C, Trio, owned_by
from conftest import FakeServer

UP, DOWN = 1, 2


def test_the_others_ping_what_a_prober_that_stands_still_should(server: FakeServer) -> None:
    """Though its node is heard; what they say holds there, and it pings again as soon as it goes on."""
    [uri] = owned_by(ME, B)
    trio = Trio(server, [uri])
    trio.run(12)
    trio.pings_stand_still = True
    trio.run(9)
    assert not trio.others[B].talk.peers[ME].beat.paused
    trio.run(6)
    assert trio.others[B].talk.peers[ME].beat.paused
    assert "prober 0 of this node stands still, and the others ping the share" in server.ksr.lines("err")[-1]
    assert trio.others[B].pings[uri] > server.now - 4_500_000
    trio.unreachable |= {(node, uri) for node in (B, C)}
    trio.run(12)
    assert trio.state(uri) == DOWN
    trio.unreachable.clear()
    trio.pings_stand_still = False
    trio.run(12)
    assert trio.state(uri) == UP
    assert not trio.others[B].talk.peers[ME].beat.paused
    assert "this node pings its share again" in server.ksr.lines("warn")[-1]
    trio.sent.clear()
    trio.run(8)
    assert uri in trio.sent


def test_a_node_that_is_alone_leaves_nothing_to_nobody(server: FakeServer) -> None:
    """If no other one is left, its other probers go on."""
    trio = Trio(server, owned_by(ME))
    trio.run(6)
    trio.pings_stand_still = True
    trio.run(14)
    trio.cut.add(ME)
    trio.run(8)
    lines = [line for line in server.ksr.lines("warn") if "this node pings its share again" in line]
    assert len(lines) == 1


def test_a_process_of_the_cluster_that_stood_still_itself_has_not_looked(server: FakeServer) -> None:
    """All of a server that goes on may do so in any order."""
    trio = Trio(server, owned_by(ME))
    trio.run(6)
    server.now += 60_000_000
    trio.pings_stand_still = True
    trio.run(2)
    trio.pings_stand_still = False
    trio.run(14)
    assert [line for line in server.ksr.lines("err") if "stands still" in line] == []
