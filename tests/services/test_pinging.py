"""A ping of one destination leaves, or not, for a reason; its end is found at its deadline."""

from itertools import pairwise
from types import ModuleType

import pytest

from conftest import FakeServer

A = "sip:192.168.10.20"
B = "sip:192.168.10.21"
SECOND = 1_000_000


@pytest.mark.parametrize("code", [300, 404, 408, 500, 603])
def test_a_final_reply_that_is_no_2xx_is_down(up: ModuleType, server: FakeServer, code: int) -> None:
    """Any final reply but 2xx is down, judged once though reply and failure function both run."""
    server.ksr.reply(server.next_ping(), code, "Reason")
    assert up.state(A) == up.DOWN
    assert server.ksr.lines("notice")[-1].startswith(f"keepalive: {A} up -> down: {code} Reason in ")


def test_a_local_timeout_is_down(up: ModuleType, server: FakeServer) -> None:
    """tm's timeout is a failure, and is not called a 408."""
    ping = server.next_ping()
    server.now += 3_000_000
    server.ksr.time_out(ping)
    assert up.state(A) == up.DOWN
    assert server.ksr.lines("notice")[-1] == f"keepalive: {A} up -> down: no reply in 3000 ms"


def test_a_result_that_never_comes_is_a_failure_at_the_deadline(up: ModuleType, server: FakeServer) -> None:
    """If neither reply nor timeout is ever heard of, the destination is down a second after the limit."""
    server.next_ping()
    server.tick(3.9)
    assert up.state(A) == up.UP
    server.tick(0.2)
    assert up.state(A) == up.DOWN


def test_a_name_that_is_gone_is_a_failure_at_once(keepalive: ModuleType, server: FakeServer) -> None:
    """A name that stopped resolving is down with the first ping that could not leave."""
    name = "sip:gateway.example"
    keepalive.add_destination(name, "me")
    server.answer(seconds=31)
    server.ksr.unresolvable.add(name)
    server.tick(31)
    assert keepalive.state(name) == keepalive.DOWN
    assert server.ksr.lines("notice")[-1] == f"keepalive: {name} up -> down: the ping could not be sent"
    server.ksr.unresolvable.clear()
    server.answer(seconds=31)
    assert keepalive.state(name) == keepalive.UP


def test_one_ping_in_flight(server: FakeServer) -> None:
    """With an interval as short as the limit, the next ping waits for the end of the one before."""
    server.define("ping_interval", "1")
    keepalive = server.process()
    keepalive.add_destination(A, "me")
    times = []
    for _ in range(200):
        before = len(server.ksr.sent)
        server.tick()
        times += [server.now] * (len(server.ksr.sent) - before)
    # 1 s for the answer and 1 s of grace, as no timeout is heard of.
    assert all(b - a >= 2_000_000 for a, b in pairwise(times))
    assert len(times) >= 4
    server.ksr.reply(server.ksr.sent[-1], 200)
    before = len(server.ksr.sent)
    server.tick(3)
    assert len(server.ksr.sent) > before


def test_an_event_that_goes_elsewhere_is_told(keepalive: ModuleType, server: FakeServer) -> None:
    """Pings that can't be followed leave the state unknown, with one line in the log."""
    server.ksr.event_function = "ksr_nobody"
    keepalive.add_destination(A, "me")
    server.tick(95)
    assert keepalive.state(A) == 0
    assert len(server.ksr.lines("err")) == 2, "once a minute"


def test_an_event_that_stops_coming_leaves_nobody_up(up: ModuleType, server: FakeServer) -> None:
    """If pings can't be followed any more, what was up is unknown, and says so."""
    server.ksr.event_function = "ksr_nobody"
    server.tick(61)
    assert up.state(A) == up.UNKNOWN
    assert "its pings can't be followed" in server.ksr.lines("notice")[-1]
