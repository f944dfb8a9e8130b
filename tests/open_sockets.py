"""Sockets of this process that nobody reads, for the tests of who looks at them."""

from __future__ import annotations

import gc
import importlib
import socket
from collections.abc import Iterator

import pytest


def _close_queues() -> None:
    """Close what watches of earlier tests still have open among the sockets of this process."""
    for each in gc.get_objects():
        if type(each).__name__ in ("TaskQueue", "UdpQueue"):
            each.close()


@pytest.fixture
def unread() -> Iterator[socket.socket]:
    """A socket of this process that nobody reads."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind(("127.0.0.1", 0))
        yield opened
    _close_queues()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The reading and the writing end of a pair by which pointers are handed on, the only pair there is."""
    _close_queues()
    reading, writing = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    yield reading, writing
    reading.close()
    writing.close()


@pytest.fixture
def connection() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The end of a connection that is this server's, and its peer's."""
    with socket.create_server(("127.0.0.1", 0)) as peer, socket.create_connection(peer.getsockname()) as ours:
        theirs, _ = peer.accept()
        with theirs:
            yield ours, theirs


@pytest.fixture(scope="session")
def stamps() -> Iterator[None]:
    """The kernel writes down when datagrams arrive, as it does soon after it was first asked to."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind(("127.0.0.1", 0))
        queue = importlib.import_module("keepalive_core.kamailio.receive_queues").UdpQueue(opened, 0)

        def are_written() -> bool:
            arrive(opened, b"one")
            queue._peek()
            stamped = queue._has_stamp()
            opened.recv(10)
            return stamped

        importlib.import_module("real.server").wait_for("stamps", are_written)
        yield


def address(opened: socket.socket) -> str:
    """Return where a socket of IPv4 is bound."""
    return "{}:{}".format(*opened.getsockname())


def arrive(opened: socket.socket, what: bytes, times: int = 1) -> None:
    """Let datagrams arrive at a socket, all from one port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        for _ in range(times):
            peer.sendto(what, opened.getsockname())
