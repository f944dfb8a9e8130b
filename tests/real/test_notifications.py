"""Who is told of what real servers do: webhooks, events, the log as JSON; and a ping that is shown."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from examples import named_examples
from gateway import Gateway
from hook import Certificate, Hook, Silent
from keepalive_ctl.server import Server
from real.conftest import DEFAULTS
from real.server import Kamailio, free_port, wait_for
from real.test_readme import NATIVE_CFG, start_readme

__all__ = ["start_readme"]

SECRET = "0123456789abcdef0123456789abcdef"
HTTP = "unix:FOLDER/keepalive.sock"


class Reader:
    """A reader of events. Arguments: path, of the socket; last, the number that it had last."""

    def __init__(self, path: Path, last: int | None = None) -> None:
        self.events: list[tuple[float, dict[str, Any]]] = []
        """when each came, by time.time(), and what it says"""
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(str(path))
        more = "" if last is None else f"Last-Event-ID: {last}\r\n"
        self.socket.sendall(f"GET /events HTTP/1.1\r\nHost: localhost\r\n{more}\r\n".encode())
        self.answer = http.client.HTTPResponse(self.socket)
        self.answer.begin()
        self.ended = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()
        if self.answer.status == 200:
            wait_for("the greeting", lambda: self.events)

    def _read(self) -> None:
        try:
            while line := self.answer.readline():
                if line.startswith(b"data: "):
                    self.events.append((time.time(), json.loads(line.removeprefix(b"data: "))))
        except (OSError, http.client.HTTPException, ValueError):
            pass
        self.ended.set()

    def told(self, uri: str) -> list[str]:
        """The states that a destination came to."""
        return [event["to"] for _, event in list(self.events) if event.get("uri") == uri]

    def kinds(self) -> list[str]:
        return [event["event"].rpartition(".")[2] for _, event in list(self.events)]


@pytest.fixture(scope="module")
def served(checked_kind: str) -> Iterator[Kamailio]:
    """One server with HTTP, for all tests that need no other."""
    with Kamailio(checked_kind, "scenario.cfg", {**DEFAULTS, "KEEPALIVE_HTTP": HTTP}) as server:
        server.logged("HTTP is served at")
        yield server
        print(server.log)
    server.forget()


def path_of(server: Kamailio) -> Path:
    return server.folder / "keepalive.sock"


def operator(server: Kamailio) -> Callable[..., Any]:
    return Server(str(path_of(server)), "", 15).call


def flap(server: Kamailio, gateway: Gateway, *codes: int) -> None:
    """Have a destination change its state, and wait for each change."""
    for code in codes:
        gateway.code = code
        server.wait_for_state(gateway.uri, 1 if code == 200 else 2)


# --- events -----------------------------------------------------------------------------------------------


def test_events_come_at_once(served: Kamailio, gateway: Gateway) -> None:
    """Changes, orders and pauses, each within 0.3 s; a reader that comes back has missed nothing."""
    reader = Reader(path_of(served))
    call = operator(served)
    served.call("add_destination", gateway.uri, "me", ping_interval=0.2)
    flap(served, gateway, 200, 503)
    down = wait_for("the change", lambda: reader.told(gateway.uri) == ["up", "down"] and time.time())
    assert down - reader.events[-1][0] < 1
    before = time.time()
    call("set_admin", destination=gateway.uri, mode="maint", why="card swap")
    wait_for("the order", lambda: "order" in reader.kinds(), 2)
    came, order = reader.events[-1]
    assert came - before < 0.3
    assert (order["after"].startswith("maint"), "card swap" in order["after"]) == (True, True)
    for method, paused in (("pause", True), ("resume", False)):
        before, seen = time.time(), len(reader.events)
        call(method)
        wait_for(method, lambda seen=seen: "pause" in reader.kinds()[seen:], 2)
        [(came, event)] = [each for each in reader.events[seen:] if each[1]["event"].endswith("pause")]
        assert came - before < 0.3
        assert event["paused"] is paused
    numbers = [event["number"] for _, event in reader.events[1:]]
    assert numbers == sorted(set(numbers))
    again = Reader(path_of(served), reader.events[1][1]["number"])
    wait_for("what it missed", lambda: len(again.events) == len(reader.events) - 1)
    assert again.events[0][1]["resumed"] is True
    assert [event for _, event in again.events[1:]] == [event for _, event in reader.events[2:]]
    changes = call("changes", since=0, count=1000)["changes"]
    assert [each["to"] for each in changes if each["uri"] == gateway.uri] == ["up", "down"]
    call("set_admin", destination=gateway.uri, mode="ready")
    served.call("del_destination", gateway.uri, "me")


def test_a_change_is_told_within_its_time(served: Kamailio, gateway: Gateway) -> None:
    """From the moment in which a script reports it to the moment in which the reader has it."""
    reader = Reader(path_of(served))
    served.call("add_destination", gateway.uri, "me", ping_interval=3600)
    wait_for("up", lambda: reader.told(gateway.uri) == ["up"])
    gateway.silent = True
    before = time.time()
    served.call("report_failure", gateway.uri, "a test")
    wait_for("down", lambda: reader.told(gateway.uri) == ["up", "down"])
    assert reader.events[-1][0] - before < 0.3
    served.call("del_destination", gateway.uri, "me")


def test_the_end_of_the_server_ends_its_readers(start) -> None:
    """Within 2 s of SIGTERM, however many there are; one more than there is room for was sent away."""
    server = start(KEEPALIVE_HTTP=HTTP)
    server.logged("HTTP is served at")
    readers = [Reader(path_of(server)) for _ in range(64)]
    assert Reader(path_of(server)).answer.status == 503
    assert operator(server)("is_alive", destination="sip:127.0.0.1:9") == -1
    before = time.monotonic()
    server.process.terminate()
    for reader in readers:
        assert reader.ended.wait(max(0, before + 2 - time.monotonic()))


# --- webhooks ---------------------------------------------------------------------------------------------


def test_receivers_of_every_kind(start, gateway: Gateway, tmp_path: Path) -> None:
    """Each good one is told all, in order; no other keeps them or SIP waiting; the log says what is wrong."""
    good, stranger = (Certificate.made(tmp_path, name) for name in ("good", "stranger"))
    hooks = [Hook(), Hook(good)]
    failing, redirecting, elsewhere, untrusted = Hook(), Hook(), Hook(), Hook(stranger)
    failing.usual, redirecting.usual, redirecting.headers = 500, 307, {"Location": elsewhere.url}
    silent, port = Silent(), free_port()
    misnamed = hooks[1].url.replace("localhost", "127.0.0.1")
    urls = [silent.url, failing.url, redirecting.url, untrusted.url, misnamed]
    urls += [f"http://127.0.0.1:{port}/secret", *(hook.url for hook in hooks)]
    server = start(
        KEEPALIVE_WEBHOOK=" ".join(urls),
        KEEPALIVE_WEBHOOK_CA="FOLDER/ca.pem",
        KEEPALIVE_WEBHOOK_SECRET_FILE="FOLDER/hook",
        files={"ca.pem": good.file.read_text(), "hook": SECRET},
    )
    server.logged(f"changes are told to {hooks[1].url.removesuffix('secret')}***")
    server.call("add_destination", gateway.uri, "me", ping_interval=0.2)
    flap(server, gateway, 200, *[503, 200] * 5)
    began = time.monotonic()
    assert server.call("is_alive", gateway.uri) == 1
    assert time.monotonic() - began < 0.5
    for hook in hooks:
        wait_for("eleven notices", lambda hook=hook: len(hook.got) >= 11, 3)
        assert [got.notice["to"] for got in hook.got] == ["up", *["down", "up"] * 5]
        assert hook.numbers == sorted(set(hook.numbers))
        assert all(got.at - got.notice["at"] < 2 for got in hook.got)
    assert [got.notice["number"] for got in failing.got[:4]] == [
        *[hooks[0].numbers[0]] * 3,
        hooks[0].numbers[1],
    ][: len(failing.got[:4])]
    reasons = ["no answer in 5 s", "500 Internal", "307, and redirects", "self-signed", "IP address mismatch"]
    for reason in [*reasons, "Connect call failed"]:
        wait_for(
            reason,
            lambda reason=reason: [
                line for line in server.log_lines(" tries failed, the last one as ") if reason in line
            ],
        )
    assert elsewhere.got == untrusted.got == []
    assert "/secret" not in server.log.replace("/secret_", "")
    assert len(server.log_lines("tries failed")) == 6
    for each in (*hooks, failing, redirecting, elsewhere, untrusted, silent):
        each.close()


def test_the_documents_receiver(start_readme, gateway: Gateway, tmp_path: Path) -> None:
    """With native routes: it believes what is signed with its secret alone, and nothing listens for HTTP."""
    examples = named_examples()
    (tmp_path / "receiver.py").write_text(examples["receiver.py"])
    (tmp_path / "secret").write_text(SECRET + "\n")
    port = str(free_port())
    command = [sys.executable, str(tmp_path / "receiver.py"), str(tmp_path / "secret"), port]
    receiver = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        cfg = examples["webhook.cfg"].replace("https://noc.example.com/keepalive ", "").replace("8070", port)
        cfg = cfg.replace("/etc/kamailio/", "FOLDER/") + "request_route { exit; }\n"
        server = start_readme(NATIVE_CFG + cfg, more={"webhook.secret": SECRET})
        assert receiver.stdout is not None
        assert receiver.stdout.readline().startswith(f"{gateway.uri} is up 200 OK in ")
        (server.folder / "webhook.secret").write_text("another one, which is not theirs")
        gateway.code = 503
        server.logged("the last one as it answers 403")
        assert server.log_lines("HTTP is served") == []
    finally:
        receiver.kill()
        receiver.wait()


@pytest.mark.since_6  # the images of these have tls.so, which Debian has in a package of its own
def test_with_tls_in_kamailio(start, gateway: Gateway, tmp_path: Path) -> None:
    """tls.so has OpenSSL's memory and threads; an https receiver is told all the same, a hundred times."""
    good = Certificate.made(tmp_path, "good")
    hook = Hook(good)
    server = start(
        TLS_FIRST=1,
        KEEPALIVE_WEBHOOK=hook.url,
        KEEPALIVE_WEBHOOK_CA="FOLDER/ca.pem",
        KEEPALIVE_FLAP_LIMIT=0,
        files={"ca.pem": good.file.read_text()},
    )
    server.call("add_destination", gateway.uri, "me", ping_interval=3600)
    wait_for("the first", lambda: hook.got)
    for _ in range(50):
        server.call("report_failure", gateway.uri, "a test")
        server.call("report_success", gateway.uri, "a test")
    wait_for("a hundred", lambda: len(hook.got) >= 100, 20)
    assert hook.numbers == sorted(set(hook.numbers))
    assert server.call("is_alive", gateway.uri) == 1
    hook.close()


