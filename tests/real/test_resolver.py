"""Real servers ask DNS for the addresses behind a name, and ping each by itself."""

from __future__ import annotations

from real.provider import Provider
from real.server import wait_for

UP, DOWN = 1, 2

QUICK = {"KEEPALIVE_PING_INTERVAL": 0.3, "KEEPALIVE_PING_TIMEOUT": 200, "KEEPALIVE_DNS_INTERVAL": 1}


def test_each_address_is_pinged(start, provider: Provider) -> None:
    """The name is up while one of its addresses is, and follows what DNS says."""
    one, two = provider.gateway(), provider.gateway()
    uri = f"sip:{provider.say('sip', '@ A %1', '@ A %2')}"
    server = start(resolver=provider.dns.address, KEEPALIVE_DESTINATIONS=uri, KEEPALIVE_DNS_EXPAND=1, **QUICK)
    server.wait_for_state(uri, UP)
    one.close()
    wait_for("the dead one", lambda: server.call("is_alive", f"{uri}#{one.host}:5060") == DOWN)
    assert server.call("state", uri) == UP
    two.close()
    server.wait_for_state(uri, DOWN)
    provider.gateway(3)
    provider.say("sip", "@ A %3")
    server.wait_for_state(uri, UP)
    wait_for("no others", lambda: server.call("is_alive", f"{uri}#{one.host}:5060") == -1)
