"""The native way: python_exec in a kamailio.cfg without a script of its own."""

from __future__ import annotations

import re

import pytest

from examples import FUNCTIONS
from gateway import Gateway
from real.server import HERE, ROOT, Kamailio, wait_for


def ask(server: Kamailio, function: str, destination: str = "") -> str:
    code, result = server.message(destination, function)
    assert code == 200
    return result.strip()


def start_native(start, gateway: Gateway, **defines: object) -> Kamailio:
    """Start a server without a script of its own, and wait until its gateway is up."""
    server = start(
        "native.cfg",
        KEEPALIVE_DIR=ROOT / "kemi",
        LITERAL=gateway.uri,
        KEEPALIVE_DESTINATIONS=gateway.uri,
        **defines,
    )
    server.logged(f"{gateway.uri} unknown -> up")
    return server


def test_native_routing(start, gateway: Gateway) -> None:
    """A native route asks is_alive, adds and deletes; pings and results go through native routes."""
    server = start_native(start, gateway)
    assert ask(server, "literal") == "up"
    assert ask(server, "is_alive", gateway.uri) == "1"
    gateway.silent = True
    wait_for("down", lambda: ask(server, "literal") == "not up")
    assert ask(server, "is_alive", gateway.uri) == "-2"
    assert ask(server, "if", gateway.uri) == "false"
    assert ask(server, "state", gateway.uri) == "2"
    gateway.silent = False
    wait_for("up again", lambda: ask(server, "literal") == "up")
    gateway.code = 404
    wait_for("down by a 404", lambda: ask(server, "literal") == "not up")

    other = Gateway()
    assert ask(server, "is_alive", other.uri) == "-1"
    assert ask(server, "add_destination", other.uri) == "1"
    assert ask(server, "is_alive", other.uri) == "1"
    assert ask(server, "if", other.uri) == "true"
    assert ask(server, "state", other.uri) in ("3", "1")
    server.logged(f"{other.uri} unknown -> up")
    assert ask(server, "del_destination", other.uri) == "1"
    assert ask(server, "del_destination", other.uri) == "-1"
    assert ask(server, "is_alive", other.uri) == "-1"
    assert ask(server, "is_alive", "no uri") == "-1"
    assert "Traceback" not in server.log
    other.close()


def test_what_is_no_utf_8_costs_one_answer(start, gateway: Gateway) -> None:
    """On real servers: whatever bytes a caller sends, later questions and the replies to pings are taken."""
    server = start_native(start, gateway)
    for _ in range(12):
        server.message("sip:J\udcfcrg@127.0.0.1", "is_alive")
    pinged = len(gateway.pings)
    wait_for("more pings", lambda: len(gateway.pings) >= pinged + 4)
    assert [ask(server, "is_alive", gateway.uri) for _ in range(12)] == ["1"] * 12
    assert not server.log_lines("up -> down")


def test_native_calls_are_evidence(start, gateway: Gateway) -> None:
    """report_reply takes the code of the reply at hand, and 408 if none came."""
    server = start_native(
        start,
        gateway,
        KEEPALIVE_PING_INTERVAL=3600,
        KEEPALIVE_PASSIVE_MIN=2,
        KEEPALIVE_PASSIVE_WINDOW=2,
    )
    gateway.invite_code = 503
    for _ in range(2):
        # A proxy makes a 503 of its next hop a 500 (RFC 3261 section 16.7).
        assert server.message(gateway.uri, uri_user="call")[0] == 500
    server.logged(f"{gateway.uri} up -> down: 2 of 2 calls failed within 2 s, the last with 503")
    gateway.invite_code = 486
    # Its own ping, brought forward by the failures, and calls bring it back when the window has passed.
    for _ in range(3):
        assert server.message(gateway.uri, uri_user="call")[0] == 486
    wait_for("up", lambda: server.message(gateway.uri, uri_user="call") and server.log_lines("down -> up"))
    gateway.silent = True
    for _ in range(8):
        assert server.message(gateway.uri, uri_user="call")[0] == 408
    assert any("the last with 408" in line or "no reply" in line for line in server.logged("up -> down")[1:])


def test_native_reload(start, gateway: Gateway) -> None:
    """If keepalive.py is the script itself, app_python.reload keeps states and pings too."""
    server = start_native(start, gateway)
    for _ in range(3):
        server.rpc("app_python.reload")
        seen = len(gateway.pings)
        for _ in range(8):
            assert ask(server, "literal") == "up"
        wait_for("more pings", lambda seen=seen: len(gateway.pings) >= seen + 2)
    gateway.silent = True
    wait_for("down", lambda: ask(server, "literal") == "not up")
    assert len(server.log_lines("unknown -> up")) == 1
    assert "Traceback" not in server.log


def test_native_own_local_request_route(start, gateway: Gateway) -> None:
    """A cfg with a tm:local-request route of its own calls keepalive's from it."""
    server = start_native(
        start,
        gateway,
        KEEPALIVE_OWN_LOCAL_REQUEST=1,
    )
    assert server.logged("OWN LOCAL REQUEST")


