"""Talking to tm: what is sent, and which events are ours."""

import re
import sys
from types import ModuleType
from typing import Any

import pytest

from conftest import FakeServer
from keepalive_core.rules.criteria import Criteria
from keepalive_core.rules.policy import Policy, Settings
from keepalive_core.rules.ways import way_of

URI = "sip:192.168.10.20"
KEY = "sip:192.168.10.20:5060"


@pytest.fixture
def tm(keepalive: ModuleType) -> ModuleType:
    import keepalive_core.kamailio.tm

    return keepalive_core.kamailio.tm


def send(tm: ModuleType, uri: str = URI) -> Any:
    policy = Policy(Settings().values())
    return tm.send(KEY, 7, uri, policy, way_of(KEY, uri, policy))


def test_a_ping_has_its_own_time_limit_and_functions(tm: ModuleType, server: FakeServer) -> None:
    """The transaction gets From and To, the time limit and a tick, and functions that Handlers has."""
    assert send(tm) == server.now
    [ping] = server.ksr.sent
    assert ping.method == "OPTIONS"
    assert ping.uri == URI
    assert ping.headers == (
        f"From: <sip:keepalive@localhost>\r\nTo: <{URI}>\r\nCall-ID: {ping.call_id}\r\nMax-Forwards: 70\r\n"
    )
    assert ping.hop == ping.socket == ""
    assert 3000 <= ping.timeout_ms <= 3000 + 1000 / 16 + 1
    assert callable(getattr(server.ksr.handlers, ping.on_reply))
    assert callable(getattr(server.ksr.handlers, ping.on_failure))


def test_the_clock_starts_behind_the_dns_lookup(tm: ModuleType, server: FakeServer) -> None:
    """A ping's time is that of tm's event, not that of the call, which resolves the name first."""
    event = server.ksr.handlers.ksr_keepalive_tm_event
    began = server.now

    def slow_event(msg: object, name: str) -> int:
        server.now += 2_000_000
        answer: int = event(msg, name)
        return answer

    server.ksr.handlers.ksr_keepalive_tm_event = slow_event
    assert send(tm) == began + 2_000_000


def test_what_can_not_be_sent_is_told(tm: ModuleType, server: FakeServer) -> None:
    """A name that does not resolve is no ping."""
    server.ksr.unresolvable.add(URI)
    assert send(tm) == 0


def test_an_event_that_does_not_come_is_told(tm: ModuleType, server: FakeServer) -> None:
    """If tm's event goes elsewhere, that is said, and no result is made up."""
    server.ksr.event_function = "ksr_nobody"
    with pytest.raises(tm.EventNotSeen, match="did not reach keepalive"):
        send(tm)


@pytest.mark.parametrize("seen", [True, False])
def test_a_system_error_of_5_6_is_no_lost_ping(tm: ModuleType, server: FakeServer, seen: bool) -> None:
    """5.6 raises SystemError after sending if another function of the script is missing."""
    real = server.ksr.module.tm.t_uac_send

    def raising(*args: str) -> int:
        real(*args)
        raise SystemError("returned a result with an exception set")

    server.ksr.module.tm.t_uac_send = raising
    if not seen:
        server.ksr.event_function = "ksr_nobody"
        with pytest.raises(tm.EventNotSeen):
            send(tm)
    else:
        assert send(tm) == server.now


def test_other_events_are_not_ours(tm: ModuleType, server: FakeServer) -> None:
    """A request that another module sends, and another event of tm's, are left alone."""
    assert tm.on_event("tm:local-request") is False
    send(tm)
    assert tm.on_event("tm:local-request") is False
    assert server.ksr.sent[0].on_reply


def test_no_call_id_comes_twice(tm: ModuleType, server: FakeServer) -> None:
    """A Call-ID has 128 random bits, in each process, and says nothing of the server."""
    for _ in range(3):
        for _ in range(100):
            send(tm)
        server.process()
        tm = sys.modules["keepalive_core.kamailio.tm"]
    call_ids = {ping.call_id for ping in server.ksr.sent}
    assert len(call_ids) == 300
    assert all(re.fullmatch("[0-9a-f]{32}", each) for each in call_ids)


@pytest.mark.parametrize(
    ("uri", "timeout", "first"),
    [
        ("sip:a", 3000, 563),
        ("sip:a;transport=udp", 3000, 563),
        ("sip:a", 400, 0),  # it is over before it would be sent again
        ("sip:a;transport=TCP", 3000, 0),
        ("sips:a", 3000, 0),
    ],
)
def test_when_a_ping_is_sent_again(
    tm: ModuleType, server: FakeServer, uri: str, timeout: int, first: int
) -> None:
    """Over UDP at RFC 3261's T1 and not a tick sooner, whatever tm's setting is; else not at all."""
    policy = Policy(Settings().values(), {"ping_timeout": timeout})
    tm.send(KEY, 7, uri, policy, way_of(KEY, uri, policy))
    assert server.ksr.sent[0].resent_after_ms == first
    criteria = Criteria.from_text(server.ksr.sent[0].avps["keepalive"].split(" ")[2])
    assert criteria.resent_after == (0 if "TCP" in uri or "sips" in uri else 500)
    policy = Policy(Settings().values(), {"outbound_proxy": "sip:b;transport=tcp"})
    tm.send(KEY, 7, "sip:a", policy, way_of(KEY, "sip:a", policy))
    assert server.ksr.sent[1].resent_after_ms == 0
