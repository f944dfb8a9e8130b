"""Which names can be asked for, and which addresses can be those of hosts."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules.dns_records import canonical, host_address, is_askable
from keepalive_core.rules.uris import address_of


@pytest.mark.parametrize(
    "name", ["p.com", "_sip._udp.p.com", "localhost", "a-b.p.com", "x" * 63, "gw_1", "1.p.com", "p.1a"]
)
def test_what_is_asked_for(name: str) -> None:
    """Names of hosts and of services."""
    assert is_askable(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "a..b",
        "-a.com",
        "a-.com",
        "x" * 64,
        "a b",
        "a\n",
        "a\x00b",
        "bücher.de",
        "127.1",
        "1",
        "0x7f.1",
        ".".join(["x" * 63] * 4),
        "a.b@c",
        "*.p.com",
        "a/b",
        "192.0.2.1",
        "p.com ",
    ],
)
def test_what_is_not_asked_for(name: str) -> None:
    """What is no name, is too long, or would be read as an address."""
    assert not is_askable(name)


def test_how_long_a_name_may_be() -> None:
    """RFC 1035 section 2.3.4: 63 characters a label, 253 in all."""
    assert is_askable(".".join(["x" * 63, "y" * 63, "z" * 63, "a" * 61]))
    assert not is_askable(".".join(["x" * 63, "y" * 63, "z" * 63, "a" * 62]))
    assert not is_askable("x" * 64)


def test_one_form() -> None:
    """Small letters, and no dot at the end; the root is nothing."""
    assert [canonical(name) for name in ("P.Com.", "p.com", ".", "")] == ["p.com", "p.com", "", ""]


@pytest.mark.parametrize(
    "text", ["192.0.2.1", "10.0.0.1", "127.0.0.1", "169.254.1.1", "100.64.0.1", "223.255.255.255"]
)
def test_addresses_of_hosts(text: str) -> None:
    """Private ones, and the host's own, are some."""
    assert host_address(text) == text


@pytest.mark.parametrize("text", ["2001:db8::1", "::1", "fd00::1", "2001:0db8:0:0:0:0:0:1"])
def test_ipv6_addresses_of_hosts(text: str) -> None:
    """They stand in brackets in a URI, in the shortest form."""
    assert host_address(text) == f"[{ipaddress.ip_address(text).compressed}]"


@pytest.mark.parametrize(
    "text",
    [
        "0.0.0.0",
        "0.1.2.3",
        "255.255.255.255",
        "240.0.0.1",
        "224.0.0.1",
        "239.1.1.1",
        "::",
        "ff02::1",
        "fe80::1",
        "fe80::1%eth0",
        "::ffff:192.0.2.1",
        "",
        "p.com",
        "1",
        "127.1",
        "1.2.3.4.5",
        "[::1]",
    ],
)
def test_addresses_of_no_host(text: str) -> None:
    """Nobody, everybody, a group, or one that leads nowhere from a URI; and what is none."""
    assert host_address(text) == ""


@given(st.ip_addresses())
def test_an_address_comes_back_from_a_uri(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    """What is used of DNS is the address of a URI, as keys have it."""
    if found := host_address(str(address)):
        assert address_of(f"sip:{found}:5060") == f"{found}:5060"