def promised(state: str) -> set[str]:
    """Return what the table of docs/functions.md says that an if finds true of a destination in a state."""
    rows = FUNCTIONS[FUNCTIONS.index("| `if` with") :].split("\n\n")[0].splitlines()
    heading, _, *rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in rows]
    words = r"nothing|is_down|`!`|(?:\$var\(x\) |\$rc )?(?:[=!<>]=|[<>]) -?\d"
    found = {
        word for row in rows if row[heading.index(state)] == "true" for word in re.findall(words, row[0])
    }
    return {word.strip("`").replace("$var(x)", "var").replace("$rc", "rc") for word in found}


def true_comparisons(server: Kamailio, uri: str) -> set[str]:
    return set(ask(server, "comparisons", uri).rstrip(",").split(","))


def test_a_native_server_has_it_all(start, gateway: Gateway) -> None:
    """On real servers: each function does what it does in a script, and an if tells what it can."""
    server = start_native(start, gateway)
    assert true_comparisons(server, gateway.uri) == promised("up")
    assert true_comparisons(server, "sip:not.monitored") == promised("not monitored")

    assert ask(server, "set_admin", f"{gateway.uri} maint 3600 card  swap, 'B'") == "1"
    assert server.logged("is set to maint (by route, card  swap, 'B', until ")
    assert true_comparisons(server, gateway.uri) == promised("down")
    assert ask(server, "info", f"{gateway.uri} admin.why") == "1 card  swap, 'B'"
    assert ask(server, "info", f"{gateway.uri} last_code") == "1 200"
    assert ask(server, "info", f"{gateway.uri} colour") == "-1"
    assert ask(server, "set_admin", f"{gateway.uri} closed") == "-1"
    assert server.logged("set_admin: admin mode 'closed': one of ready, drain, maint is needed")
    assert ask(server, "set_admin", f"{gateway.uri} ready") == "1"

    other = Gateway()
    assert (
        ask(server, "add_destination", f"{other.uri} group='my carriers' priority=2 fall=2 ping_interval=1h")
        == "1"
    )
    assert ask(server, "configure_group", "'my carriers' rise=3") == "1"
    server.logged(f"{other.uri} unknown -> up")
    assert ask(server, "info", f"{other.uri} rise") == "1 3"
    assert ask(server, "is_group_alive", "my carriers") == "1"
    assert ask(server, "add_destination", f"{gateway.uri} group='my carriers'") == "1"
    assert ask(server, "alive", "my carriers") == f"2 {other.uri} {gateway.uri}"
    assert ask(server, "alive", "none") == "-1"
    assert [ask(server, "pick", group) for group in ("my carriers", "none")] == ["1", "-1"]
    assert [ask(server, "targets", uri) for uri in (gateway.uri, "sip:not.monitored")] == ["1", "-1"]
    assert [ask(server, "next_target", uri) for uri in (gateway.uri, "sip:not.monitored")] == ["1", "-1"]
    pings = len(other.pings)
    assert ask(server, "ping_now", other.uri) == "1"
    wait_for("a ping", lambda: len(other.pings) > pings)
    assert ask(server, "report_failure", f"{other.uri} as the route says") == "1"
    assert ask(server, "report_reply", f"{other.uri} 503") == "1"
    assert ask(server, "pause") == "1"
    assert ask(server, "info", f"{other.uri} not_pinged_because") == "1 paused"
    assert ask(server, "resume") == "1"
    assert ask(server, "reload_script", "/not/there.py") == "-1"
    assert ask(server, "del_destination", other.uri) == "1"
    assert "Traceback" not in server.log
    other.close()


def test_a_native_route_runs_for_each_change(start, gateway: Gateway) -> None:
    """On real servers: once, in the process of callbacks, and after a route that ended with exit again."""
    server = start_native(start, gateway, KEEPALIVE_CHANGED_ROUTE="GATEWAY_CHANGED")
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


def test_a_kemi_server_may_have_the_route(start, gateway: Gateway) -> None:
    """On real servers: a route of the kamailio.cfg whose routing is a script's runs as well."""
    server = start(KEEPALIVE_DESTINATIONS=gateway.uri, KEEPALIVE_CHANGED_ROUTE="GATEWAY_CHANGED")
    server.logged(f"CHANGED {gateway.uri} unknown up")
    gateway.silent = True
    server.logged(f"CHANGED {gateway.uri} up down")
    gateway.silent = False
    server.logged(f"CHANGED {gateway.uri} down up")
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
    server = start_native(start, gateway, KEEPALIVE_CHANGED_ROUTE="TAKES_LONG")
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
    server = start_native(start, gateway, KEEPALIVE_SCRIPT=HERE / "own_script.py")
    assert server.message(gateway.uri, "literal") == (200, "up")
    assert server.message(f"{gateway.uri} sip:other", "mine") == (200, "7")
    gateway.silent = True
    wait_for("down", lambda: server.message("", "literal") == (200, "not up"))
    assert not server.errors
