"""What a native kamailio.cfg has of the API: functions for its routes, a route for changes, a script of its own."""

from __future__ import annotations

import pytest

from gateway import Gateway
from real.server import HERE, ROOT, Kamailio, wait_for


@pytest.fixture
def ask(start, gateway: Gateway):
    """A function that has a route call one of keepalive's, and returns the answer; it knows its server."""

    def ask_route(function: str, text: str = "") -> str:
        code, result = ask_route.server.message(text, function)
        assert code == 200
        return result.strip()

    ask_route.server = start(
        "native.cfg",
        KEEPALIVE_DIR=ROOT / "kemi",
        LITERAL=gateway.uri,
        KEEPALIVE_DESTINATIONS=gateway.uri,
        KEEPALIVE_CHANGED_ROUTE="GATEWAY_CHANGED",
    )
    ask_route.server.logged(f"{gateway.uri} unknown -> up")
    return ask_route


def test_a_native_server_has_it_all(ask, gateway: Gateway) -> None:
    """On real servers: each function does in a route what it does in a script, and an if tells what it can."""
    server: Kamailio = ask.server
    assert ask("comparisons", gateway.uri) == "true == 1 > 0"
    assert ask("comparisons", "sip:not.monitored") == "!= 1 ! == 0"

    assert ask("set_admin", f"{gateway.uri} maint 3600 card  swap, 'B'") == "1"
    assert server.logged("is set to maint (by route, card  swap, 'B', until ")
    assert ask("comparisons", gateway.uri) == "!= 1 ! == 0 is_down rc == -2 var == -2"
    assert ask("info", f"{gateway.uri} admin.why") == "1 card  swap, 'B'"
    assert ask("info", f"{gateway.uri} last_code") == "1 200"
    assert ask("info", f"{gateway.uri} colour").startswith("-1")
    assert ask("set_admin", f"{gateway.uri} closed") == "-1"
    assert server.logged("set_admin: admin mode 'closed': one of ready, drain, maint is needed")
    assert ask("set_admin", f"{gateway.uri} ready") == "1"

    other = Gateway()
    assert ask("add_destination", f"{other.uri} group='my carriers' priority=2 fall=2 ping_interval=1h") == "1"
    assert ask("configure_group", "'my carriers' rise=3") == "1"
    server.logged(f"{other.uri} unknown -> up")
    assert ask("info", f"{other.uri} rise") == "1 3"
    assert ask("is_group_alive", "my carriers") == "1"
    assert ask("add_destination", f"{gateway.uri} group='my carriers'") == "1"
    assert ask("alive", "my carriers") == f"2 {other.uri} {gateway.uri}"
    assert ask("alive", "none") == "-1"
    pings = len(other.pings)
    assert ask("ping_now", other.uri) == "1"
    wait_for("a ping", lambda: len(other.pings) > pings)
    assert ask("report_failure", f"{other.uri} as the route says") == "1"
    assert ask("report_reply", f"{other.uri} 503") == "1"
    assert ask("pause") == "1"
    assert ask("info", f"{other.uri} not_pinged_because") == "1 paused"
    assert ask("resume") == "1"
    assert ask("reload_script", "/not/there.py") == "-1"
    assert ask("del_destination", other.uri) == "1"
    assert "Traceback" not in server.log
    other.close()


def test_a_native_route_runs_for_each_change(ask, gateway: Gateway) -> None:
    """On real servers: once, in the process of callbacks, and after a route that ended with exit again."""
    server: Kamailio = ask.server
    gateway.silent = True
    server.logged("up -> down")
    server.logged("ANSWER -2")
    gateway.silent = False
    server.logged("down -> up")
    wait_for("three changes", lambda: len(server.log_lines("ANSWER ")) == 3)
    words = [line.split("CHANGED ")[1].split(" (")[0] for line in server.log_lines("CHANGED ")]
    assert words == [f"{gateway.uri} {each}" for each in ("unknown up", "up down", "down up")]
    assert "(no reply in " in server.log_lines("CHANGED ")[1]
    [line] = server.log_lines("IS DOWN")
    assert [int(line.split("IS DOWN ")[1])] == server.process_numbers("keepalive_callbacks")
    assert not server.errors


@pytest.mark.parametrize("cfg", ["native.cfg", "scenario.cfg"])
def test_a_route_that_is_not_there_is_one_line(start, gateway: Gateway, cfg: str) -> None:
    """On real servers: with a native kamailio.cfg, and with a KEMI script."""
    server = start(
        cfg,
        KEEPALIVE_DIR=ROOT / "kemi",
        LITERAL=gateway.uri,
        KEEPALIVE_DESTINATIONS=gateway.uri,
        KEEPALIVE_CHANGED_ROUTE="NOT_THERE",
    )
    server.logged(f"{gateway.uri} unknown -> up")
    gateway.silent = True
    server.logged("up -> down")
    [line] = server.errors
    assert "kamailio.cfg has no route[NOT_THERE], which KEEPALIVE_CHANGED_ROUTE names" in line


def test_a_route_that_takes_long_holds_up_callbacks_alone(start, gateway: Gateway) -> None:
    """On real servers: pings and answers go on, and the log names the route."""
    server = start(
        "native.cfg",
        KEEPALIVE_DIR=ROOT / "kemi",
        LITERAL=gateway.uri,
        KEEPALIVE_DESTINATIONS=gateway.uri,
        KEEPALIVE_CHANGED_ROUTE="TAKES_LONG",
    )
    server.logged(f"BEGINS {gateway.uri}")
    pinged = len(gateway.pings)
    gateway.silent = True
    wait_for("down", lambda: server.message("", "literal") == (200, "not up"))
    gateway.silent = False
    wait_for("up", lambda: server.message("", "literal") == (200, "up"))
    assert len(gateway.pings) >= pinged + 2
    server.logged(f"callback route[TAKES_LONG] for {gateway.uri} runs for 5 s already")


def test_a_script_of_ones_own_beside_native_routes(start, gateway: Gateway) -> None:
    """On real servers: the operator's functions and keepalive's, whichever modparam comes last."""
    server = start(
        "native.cfg",
        KEEPALIVE_DIR=ROOT / "kemi",
        KEEPALIVE_SCRIPT=HERE / "own_script.py",
        LITERAL=gateway.uri,
        KEEPALIVE_DESTINATIONS=gateway.uri,
    )
    server.logged(f"{gateway.uri} unknown -> up")
    assert server.message(gateway.uri, "literal") == (200, "up")
    assert server.message(f"{gateway.uri} sip:other", "mine") == (200, "7")
    gateway.silent = True
    wait_for("down", lambda: server.message("", "literal") == (200, "not up"))
    assert not server.errors
