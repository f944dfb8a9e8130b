"""What an operator is told of replies and of tm if they are not as they should be."""

from __future__ import annotations

from types import ModuleType

import pytest

from conftest import FakeServer

A = "sip:192.168.10.20"
STRANGER = "0123456789abcdef@stranger"


def test_it_is_told_once_a_minute(server: FakeServer) -> None:
    """One line for all processes; it names the destination, the address and the reason; all are counted."""
    processes = [server.process() for _ in range(3)]
    sent = server.first_ping(processes[-1], A, ping_interval=3600)
    for _ in range(3):
        server.process()
        for _ in range(5):
            server.ksr.reply(sent, 100, call_id=STRANGER)
            server.ksr.reply(sent, 404, call_id=STRANGER, address="198.51.100.7", port=1234)
    assert server.ksr.lines("warn") == [
        "keepalive: a 404 from 198.51.100.7:1234 to a ping of sip:192.168.10.20:5060 does not count: "
        "its Call-ID is another one"
    ]
    assert processes[-1].info(A)["mismatched"] == 15
    server.now += 61_000_000
    server.ksr.reply(sent, 404, call_id=STRANGER)
    assert len(server.ksr.lines("warn")) == 2


@pytest.mark.parametrize("mark", [None, "", "another script's", "1 2 3 4 5 6", 5])
def test_a_route_that_takes_our_avp_is_told(
    keepalive: ModuleType, server: FakeServer, mark: str | int | None
) -> None:
    """The reply is no result, tm's end neither, and one line a minute says why."""
    sent = server.first_ping(keepalive, A)
    sent.avps.clear()
    if mark is not None:
        sent.avps["keepalive"] = mark
    for _ in range(5):
        server.ksr.reply(sent, 404)
        server.ksr.reply(sent, 200)
    assert keepalive.state(A) == 0
    [line] = server.ksr.lines("warn")
    assert "$avp(keepalive)" in line
    assert server.ksr.lines("err") == []


def silent_ping(server: FakeServer, lasts: float) -> None:
    """Let the next ping leave, and tm end it after a time in seconds."""
    before = len(server.ksr.sent)
    while len(server.ksr.sent) == before:
        server.tick()
    server.tick(lasts)
    server.ksr.time_out(server.ksr.sent[-1])


def test_a_limit_that_is_shorter_than_ours_is_told_once(keepalive: ModuleType, server: FakeServer) -> None:
    """Seen time and again it has one line, with both times."""
    assert keepalive.add_destination(A, "me", ping_interval=5) == 0
    for number in range(6):
        assert len(server.ksr.lines("warn")) == (number >= 3)
        silent_ping(server, 1.5)
    assert keepalive.state(A) == 2
    [line] = server.ksr.lines("warn")
    assert "pings have 1500 ms for a reply, and not the 3000 of ping_timeout" in line


def test_many_early_ends_at_a_time_are_one(keepalive: ModuleType, server: FakeServer) -> None:
    """What ends a whole fleet's pings early, once, is no limit of a route."""
    for number in range(20):
        keepalive.add_destination(f"sip:192.168.11.{number}", "me")
    server.tick(1)
    for sent in server.ksr.sent:
        server.ksr.time_out(sent)
    assert server.ksr.lines("warn") == []


def test_limits_that_hold_are_not_told(keepalive: ModuleType, server: FakeServer) -> None:
    """Neither those that end in time, nor late ones, as with several targets."""
    assert keepalive.add_destination(A, "me", ping_interval=10) == 0
    for lasts in (2.95, 3.06, 3.5, 2.95, 3.9):
        silent_ping(server, lasts)
    assert server.ksr.lines("warn") == []
    assert keepalive.info(A)["failed"] == 5


def test_pings_of_which_tm_tells_nothing_are_told_of(keepalive: ModuleType, server: FakeServer) -> None:
    """They are failures, and one line a minute says what may be the cause."""
    server.first_ping(keepalive, A, ping_interval=5)
    server.tick(21.5)
    assert keepalive.info(A)["failed"] >= 4
    [line] = server.ksr.lines("warn")
    assert (
        "pings end neither by a reply nor by their time limit, such as one of sip:192.168.10.20:5060:" in line
    )


def test_what_strangers_end_is_told_once(keepalive: ModuleType, server: FakeServer) -> None:
    """A ping that only strangers answer is no riddle: of them there is a line already."""
    sent = server.first_ping(keepalive, A, ping_interval=5)
    for _ in range(4):
        server.ksr.reply(sent, 200, call_id=STRANGER)
        server.tick(5)
        sent = server.ksr.sent[-1]
    assert keepalive.info(A)["failed"] >= 3
    [line] = server.ksr.lines("warn")
    assert "does not count" in line
