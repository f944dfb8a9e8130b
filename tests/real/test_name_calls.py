"""Calls through the sample server to a provider that is a name, by sipp."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from real.provider import Provider
from real.server import ROOT, Kamailio, wait_for
from real.test_names import QUICK
from real.test_router import call, invites

HALVES = (
    *("_sip._udp.@ SRV 10 50 5060 a.@", "_sip._udp.@ SRV 10 50 5060 b.@"),
    *("_sip._udp.@ SRV 10 50 5060 c.@", "_sip._udp.@ SRV 10 50 5060 d.@"),
    *("a.@ A %1", "b.@ A %2", "c.@ A %3", "d.@ A %4"),
)


@pytest.fixture
def server(start, provider: Provider) -> Kamailio:
    """The sample server, which knows that all four gateways, of one weight, are up."""
    for _ in range(4):
        provider.gateway()
    provider.say("provider", *HALVES)
    running: Kamailio = start(
        ROOT / "kamailio.cfg",
        KEEPALIVE_DIR=ROOT / "kemi",
        KEEPALIVE_DESTINATIONS="sip:provider.test",
        resolver=provider.dns.address,
        **QUICK,
    )
    for gateway in provider.gateways:
        running.logged(f"{key(gateway)} unknown -> up")
    running.logged("sip:provider.test unknown -> up")
    return running


def key(gateway: object) -> str:
    return f"sip:provider.test#{gateway.host}:{gateway.port}"  # type: ignore[attr-defined]


def test_half_a_provider_dead(server: Kamailio, provider: Provider) -> None:
    """No call is lost, neither while the half dies nor after; a dead gateway gets none once it is known."""
    dying, living = provider.gateways[:2], provider.gateways[2:]
    with ThreadPoolExecutor(1) as caller:
        calls = caller.submit(call, server, "invite.xml", 120, 30)
        wait_for("calls at all", lambda: all(invites(gateway) for gateway in provider.gateways))
        for gateway in dying:
            # The calls that are up end as ever.
            gateway.deaf_to = {"OPTIONS", "INVITE"}
        for gateway in dying:
            server.logged(f"{key(gateway)} up -> down")
        calls.result()
    before = [invites(gateway) for gateway in dying]
    had = sum(invites(gateway) for gateway in living)
    call(server, "invite.xml", 60, 30)
    assert [invites(gateway) for gateway in dying] == before
    assert sum(invites(gateway) for gateway in living) == had + 60
    assert min(invites(gateway) for gateway in living) > 10, "by weight, at random"
    for gateway in dying:
        gateway.deaf_to = set()
    for gateway in dying:
        server.logged(f"{key(gateway)} down -> up")
    call(server, "invite.xml", 40, 30)
    assert all(invites(gateway) > was for gateway, was in zip(dying, before, strict=True))


def test_gateways_that_refuse_calls_only(server: Kamailio, provider: Provider) -> None:
    """A gateway that answers pings and refuses calls with 503 costs no call: the next one gets it."""
    provider.gateways[0].invite_code = provider.gateways[1].invite_code = 503
    call(server, "invite.xml", 20)
    assert sum(invites(gateway) for gateway in provider.gateways[2:]) >= 20
    for gateway in provider.gateways:
        gateway.invite_code = 503
    call(server, "invite-503.xml")
    for gateway in provider.gateways:
        gateway.silent = True
    server.logged("sip:provider.test up -> down")
    before = [invites(gateway) for gateway in provider.gateways]
    call(server, "invite-503.xml")
    assert [invites(gateway) for gateway in provider.gateways] == before
