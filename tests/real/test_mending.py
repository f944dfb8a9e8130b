"""Rows that an operator deletes, flushes or overwrites by RPC: on real servers, with all their processes."""

from __future__ import annotations

from gateway import Gateway
from real.server import Kamailio, wait_for
from real.test_pings import DOWN, UP, events

TABLES = ("state", "health", "destination", "news", "group", "group_change", "admin", "history")
STEADY = ("state", "admin", "owners", "options", "fall", "not_pinged_because")


def steady(server: Kamailio, *uris: str) -> object:
    """What is known of destinations and no ping changes."""
    known = [server.call("info", uri) for uri in uris]
    answers = [server.call("is_alive", uri) for uri in uris]
    return [{name: each.get(name) for name in STEADY} for each in known], answers, server.call("alive", "g")


def test_rows_that_are_deleted_or_overwritten_come_back(start, gateway: Gateway) -> None:
    """One table after the other: everything is as it was within seconds, and pings and callbacks go on."""
    server = start(KEEPALIVE_PING_INTERVAL="0.3", KEEPALIVE_PING_TIMEOUT=200)
    out = Gateway()
    uris = [gateway.uri, out.uri]
    for uri in uris:
        attr = {"of": uri}
        assert server.call("add_destination", uri, "test", 0, "on_change", attr, group="g", fall=2) == 0
        server.wait_for_state(uri, UP)
    assert server.call("set_admin", out.uri, "maint", 0, "test", "why") == 0
    before = steady(server, *uris)
    assert before[1:] == ([UP, DOWN], [gateway.uri])
    damages: list[tuple[str, ...]] = []
    for table in TABLES:
        row = "g" if table.startswith("group") else out.uri if table == "admin" else gateway.uri
        damages += [
            ("htable.delete", f"keepalive_{table}", row),
            ("htable.sets", f"keepalive_{table}", row, "foo"),
        ]
    for table in ("state", "health", "destination"):
        damages.append(("htable.flush", f"keepalive_{table}"))
    for row in ("settings", "callbacks", "generation", "revision", "started", "listeners"):
        damages += [("htable.delete", "keepalive", row), ("htable.sets", "keepalive", row, "foo")]
    for method, *parameters in damages:
        server.rpc(method, *parameters)
        wait_for(f"all as before {method} {parameters}", lambda: steady(server, *uris) == before)
    server.logged("callbacks for all changes were lost, and are registered again")
    server.rpc("htable.flush", "keepalive")
    told = len(events(server, gateway))
    gateway.silent = True
    server.wait_for_state(gateway.uri, DOWN)
    wait_for("the change is told", lambda: len(events(server, gateway)) > told)
    assert events(server, gateway)[-1][2:4] == [DOWN, {"of": gateway.uri}]
    assert server.call("add_destination", "sip:127.0.0.1:9", "test") == 0
    server.wait_for_state("sip:127.0.0.1:9", DOWN)
    assert "Traceback" not in server.log
    out.close()
