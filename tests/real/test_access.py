"""Who may what over HTTP, and what abuse does, on real servers: to SIP and to the UNIX socket, nothing."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway import Gateway
from places import ROOT
from real.abusing import (
    Address,
    Client,
    Watched,
    answer_to,
    call,
    connect,
    left_open,
    many,
    memory_of,
    pour,
)
from real.conftest import DEFAULTS
from real.server import HERE, NATIVE, Kamailio, Launch, free_port, wait_for

TOKEN = "correct-horse"
JSON = b"Host: localhost\r\nContent-Type: application/json\r\nX-Keepalive: 1\r\n"
POST = b"POST /RPC HTTP/1.1\r\n" + JSON


class Served:
    """A server, and where it serves HTTP."""

    def __init__(self, server: Kamailio, path: Path, port: int) -> None:
        self.server = server
        self.path = path
        self.port = port


@pytest.fixture
def serve(start: Callable[..., Kamailio]) -> Callable[..., Served]:
    """A function that starts a server with HTTP at a UNIX socket and a port."""

    def started(cfg: str = "scenario.cfg", **given: object) -> Served:
        port = free_port()
        server = start(cfg, KEEPALIVE_HTTP=f"unix:FOLDER/k.sock 127.0.0.1:{port}", **given)
        served = Served(server, server.folder / "k.sock", port)
        wait_for("HTTP", lambda: is_served(served.path) and is_served(port))
        return served

    return started


def is_served(address: Address) -> bool:
    try:
        return Client(address).get("/healthz") == 200
    except OSError:
        return False


@pytest.fixture
def token_file(tmp_path: Path) -> str:
    """A file with a token that nobody else can read; servers find it in the folder that they share."""
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    file.chmod(0o600)
    return str(file)


def add(served: Served, address: Address, uri: str, **headers: str) -> tuple[int, object]:
    """Add a destination; return the status, and the result or the code of the error."""
    status, answer = call(address, "keepalive.add", uri, "rpc", **headers)
    error = answer.get("error")
    return status, error["code"] if isinstance(error, dict) else answer.get("result")


def test_who_may_change_what(serve: Callable[..., Served], token_file: str, tmp_path: Path) -> None:
    """The UNIX socket's rights decide there; over TCP one reads, and changes with the token. It is told."""
    served = serve(KEEPALIVE_HTTP_TOKEN_FILE=token_file, share=tmp_path)
    done = 200, "Ok. Destination added."
    assert add(served, served.path, "sip:192.0.2.1") == done
    assert add(served, served.port, "sip:192.0.2.2") == (401, -32003)
    assert add(served, served.port, "sip:192.0.2.2", Authorization="Bearer no") == (401, -32003)
    assert add(served, served.port, "sip:192.0.2.2", Authorization=f"Bearer {TOKEN}") == done
    status, answer = call(served.port, "keepalive.list")
    listed = answer["result"]
    assert isinstance(listed, list)
    assert (status, [each["uri"] for each in listed]) == (200, ["sip:192.0.2.1", "sip:192.0.2.2"])
    [first] = served.server.log_lines("keepalive: root (unix socket): ")
    [second] = served.server.log_lines("keepalive: token (127.0.0.1): ")
    assert "sip:192.0.2.1" in first
    assert "sip:192.0.2.2" in second
    assert served.server.log_lines("HTTP: 127.0.0.1 has a wrong token") != []
    assert TOKEN not in served.server.log
    # The token is changed in the file, and the old one is none at once.
    Path(token_file).write_text("another\n")
    assert add(served, served.port, "sip:192.0.2.3", Authorization=f"Bearer {TOKEN}") == (401, -32003)
    assert add(served, served.port, "sip:192.0.2.3", Authorization="Bearer another") == done
    # The whole world reads it: it is none.
    Path(token_file).chmod(0o644)
    assert add(served, served.port, "sip:192.0.2.4", Authorization="Bearer another") == (403, -32003)
    [line] = served.server.logged("there is no token in")
    assert "other users may read or write it" in line


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Host": "evil.example", "Origin": "http://evil.example"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"X-Keepalive": "0"}, 403),
    ],
)
def test_other_sites_in_a_browser_get_nowhere(
    cockpit: Served, headers: dict[str, str], expected: int
) -> None:
    """Even with the token, which a browser might send for them; and no page of theirs reads the answer."""
    answer = answer_to(cockpit.port, request(Authorization=f"Bearer {TOKEN}", **headers))
    assert int(answer.split()[1]) == expected
    assert b"Access-Control" not in answer
    assert b'"result"' not in answer


