"""JSON-RPC over the UNIX socket of real servers, as an operator calls it."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

from gateway import Gateway
from keepalive_core.rules.parameters import PARAMETERS
from places import ROOT
from real.calling import HTTP, RpcError, ask, call, post
from real.conftest import DEFAULTS
from real.server import HERE, Kamailio, Launch, wait_for
from real.test_pings import DOWN, UP
from real.test_readme import NOBODY

PAGE = (ROOT / "docs" / "rpc.md").read_text()
METHODS = set(re.findall(r"`keepalive\.(\w+)`", "".join(re.findall(r"^\| `keepalive.*", PAGE, re.MULTILINE))))
"""all that there are: tests/documents/test_rpc_page.py sees to it"""

SETTINGS = {**DEFAULTS, "KEEPALIVE_HTTP": HTTP, "KEEPALIVE_HTTP_RPC": "core.version"}


@pytest.fixture(scope="module")
def cockpit(checked_kind: str) -> Iterator[Kamailio]:
    """A server with HTTP and a list file, for all of these."""
    settings = {**SETTINGS, "KEEPALIVE_LIST_FILE": "FOLDER/list"}
    launch = Launch(files={"list": f"{NOBODY} group=backup\n"})
    with Kamailio(checked_kind, "scenario.cfg", settings, launch) as server:
        yield server
        print(server.log)
    server.forget()


def shown(server: Kamailio, uri: str) -> str:
    """As what a view has a destination, "" if it has not."""
    rows = call(server, "view", search=uri)["rows"]
    return rows[0]["shown"] if rows else ""


def test_each_method_does_what_it_says(cockpit: Kamailio, gateway: Gateway) -> None:
    """Called once at least, with what comes of it in the server itself."""
    uri = gateway.uri
    called = set()

    def do(method: str, *params: Any, **named: Any) -> Any:
        called.add(method)
        return call(cockpit, method, *params, **named)

    assert do("add", uri, "carriers") == "Ok. Destination added."
    cockpit.wait_for_state(uri, UP)
    assert do("get", uri, "carriers") == {"uri": uri, "owner": "carriers", "state": 1}
    assert (do("is_alive", uri), do("state", uri)) == (1, 1)
    [mine] = [each for each in do("list") if each["uri"] == uri]
    assert (mine["owner"], mine["state"], mine["admin"]) == ("carriers", 1, "ready")
    assert mine["last up"] == pytest.approx(time.time(), abs=5)
    key = mine["destination"]
    assert do("info", key)["state"] == "up"

    asked = do("set_admin", uri, "maint", 3600, "card swap")
    assert (asked["before"]["mode"], asked["after"]["mode"], asked["after"]["by"]) == (
        "ready",
        "maint",
        "root",
    )
    assert cockpit.call("is_alive", uri) == 2
    assert shown(cockpit, uri) == "maint", "at once"
    assert do("set_admin", destination=uri, mode="ready")["after"]["mode"] == "ready"
    assert do("orders", 1)[0]["what"] == uri
    assert cockpit.logged(f"root (unix socket): {uri} ready -> maint until")

    before = len(gateway.pings)
    assert do("ping_now", uri) == "Ok."
    wait_for("a ping", lambda: len(gateway.pings) > before)
    assert do("report_failure", uri, "seen in a trace") == "Ok."
    assert do("report_success", uri) == "Ok."
    assert do("report_reply", uri, 486) == "Ok."
    cockpit.wait_for_state(uri, UP)

    assert do("add_destination", uri, "rpc", "calls", 3, 0, {"ping_interval": 2}) == "Ok."
    assert (do("alive", "calls"), do("is_group_alive", "calls")) == ([uri], 1)
    wait_for("the group", lambda: [g for g in do("groups") if (g["name"], g["up"]) == ("calls", 1)])
    assert "1h" in do("availability", "calls")
    assert do("configure_group", "calls", {"fall": 3}) == "Ok."
    wait_for("the option", lambda: do("info", uri)["fall"] == 3)
    assert do("del_destination", uri) == "Ok."
    assert do("is_group_alive", "calls") == -1

    assert "in_force" in do("what_if", uri, {"fall": 2})
    assert do("self", "drain", 60, "a new kernel")["after"]["mode"] == "drain"
    assert do("self", "ready")["after"]["mode"] == "ready"

    with pytest.raises(RpcError, match="this server is in no cluster"):
        do("cluster")
    assert do("pause") == {"before": "pinging", "after": "paused"}
    assert do("view")["paused"]
    assert do("resume") == {"before": "paused", "after": "pinging"}

    listed = cockpit.folder / "list"
    listed.write_text(f"{NOBODY} group=backup\nsip:127.0.0.77 group=backup\n")
    added = {"count": 1, "first": ["sip:127.0.0.77:5060"]}
    assert do("reload", dry_run=True)["added"] == added
    assert cockpit.state("sip:127.0.0.77") == -1
    assert do("reload")["added"] == added
    assert cockpit.state("sip:127.0.0.77") >= 0

    settings = do("settings")
    assert settings.keys() == PARAMETERS.keys()
    assert settings["ping_timeout"] == {"value": 500, "default": 3000, "unit": "ms", "set_by": "kamailio.cfg"}
    cockpit.rpc("cfg.sets", "keepalive", "flap_window", "77")
    wait_for("kamcmd", lambda: do("settings")["flap_window"]["set_by"] == "kamcmd")
    changes = wait_for("changes", lambda: do("changes")["changes"])
    assert {"unknown", "up"} <= {each["from"] for each in changes}
    assert do("changes", do("changes")["number"])["changes"] == []
    wait_for("a ping to itself", lambda: do("selftest") == [])

    assert do("del", uri, "carriers") == "Ok. Destination removed."
    assert cockpit.state(uri) == -1
    assert do("add", uri, "carriers") == "Ok. Destination added."
    assert do("flush") == "Ok. Destination list flushed."
    assert (cockpit.state(uri), cockpit.state(NOBODY) >= 0) == (-1, True)
    assert do("flush", True) == "Ok. Destination list flushed."
    assert do("list") == []
    assert do("reload", True)["added"]["count"] == 2
    assert do("reload_script") == "Ok."
    assert called == METHODS
    assert ask(cockpit, {"jsonrpc": "2.0", "id": 1, "method": "core.version"})["result"]


def test_a_ping_is_shown(cockpit: Kamailio, gateway: Gateway) -> None:
    """Who waits for it gets the request and the reply."""
    assert call(cockpit, "add", gateway.uri, "shown") == "Ok. Destination added."
    cockpit.wait_for_state(gateway.uri, UP)
    seen = call(cockpit, "ping_now", gateway.uri, True)
    assert (seen["result"], seen["code"]) == ("reply", 200)
    assert seen["request"].startswith(f"OPTIONS {gateway.uri} SIP/2.0")
    assert seen["reply"].startswith("SIP/2.0 200")
    gateway.silent = True
    cockpit.wait_for_state(gateway.uri, DOWN)
    wait_for("the view", lambda: shown(cockpit, gateway.uri) == "down", 3)
    assert call(cockpit, "ping_now", gateway.uri, True)["result"] == "timeout"
    assert call(cockpit, "del", gateway.uri, "shown") == "Ok. Destination removed."


def test_each_ping_that_is_asked_for_is_shown(start, gateway: Gateway) -> None:
    """However near a regular ping is, and however fast the reply, nobody sees a ping without its texts."""
    server = start(SCRIPT=HERE / "lingering.py", KEEPALIVE_HTTP=HTTP, KEEPALIVE_PING_JITTER=0)
    assert call(server, "add", gateway.uri, "shown") == "Ok. Destination added."
    assert server.call("add_destination", gateway.uri, "test", ping_interval=0.6, ping_timeout=200) == 0
    server.wait_for_state(gateway.uri, UP)
    others = 0
    for turn in range(10):
        # In the midst of these times begins the tick in which the next regular one leaves.
        due = gateway.pings[-1].at + 0.2 + turn * 0.03
        wait_for("another moment", lambda due=due: time.monotonic() > due, step=0.005)
        before = len(gateway.pings)
        seen = call(server, "ping_now", gateway.uri, True)
        others += len(gateway.pings) - before - 1
        assert (seen["result"], seen["code"]) == ("reply", 200)
        assert seen["request"].startswith(f"OPTIONS {gateway.uri} SIP/2.0"), seen
        assert seen["reply"].startswith("SIP/2.0 200"), seen
    print(f"MEASURED: {others} of 10 times behind a regular ping")
    assert others > 0


REQUEST = b'{"jsonrpc": "2.0", "id": 1, "method": "keepalive.%s", "params": %s}'
BAD = [
    (b"", -32700),
    (b"{bad", -32700),
    (b"\xff\xfe{}", -32700),
    (REQUEST % (b"add", b'["sip:127.0.0.9", "\xff"]'), -32700),
    (REQUEST % (b"add", b'["sip:127.0.0.9", "\\ud800"]'), -32700),
    (REQUEST % (b"flush", b"[NaN]"), -32700),
    (REQUEST % (b"flush", b"[" * 50_000 + b"]" * 50_000), -32700),
    (b"[" * 100_000, -32700),
    (b'{"a":' * 30_000, -32700),
    (b'{"jsonrpc": "2.0", "id": 1, "method": "keepalive.flush", "method": "keepalive.pause"}', -32700),
    (REQUEST % (b"set_admin", b'["sip:127.0.0.1", "maint", %s]' % (b"9" * 5000)), -32700),
    (b"[]", -32600),
    (b"[%s]" % b",".join([REQUEST % (b"pause", b"[]")] * 101), -32600),
    (b'"keepalive.pause"', -32600),
    (b'{"method": "keepalive.pause", "id": 1}', -32600),
    (b'{"jsonrpc": "1.0", "method": "keepalive.pause", "id": 1}', -32600),
    (b'{"jsonrpc": "2.0", "method": "keepalive.pause", "id": [1]}', -32600),
    (REQUEST % (b"pause", b'"now"'), -32600),
    (b'{"jsonrpc": "2.0", "id": 1, "method": "core.kill"}', -32601),
    (b'{"jsonrpc": "2.0", "id": 1, "method": "pause"}', -32601),
    (REQUEST % (b"nosuch", b"[]"), -32601),
    (REQUEST % (b"pause", b"[1]"), -32602),
    (REQUEST % (b"flush", b'["all"]'), -32602),
    (REQUEST % (b"flush", b'{"everything": true}'), -32602),
    (REQUEST % (b"add", b'["sip:127.0.0.9"]'), -32602),
    (REQUEST % (b"add", b'["sip:", "me"]'), -32602),
    (REQUEST % (b"add", b'["sip:127.0.0.9\\u0000", "me"]'), -32602),
    (REQUEST % (b"add", b'["sip:%s", "me"]' % (b"x" * 5000)), -32602),
    (REQUEST % (b"add_destination", b'["sip:127.0.0.9", "me", "", 0, 0, {"ping_timeout": 1}]'), -32602),
    (REQUEST % (b"add_destination", b'["sip:127.0.0.9", "me", "", 1.5]'), -32602),
    (REQUEST % (b"configure_group", b'["backup", {"list_file": "/etc/passwd"}]'), -32602),
    (REQUEST % (b"set_admin", b'["sip:127.0.0.1", "off"]'), -32602),
    (REQUEST % (b"set_admin", b'["sip:127.0.0.1", "maint", -1]'), -32602),
    (REQUEST % (b"set_admin", b'["sip:127.0.0.1", "maint", 1e300]'), -32602),
    (REQUEST % (b"set_admin", b'["sip:127.0.0.1", "maint", true]'), -32602),
    (REQUEST % (b"report_reply", b'["sip:127.0.0.1", 99]'), -32602),
    (REQUEST % (b"reload", b"[1]"), -32602),
    (REQUEST % (b"set_admin", b'["sip:127.0.0.9", "maint"]'), -32001),
    (REQUEST % (b"del", b'["sip:127.0.0.9", "me"]'), -32001),
    (REQUEST % (b"add", b'["sip:127.0.0.9", "a\\nb"]'), -32002),
    (REQUEST % (b"add", b'["sip:127.0.0.9", "\\u0000"]'), -32002),
    (REQUEST % (b"add", b'["sip:127.0.0.9", "%s"]' % (b"x" * 256)), -32002),
    (REQUEST % (b"add", b'["sip:127.0.0.9;transport=sctp", "me"]'), -32002),
    (REQUEST % (b"configure_group", b'["", {"fall": 3}]'), -32002),
    (REQUEST % (b"list", b'[0, 0, "nosuch"]'), -32002),
]


def picture(server: Kamailio) -> object:
    """What there is, and what operators have ordered."""
    seen = call(server, "view")
    destinations = [(row["destination"], row["admin"]) for row in call(server, "view", sort="name")["rows"]]
    return destinations, seen["paused"], seen["groups"], call(server, "orders"), call(server, "settings")


def test_bad_input_changes_nothing(cockpit: Kamailio) -> None:
    """Each kind gets the specification's error, or the module's own; none has a traceback in the log."""
    before = picture(cockpit)
    for body, code in BAD:
        status, answer = post(cockpit, body)
        assert status == 200, (body[:100], answer)
        error = json.loads(answer)["error"]
        assert error["code"] == code, (body[:100], error)
        assert len(error["message"]) < 1100
    assert post(cockpit, b'[{"jsonrpc": "2.0", "method": "keepalive.nosuch"}]') == (204, b"")
    assert picture(cockpit) == before
    assert not cockpit.log_lines("Traceback")


def test_examples_of_the_document(start) -> None:
    """docs/rpc.md: each, as it stands there, with its answer."""
    gateway = Gateway()
    server = start(**SETTINGS)
    address = gateway.uri.removeprefix("sip:")
    wait_for("the socket", (server.folder / "http.sock").exists)

    def real(text: str) -> str:
        text = text.replace("/run/kamailio/keepalive.sock", str(server.folder / "http.sock"))
        return text.replace("192.168.10.20:5060", address).replace("192.168.10.20", address)

    [define] = re.findall(r"```sh\n(rpc\(\).*?)```", PAGE, re.DOTALL)
    blocks = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 4
    for number, block in enumerate(blocks):
        for command, answer in re.findall(r"^\$ (.*)\n(.*)\n", block, re.MULTILINE):
            if '"search": "10.20"' in command:
                command = command.replace("10.20", address)
                wait_for("the view", lambda: shown(server, gateway.uri) == "up")
            script = f"{real(define)}\n{real(command)}"
            done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
            pattern = ".*".join(map(re.escape, real(answer).split("...")))
            assert re.fullmatch(pattern, done.stdout), (command, done.stdout)
        if number == 0:
            server.wait_for_state(gateway.uri, UP)
    gateway.close()


def test_pages_of_10000(start) -> None:
    """Each that stays is in one page, while others come and go; a page is there within 0.1 s of its own."""
    staying = [
        f"sip:127.{10 + number // 62500}.{number // 250 % 250}.{number % 250}" for number in range(10_000)
    ]
    server = start(
        **{**SETTINGS, "KEEPALIVE_ENABLED": 0, "KEEPALIVE_LIST_FILE": "FOLDER/list"},
        files={"list": "\n".join(staying)},
    )
    wait_for("all of them", lambda: call(server, "view")["total"] == 10_000, 30)
    seen, seconds = [], []
    for start_of_page in range(0, 11_000, 1000):
        began = time.monotonic()
        seen += [each["uri"] for each in call(server, "list", start_of_page, 1000)]
        seconds.append(time.monotonic() - began)
        for number in range(5):
            coming = f"sip:127.{9 + number}.251.{start_of_page // 1000}"
            assert server.call("add_destination", coming, "test") == 0
            if number % 2:
                assert server.call("del_destination", coming, "test") == 0
    assert len(seen) == len(set(seen))
    assert set(staying) <= set(seen)
    print(f"MEASURED: a page of 1,000 of 10,000, with curl's start: {sorted(seconds)[5] * 1000:.0f} ms")
    assert sorted(seconds)[5] < 0.5


def test_native_routes(start, gateway: Gateway) -> None:
    """All is the same, before and behind a reload of the script."""
    server = start("native.cfg", LITERAL=gateway.uri, KEEPALIVE_DIR=ROOT / "kemi", **SETTINGS)
    for reloads in range(2):
        assert call(server, "add", gateway.uri, "me") == "Ok. Destination added."
        wait_for("the ping", lambda: call(server, "is_alive", gateway.uri) == 1 and gateway.pings)
        wait_for("the view", lambda: shown(server, gateway.uri) == "up")
        assert call(server, "set_admin", gateway.uri, "drain")["after"]["by"] == "root"
        with pytest.raises(RpcError):
            call(server, "add", gateway.uri, "me")
        assert call(server, "flush") == "Ok. Destination list flushed."
        assert len(call(server, "orders")) == 3 * (reloads + 1) + reloads
        if not reloads:
            assert call(server, "reload_script") == "Ok."
