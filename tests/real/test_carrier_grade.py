"""Rules, reports, modes, groups and files on real servers, with measured times."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import pairwise
from pathlib import Path

import pytest

from gateway import Gateway
from real.server import HERE, ROOT, Kamailio, wait_for
from real.test_pings import DOWN, UP


@pytest.fixture
def add(kamailio: Kamailio, gateway: Gateway):
    """A function that adds the gateway, or another URI, with options; all are deleted at the end."""
    added = []

    def add_one(uri: str = "", **options: object) -> None:
        uri = uri or gateway.uri
        assert kamailio.call("add_destination", uri, "test", 0, options.pop("callback", None), **options) == 0
        added.append(uri)

    yield add_one
    for uri in added:
        kamailio.call("del_destination", uri, "test")


def test_a_loss_is_confirmed_in_seconds(kamailio: Kamailio, gateway: Gateway, add) -> None:
    """On real servers: fall 3, ping_interval 10, pending 1, ping_timeout 1000: down within 10 + 3 * 1 + 2
    * 1 s of silence.
    """
    add(fall=3, ping_interval=10, ping_interval_pending=1, ping_timeout=1000, ping_jitter=0)
    kamailio.wait_for_state(gateway.uri, UP)
    gateway.silent = True
    began = time.monotonic()
    kamailio.wait_for_state(gateway.uri, DOWN, 17)
    print(f"MEASURED: down {time.monotonic() - began:.1f} s after it fell silent")
    # One tick of the timer and one of tm are the measuring error.
    assert time.monotonic() - began < 15.5
    assert kamailio.call("info", gateway.uri)["consecutive"] == -3


def test_thirty_percent_loss(kamailio: Kamailio, gateway: Gateway) -> None:
    """A gateway that loses three pings of ten stays up with fall 3, and flips with fall 1."""
    flapping = Gateway()
    quick = {"ping_interval": 0.3, "ping_timeout": 200, "ping_jitter": 0}
    for each, fall in ((gateway, 3), (flapping, 1)):
        each.lost = {2, 5, 8}
        kamailio.call("add_destination", each.uri, "test", 0, None, fall=fall, **quick)
    wait_for("thirty pings of each", lambda: min(len(gateway.pings), len(flapping.pings)) >= 30, 30)
    assert kamailio.state(gateway.uri) == UP
    assert len(kamailio.call("info", gateway.uri)["history"]) == 1
    assert len(kamailio.log_lines(f"{flapping.uri} up -> down")) >= 5
    for each in (gateway, flapping):
        kamailio.call("del_destination", each.uri, "test")
    flapping.close()


def test_rise(kamailio: Kamailio, gateway: Gateway, add) -> None:
    """With rise 3 two answers are not enough."""
    gateway.code = 503
    add(rise=3, ping_interval=0.5, ping_jitter=0)
    kamailio.wait_for_state(gateway.uri, DOWN)
    gateway.code = 200
    kamailio.wait_for_state(gateway.uri, UP)
    assert kamailio.call("info", gateway.uri)["consecutive"] >= 3
    assert len(list(gateway.pings)) >= 4


def test_intervals_of_a_second_and_less(kamailio: Kamailio, gateway: Gateway, add) -> None:
    """An interval of 0.2 s is kept; while down the other one is."""
    add(ping_interval=0.2, ping_interval_down=1, ping_jitter=0)
    wait_for("ten pings", lambda: len(gateway.pings) >= 12)
    times = [ping.at for ping in gateway.pings[2:12]]
    assert 1.6 <= times[-1] - times[0] <= 2.1
    gateway.code = 500
    kamailio.wait_for_state(gateway.uri, DOWN)
    seen = len(gateway.pings)
    wait_for("three pings while down", lambda: len(gateway.pings) >= seen + 4)
    gaps = [b.at - a.at for a, b in zip(gateway.pings[seen + 1 :], gateway.pings[seen + 2 :], strict=False)]
    assert all(0.8 <= gap <= 1.25 for gap in gaps)


@pytest.mark.parametrize(
    ("codes", "state"), [("2xx,404", UP), ("200-499", UP), ("any", UP), ("2xx,480", DOWN)]
)
def test_reply_codes(kamailio: Kamailio, gateway: Gateway, add, codes: str, state: int) -> None:
    """On real servers: a 404 is alive if it is listed; silence is not, even if any code is."""
    gateway.code = 404
    add(ping_reply_codes=codes, ping_interval=0.5, ping_timeout=300)
    kamailio.wait_for_state(gateway.uri, state)
    gateway.silent = True
    kamailio.wait_for_state(gateway.uri, DOWN)


def test_what_is_sent(kamailio: Kamailio, gateway: Gateway, add) -> None:
    """On real servers: method, From, headers and one Max-Forwards arrive, through the proxy, from the
    socket.
    """
    socket = f"udp:127.0.0.1:{kamailio.port}"
    add(
        "sip:provider.invalid",
        ping_method="INFO",
        ping_from="sip:me@example.com",
        ping_headers="X-A: 1 | X-B: two words",
        max_forwards=3,
        ping_socket=socket,
        outbound_proxy=gateway.uri,
    )
    wait_for("the ping at the proxy", lambda: gateway.requests)
    ping = gateway.requests[0]
    assert (ping.method, ping.uri) == ("INFO", "sip:provider.invalid")
    assert ping.header("From").startswith("<sip:me@example.com>;tag=")
    assert (ping.header("X-A"), ping.header("X-B")) == ("1", "two words")
    assert ping.text.count("Max-Forwards") == 1
    assert ping.header("Max-Forwards") == "3"
    kamailio.wait_for_state("sip:provider.invalid", UP)


def test_retry_after(kamailio: Kamailio, gateway: Gateway, add) -> None:
    """On real servers: after a 503 with Retry-After: 3 the next ping, due in half a second, comes three
    seconds later.
    """
    gateway.code = 503
    gateway.headers = ["Retry-After: 3;duration=60"]
    add(ping_interval=0.5, ping_jitter=0)
    wait_for("two pings", lambda: len(gateway.pings) >= 2)
    gap = gateway.pings[1].at - gateway.pings[0].at
    print(f"MEASURED: {gap:.2f} s")
    assert 2.9 <= gap <= 3.7


def test_what_is_not_pinged_says_why_and_keeps_its_state(start, gateway: Gateway) -> None:
    """Disabled, paused or in maintenance: no ping leaves, nothing goes stale, and info() says why."""
    options = {"KEEPALIVE_STALE_AFTER": 2, "KEEPALIVE_PING_JITTER": 0}
    server = start(KEEPALIVE_DESTINATIONS=gateway.uri, **options)
    server.wait_for_state(gateway.uri, UP)

    def why() -> object:
        return server.call("info", gateway.uri)["not_pinged_because"]

    def stays(reason: str) -> None:
        wait_for(reason, lambda: why() == reason)
        seen = len(gateway.pings)
        last = gateway.pings[-1].at
        wait_for("3 s without a ping", lambda: time.monotonic() - last > 3)
        assert len(gateway.pings) <= seen + 1
        assert server.call("state", gateway.uri) == UP

    server.rpc("cfg.seti", "keepalive", "enabled", 0)
    stays("disabled")
    server.rpc("cfg.seti", "keepalive", "enabled", 1)
    wait_for("pings again", lambda: time.monotonic() - gateway.pings[-1].at < 1)
    assert server.call("pause") == 0
    stays("paused")
    assert server.call("resume") == 0
    wait_for("no reason", lambda: why() == "")
    assert server.call("set_admin", gateway.uri, "maint") == 0
    stays("maintenance")
    assert server.call("set_admin", gateway.uri, "ready") == 0
    wait_for("no reason", lambda: why() == "")
    assert server.call("add_destination", gateway.uri, "test", ping_skip_if_fresh=60, stale_after=60) == 0
    assert server.call("report_reply", gateway.uri, 200) == 0
    wait_for("fresh calls", lambda: why() == "fresh calls")
    gateway.code = 503
    gateway.headers = ["Retry-After: 5"]
    assert server.call("ping_now", gateway.uri) == 0
    wait_for("Retry-After", lambda: why() == "Retry-After")
    assert "-> unknown" not in server.log


@pytest.mark.parametrize("wish", ["ping_now", "report_failure", "report_reply"])
def test_a_gateway_that_is_back_is_found_while_calls_fail(
    kamailio: Kamailio, gateway: Gateway, add, wish: str
) -> None:
    """Asked for 20 times a second, it is pinged each second, and up with the first answer."""
    gateway.code = 503
    # A regular turn comes at its place of the clock, however soon that is behind a ping out of turn. With one
    # each 30 s every 50th of these tests would see that; with one an hour hardly any does.
    add(ping_interval=3600, passive_min=1000)
    kamailio.wait_for_state(gateway.uri, 2)
    arguments = {"ping_now": [], "report_failure": ["a call"], "report_reply": [503]}[wish]
    times: list[float] = []

    def is_back() -> bool:
        times.append(time.monotonic())
        assert kamailio.call(wish, gateway.uri, *arguments) == 0
        if len(gateway.pings) > 4:
            gateway.code = 200
        return f"{gateway.uri} down -> up" in kamailio.log

    wait_for("up", is_back)
    first_answer = gateway.pings[5].at
    rate = len(times) / (times[-1] - times[0])
    gaps = [later.at - sooner.at for sooner, later in pairwise(gateway.pings[1:6])]
    print(f"MEASURED: {rate:.0f} wishes a second, pings {max(gaps):.2f} s apart at the most")
    print(f"MEASURED: in the log {times[-1] - first_answer:.2f} s after the first ping that was answered")
    assert rate > 11
    assert all(0.9 < gap < 1.3 for gap in gaps), gaps
    assert times[-1] - first_answer < 0.5


def test_remove_after(kamailio: Kamailio, gateway: Gateway, add) -> None:
    """On real servers: given up after three failures, with a log line and a last callback."""
    gateway.code = 500
    add(ping_interval=0.5, remove_after=3, callback="on_change")
    kamailio.wait_for_state(gateway.uri, -1)
    kamailio.logged(f"{gateway.uri} is monitored no more: 3 failures in a row")
    told = wait_for(
        "the last event",
        lambda: [e for e in kamailio.events if e[:3] == ["on_change", gateway.uri, -1]],
    )
    assert len(told) == 1


def test_reports_of_workers_at_once_lose_no_count(kamailio: Kamailio, gateway: Gateway, add) -> None:
    """Reports that four workers take in at the same time are each a failure in the row."""
    gateway.silent = True
    add(fall=1000, ping_interval=3600, ping_timeout=32000)
    wait_for("the first ping", lambda: gateway.pings)
    taken_by: dict[int, list[float]] = {}

    def report(client: int) -> None:
        for number in range(200):
            body = json.dumps(
                {"call": "report_failure", "args": [gateway.uri, f"{client} {number}"], "options": {}}
            )
            code, result = kamailio.message(body)
            assert code == 200
            taken_by.setdefault(json.loads(result)["pid"], []).append(time.monotonic())

    with ThreadPoolExecutor(4) as clients:
        list(clients.map(report, range(4)))
    known = kamailio.call("info", gateway.uri)
    assert (known["failed"], known["consecutive"]) == (800, -800)
    # At once: each of several workers took reports while the others did.
    assert len(taken_by) >= 2
    assert max(times[0] for times in taken_by.values()) < min(times[-1] for times in taken_by.values())
    # A report brings the next ping forward, but one is in flight all the time.
    assert len(gateway.pings) == 1


def test_a_report_brings_a_ping_which_brings_it_back(kamailio: Kamailio, gateway: Gateway, add) -> None:
    """A report takes it down at once; the ping it brings forward, an hour early, brings it back."""
    add(ping_interval=3600)
    kamailio.wait_for_state(gateway.uri, UP)
    assert kamailio.call("report_failure", gateway.uri, "an INVITE timed out") == 0
    kamailio.logged(f"{gateway.uri} up -> down: reported failing: an INVITE timed out")
    kamailio.wait_for_state(gateway.uri, UP, 3)
    assert len(kamailio.call("info", gateway.uri)["history"]) == 3


def test_admin_modes(kamailio: Kamailio, gateway: Gateway, add) -> None:
    """drain is pinged, maint is not, both answer 2 at once; a reload keeps them; maint ends by itself."""
    add(ping_interval=0.5, ping_jitter=0)
    kamailio.wait_for_state(gateway.uri, UP)
    assert kamailio.call("set_admin", gateway.uri, "drain") == 0
    assert kamailio.call("is_alive", gateway.uri) == 2
    seen = len(gateway.pings)
    wait_for("pings while drained", lambda: len(gateway.pings) >= seen + 2)
    assert kamailio.call("set_admin", gateway.uri, "maint", until=4, by="night shift", why="card swap") == 0
    kamailio.rpc("app_python.reload")
    assert kamailio.call("info", gateway.uri)["admin"]["by"] == "night shift"
    began = time.monotonic()
    seen = len(gateway.pings)
    for _ in range(8):
        assert (kamailio.call("is_alive", gateway.uri), kamailio.state(gateway.uri)) == (2, UP)
    kamailio.logged("is ready again: the time of its maint is over (by night shift, card swap")
    print(f"MEASURED: maint until=4 was over after {time.monotonic() - began:.1f} s")
    # One more may have been on its way when maint was said.
    paused = [ping for ping in gateway.pings[seen:] if 0.3 < ping.at - began < 3]
    assert paused == []
    assert kamailio.call("is_alive", gateway.uri) == 1


def test_groups_and_events(kamailio: Kamailio, gateway: Gateway, add) -> None:
    """alive gives the best first; a callback with four arguments gets what info gives."""
    other = Gateway()
    add(group="carriers", priority=10, callback="on_event")
    add(other.uri, group="carriers", priority=20)
    for uri in (gateway.uri, other.uri):
        kamailio.wait_for_state(uri, UP)
    assert kamailio.call("alive", "carriers") == [other.uri, gateway.uri]
    other.close()
    kamailio.wait_for_state(other.uri, DOWN)
    assert kamailio.call("alive", "carriers") == [gateway.uri]
    assert kamailio.call("is_group_alive", "carriers") == 1
    assert kamailio.call("set_admin", gateway.uri, "drain") == 0
    assert kamailio.call("is_group_alive", "carriers") == 2
    assert kamailio.call("is_group_alive", "none") == -1
    known = json.loads(kamailio.logged(f'KNOWN ["{gateway.uri}", 1')[0].split("KNOWN ")[1])[2]
    assert known["uri"] == gateway.uri
    assert known["latency_ms"]["last"] > 0


def test_the_list_file(start, gateway: Gateway, tmp_path: Path) -> None:
    """On real servers: lines are monitored; a reload applies the difference; a broken file changes
    nothing.
    """
    other = Gateway()
    file = tmp_path / "keepalive.list"
    file.write_text(f"{gateway.uri} group=carriers fall=2 # first\nsip:bad:port\n")
    server = start(KEEPALIVE_LIST_FILE=file, share=tmp_path)
    server.wait_for_state(gateway.uri, UP)
    server.logged(f"list_file {file}, line 2: bad destination 'sip:bad:port'")
    file.write_text(f"{gateway.uri} group=carriers fall=3\n{other.uri}\n")
    assert server.call("reload") == 0
    server.wait_for_state(other.uri, UP)
    assert server.call("info", gateway.uri)["fall"] == 3
    assert len(server.call("info", gateway.uri)["history"]) == 1
    file.unlink()
    assert server.call("reload") == -1
    assert server.state(other.uri) == UP
    other.close()


def test_reload_under_load(start, gateway: Gateway, tmp_path: Path) -> None:
    """While the list and the script are reloaded, what stays answers 1 every time, and keeps its past."""
    others = [Gateway() for _ in range(5)]
    file = tmp_path / "keepalive.list"
    file.write_text(f"{gateway.uri} fall=3\n")
    server = start(KEEPALIVE_LIST_FILE=file, KEEPALIVE_PING_INTERVAL="0.5", share=tmp_path)
    server.wait_for_state(gateway.uri, UP)
    answers: Counter[int] = Counter()
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            answers[server.call("is_alive", gateway.uri)] += 1

    with ThreadPoolExecutor(3) as clients:
        asking = [clients.submit(ask) for _ in range(3)]
        try:
            for turn in range(40):
                listed = others[: turn % 6]
                file.write_text(
                    f"{gateway.uri} fall={turn % 3 + 1}\n" + "".join(f"{o.uri}\n" for o in listed)
                )
                assert server.call("reload") == 0
                assert server.call("info", gateway.uri)["fall"] == turn % 3 + 1
                for other in others:
                    assert (server.state(other.uri) >= 0) == (other in listed)
                if turn % 10 == 5:
                    server.rpc("app_python.reload")
                    seen = len(gateway.pings)
                    wait_for("the pings to go on", lambda seen=seen: len(gateway.pings) >= seen + 2)
        finally:
            over.set()
        for each in asking:
            each.result()
    print(f"MEASURED: {answers[1]} answers during 40 reloads of the list and 4 of the script")
    assert set(answers) == {1}
    assert answers[1] > 500
    known = server.call("info", gateway.uri)
    assert len(known["history"]) == 1
    assert known["failed"] == 0
    assert known["ok"] >= 8
    for other in others:
        other.close()


def test_kill_9_and_restart(start, gateway: Gateway, tmp_path: Path) -> None:
    """After kill -9, states, modes, counters and history are back before the first ping."""
    down = Gateway(code=503)
    settings = {
        "KEEPALIVE_STATE_FILE": tmp_path / "keepalive.state",
        "KEEPALIVE_DESTINATIONS": f"{gateway.uri} {down.uri}",
        "share": tmp_path,
    }
    server = start(**settings)
    server.wait_for_state(gateway.uri, UP)
    server.wait_for_state(down.uri, DOWN)
    assert server.call("set_admin", gateway.uri, "maint", by="me", why="test") == 0
    before = server.call("info", gateway.uri)
    file = tmp_path / "keepalive.state"
    wait_for("the file", lambda: file.exists() and '"maint"' in file.read_text(), 5)
    server.kill()
    down.silent = True
    again = start(**settings)
    # Known from the first request on: its ping is not answered for half a second at least.
    assert again.state(down.uri) == DOWN
    assert again.call("is_alive", gateway.uri) == 2
    known = again.call("info", gateway.uri)
    assert known["admin"]["why"] == "test"
    assert known["history"] == before["history"]
    assert known["ok"] >= before["ok"]
    again.kill()
    down.close()


def test_the_router_reports_what_it_sees(start, gateway: Gateway) -> None:
    """A gateway that dies is down by the first INVITE's timeout, within 6 s, long before its next ping."""
    from real.test_router import call

    second = Gateway()
    server = start(
        ROOT / "kamailio.cfg",
        KEEPALIVE_DIR=ROOT / "kemi",
        KEEPALIVE_DESTINATIONS=f"{gateway.uri} {second.uri}",
        KEEPALIVE_PING_INTERVAL=60,
    )
    for each in (gateway, second):
        server.logged(f"{each.uri} unknown -> up")
    # Behind the second ping of both, the next one is a minute away.
    gateway.silent = True
    began = time.monotonic()
    call(server, "invite.xml")
    server.logged(f"{gateway.uri} up -> down")
    print(f"MEASURED: down {time.monotonic() - began:.1f} s after the gateway died")
    assert time.monotonic() - began < 6.5
    second.close()


