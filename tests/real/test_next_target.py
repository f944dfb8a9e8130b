"""Calls go round the dead half of a name, by router.py and by native routes."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from examples import REFERENCE, named_examples
from gateway import Gateway
from real.provider import Provider
from real.server import ROOT, Kamailio, wait_for
from real.test_readme import NATIVE_CFG
from real.test_router import call, invites

QUICK = {"KEEPALIVE_PING_INTERVAL": 1, "KEEPALIVE_PING_TIMEOUT": 300, "KEEPALIVE_DNS_EXPAND": 1}


@pytest.fixture
def four(provider: Provider) -> list[Gateway]:
    """Four addresses behind a name."""
    provider.say("sip", "@ A %1", "@ A %2", "@ A %3", "@ A %4")
    return [provider.gateway() for _ in range(4)]


@pytest.fixture(params=["router", "native"])
def routing(request: pytest.FixtureRequest, start: Callable[..., Any], provider: Provider) -> Kamailio:
    """A server whose calls go to that name."""
    defines = {"resolver": provider.dns.address, "KEEPALIVE_DIR": ROOT / "kemi", **QUICK}
    if request.param == "router":
        server: Kamailio = start(ROOT / "kamailio.cfg", KEEPALIVE_DESTINATIONS="sip:sip.test", **defines)
    else:
        cfg = NATIVE_CFG + named_examples(REFERENCE)["next-target.cfg"]
        cfg = cfg.replace("sip.provider.com", "sip.test").replace(
            "/usr/share/kamailio-kemi-keepalive", str(ROOT / "kemi")
        )
        server = start("kamailio.cfg", files={"kamailio.cfg": cfg}, **defines)
    return server


def calls_of(gateways: list[Gateway]) -> list[int]:
    """How many calls each has seen."""
    return [invites(each) for each in gateways]


def test_half_a_provider_is_dead(four: list[Gateway], routing: Kamailio) -> None:
    """None that is known to be dead is tried, all others are; a call that meets a dead one goes on."""
    for gateway in four:
        routing.logged(f"sip:sip.test#{gateway.host}:5060 unknown -> up")
    call(routing, "invite.xml", 40)
    assert all(calls_of(four)), calls_of(four)
    for gateway in four[:2]:
        gateway.silent = True
    call(routing, "invite.xml", 4, rate=4)
    for gateway in four[:2]:
        routing.logged(f"sip:sip.test#{gateway.host}:5060 up -> down")
    before = calls_of(four)
    began = time.monotonic()
    call(routing, "invite.xml", 20)
    after = calls_of(four)
    assert after[:2] == before[:2]
    assert sum(after) == sum(before) + 20
    assert time.monotonic() - began < 6, "none waited for a dead one"


def test_nobody_is_left(four: list[Gateway], routing: Kamailio) -> None:
    """Each is tried once in a call that all refuse; then the caller hears of it."""
    for gateway in four:
        routing.logged(f"sip:sip.test#{gateway.host}:5060 unknown -> up")
        gateway.invite_code = 503
    call(routing, "invite-503.xml")
    assert calls_of(four) == [1, 1, 1, 1]
    assert not routing.log_lines("up -> down"), "one refused call takes nobody down"


def test_a_call_that_is_canceled(four: list[Gateway], routing: Kamailio) -> None:
    """Neither the same INVITE again nor the time limit behind a CANCEL sends it to a further address."""
    for gateway in four:
        routing.logged(f"sip:sip.test#{gateway.host}:5060 unknown -> up")
        gateway.silent = True
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
        caller.bind(("127.0.0.1", 0))
        caller.connect(("127.0.0.1", routing.port))
        caller.settimeout(10)
        request = routing.request("", caller.getsockname()[1], "callee").decode()
        caller.send(request.replace("MESSAGE", "INVITE").encode())
        wait_for("the call", lambda: sum(calls_of(four)))
        for method in ("INVITE", "CANCEL"):
            caller.send(request.replace("MESSAGE", method).encode())
        while not caller.recv(9999).startswith(b"SIP/2.0 487 "):
            pass
    assert sum(calls_of(four)) == 1


def test_a_late_refusal_is_not_the_next_ones(start: Callable[..., Any]) -> None:
    """The first gateway says 503 when the call is at the second already: it is the first that has failed."""
    late, quick = Gateway(), Gateway()
    server = start(
        ROOT / "kamailio.cfg",
        KEEPALIVE_DIR=ROOT / "kemi",
        KEEPALIVE_DESTINATIONS=f"{late.uri} {quick.uri}",
        KEEPALIVE_PING_INTERVAL=60,
        KEEPALIVE_PING_TIMEOUT=20_000,
        KEEPALIVE_PASSIVE_MIN=1,
        KEEPALIVE_FALL=9,
    )
    for gateway in (late, quick):
        server.logged(f"{gateway.uri} unknown -> up")
    late.invite_code, late.delay = 503, 4.5
    quick.delay = 2
    call(server, "invite.xml")
    assert calls_of([late, quick]) == [1, 1]
    server.logged(f"{late.uri} up -> down: 1 of 1 calls failed")
    assert not server.log_lines(f"{quick.uri} up -> down")
    for gateway in (late, quick):
        gateway.close()
