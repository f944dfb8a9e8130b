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


def test_a_proxy_that_dns_does_not_know_takes_nobody_down(start, provider: Provider) -> None:
    """It may be a slip: who is behind it keeps its state. What no ping could leave for is refused at once."""
    one, two = provider.gateway(), provider.gateway()
    name, address = f"sip:{provider.say('sip', '@ A %1')}", f"sip:{two.host}"
    server = start(resolver=provider.dns.address, KEEPALIVE_DESTINATIONS=f"{name} {address}", **QUICK)
    for uri in (name, address):
        server.wait_for_state(uri, UP)
    server.rpc("cfg.sets", "keepalive", "outbound_proxy", "sip:slip.test")
    for uri in (name, address):
        wait_for("no targets", lambda uri=uri: not server.call("info", uri)["targets"])
        wait_for(
            "its fault", lambda uri=uri: server.call("info", uri)["resolution"]["fault"] == "no such name"
        )
    seen = len(one.pings) + len(two.pings)
    server.call("ping_now", name)
    server.call("ping_now", address)
    server.rpc("cfg.sets", "keepalive", "outbound_proxy", "")
    wait_for("pings again", lambda: len(one.pings) + len(two.pings) > seen + 4)
    assert not server.log_lines("-> down")
    for proxy in ("sip:slip.test;transport=sctp", "sips:slip.test;transport=udp"):
        assert server.call("add_destination", address, "test", outbound_proxy=proxy) == -1
        assert server.call("configure_group", "g", outbound_proxy=proxy) == -1
        assert server.call("modparam", "outbound_proxy", proxy) == -1
