"""Many destinations behind one socket fail together, through the API."""

from __future__ import annotations

from conftest import FakeServer

NAME = "sip:gateway.example"
A, B, C = (f"sip:192.168.10.{number}" for number in (20, 21, 22))
WALL = 1_000_000


# --- groups ----------------------------------------------------------------------------------------------


def test_mass_failure(server: FakeServer) -> None:
    """Ten behind one socket fail at once: the first are down, the others a round later."""
    server.define("mass_failure", "20")
    keepalive = server.process()
    ours = [f"sip:192.168.20.{number}" for number in range(10)]
    for uri in ours:
        keepalive.add_destination(uri, "me", ping_interval=10, ping_socket="udp:10.0.0.1:5060")
    keepalive.add_destination(A, "me", ping_interval=10)
    server.answer(200, 12)
    server.answer(503, 10)
    assert [keepalive.state(uri) for uri in ours].count(2) == 2
    assert keepalive.state(A) == 2
    held_up = [uri for uri in ours if keepalive.info(uri)["held"] == ["mass_failure"]]
    assert len(held_up) == 8
    from keepalive_core.services import uplinks

    assert (uplinks.frozen(server.now), uplinks.frozen(server.now + 60_000_000)) == (1, 0)
    [line] = [line for line in server.ksr.lines("warn") if "mass_failure" in line]
    assert "behind udp:10.0.0.1:5060 began to fail within 10 s" in line
    server.answer(503, 12)
    assert {keepalive.state(uri) for uri in ours} == {2}
    server.answer(200, 12)
    assert {keepalive.state(uri) for uri in ours} == {1}
    assert len([line for line in server.ksr.lines("warn") if "mass_failure" in line]) == 1
