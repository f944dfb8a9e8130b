"""Clients that mean harm, or were written badly, and one that looks how others are served meanwhile."""

from __future__ import annotations

import errno
import http.client
import json
import resource
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from real.server import Kamailio

Address = Path | int
"""the path of a UNIX socket, or a port of this host"""


def connect(address: Address, seconds: float = 10) -> socket.socket:
    """Return a connection to a UNIX socket or a port."""
    made = socket.socket(socket.AF_INET if isinstance(address, int) else socket.AF_UNIX)
    made.settimeout(seconds)
    made.connect(("127.0.0.1", address) if isinstance(address, int) else str(address))
    return made


class Client(http.client.HTTPConnection):
    """A client of either kind of socket."""

    def __init__(self, address: Address, seconds: float = 10) -> None:
        super().__init__("localhost", timeout=seconds)
        self._address = address

    def connect(self) -> None:
        self.sock = connect(self._address, self.timeout or 10)

    def get(self, path: str) -> int:
        """Return the status of one answer."""
        self.request("GET", path)
        answer = self.getresponse()
        answer.read()
        return answer.status


def call(address: Address, method: str, *parameters: object, **headers: str) -> tuple[int, dict[str, object]]:
    """Call a method by JSON-RPC, as a program that knows this server; return the status and the answer."""
    client = Client(address)
    body = json.dumps({"jsonrpc": "2.0", "method": method, "params": parameters, "id": 1})
    usual = {"Content-Type": "application/json", "X-Keepalive": "1"}
    client.request("POST", "/RPC", body, {**usual, **headers})
    answer = client.getresponse()
    text = answer.read()
    client.close()
    return answer.status, json.loads(text) if text.startswith(b"{") else {}


def answer_to(address: Address, data: bytes) -> bytes:
    """Return all that is answered to some bytes."""
    with connect(address) as client:
        with suppress(BrokenPipeError, ConnectionResetError):  # it has heard enough
            client.sendall(data)
        found = b""
        with suppress(ConnectionResetError):
            while part := client.recv(65536):
                found += part
        return found


def memory_of(server: Kamailio) -> int:
    """Return how many bytes of memory are the HTTP process's alone."""
    [number] = server.process_numbers("keepalive_http")
    return int(server.run(f"grep RssAnon /proc/{number}/status").split()[1]) * 1024


class Watched:
    """How long somebody waited who asked again and again, in seconds."""

    def __init__(self, ask: Callable[[], object]) -> None:
        self.waits: list[float] = []
        self.faults: list[str] = []
        self._ask = ask
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._is_over.wait(0.02):
            begun = time.monotonic()
            try:
                answer = self._ask()
                if answer not in (1, 200, True):
                    self.faults.append(repr(answer))
            except Exception as error:
                self.faults.append(repr(error))
            self.waits.append(time.monotonic() - begun)

    def __enter__(self) -> Watched:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join(30)


@contextmanager
def many(address: Address, count: int, data: bytes = b"") -> Iterator[list[socket.socket]]:
    """Open connections that stay, and write some bytes into each; those that the server ends are ended."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, count + 500)), hard))
    made: list[socket.socket] = []
    try:
        for _ in range(count):
            made.append(connect(address))
            try:
                made[-1].sendall(data)
            except OSError as error:
                if error.errno not in (errno.EPIPE, errno.ECONNRESET):
                    raise
        yield made
    finally:
        for each in made:
            each.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def pour(address: Address, head: bytes, piece: bytes, most: int, seconds: float) -> int:
    """Write a head, and then a piece again and again; return how many bytes it took."""
    sent = 0
    deadline = time.monotonic() + seconds
    with connect(address) as client, suppress(OSError):
        client.sendall(head)
        client.settimeout(1)
        while sent < most and time.monotonic() < deadline:
            sent += client.send(piece)
    return sent


def left_open(connections: list[socket.socket]) -> int:
    """Return how many connections the server has not ended."""
    count = 0
    with selectors.DefaultSelector() as selector:
        for each in connections:
            selector.register(each, selectors.EVENT_READ)
        ended = {key.fileobj for key, _ in selector.select(0)}
    for each in connections:
        count += each not in ended
    return count
