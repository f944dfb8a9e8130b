"""A ping's way through a real server: what comes back, and what it does to the state."""

from __future__ import annotations

import socket
import time
from itertools import pairwise

import pytest

from gateway import Gateway
from real.server import Kamailio, free_port, wait_for

UP, DOWN = 1, 2


@pytest.fixture
def watched(kamailio: Kamailio, gateway: Gateway):
    """A gateway that is monitored by an owner of its own."""
    assert kamailio.call("add_destination", gateway.uri, "test", 0, "on_change", gateway.port) == 0
    yield gateway
    kamailio.call("del_destination", gateway.uri, "test")


def test_first_ping_leaves_within_a_second(kamailio: Kamailio, gateway: Gateway) -> None:
    """A destination that a worker adds is pinged within a second, and known by the reply."""
    began = time.monotonic()
    assert kamailio.call("add_destination", gateway.uri, "test") == 0
    assert kamailio.call("is_alive", gateway.uri) == UP, "unknown_as is up"
    wait_for("the first ping", lambda: gateway.pings, 2)
    assert gateway.pings[0].at - began < 1
    kamailio.wait_for_state(gateway.uri, UP)
    kamailio.call("del_destination", gateway.uri, "test")


def test_what_is_sent(kamailio: Kamailio, watched: Gateway) -> None:
    """On real servers: a ping is an OPTIONS to the URI as it was given, from the From URI that is set."""
    wait_for("a ping", lambda: watched.pings)
    ping = watched.pings[0]
    assert ping.method == "OPTIONS"
    assert ping.uri == watched.uri
    assert ping.header("To") == f"<{watched.uri}>"
    assert ping.header("From").startswith("<sip:keepalive@localhost>;tag=")


def test_pings_are_told_at_debug_level(kamailio: Kamailio, watched: Gateway) -> None:
    """Once an operator sets the log level to debug, each ping has a line; before, none has."""
    wait_for("a ping", lambda: watched.pings)
    line = f"ping to {watched.uri}: t_uac_send returned 1"
    assert kamailio.log_lines(line) == []
    kamailio.rpc("cfg.seti", "core", "debug", 3)
    try:
        kamailio.logged(line)
    finally:
        kamailio.rpc("cfg.seti", "core", "debug", 2)


def test_up_down_and_back_up(kamailio: Kamailio, watched: Gateway) -> None:
    """A gateway that falls silent is down, and up again when it answers: three changes, in order, once."""
    kamailio.wait_for_state(watched.uri, UP)
    watched.silent = True
    kamailio.wait_for_state(watched.uri, DOWN)
    assert kamailio.call("is_alive", watched.uri) == 2
    watched.silent = False
    kamailio.wait_for_state(watched.uri, UP)
    wait_for("three events", lambda: len(events(kamailio, watched)) >= 3)
    assert [event[2] for event in events(kamailio, watched)] == [UP, DOWN, UP]
    notices = kamailio.logged(f"sr_kemi_core_notice(): keepalive: {watched.uri} ", 3)
    assert [line.rsplit(watched.uri, 1)[1].split(":")[0] for line in notices] == [
        " unknown -> up",
        " up -> down",
        " down -> up",
    ]


def test_how_the_last_ping_ended(kamailio: Kamailio, watched: Gateway) -> None:
    """A word says it: an answer, whatever its code, silence, or a ping that can't be sent."""

    def last(uri: str) -> tuple[str, int]:
        known = kamailio.call("info", uri)
        return known["last_result"], known["last_code"]

    wait_for("an answer", lambda: last(watched.uri) == ("reply", 200))
    watched.code = 503
    wait_for("a refusal", lambda: last(watched.uri) == ("reply", 503))
    watched.silent = True
    wait_for("silence", lambda: last(watched.uri) == ("timeout", 0))


def events(kamailio: Kamailio, gateway: Gateway, name: str = "on_change") -> list:
    return [event for event in kamailio.events if event[0] == name and event[1] == gateway.uri]


@pytest.mark.parametrize("code", [301, 404, 408, 480, 503, 603])
def test_a_reply_that_is_no_2xx_is_down(kamailio: Kamailio, watched: Gateway, code: int) -> None:
    """Any final reply but 2xx is down, and the log tells a 408 that was received from silence."""
    kamailio.wait_for_state(watched.uri, UP)
    watched.code = code
    kamailio.wait_for_state(watched.uri, DOWN)
    [line] = kamailio.logged(f"{watched.uri} up -> down")
    assert f": {code} " in line
    watched.code = 202
    kamailio.wait_for_state(watched.uri, UP)


def test_silence_is_down_in_the_pings_own_time(kamailio: Kamailio, watched: Gateway) -> None:
    """Silence is down after ping_timeout, not after tm's 30 s, and no earlier either."""
    kamailio.wait_for_state(watched.uri, UP)
    watched.silent = True
    kamailio.wait_for_state(watched.uri, DOWN, 4)
    [line] = kamailio.logged(f"{watched.uri} up -> down: no reply in ")
    assert 500 <= int(line.split("no reply in ")[1].split(" ms")[0]) < 1000


def test_a_closed_port_is_down_and_pinged_for_ever(kamailio: Kamailio) -> None:
    """A dead UDP port is down; it is pinged on, so whoever opens it again comes up."""
    port = free_port()
    uri = f"sip:127.0.0.1:{port}"
    assert kamailio.call("add_destination", uri, "test") == 0
    kamailio.wait_for_state(uri, DOWN)
    risen = Gateway(port=port)
    kamailio.wait_for_state(uri, UP)
    risen.close()
    kamailio.wait_for_state(uri, DOWN)
    kamailio.call("del_destination", uri, "test")


