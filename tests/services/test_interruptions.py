"""While a prober stands still or is paused nobody is asked, and nobody is blamed for that."""

from types import ModuleType

import pytest

from conftest import FakeServer

A = "sip:192.168.10.20"
B = "sip:192.168.10.21"
SECOND = 1_000_000


def test_pauses_in_a_row_put_nobody_off(server: FakeServer) -> None:
    """Each second paused or resumed, with more destinations than a second can ask, all are asked."""
    uris = [f"sip:10.0.{n // 250}.{n % 250 + 1}" for n in range(5000)]
    server.define("destinations", " ".join(uris))
    server.define("ping_interval", "600")
    keepalive = server.process()
    server.answer(200, 6)
    begin = len(server.ksr.sent)
    for _ in range(12):
        keepalive.pause()
        server.answer(200, 1)
        keepalive.resume()
        server.answer(200, 1)
    sent = [ping.uri for ping in server.ksr.sent[begin:]]
    assert set(sent) == set(uris)


def test_stalls_are_told_once_a_minute(server: FakeServer) -> None:
    """Of many that come one behind the other one line says how long they were; a tick in time is none."""
    server.process()
    from keepalive_core.rules.listening import LATE
    from keepalive_core.rules.schedule import TICK
    from keepalive_core.services.interruptions import Stalls

    stalls = Stalls()
    stalls.notice(0, server.now)
    stalls.notice(server.now - TICK - LATE, server.now)
    assert (len(stalls.last), server.ksr.lines("warn")) == (0, [])
    for _ in range(30):
        server.now += 3 * SECOND
        stalls.notice(server.now - 2 * SECOND, server.now)
        assert stalls.last[-1] == (server.now, 2 * SECOND)
    first, second = server.ksr.lines("warn")
    assert "for 2.0 s" in first
    assert "for 40.0 s" in second


@pytest.mark.parametrize("alone", [True, False])
def test_a_standstill_is_a_witness_if_it_was_the_servers(
    keepalive: ModuleType, server: FakeServer, alone: bool
) -> None:
    """After 20 s in which the server stood still nobody is down or stale, and the pings are void.

    A prober that stood still alone, as for a name's records, kept nobody from answering: silence counts.
    """
    for uri in (A, B):
        keepalive.add_destination(uri, "me", ping_interval=5, ping_timeout=1000, stale_after=10)
    server.answer(200, 6)
    before = len(server.ksr.sent)
    while len(server.ksr.sent) < before + 2:
        server.tick()
    server.ksr.handlers.ksr_keepalive_watch(None)
    for _ in range(200):
        server.now += SECOND // 10
        if alone:
            server.ksr.handlers.ksr_keepalive_watch(None)
    server.tick()
    assert {keepalive.state(uri) for uri in (A, B)} == {2 if alone else 1}
    assert {keepalive.info(uri)["void"] for uri in (A, B)} == {0 if alone else 1}
    assert keepalive.info(A)["failed"] == int(alone)
    assert keepalive.info(A)["last_reason"].endswith(" ms: this server stood still") != alone
    [line] = server.ksr.lines("warn")
    assert "a prober stood still for 20.1 s: it sent no pings meanwhile" in line
    server.answer(200, 6)
    assert {keepalive.state(uri) for uri in (A, B)} == {1}


def test_a_long_standstill_makes_no_state_old(keepalive: ModuleType, server: FakeServer) -> None:
    """An hour without a ping, and a hiccup before and behind: the state stands until a ping has no answer."""
    keepalive.add_destination(A, "me", ping_interval=5, ping_timeout=1000, stale_after=20)
    server.answer(200, 6)
    for seconds in (1, 3600, 1):
        server.now += seconds * SECOND
        server.tick()
        assert keepalive.state(A) == keepalive.UP
    server.answer(200, 10)
    assert keepalive.state(A) == keepalive.UP


def test_all_see_that_pings_are_disabled_whatever_memory_there_is(server: FakeServer) -> None:
    """What is counted of that time may find no room; the row of the setting has its own."""
    server.define("destinations", A)
    server.process()
    server.answer(200, 6)
    server.ksr.room_left = 0
    server.ksr.settings["enabled"] = 0
    server.answer(200, 3)
    from keepalive_core.kamailio import server_rows

    assert server_rows.is_disabled()