def request(**headers: str) -> bytes:
    """A call by JSON-RPC that changes something."""
    body = b'{"jsonrpc":"2.0","method":"keepalive.pause","id":1}'
    usual = {
        "Host": "localhost",
        "Content-Type": "application/json",
        "X-Keepalive": "1",
        "Connection": "close",
        "Content-Length": str(len(body)),
    }
    lines = [f"{name}: {value}" for name, value in {**usual, **headers}.items()]
    return "\r\n".join(["POST /RPC HTTP/1.1", *lines, "", ""]).encode() + body


@pytest.fixture(scope="module")
def cockpit(checked_kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server for all that asks and changes nothing."""
    folder = tmp_path_factory.mktemp("token")
    file = folder / "token"
    file.write_text(TOKEN)
    file.chmod(0o600)
    port = free_port()
    defines = {
        **DEFAULTS,
        "KEEPALIVE_HTTP": f"unix:FOLDER/k.sock 127.0.0.1:{port}",
        "KEEPALIVE_HTTP_TOKEN_FILE": str(file),
    }
    with Kamailio(checked_kind, "scenario.cfg", defines, Launch(share=folder)) as server:
        served = Served(server, server.folder / "k.sock", port)
        wait_for("HTTP", lambda: is_served(served.path) and is_served(port))
        yield served
        print(server.log)
    server.forget()


def test_settings_that_can_not_be(start: Callable[..., Kamailio], gateway: Gateway) -> None:
    """Each is one line; the others hold, and pings go on."""
    port = free_port()
    words = f"unix:relative 0.0.0.0:{port} localhost:{port} unix:/no/such/a unix:FOLDER/k.sock"
    server = start(KEEPALIVE_HTTP=words, KEEPALIVE_HTTP_ALLOW="10.0.0.1/8")
    wait_for("HTTP", lambda: is_served(server.folder / "k.sock"))
    server.call("add_destination", gateway.uri, "settings")
    server.wait_for_state(gateway.uri, 1)
    for part in (
        "bad setting of HTTP: KEEPALIVE_HTTP: 'unix:relative' is ignored: a path begins with /",
        f"'0.0.0.0:{port}' is ignored: an address that others reach needs a KEEPALIVE_HTTP_TOKEN_FILE",
        f"bad setting of HTTP: KEEPALIVE_HTTP: 'localhost:{port}' is ignored: unix:/PATH, IPV4:PORT or",
        "KEEPALIVE_HTTP_ALLOW: '10.0.0.1/8' is ignored: is 10.0.0.1 meant, or 10.0.0.0/8?",
        "HTTP is not served at unix:/no/such/a, which is tried again: No such file or directory (/no/such)",
    ):
        assert len(server.log_lines(part)) == 1
    assert len(server.errors) == 5


# --- sockets ----------------------------------------------------------------------------------------------

# Connects as somebody else, and says who he is to the server.
AS_USER = """
import os, socket, sys
os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[3]))
client = socket.socket(socket.AF_UNIX)
client.connect(sys.argv[1])
body = b'{"jsonrpc":"2.0","method":"keepalive.%s","id":1}' % sys.argv[4].encode()
head = ["POST /RPC HTTP/1.1", "Host: x", "Connection: close", f"Content-Length: {len(body)}", "", ""]
client.sendall("\\r\\n".join(head).encode() + body)
print(client.recv(65536).decode())
"""


def ask_as(path: Path, group: int, user: int, method: str) -> subprocess.CompletedProcess[str]:
    """Change something over a UNIX socket as another user."""
    command = [sys.executable, "-c", AS_USER, str(path), str(group), str(user), method]
    return subprocess.run(command, capture_output=True, text=True, timeout=20)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start it as another user")
@pytest.mark.parametrize("cfg", ["scenario.cfg", "native.cfg"])
def test_as_user_kamailio(serve: Callable[..., Served], cfg: str) -> None:
    """As Debian runs it: the socket is his and his group's, others can't connect, the log has the names."""
    served = serve(cfg, user="kamailio", KEEPALIVE_DIR=ROOT / "kemi", LITERAL="sip:192.0.2.1")
    there = served.path.stat()
    assert (there.st_mode & 0o7777, there.st_uid != 0, there.st_gid != 0) == (0o660, True, True)
    assert ask_as(served.path, there.st_gid, 65534, "pause").returncode == 0
    assert ask_as(served.path, there.st_gid, there.st_uid, "resume").returncode == 0
    refused = ask_as(served.path, 65534, 65534, "pause")
    assert "PermissionError" in refused.stderr
    lines = wait_for("two orders", lambda: (told := served.server.log_lines(" (unix socket): "))[1:] and told)
    assert ["nobody" in lines[0], "kamailio (unix" in lines[1], len(lines)] == [True, True, 2]
    served.server.stop()
    assert not served.path.exists()


def test_without_tcp_in_kamailio(serve: Callable[..., Served]) -> None:
    """HTTP has sockets of its own."""
    cfg = f'disable_tcp=yes\ninclude_file "{HERE / "scenario.cfg"}"\n'
    served = serve("no_tcp.cfg", files={"no_tcp.cfg": cfg}, tcp=False)
    with pytest.raises(ConnectionRefusedError):
        connect(served.server.port)
    assert is_served(served.port)


def test_a_reload_of_the_script_goes_on(serve: Callable[..., Served]) -> None:
    """The same process has the same sockets, and who is connected stays so."""
    served = serve()
    before = served.server.process_numbers("keepalive_http")
    client = Client(served.port)
    assert client.get("/healthz") == 200
    for _ in range(2):
        served.server.rpc("app_python.reload")
        assert served.server.state("sip:192.0.2.1") == -1
        wait_for("HTTP", lambda: is_served(served.path))
    assert client.get("/healthz") == 200
    assert served.server.process_numbers("keepalive_http") == before
    assert served.server.errors == []


def test_the_end_is_quick_and_leaves_no_socket(serve: Callable[..., Served]) -> None:
    """However many are connected, and in the middle of what they do."""
    served = serve()
    with many(served.path, 30) as idle, many(served.port, 30, POST + b"Content-Length: 9\r\n\r\nx") as slow:
        with connect(served.path) as events:
            events.sendall(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
            assert events.recv(100) != b""
            begun = time.monotonic()
            served.server.stop()
            took = time.monotonic() - begun
        assert len(idle) == len(slow) == 30
    # A container takes a while to come to its end, with whatever is in it.
    assert took < (2 if served.server.kind == NATIVE else 5)
    assert not served.path.exists()
    assert "Traceback" not in served.server.log


def test_two_servers_at_one_socket(start: Callable[..., Kamailio], tmp_path: Path) -> None:
    """The first one keeps it, and the second says so once; it takes it over when the first one is gone.

    So does it if that was killed, and left the socket behind.
    """
    path = tmp_path / "k.sock"
    first = start(KEEPALIVE_HTTP=f"unix:{path}", share=tmp_path)
    wait_for("HTTP", lambda: is_served(path))
    number = path.stat().st_ino
    second = start(KEEPALIVE_HTTP=f"unix:{path}", share=tmp_path)
    second.logged(f"HTTP is not served at unix:{path}, which is tried again: another process answers there")
    assert is_served(path)
    assert path.stat().st_ino == number
    first.kill()
    assert path.is_socket()
    second.logged(f"HTTP is served at unix:{path}")
    assert is_served(path)
    assert len(second.log_lines("HTTP is not served")) == 1


def test_without_the_packages_pings_go_on(start: Callable[..., Kamailio], gateway: Gateway) -> None:
    """One line says what to type."""
    script = f'import sys\nsys.modules["aiohttp"] = None\nsys.path.append("{HERE}")\nfrom scenario import *\n'
    server = start(
        files={"script.py": script},
        SCRIPT="FOLDER/script.py",
        KEEPALIVE_HTTP="unix:FOLDER/k.sock",
    )
    server.call("add_destination", gateway.uri, "packages")
    server.wait_for_state(gateway.uri, 1)
    [line] = server.logged("HTTP is not served, pings go on: apt-get install python3-aiohttp, and restart")
    assert server.errors == [line]
    assert not (server.folder / "k.sock").exists()


# --- abuse ------------------------------------------------------------------------------------------------

MOST_MEMORY = 50_000_000
# Of the UNIX socket; the tests, the server and other tests share the processors of this machine.
MOST_WAIT = 0.3
USUAL_WAIT = 0.025


class Abuse:
    """Looks how the UNIX socket and SIP do while somebody abuses a server's HTTP."""

    def __init__(self, served: Served, uri: str) -> None:
        self._served = served
        self._uri = uri
        self._memory = memory_of(served.server)
        server = served.server
        self._unix = Watched(lambda: Client(served.path).get("/healthz"))
        self._sip = Watched(lambda: server.call("is_alive", uri))

    def __enter__(self) -> Abuse:
        self._unix.__enter__()
        self._sip.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        wait_for("some answers", lambda: min(len(self._unix.waits), len(self._sip.waits)) >= 20)
        self._unix.__exit__()
        self._sip.__exit__()

    def check(self) -> None:
        """Nobody was hurt, nothing grew, and the log is not full of it."""
        assert self._unix.faults == []
        assert self._sip.faults == []
        waits = sorted(self._unix.waits)
        # Of twenty one may have waited for a processor that other tests use, not for the server.
        assert waits[int(len(waits) * 0.95) - 1] < MOST_WAIT, waits[-5:]
        assert statistics.median(waits) < USUAL_WAIT
        assert memory_of(self._served.server) - self._memory < MOST_MEMORY
        log = self._served.server.log
        assert "Traceback" not in log
        assert len([line for line in log.splitlines() if "HTTP:" in line]) <= 1
        assert self._served.server.state(self._uri) == 1