def test_calls_go_on_during_reloads(start, gateway: Gateway) -> None:
    """sipp's calls through router.py all succeed while the script is reloaded again and again."""
    from real.test_router import call

    server = start(ROOT / "kamailio.cfg", KEEPALIVE_DIR=ROOT / "kemi", KEEPALIVE_DESTINATIONS=gateway.uri)
    server.logged(f"{gateway.uri} unknown -> up")
    with ThreadPoolExecutor(1) as caller:
        calls = caller.submit(call, server, "invite.xml", 100)
        reloads = 0
        while not calls.done():
            server.rpc("app_python.reload")
            reloads += 1
            wait([calls], timeout=0.3)
        calls.result()
    assert reloads >= 5
    assert server.logged("unknown -> up") == server.log_lines(" -> ")


def test_dispatcher_obeys(start, gateway: Gateway, tmp_path: Path) -> None:
    """Calls through ds_select_dst avoid what KeepAlive says is down, and come back."""
    second = Gateway()
    file = tmp_path / "dispatcher.list"
    file.write_text(f"1 {gateway.uri} 0 20\n1 {second.uri} 0 10\n")
    server = start("dispatcher.cfg", SCRIPT=HERE / "dispatching.py", LIST=file, share=tmp_path)

    def taker() -> Gateway | None:
        before = len([r for r in gateway.requests if r.method == "MESSAGE"])
        code, _ = server.message("hello")
        if code != 200:
            return None
        return gateway if len([r for r in gateway.requests if r.method == "MESSAGE"]) > before else second

    for each in (gateway, second):
        server.logged(f"{each.uri} unknown -> up")
    assert taker() is gateway
    gateway.code = 503
    server.logged(f"{gateway.uri} up -> down")
    wait_for("the second takes it", lambda: taker() is second)
    second.code = 503
    server.logged(f"{second.uri} up -> down")
    wait_for("nobody takes it", lambda: taker() is None)
    gateway.code = 200
    wait_for("the first takes it again", lambda: taker() is gateway)
    second.close()
