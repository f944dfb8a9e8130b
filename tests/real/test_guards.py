"""Faults of our own on real servers, and trunks of whom pings do not tell the whole truth."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway import Gateway
from real.server import Kamailio, free_port, wait_for
from real.test_pings import DOWN, UP
from real.test_router import call, invites, start_router
from real.uplinks import Uplink
from responder import Responder


@pytest.fixture
def responder() -> Iterator[Responder]:
    """A thousand destinations, each of which answers after 0.4 s."""
    running = Responder(delay=0.4)
    yield running
    running.close()


def let_pass(seconds: float) -> None:
    """Let a fault last for a time in seconds."""
    began = time.monotonic()
    wait_for("the fault's end", lambda: time.monotonic() - began >= seconds, seconds + 5)


def start_thousand(start, responder: Responder, folder: Path, interval: int = 5) -> Kamailio:
    """Start a server of a thousand destinations, and wait until all are up."""
    (folder / "list").write_text("".join(f"{uri}\n" for uri in responder.uris(1000)))
    server = start(
        KEEPALIVE_LIST_FILE=folder / "list",
        KEEPALIVE_PING_INTERVAL=interval,
        KEEPALIVE_PING_TIMEOUT=1000,
        KEEPALIVE_STALE_AFTER=15,
        share=folder,
    )
    wait_for_number(server, "each['state'] == 'up'", 1000, 30)
    return server


def number_of(server: Kamailio, what: str) -> int:
    """Return the sum of an expression over all destinations, each in its turn."""
    return int(server.call("evaluate", f"sum({what} for each in keepalive.list())"))


def wait_for_number(server: Kamailio, what: str, number: int, seconds: float = 10) -> None:
    """Wait until a sum is so large."""
    # Asked, and not counted in the log: 6.0 writes lines of several processes into one another.
    wait_for(f"{number} of {what}", lambda: number_of(server, what) == number, seconds)


@pytest.mark.parametrize(
    ("who", "seconds", "times", "expects_void"),
    [("timer=keepalive_tick", 20, 1, False), ("", 20, 1, True), ("", 2, 3, True)],
    ids=["the prober", "the whole server", "the whole server again and again"],
)
def test_a_server_that_stands_still_blames_nobody(
    start, responder: Responder, tmp_path: Path, who: str, seconds: float, times: int, expects_void: bool
) -> None:
    """Stopped for 20 s among 1,000 destinations whose answers are under way: none is down or stale."""
    server = start_thousand(start, responder, tmp_path)
    wait_for("some rounds", lambda: responder.arrivals(responder.began, time.monotonic())[-20:].count(0) < 5)
    stopped, timers = server.process_numbers(who), server.process_numbers("timer")
    # On a busy machine the workers may be sooner than tm's timer after all, and read what has come.
    for _ in range(3):
        # Three pings in a row without a verdict are 14 s without a fresh one, of the 15 that make stale.
        for _ in range(times):
            let_pass(1.7)
            server.signal("STOP", *stopped)
            let_pass(seconds)
            # The timers go on first: then no reply has been read yet, and tm says that time is over.
            server.signal("CONT", *timers)
            let_pass(0.5)
            server.signal("CONT", *stopped)
        server.logged("stood still for")
        began = time.monotonic()
        wait_for(
            "a round of pings",
            lambda began=began: sum(responder.arrivals(began, time.monotonic())) >= 1000,
            30,
        )
        assert server.log_lines("up -> ") == []
        void, failed = (number_of(server, f"each['{count}']") for count in ("void", "failed"))
        print(f"MEASURED: {void} pings void, {failed} failed")
        assert failed == 0
        if void or not expects_void:
            break
    # If the whole server stood still, answers were under way, and their time was over when it went on.
    # If the prober alone did, the workers read them.
    assert (void > 0) == expects_void
    gone = responder.uris(1000)[7]
    assert server.call("report_failure", gone, "it judges again") == 0
    server.logged(f"{gone} up -> down")


@pytest.mark.parametrize(
    ("number", "drops"), [(20, False), (2000, True)], ids=["answers wait", "answers are dropped"]
)
def test_workers_that_read_nothing_blame_nobody(
    start, responder: Responder, tmp_path: Path, number: int, drops: bool
) -> None:
    """While all SIP workers wait, as for a database, nobody goes down; whoever is dead does afterwards."""
    (tmp_path / "list").write_text("".join(f"{uri}\n" for uri in responder.uris(number)))
    server = start(
        KEEPALIVE_LIST_FILE=tmp_path / "list",
        KEEPALIVE_PING_INTERVAL=3,
        KEEPALIVE_PING_TIMEOUT=1500,
        share=tmp_path,
    )
    wait_for_number(server, "each['state'] == 'up' and each['ok'] > 1", number, 30)
    workers = server.process_numbers("udp receiver")
    assert len(workers) == 4
    server.signal("STOP", *workers)
    let_pass(7)
    server.signal("CONT", *workers)
    [line] = server.logged("no SIP worker read what arrived at")
    assert f"127.0.0.1:{server.port} (" in line
    assert ("(0 datagrams dropped" in line) != drops
    began = time.monotonic()
    wait_for("a round", lambda: sum(responder.arrivals(began, time.monotonic())) >= number, 30)
    assert server.log_lines("up -> ") == []
    void, failed = (number_of(server, f"each['{count}']") for count in ("void", "failed"))
    print(f"MEASURED: {void} pings void, {failed} failed")
    assert failed == 0
    # A worker that was stopped inside a lock stops the prober too, which then sends less.
    assert void >= (1 if server.log_lines("a prober stood still") else number)
    dead = f"sip:127.0.0.1:{free_port()}"
    assert server.call("add_destination", dead, "test") == 0
    server.wait_for_state(dead, DOWN)


def test_nothing_but_void_pings_end_a_state(start, gateway: Gateway) -> None:
    """On real servers: with workers that read nothing it is told why no answer was heard, and in the end
    the state goes.
    """
    server = start(
        KEEPALIVE_DESTINATIONS=gateway.uri, KEEPALIVE_STALE_AFTER=6, KEEPALIVE_FALL=2, KEEPALIVE_PING_JITTER=0
    )
    server.wait_for_state(gateway.uri, UP)
    workers = server.process_numbers("udp receiver")
    server.signal("STOP", *workers)
    began = time.monotonic()
    # The third or the fourth: it is told once a second.
    [told] = server.logged("had no verdict on its last ")
    assert "nobody read what arrived at" in told
    [change] = server.logged(f"{gateway.uri} up -> unknown: no fresh result for 6 s, its last ")
    took = time.monotonic() - began
    print(f"MEASURED: unknown {took:.1f} s after the workers were stopped")
    server.signal("CONT", *workers)
    assert "nobody read what arrived at" in change
    server.logged(f"{gateway.uri} unknown -> up")
    assert 4.5 < took < 9


@pytest.mark.parametrize(
    ("who", "interval", "stopped", "awake"),
    [("udp receiver", 1, 0.3, 0.6), pytest.param("", 3, 0.4, 2.1, marks=pytest.mark.full)],
    ids=["the workers", "the whole server"],
)
def test_a_dead_gateway_on_a_server_that_hesitates(
    start, gateway: Gateway, responder: Responder, who: str, interval: int, stopped: float, awake: float
) -> None:
    """One that falls silent goes down, although again and again nobody reads for a part of a second."""
    alive = responder.uris(300)
    server = start(
        KEEPALIVE_PING_INTERVAL=interval,
        KEEPALIVE_PING_TIMEOUT=3000,
        KEEPALIVE_DESTINATIONS=f"{gateway.uri} {' '.join(alive)}",
    )
    wait_for_number(server, "each['state'] == 'up'", 301, 30)
    processes = server.process_numbers(who)
    gateway.silent = True
    began = time.monotonic()
    while not server.log_lines(f"{gateway.uri} up -> down"):
        assert time.monotonic() - began < 40
        server.signal("STOP", *processes)
        let_pass(stopped)
        server.signal("CONT", *processes)
        let_pass(awake)
    took = time.monotonic() - began
    assert len(server.log_lines("up -> down")) == 1
    void = server.call("info", gateway.uri)["void"]
    print(f"MEASURED: down after {took:.1f} s, {void} of its pings void")


def test_an_uplink_that_is_cut(start, namespaces) -> None:
    """Behind the cut one some are down, the others wait for a round; behind the other nothing happens."""
    cut, other = Uplink(), Uplink()
    try:
        port = free_port()
        sockets = {link: f"udp:{link.ours}:{port}" for link in (cut, other)}
        server = start(
            KEEPALIVE_MASS_FAILURE=20,
            KEEPALIVE_PING_INTERVAL=3,
            KEEPALIVE_PING_JITTER=0,
            options=("-l", sockets[cut], "-l", sockets[other]),
        )
        for link, socket in sockets.items():
            for uri in link.destinations(20):
                assert server.call("add_destination", uri, "test", ping_socket=socket) == 0
        wait_for_number(server, "each['state'] == 'up'", 40)
        let_pass(3)
        began = time.monotonic()
        cut.cut()
        [line] = server.logged("mass_failure 20")
        assert f"destinations behind {sockets[cut]}" in line
        let_pass(2)
        first = server.log_lines("up -> down")
        assert 1 <= len(first) <= 6, "20 percent, and those that were under way"
        assert number_of(server, "each['held'] == ['mass_failure']") >= 10
        wait_for_number(server, "each['state'] == 'down'", 20)
        print(f"MEASURED: {len(first)} down at first, all 20 {time.monotonic() - began:.1f} s after the cut")
        assert not any(server.log_lines(f"{uri} up -> down") for uri in other.destinations(20))
        cut.mend()
        wait_for_number(server, "each['state'] == 'up'", 40)
        assert len(server.log_lines("mass_failure 20")) == 1
    finally:
        cut.close()
        other.close()


def test_a_cut_of_seconds_takes_few_down(start, namespaces) -> None:
    """An uplink that is back within the round has cost the first ones only."""
    cut = Uplink()
    try:
        socket = f"udp:{cut.ours}:{free_port()}"
        server = start(
            KEEPALIVE_MASS_FAILURE=20,
            KEEPALIVE_PING_INTERVAL=3,
            KEEPALIVE_PING_JITTER=0,
            KEEPALIVE_PING_SOCKET=socket,
            options=("-l", socket),
        )
        for uri in cut.destinations(20):
            assert server.call("add_destination", uri, "test") == 0
        wait_for_number(server, "each['state'] == 'up'", 20)
        let_pass(3)
        cut.cut()
        server.logged("mass_failure 20")
        cut.mend()
        wait_for_number(server, "each['state'] == 'up' and each['consecutive'] > 0", 20)
        let_pass(3)
        downs = server.log_lines("up -> down")
        print(f"MEASURED: {len(downs)} of 20 were down")
        assert len(downs) <= 8
    finally:
        cut.close()


def test_a_flapping_trunk(start, gateway: Gateway) -> None:
    """Three seconds on, three seconds off: without damping each is a change, with it four and then calm."""
    server = start(KEEPALIVE_PING_JITTER=0)
    damped, free = (f"sip:{user}@127.0.0.1:{gateway.port}" for user in ("damped", "free"))
    quick = {"ping_interval": 0.5, "ping_timeout": 300}
    flapping = {"flap_limit": 4, "flap_window": 60, "flap_hold": 20}
    assert server.call("add_destination", damped, "test", 0, "on_change", **quick, **flapping) == 0
    assert server.call("add_destination", free, "test", 0, "on_change", **quick) == 0
    for uri in (damped, free):
        server.wait_for_state(uri, UP)
    for _ in range(5):
        gateway.silent = True
        server.wait_for_state(free, DOWN)
        let_pass(3)
        gateway.silent = False
        server.wait_for_state(free, UP)
        let_pass(3)
    events = {
        uri: [event[2] for event in server.events if event[:2] == ["on_change", uri]]
        for uri in (damped, free)
    }
    assert events[free] == [UP, *[DOWN, UP] * 5]
    # The fourth change would have been one to up: there the event says that it is down, and stays so.
    assert events[damped][:5] == [UP, DOWN, UP, DOWN, DOWN]
    assert len(events[damped]) <= 6
    told = server.logged(f"{damped} down -> down: flapping: 4 changes within 60 s, kept down for 20 s")
    assert len(told) == 1
    server.wait_for_state(damped, UP, 20)
    assert server.call("info", damped)["flapping"] == 1


def test_a_clock_that_jumps(start, tmp_path: Path) -> None:
    """On real servers: by seconds or an hour, on and back: nobody is down, pings go on, and who dies then
    is down in time.
    """
    gateways = [Gateway() for _ in range(10)]
    server = start(turned_clock=True, KEEPALIVE_PING_JITTER=0, KEEPALIVE_STALE_AFTER=5)
    for gateway in gateways:
        # Of each second's pings a third are under way when Kamailio's timers make up for what they missed.
        gateway.delay = 0.35
        assert server.call("add_destination", gateway.uri, "test") == 0
    wait_for_number(server, "each['state'] == 'up'", 10)
    for seconds in (2, 3600, -3600, 0):
        server.turn_clock(seconds)
        seen = [len(gateway.pings) for gateway in gateways]
        wait_for(
            "six pings of each",
            lambda seen=seen: all(len(g.pings) >= n + 6 for g, n in zip(gateways, seen, strict=True)),
            15,
        )
        assert server.log_lines("up -> ") == [], seconds
    void = number_of(server, "each['void']")
    print(f"MEASURED: {void} pings void")
    assert void > 0
    server.turn_clock(-3600)
    gateways[0].silent = True
    began = time.monotonic()
    server.wait_for_state(gateways[0].uri, DOWN, 8)
    print(f"MEASURED: down {time.monotonic() - began:.1f} s after it died, of 1 s interval and 0.5 s limit")
    # The state is there before its line.
    server.logged(f"{gateways[0].uri} up -> down")
    assert len(server.log_lines("up -> down")) == 1
    for gateway in gateways:
        gateway.close()


def test_options_200_and_invite_503(start, gateway: Gateway) -> None:
    """Five calls show it: no more are sent there, though its pings go well; later it gets a chance."""
    second = Gateway()
    gateway.invite_code = 503
    server = start_router(start, [gateway, second], KEEPALIVE_PASSIVE_WINDOW=4)
    call(server, "invite.xml", 5, rate=10)
    server.logged(f"{gateway.uri} up -> down: 5 of 5 calls failed within 4 s, the last with 503")
    call(server, "invite.xml", 10, rate=10)
    assert (invites(gateway), invites(second)) == (5, 15)
    gateway.invite_code = 200
    wait_for("its chance", lambda: server.log_lines(f"{gateway.uri} down -> up"), 8)
    call(server, "invite.xml", 3)
    assert invites(gateway) == 8
    second.close()


def test_what_a_callee_says_is_no_fault(start, gateway: Gateway) -> None:
    """However many callees are busy, the gateway is up."""
    gateway.invite_code = 486
    server = start_router(start, [gateway])
    call(server, "invite-503.xml", 10, rate=10, refused=486)
    assert invites(gateway) == 10
    assert server.log_lines("-> down") == []


def test_shadow(start, gateway: Gateway) -> None:
    """In shadow mode the log says what would have been, and calls go on."""
    second = Gateway()
    gateway.invite_code = 503
    server = start_router(start, [gateway, second], KEEPALIVE_PASSIVE_MODE="shadow")
    call(server, "invite.xml", 6, rate=10)
    server.logged("would be down, were passive_mode on: 5 of 5 calls failed within 60 s, the last with 503")
    assert invites(gateway) == 6
    second.close()


def test_the_last_gateways_are_tried_whatever_the_pings_say(start, gateway: Gateway) -> None:
    """All pings fail, but calls would go well: with group_min_alive they do, without it they get a 503."""
    second = Gateway()
    for each in (gateway, second):
        each.invite_code = 200
    for least, scenario in ((0, "invite-503.xml"), (1, "invite.xml")):
        gateway.code = second.code = 200
        server = start_router(start, [gateway, second], KEEPALIVE_GROUP_MIN_ALIVE=least)
        gateway.code = second.code = 503
        for each in (gateway, second):
            server.logged(f"{each.uri} up -> down")
        call(server, scenario, 3)
        assert len(server.log_lines("group gateways: only 0 of 2 would answer")) == least
    second.close()


def test_a_ping_that_was_sent_twice_is_no_latency(kamailio: Kamailio, gateway: Gateway) -> None:
    """A gateway that hears each second copy only: up, each ping a loss, and no latency of half a second."""
    gateway.deaf_once = True
    options = {"ping_interval": 1.5, "ping_timeout": 1400, "ping_jitter": 0}
    assert kamailio.call("add_destination", gateway.uri, "test", 0, None, **options) == 0
    kamailio.wait_for_state(gateway.uri, UP)
    known = kamailio.call("info", gateway.uri)
    assert known["loss"]["percent"] == 100
    assert known["loss"]["resent"] >= 1
    assert known["latency_ms"]["max"] == known["latency_ms"]["p50"] == 0
    copies = [request.at for request in gateway.requests][:2]
    print(f"MEASURED: sent again after {copies[1] - copies[0]:.3f} s")
    assert 0.5 <= copies[1] - copies[0] < 0.75
    gateway.deaf_once = False
    wait_for("a latency", lambda: kamailio.call("info", gateway.uri)["latency_ms"]["last"] > 0)
    assert kamailio.call("info", gateway.uri)["latency_ms"]["max"] < 400
    kamailio.call("del_destination", gateway.uri, "test")


def test_a_drain_of_its_own(kamailio: Kamailio, gateway: Gateway) -> None:
    """503 with Retry-After: 2: no calls at once, a ping two seconds later, calls again when that is good."""
    options = {"ping_interval": 0.5, "ping_timeout": 400, "ping_jitter": 0}
    assert kamailio.call("add_destination", gateway.uri, "test", 0, "on_change", **options) == 0
    kamailio.wait_for_state(gateway.uri, UP)
    gateway.code, gateway.headers = 503, ["Retry-After: 2"]
    wait_for("the drain", lambda: kamailio.call("is_alive", gateway.uri) == 2)
    assert kamailio.call("state", gateway.uri) == UP
    known = kamailio.call("info", gateway.uri)
    assert known["drained_until"] >= time.time()
    assert (known["failed"], known["drained"]) == (0, 1)
    gateway.code, gateway.headers = 200, []
    began = time.monotonic()
    wait_for("calls", lambda: kamailio.call("is_alive", gateway.uri) == 1)
    print(f"MEASURED: drained for {time.monotonic() - began:.1f} s, of 2")
    assert 1.5 < time.monotonic() - began < 2.7
    gateway.silent = True
    gateway.code = 503
    kamailio.wait_for_state(gateway.uri, DOWN)
    wait_for(
        "the two events",
        lambda: [e[2] for e in kamailio.events if e[:2] == ["on_change", gateway.uri]] == [UP, DOWN],
    )
    kamailio.call("del_destination", gateway.uri, "test")


def test_a_drain_ends_by_itself(kamailio: Kamailio, gateway: Gateway) -> None:
    """A listed code drains; if no ping comes any more it is over after drain_time and a ping's limit."""
    options = {
        "ping_interval": 3600,
        "ping_timeout": 400,
        "drain_codes": "480",
        "drain_time": 2,
        "unknown_as": "up",
    }
    gateway.code = 480
    assert kamailio.call("add_destination", gateway.uri, "test", **options) == 0
    wait_for("the drain", lambda: kamailio.call("is_alive", gateway.uri) == 2)
    began = time.monotonic()
    wait_for("its end", lambda: kamailio.call("is_alive", gateway.uri) == 1, 5)
    assert 2 < time.monotonic() - began < 3
    assert len(gateway.pings) == 1
    kamailio.logged(f"127.0.0.1:{gateway.port} is drained no more")
    kamailio.call("del_destination", gateway.uri, "test")


def test_reports_of_replies_at_once_lose_no_count(kamailio: Kamailio, gateway: Gateway) -> None:
    """Four clients report replies to workers at the same time; each call is counted."""
    options = {"ping_interval": 3600, "passive_min": 10_000, "passive_window": 600}
    assert kamailio.call("add_destination", gateway.uri, "test", **options) == 0
    kamailio.wait_for_state(gateway.uri, UP)
    threads = [
        threading.Thread(
            target=lambda code=code: [kamailio.call("report_reply", gateway.uri, code) for _ in range(100)]
        )
        for code in (200, 503, 404, 408)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    calls = kamailio.call("info", gateway.uri)["calls"]
    assert calls == {"ok": 200, "failed": 200, "shadow_downs": 0}
    kamailio.call("del_destination", gateway.uri, "test")
