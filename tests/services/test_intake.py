"""Evidence comes in: pings' ends, reports and replies to calls, through the API."""

from __future__ import annotations

from types import ModuleType

import pytest

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


TCP, TLS_NAME = "sip:192.168.10.20;transport=tcp", "sip:gateway.example;transport=tls"


def time_out_the_next(server: FakeServer, seconds: float) -> None:
    """Let tm give up the next ping, which leaves within some seconds."""
    before, until = len(server.ksr.sent), server.now + seconds * 1_000_000
    while len(server.ksr.sent) == before:
        server.tick()
        assert server.now <= until
    server.tick(1)
    server.ksr.time_out(server.ksr.sent[-1])


@pytest.mark.parametrize("uri", [TCP, TLS_NAME])
@pytest.mark.parametrize("answers", [True, False])
def test_a_ping_on_a_connection_that_the_peer_has_just_closed(
    keepalive: ModuleType, server: FakeServer, uri: str, answers: bool
) -> None:
    """It is asked once more at once, over a new connection, and that counts."""
    keepalive.add_destination(uri, "me", ping_interval=30, ping_timeout=1000)
    server.answer(seconds=31)
    server.has_connections = False
    time_out_the_next(server, 30)
    known = keepalive.info(uri)
    assert (known["state"], known["void"], known["failed"]) == ("up", 1, 0)
    assert known["last_reason"] == "no verdict: no reply in 1000 ms: the peer has closed the connection"
    if answers:
        server.answer(seconds=1.1)
        known = keepalive.info(uri)
        assert (known["state"], known["last_result"], known["failed"]) == ("up", "reply", 0)
        time_out_the_next(server, 30)
        assert keepalive.info(uri)["void"] == 2
    else:
        time_out_the_next(server, 1.1)
        assert keepalive.state(uri) == keepalive.DOWN
        time_out_the_next(server, 30)
        assert (keepalive.state(uri), keepalive.info(uri)["void"]) == (keepalive.DOWN, 1)


@pytest.mark.parametrize(
    ("uri", "options", "is_connected"),
    [("sip:192.168.10.20", {}, False), (TCP, {}, True), (TCP, {"fall": 2}, False)],
    ids=["no connection is needed", "a connection is there", "it is asked again anyway"],
)
def test_a_silence_that_no_closed_connection_excuses(
    keepalive: ModuleType, server: FakeServer, uri: str, options: dict[str, int], is_connected: bool
) -> None:
    """It counts at once."""
    keepalive.add_destination(uri, "me", ping_interval=5, ping_timeout=1000, **options)
    server.answer(seconds=6)
    server.has_connections = is_connected
    time_out_the_next(server, 6)
    assert (keepalive.info(uri)["failed"], keepalive.info(uri)["void"]) == (1, 0)