def test_provisional_and_repeated_replies_change_nothing(kamailio: Kamailio, watched: Gateway) -> None:
    """A 100 says nothing, and a final reply that comes three times is one result."""
    watched.provisional = 100
    watched.copies = 3
    kamailio.wait_for_state(watched.uri, UP)
    seen = len(watched.pings)
    wait_for("more pings", lambda: len(watched.pings) >= seen + 3)
    assert kamailio.state(watched.uri) == UP
    assert len(events(kamailio, watched)) == 1


def test_a_reason_in_another_encoding_is_a_reply(kamailio: Kamailio, watched: Gateway) -> None:
    """A reason phrase that is no UTF-8 does not lose the reply."""
    watched.reason = "Gr\u00fc\u00df Gott"
    kamailio.wait_for_state(watched.uri, UP)
    watched.code = 486
    kamailio.wait_for_state(watched.uri, DOWN)
    watched.code = 200
    kamailio.wait_for_state(watched.uri, UP)


def test_a_reply_after_the_timeout_changes_nothing(kamailio: Kamailio, watched: Gateway) -> None:
    """A gateway that always answers too late is down, and stays so."""
    kamailio.wait_for_state(watched.uri, UP)
    watched.delay = 0.8
    kamailio.wait_for_state(watched.uri, DOWN, 4)
    seen = len(watched.pings)
    wait_for("more pings", lambda: len(watched.pings) >= seen + 3)
    assert kamailio.state(watched.uri) == DOWN
    assert [event[2] for event in events(kamailio, watched)] == [UP, DOWN]


def test_a_reply_for_an_older_registration_changes_nothing(kamailio: Kamailio, gateway: Gateway) -> None:
    """What was pinged before it was deleted and added again is judged by the new pings alone."""
    gateway.delay = 0.3
    gateway.code = 404
    kamailio.call("add_destination", gateway.uri, "test")
    wait_for("a ping", lambda: gateway.requests)
    kamailio.call("del_destination", gateway.uri, "test")
    gateway.delay = 0
    gateway.code = 200
    kamailio.call("add_destination", gateway.uri, "test")
    kamailio.wait_for_state(gateway.uri, UP)
    assert not kamailio.log_lines(f"{gateway.uri} unknown -> down")
    kamailio.call("del_destination", gateway.uri, "test")


def test_tcp(kamailio: Kamailio, gateway: Gateway) -> None:
    """A destination can be pinged over TCP, and is another one than that over UDP."""
    uri = f"{gateway.uri};transport=tcp"
    assert kamailio.call("add_destination", uri, "test") == 0
    kamailio.wait_for_state(uri, UP)
    assert "SIP/2.0/TCP" in gateway.pings[0].header("Via")
    assert kamailio.state(gateway.uri) == -1
    gateway.close()
    kamailio.wait_for_state(uri, DOWN)
    kamailio.call("del_destination", uri, "test")


def test_tcp_refused(kamailio: Kamailio) -> None:
    """A refused TCP connection is down by the ping's time limit."""
    uri = f"sip:127.0.0.1:{free_port()};transport=tcp"
    assert kamailio.call("add_destination", uri, "test") == 0
    kamailio.wait_for_state(uri, DOWN, 4)
    kamailio.call("del_destination", uri, "test")


def test_what_can_not_be_sent_is_down(kamailio: Kamailio) -> None:
    """A name that is pinged as a whole, and does not resolve, is a failed ping."""
    uri = "sip:name.invalid"
    assert kamailio.call("add_destination", uri, "test", dns_expand=0) == 0
    kamailio.wait_for_state(uri, DOWN)
    assert kamailio.logged(f"{uri} unknown -> down: the ping could not be sent")
    kamailio.call("del_destination", uri, "test")


def test_one_ping_in_flight(kamailio: Kamailio) -> None:
    """On real servers: a silent destination never has two transactions at a time."""
    silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    silent.bind(("127.0.0.1", 0))
    silent.settimeout(0.2)
    uri = f"sip:127.0.0.1:{silent.getsockname()[1]}"
    kamailio.call("add_destination", uri, "test")
    sent: dict[str, list[float]] = {}
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            text = silent.recv(65535).decode()
        except TimeoutError:
            continue
        # What has no line is no request: that asks whether this host's firewall lets anything out.
        if text.strip():
            sent.setdefault(text.split("branch=")[1].split("\r")[0], []).append(time.monotonic())
    kamailio.call("del_destination", uri, "test")
    pings = list(sent.values())
    assert len(pings) >= 3
    for before, after in pairwise(pings):
        assert before[-1] < after[0], "a retransmission behind the next ping: two were in flight"
    silent.close()


def test_pings_are_spread(start) -> None:
    """Twenty destinations are pinged evenly over the interval, not in one burst."""
    gateways = [Gateway() for _ in range(20)]
    uris = " ".join(gateway.uri for gateway in gateways)
    with start(KEEPALIVE_PING_INTERVAL=2, KEEPALIVE_PING_JITTER=0, KEEPALIVE_DESTINATIONS=uris):
        wait_for("4 pings of each", lambda: all(len(gateway.pings) >= 4 for gateway in gateways), 12)
    # The first ping leaves within a second of the start; from the second on the interval holds.
    times = sorted(ping.at for gateway in gateways for ping in gateway.pings[1:])
    whole = [at for at in times if times[0] + 2 <= at < times[0] + 4]
    assert 18 <= len(whole) <= 22
    for slot in range(4):
        begin = times[0] + 2 + slot * 0.5
        assert 3 <= sum(begin <= at < begin + 0.5 for at in whole) <= 7
    for gateway in gateways:
        gaps = [b.at - a.at for a, b in pairwise(gateway.pings[1:])]
        assert all(1.8 < gap < 2.2 for gap in gaps), gaps
        gateway.close()
