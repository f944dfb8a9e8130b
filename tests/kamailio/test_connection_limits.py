"""How many connections Kamailio may have, and whether it has that number."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from conftest import FakeServer

TOLD = {
    "opened_connections": 10,
    "max_connections": 20,
    "opened_tls_connections": 5,
    "max_tls_connections": 8,
}


@pytest.mark.parametrize(
    ("transport", "told", "limit"),
    [
        ("tcp", {}, ""),
        ("tls", {}, ""),
        ("tcp", {"opened_connections": 20}, "tcp_max_connections=20"),
        ("tcp", {"opened_connections": 19}, ""),
        ("tcp", {"opened_tls_connections": 8}, ""),
        ("tls", {"opened_tls_connections": 8}, "tls_max_connections=8"),
        # What is TLS is TCP, too.
        ("tls", {"opened_connections": 21}, "tcp_max_connections=20"),
        ("tcp", {"max_connections": "many"}, ""),
        ("tcp", None, ""),
    ],
)
def test_which_limit_is_used_up(
    server: FakeServer, transport: str, told: dict[str, Any] | None, limit: str
) -> None:
    """By its name in kamailio.cfg; what Kamailio does not tell is no limit."""
    server.process()
    limits = importlib.import_module("keepalive_core.kamailio.connection_limits")
    assert limits.used_up(transport) == "", "there is no jsonrpcs"
    server.ksr.rpc = lambda method, parameters: None if told is None else {**TOLD, **told}
    assert limits.used_up(transport) == limit
