"""Calls go round the dead half of a name, by router.py and by native routes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from examples import REFERENCE, named_examples
from gateway import Gateway
from real.provider import Provider
from real.server import ROOT, Kamailio
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