@pytest.fixture
def abuse(cockpit: Served, gateway: Gateway) -> Iterator[Abuse]:
    server = cockpit.server
    server.call("add_destination", gateway.uri, "abuse")
    server.wait_for_state(gateway.uri, 1)
    server.begin_log()
    found = Abuse(cockpit, gateway.uri)
    with found:
        yield found
    found.check()
    server.call("del_destination", gateway.uri, "abuse")


def both(*tasks: Callable[[], object]) -> None:
    """Do some things at the same time."""
    threads = [threading.Thread(target=task) for task in tasks]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert not any(each.is_alive() for each in threads)


@pytest.mark.parametrize(
    "data",
    [b"", b"POST /RPC HTTP/1.1\r\nHost: ", POST + b"Content-Length: 262144\r\n\r\n" + b"[" * 262_000],
    ids=["idle", "slow head", "slow body"],
)
def test_a_thousand_connections(cockpit: Served, abuse: Abuse, data: bytes) -> None:
    """From one address some stay, those that have waited longest make room; others are served meanwhile."""
    with many(cockpit.port, 1000 if len(data) < 100 else 200, data) as crowd:
        wait_for("the others' end", lambda: left_open(crowd) <= 64)
        for _ in range(20):
            assert Client(cockpit.path).get("/healthz") == 200
        if len(data) < 100:
            assert Client(cockpit.port).get("/healthz") == 200


