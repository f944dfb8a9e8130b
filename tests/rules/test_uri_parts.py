"""What a URI is made of, as DNS has to know it; all else is in the tests of uris.py."""

from __future__ import annotations

import pytest

from keepalive_core.rules import uri_parts


@pytest.mark.parametrize(
    ("text", "port", "asks"),
    [
        ("sip:gw.example.com", 5060, True),
        ("sips:gw.example.com", 5061, True),
        ("sip:gw.example.com;transport=tls", 5061, True),
        ("sip:gw.example.com:5070", 5070, False),
        ("sip:192.168.10.20", 5060, False),
        ("sip:[::1];transport=tls", 5061, False),
    ],
)
def test_which_port_is_meant(text: str, port: int, asks: bool) -> None:
    """And whether DNS may say another one."""
    found = uri_parts.read(text)
    assert (found.meant_port, found.asks_for_port) == (port, asks)


@pytest.mark.parametrize(("host", "is_one"), [("10.0.0.1", True), ("[::1]", True), ("gw1.example", False)])
def test_what_is_an_address(host: str, is_one: bool) -> None:
    """The last label of a name is never all digits."""
    assert uri_parts.is_address(host) is is_one