# --- the log ----------------------------------------------------------------------------------------------


def test_the_log_is_json(start, gateway: Gateway) -> None:
    """With --log-engine=json:jM each line is an object, and that of a change has its own as it is."""
    server = start(KEEPALIVE_LOG_FORMAT="json", KEEPALIVE_HTTP=HTTP, options=("--log-engine=json:jM",))
    server.call("add_destination", gateway.uri, "me")
    flap(server, gateway, 200, 503)
    wait_for("HTTP", lambda: path_of(server).exists())
    operator(server)("set_admin", destination=gateway.uri, mode="drain")
    [order] = wait_for("the order", lambda: server.log_lines('"event":"keepalive.order"'))
    up, down = map(json.loads, server.logged('"event":"keepalive.change"', 2))
    assert (up["message"]["to"], down["message"]["to"]) == ("up", "down")
    assert down["level"] == "NOTICE"
    assert down["message"]["reason"].startswith("503 Service Unavailable in ")
    assert json.loads(order)["message"]["after"].startswith("drain")


# --- a ping that is shown ---------------------------------------------------------------------------------


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_ping_is_shown(served: Kamailio, gateway: Gateway, transport: str) -> None:
    """What left and what came back, as the gateway had them; silence has a request alone."""
    uri = gateway.uri if transport == "udp" else f"{gateway.uri};transport=tcp"
    served.call(
        "add_destination", uri, "me", ping_interval=3600, ping_headers="Authorization: Basic c2VjcmV0"
    )
    served.wait_for_state(uri, 1)
    call = operator(served)
    shown = call("ping_now", destination=uri, wait=True)
    request = gateway.requests[-1].text
    assert shown["request"] == request.replace("Basic c2VjcmV0", "***")
    assert f"SIP/2.0/{transport.upper()}" in shown["request"]
    assert shown["reply"].startswith("SIP/2.0 200 OK\r\n")
    assert shown["reply"].endswith("\r\n\r\n")
    assert (shown["result"], shown["code"], shown["alive"]) == ("reply", 200, True)
    assert 0 < shown["latency_ms"] < 1000
    gateway.code = 503
    shown = call("ping_now", destination=uri, wait=True)
    assert (shown["code"], shown["alive"], shown["reply"][:11]) == (503, False, "SIP/2.0 503")
    assert len(gateway.pings) == 3, "no other ping left"
    gateway.silent = True
    shown = call("ping_now", destination=uri, wait=True)
    assert (shown["reply"], shown["code"], shown["alive"]) == ("", 0, False)
    assert shown["request"].startswith("OPTIONS ")
    assert "no reply in" in shown["reason"]
    served.call("del_destination", uri, "me")


def test_a_ping_that_does_not_leave_says_so(served: Kamailio, gateway: Gateway) -> None:
    """A name that DNS does not know, a destination in maintenance."""
    name = "sip:nobody.invalid"
    served.call("add_destination", name, "me", ping_interval=3600, dns_expand=0)
    served.call("add_destination", gateway.uri, "me", ping_interval=3600)
    call = operator(served)
    shown = call("ping_now", destination=name, wait=True)
    assert (shown["result"], shown["reply"], shown["alive"]) == ("send_failed", "", False)
    assert shown["reason"]
    call("set_admin", destination=gateway.uri, mode="maint")
    shown = call("ping_now", destination=gateway.uri, wait=True)
    assert (shown["result"], shown["reason"]) == ("unsent", "no ping is sent: maintenance")
    for each in (name, gateway.uri):
        served.call("del_destination", each, "me")
