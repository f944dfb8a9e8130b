"""Evidence comes in: pings' ends, reports and replies to calls, through the API."""

from __future__ import annotations

from types import ModuleType

from conftest import FakeServer

NAME = "sip:gateway.example"
A, B, C = (f"sip:192.168.10.{number}" for number in (20, 21, 22))
WALL = 1_000_000


# --- groups ----------------------------------------------------------------------------------------------


def test_report_reply(keepalive: ModuleType, server: FakeServer) -> None:
    """In a route: enough 503 take it down, one brings the next ping forward, what is no code is refused."""
    keepalive.add_destination(A, "me", ping_interval=3600, passive_min=3)
    server.answer(200, 3)
    before = len(server.ksr.sent)
    assert keepalive.report_reply(A, 503) == 0
    server.answer(200, 2)
    assert len(server.ksr.sent) == before + 1
    assert keepalive.report_reply(A, 503) == keepalive.report_reply(A, 503) == 0
    assert keepalive.state(A) == 2
    assert keepalive.info(A)["kept_down_until"] > 0
    server.answer(200, 30)
    assert keepalive.state(A) == 2
    for bad in (99, 700, "503", None):
        assert keepalive.report_reply(A, bad) == -1
    assert "no code of a reply" in server.ksr.lines("err")[-1]
    assert keepalive.report_reply(B, 200) == -1


def test_without_memory_for_a_ping_nobody_is_down(keepalive: ModuleType, server: FakeServer) -> None:
    """A ping that could not be sent for want of shared memory is void; one to a dead name is a failure."""
    keepalive.add_destination(NAME, "me", ping_interval=1)
    server.answer(200, 3)
    server.ksr.unresolvable.add(NAME)
    server.ksr.room_left = 0
    server.tick(3)
    assert keepalive.state(NAME) == 1
    assert keepalive.info(NAME)["void"] >= 2
    assert len([line for line in server.ksr.lines("err") if "shared memory is full" in line]) == 1
    server.ksr.room_left = None
    server.tick(3)
    assert keepalive.state(NAME) == 2
