"""What the kernel tells of a worker that waits with what it took."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from keepalive_core.kamailio.workers import Worker, workers
from keepalive_core.rules.listening import BEAT, Span
from real.server import wait_for

# Says where it listens, and does what a datagram says: works or waits for so many seconds.
WORKER = """
import socket, time
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
    opened.bind(("127.0.0.1", 0))
    print(opened.getsockname()[1], flush=True)
    while True:
        what, seconds = opened.recv(100).decode().split()
        until = time.monotonic() + float(seconds)
        while time.monotonic() < until:
            time.sleep(0.001 if what == "work" else float(seconds))
"""


class Order:
    """A worker of its own process, and who looks at it each tenth of a second."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        self.number = process.pid
        self._port = int(process.stdout.readline())
        self._began = time.monotonic()
        self.worker = Worker(self.number, 0)

    def do(self, what: str) -> None:
        """Send the worker a datagram."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.sendto(what.encode(), ("127.0.0.1", self._port))

    def now(self) -> int:
        """The time, us."""
        return int((time.monotonic() - self._began) * 1_000_000)

    def looks(self, until: Callable[[Span | None], bool]) -> list[Span | None]:
        """Return what looks found, to the one that is wanted."""
        found: list[Span | None] = []

        def look() -> bool:
            time.sleep(BEAT / 1_000_000)  # as the watch's timer
            found.append(self.worker.look(self.now()))
            return until(found[-1])

        wait_for("the look", look)
        return found


@pytest.fixture
def order() -> Iterator[Order]:
    with subprocess.Popen([sys.executable, "-c", WORKER], stdout=subprocess.PIPE, text=True) as process:
        yield Order(process)
        process.terminate()


def test_a_worker_that_waits_with_what_it_took(order: Order) -> None:
    """It holds what it took in the beat in which it took it, until it goes on; an idle one holds nothing."""
    for _ in range(2):
        # Kamailio's workers have waited for a datagram before they wait for anything else.
        assert order.worker.look(order.now()) is None
        order.looks(lambda seen: order.worker._has_read)
        assert not any(order.looks(lambda seen: seen is None))
        before = order.now()
        order.do("wait 1")
        held = order.looks(lambda seen: seen is not None)[-1]
        assert held
        assert before - 2 * BEAT < held.since <= before <= held.until < before + 10 * BEAT
        while seen := order.looks(lambda seen: True)[0]:
            assert seen == held
        assert before + 8 * BEAT < order.now(), "it held it for a second"


def test_a_worker_that_is_at_work(order: Order) -> None:
    """One that runs now and then, however long it is at one thing, may be at another one."""
    order.looks(lambda seen: order.worker._has_read)
    order.do("work 1")
    until = order.now() + 8 * BEAT
    assert not any(order.looks(lambda seen: order.now() > until))


def test_workers_of_which_nobody_tells(order: Order) -> None:
    """A process that is gone is no worker; one that has never waited for a datagram has no known place."""
    gone = os.fork()
    if not gone:
        os._exit(0)
    os.waitpid(gone, 0)
    assert [each.number for each in workers([gone, order.number], 0)] == [order.number]
    order.do("wait 1")
    order.worker = Worker(order.number, order.now())
    until = order.now() + 5 * BEAT
    assert not any(order.looks(lambda seen: order.now() > until))
