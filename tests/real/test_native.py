"""The native way: python_exec in a kamailio.cfg without a script of its own."""

from __future__ import annotations

from gateway import Gateway
from real.server import ROOT, Kamailio, wait_for


def ask(server: Kamailio, function: str, destination: str = "") -> str:
    code, result = server.message(destination, function)
    assert code == 200
    return result


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
