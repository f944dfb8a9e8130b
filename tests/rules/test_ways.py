"""On which way a ping goes, and how long it may take on it."""

from __future__ import annotations

import pytest

from keepalive_core.rules.policy import Policy, Settings
from keepalive_core.rules.ways import Way, way_of


@pytest.mark.parametrize(
    ("uri", "proxy", "seconds"),
    [
        ("sip:192.168.10.20", "", 3),
        ("sip:[2001:db8::1]:5070", "", 3),
        ("sip:gateway.example.com", "", 32),
        ("sip:gateway.example.com", "sip:192.168.10.1", 3),
        ("sip:192.168.10.20", "sip:proxy.example.com", 32),
    ],
)
def test_how_long_a_ping_may_last(uri: str, proxy: str, seconds: int) -> None:
    """To an address one limit, to a name as long as tm lets it live; the next hop is what counts."""
    assert (
        way_of(uri, uri, Policy(Settings().values(), {"outbound_proxy": proxy})).longest
        == seconds * 1_000_000
    )


@pytest.mark.parametrize(
    ("uri", "proxy", "is_name"),
    [
        ("sip:gateway.example.com", "", True),
        ("sips:gateway.example.com:5061", "", True),
        ("sip:192.168.10.20", "", False),
        ("sip:192.168.10.20", "sip:proxy.example.com", True),
        ("sip:gateway.example.com", "sip:192.168.10.1", False),
        ("sip:gateway.example.com;transport=ws", "", False),
        ("sip:gateway.example.com;transport=wss", "", False),
    ],
)
def test_what_is_a_name(uri: str, proxy: str, is_name: bool) -> None:
    """If the next hop is one, its addresses are pinged, unless dns_expand is 0; nobody waits for it."""
    policy = Policy({**Settings().values(), "dns_expand": 1}, {"outbound_proxy": proxy})
    way = way_of(uri, uri, policy)
    assert way.is_name is is_name
    assert not (is_name and way.may_wait(for_connections=True))
    assert not way_of(
        uri, uri, Policy(Settings().values(), {"outbound_proxy": proxy, "dns_expand": 0})
    ).is_name


@pytest.mark.parametrize("proxy", ["", "sip:proxy.example.com"])
def test_a_target_is_pinged_through_its_address(proxy: str) -> None:
    """Whatever proxy its name has; a reply has to come from there, if that is asked for."""
    policy = Policy(
        {**Settings().values(), "dns_expand": 1, "ping_check_source": 1}, {"outbound_proxy": proxy}
    )
    way = way_of("sip:p:5060#192.168.10.20:5070;transport=tcp", "sip:p", policy)
    assert way == Way(
        "sip:192.168.10.20:5070;transport=tcp", False, True, "192.168.10.20", "192.168.10.20", 3_000_000
    )
    udp = way_of("sip:p:5060#192.168.10.20:5070", "sip:p", policy)
    assert (udp.through, udp.reliable, udp.source) == ("sip:192.168.10.20:5070", False, "192.168.10.20:5070")


@pytest.mark.parametrize(
    ("uri", "reliable", "source", "address"),
    [
        ("sip:192.168.10.20", False, "192.168.10.20:5060", "192.168.10.20"),
        ("sip:192.168.10.20;transport=tcp", True, "192.168.10.20", "192.168.10.20"),
        ("sips:192.168.10.20", True, "192.168.10.20", "192.168.10.20"),
        ("sip:192.168.10.20;transport=udp", False, "192.168.10.20:5060", "192.168.10.20"),
        ("sip:192.168.10.20;transport=ws", True, "192.168.10.20", ""),
        ("sip:[2001:db8::1]:5070", False, "[2001:db8::1]:5070", "2001:db8::1"),
        ("sip:gateway.example.com", False, "", ""),
    ],
)
def test_from_where_a_reply_has_to_come(uri: str, reliable: bool, source: str, address: str) -> None:
    """Over UDP from address and port, over a connection from the address; a name may stand for any."""
    checking = Policy(Settings().values(), {"ping_check_source": 1})
    way = way_of(uri, uri, checking)
    assert (way.reliable, way.source, way.address) == (reliable, source, address)
    assert way_of(uri, uri, Policy(Settings().values(), {"ping_check_source": 0})).source == ""


@pytest.mark.parametrize(
    ("uri", "proxy", "waits", "waits_for_connections"),
    [
        ("sip:192.168.10.20", "", False, False),
        ("sip:192.168.10.20;transport=udp", "", False, False),
        ("sip:192.168.10.20;transport=tcp", "", False, True),
        ("sips:192.168.10.20", "", False, True),
        ("sip:gateway.example.com", "", True, True),
        ("sip:gateway.example.com", "sip:192.168.10.1", False, False),
        ("sip:192.168.10.20", "sip:proxy.example.com", True, True),
        ("sip:192.168.10.20", "sip:192.168.10.1;transport=tls", False, True),
        ("sip:192.168.10.20;transport=tcp", "sip:192.168.10.1", False, False),
    ],
)
def test_who_may_have_to_wait(uri: str, proxy: str, waits: bool, waits_for_connections: bool) -> None:
    """For DNS if the next hop is a name, and for a connection, if a sender waits for those."""
    way = way_of(uri, uri, Policy(Settings().values(), {"outbound_proxy": proxy, "dns_expand": 0}))
    assert way.may_wait(for_connections=False) is waits
    assert way.may_wait(for_connections=True) is waits_for_connections