def test_gigabytes_of_bodies(cockpit: Served, abuse: Abuse) -> None:
    """With a length, in chunks, of JSON that is deep; over TCP and the UNIX socket."""
    piece = b"[" * 65_536
    with_length = POST + b"Content-Length: 1000000000\r\n\r\n"
    chunked = POST + b"Transfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + piece + b"\r\n"
    deep = POST + b"Connection: close\r\nContent-Length: 200000\r\n\r\n" + b"[" * 200_000
    for address in (cockpit.port, cockpit.path):
        assert answer_to(address, with_length).startswith(b"HTTP/1.1 413 ")
        assert b"-32700" in answer_to(address, deep)
        sent = [
            pour(address, head, part, 10**9, 5) for head, part in ((with_length, piece), (chunked, chunk)) * 3
        ]
        assert max(sent) < 20_000_000


def test_nonsense(cockpit: Served, abuse: Abuse) -> None:
    """Each gets the answer that is its, at once."""
    statuses = {
        b"\x16\x03\x01\x02\x00\x01\x00": b"",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n": b"HTTP/1.1 505 ",
        b"GET /\r\n\r\n": b"HTTP/1.1 400 ",
        os.urandom(4096).replace(b"\x16", b""): b"HTTP/1.1 400 ",
        POST + b"Content-Length: -1\r\n\r\n": b"HTTP/1.1 400 ",
        POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n": b"HTTP/1.1 400 ",
        POST + b"X: " + b"x" * 50_000: b"HTTP/1.1 431 ",
        POST + b"Transfer-Encoding: chunked\r\n\r\nnonsense\r\n": b"HTTP/1.1 400 ",
        POST + b"Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx": b"HTTP/1.1 415 ",
        POST + b"Connection: close\r\nContent-Length: 4\r\n\r\n\xff\xfe\0x": b"HTTP/1.1 200 ",
    }
    for _ in range(10):
        for data, expected in statuses.items():
            for address in (cockpit.port, cockpit.path):
                answer = answer_to(address, data)
                assert answer.startswith(expected) if expected else answer == b""
                assert b"aiohttp" not in answer


def test_floods(cockpit: Served, abuse: Abuse) -> None:
    """Connections without end, and questions without end whose answers nobody reads."""
    questions = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n" * 100
    deadline = time.monotonic() + 3

    def knock() -> None:
        while time.monotonic() < deadline:
            try:
                connect(cockpit.port).close()
            except OSError:
                return

    readers = [lambda: pour(cockpit.port, b"", questions, 10**8, 3)] * 10
    both(knock, knock, *readers)
    wait_for("TCP", lambda: is_served(cockpit.port), 20)
