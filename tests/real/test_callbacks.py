"""Callbacks that hang, that fork, or that find no memory: on real servers, with all their processes."""

from __future__ import annotations

import time

from gateway import Gateway
from real.server import Kamailio, wait_for
from real.test_pings import DOWN, UP, events

TOLD = "[{}['callbacks'][each] for each in ('waiting', 'merged')]"


def told(server: Kamailio, uri: str) -> list[int]:
    """How many changes wait for the callbacks, and how many they heard of by a newer state alone."""
    return eval(server.call("evaluate", TOLD.format(f"keepalive.info({uri!r})")))


def test_a_callback_that_hangs_holds_up_callbacks_alone(start, gateway: Gateway) -> None:
    """Calls are answered and pings judged meanwhile; it is named while it hangs, and what waits is told."""
    server = start(KEEPALIVE_PING_INTERVAL="0.3", KEEPALIVE_PING_TIMEOUT=200)
    hung = Gateway()
    server.call("add_destination", hung.uri, "test", 0, "sleeps", 7)
    server.wait_for_state(hung.uri, UP)
    server.call("add_destination", gateway.uri, "test", 0, "on_change")
    slowest = 0.0
    for turn in range(8):
        gateway.code = 200 if turn % 2 == 0 else 500
        wanted = UP if turn % 2 == 0 else DOWN
        began = time.monotonic()
        server.call("is_alive", gateway.uri)
        slowest = max(slowest, time.monotonic() - began)
        server.wait_for_state(gateway.uri, wanted)
    assert slowest < 1
    assert events(server, gateway) == []
    assert told(server, gateway.uri) == [8, 0]
    server.logged("runs for 5 s already")
    [line, *_] = server.logged("took 7.0 s")
    assert f"scenario:sleeps for {hung.uri}" in line
    wait_for("all changes", lambda: len(events(server, gateway)) >= 8)
    assert [event[2] for event in events(server, gateway)] == [UP, DOWN] * 4
    hung.close()


def test_a_callback_that_forks(kamailio: Kamailio, gateway: Gateway) -> None:
    """What comes back of the child is nobody, and a program that it runs is its own business."""
    kamailio.call("add_destination", gateway.uri, "forks", 0, "forks", None)
    kamailio.call("add_destination", gateway.uri, "test", 0, "on_change", None)
    kamailio.wait_for_state(gateway.uri, UP)
    gateway.code = 500
    kamailio.wait_for_state(gateway.uri, DOWN)
    wait_for("two events", lambda: len(events(kamailio, gateway)) >= 2)
    gateway.code = 200
    kamailio.wait_for_state(gateway.uri, UP)
    for name in ("on_change", "on_any_change"):
        wait_for(f"three of {name}", lambda name=name: len(events(kamailio, gateway, name)) >= 3)
        assert [event[2] for event in events(kamailio, gateway, name)] == [UP, DOWN, UP]
    for owner in ("forks", "test"):
        kamailio.call("del_destination", gateway.uri, owner)


FILL = "next(n for n in range(9999) if not KSR.htable.sht_sets('facts', f'{0} {{n}}', 'x' * {0}) > 0)"


def fill(server: Kamailio) -> None:
    """Take what shared memory there is; and what other processes give back meanwhile, too."""
    filled: list[list[object]] = []
    while len(filled) < 3 or filled[-1] != filled[-3]:
        filled.append(
            [server.call("evaluate", FILL.format(size)) for size in (100_000, 10_000, 1_000, 100, 10)]
        )
        assert len(filled) < 50, "memory is never full"


def test_without_memory_callbacks_wait(start) -> None:
    """No worker runs them; when there is memory again they hear the newest state."""
    # Without pings, whose transactions would give memory back all the time.
    server = start(memory=8, KEEPALIVE_ENABLED=0)
    uris = [f"sip:127.0.0.{number}:9" for number in (1, 2, 3)]

    def report(*states: int, of: list[str]) -> None:
        for state in states:
            for uri in of:
                assert server.call("report_success" if state == UP else "report_failure", uri) == 0

    for uri in uris:
        server.call("add_destination", uri, "test", 0, "on_change")
    report(UP, DOWN, UP, of=uris)
    wait_for("the first events", lambda: len(server.events) == 18)
    fill(server)
    before = len(server.events)
    report(DOWN, UP, DOWN, UP, of=uris)
    report(DOWN, of=uris[:2])
    assert all(told(server, uri)[0] > 0 for uri in uris)
    server.rpc("htable.flush", "facts")
    wait_for("all told", lambda: [told(server, uri)[0] for uri in uris] == [0, 0, 0])
    assert all(told(server, uri)[1] > 0 for uri in uris)
    for name in ("on_change", "on_any_change"):
        newest = {event[1]: event[2] for event in server.events if event[0] == name}
        assert newest == {uris[0]: DOWN, uris[1]: DOWN, uris[2]: UP}
    assert len(server.events) - before < 2 * 14
    server.logged("changes were told to the callbacks by a newer state alone")
    assert len({event[5] for event in server.events}) == 1, "all in one process"
