"""The request at hand."""

import importlib
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from conftest import FakeServer


@pytest.fixture
def requests(keepalive: ModuleType) -> ModuleType:
    return importlib.import_module("keepalive_core.kamailio.requests")


@pytest.mark.parametrize(
    ("other", "is_to_us"),
    [
        ({}, True),
        ({"rm": "INVITE"}, False),
        ({"rU": "alice"}, False),
        ({"is ours": False}, False),
        ({"rs": 200}, False),
    ],
)
def test_what_is_an_options_to_us(
    requests: ModuleType, server: FakeServer, other: dict[str, Any], is_to_us: bool
) -> None:
    """Not one for a user, nor one for somebody else; a reply to an OPTIONS is none at all."""
    server.ksr.options(**other)
    assert requests.is_options_to_us() is is_to_us


@pytest.mark.parametrize(
    ("address", "host"), [("192.168.10.20", "192.168.10.20"), ("2001:db8:0:0:0:0:0:1", "[2001:db8::1]")]
)
def test_who_sent_it(requests: ModuleType, server: FakeServer, address: str, host: str) -> None:
    """As a URI has it."""
    server.ksr.options(address)
    assert requests.sender() == host


def test_it_is_replied_to(requests: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """By sl, or without that by tm; with a header of ours if textops is there."""
    server.ksr.options()
    assert requests.reply(503, "Drained", "Retry-After: 5")
    import KSR

    assert requests.can_add_headers()
    # The fake's modules come when they are asked for.
    monkeypatch.setattr(requests, "KSR", SimpleNamespace(tm=KSR.tm))
    assert not requests.can_add_headers()
    assert requests.reply(200, "OK")
    assert server.ksr.replied == [(503, "Drained", "Retry-After: 5\r\n"), (200, "OK", "")]
