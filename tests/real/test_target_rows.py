"""Rows of names and targets on real servers: what is deleted heals, and a name may be one thing again."""

from __future__ import annotations

from typing import Any

from real.provider import Name, Provider
from real.server import Kamailio, wait_for

UP, DOWN = 1, 2
QUICK: dict[str, Any] = {
    "KEEPALIVE_PING_INTERVAL": 0.3,
    "KEEPALIVE_PING_TIMEOUT": 200,
    "KEEPALIVE_DNS_INTERVAL": 1,
}
TABLES = ("health", "destination", "news", "history")


def test_rows_that_are_deleted_heal(start, provider: Provider) -> None:
    """Of the name, and of a target that is down: both are as they were, and the other target is pinged."""
    first, second = provider.gateway(), provider.gateway()
    server: Kamailio = start(resolver=provider.dns.address, KEEPALIVE_PROBERS=3, **QUICK)
    name = Name(server, f"sip:{provider.say('heals', '@ A %1', '@ A %2')}")
    name.have({first: "up", second: "up"})
    first.silent = True
    name.have({first: "down", second: "up"})
    key = name.target(first)
    for table in TABLES:
        for each in (name.uri, key):
            server.rpc("htable.delete", f"keepalive_{table}", each)
    server.rpc("htable.delete", "keepalive_name", name.uri)
    before = len(second.pings)
    wait_for("all rows", lambda: bool(name.info and server.call("info", key)), 40)
    name.have({first: "down", second: "up"}, 40)
    wait_for("its pings", lambda: len(second.pings) > before + 3)
    name.become(UP)
    assert server.call("is_alive", key) == DOWN
    first.silent = False
    name.have({first: "up", second: "up"})
    assert name.told() == [UP]


def test_a_name_becomes_one_thing_and_many_again(start, provider: Provider) -> None:
    """dns_expand may change at run time: then its targets go, and come again with what was known of them."""
    first, second = provider.gateway(), provider.gateway()
    server: Kamailio = start(resolver=provider.dns.address, **QUICK)
    name = Name(server, f"sip:{provider.say('changes', '@ A %1', '@ A %2')}:5060")
    name.have({first: "up", second: "up"})
    changes = len(server.call("info", name.target(second))["history"])
    server.rpc("cfg.seti", "keepalive", "dns_expand", 0)
    wait_for("no targets", lambda: name.targets == {})
    before = len(first.pings) + len(second.pings)
    wait_for("pings of the whole", lambda: len(first.pings) + len(second.pings) > before + 2)
    name.become(UP)
    server.rpc("cfg.seti", "keepalive", "dns_expand", 1)
    name.have({first: "up", second: "up"})
    assert len(server.call("info", name.target(second))["history"]) == changes
    assert name.told() == [UP]
