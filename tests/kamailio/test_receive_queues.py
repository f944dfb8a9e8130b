"""What waits at this process's sockets, at real ones."""

from __future__ import annotations

import os
import socket
import time

import pytest

from keepalive_core.kamailio import receive_queues
from keepalive_core.kamailio.receive_queues import Look, TaskQueue, UdpQueue, task_queues, udp_queues
from keepalive_core.rules.listening import BEAT
from keepalive_core.rules.schedule import SECOND
from open_sockets import address, arrive

pytestmark = pytest.mark.usefixtures("stamps")


class Looker:
    """Looks at a queue each tenth of a second of a clock of its own."""

    def __init__(self, queue: UdpQueue | TaskQueue) -> None:
        self.queue = queue
        self.now = 0

    def look(self, seconds: float = 0.1) -> Look:
        """Look as long, return the last look; what came is taken to have come just before the look."""
        for _ in range(round(seconds * 10)):
            self.now += BEAT
            seen = self.queue.look(self.now, 0)
        return seen


def test_a_queue_that_nobody_reads(unread: socket.socket) -> None:
    """What waits for a tenth of a second is unread, and since when it is known; it is not touched."""
    looker = Looker(UdpQueue(unread, 0))
    assert looker.look() == Look()
    arrive(unread, b"one")
    assert looker.look() == Look(), "it may be read at once"
    arrive(unread, b"two")
    assert looker.look() == Look(2 * BEAT)
    assert looker.look(5) == Look(2 * BEAT)
    assert unread.recv(10) == b"one", "it is still there"
    assert looker.look() == Look(), "the other has come since"
    assert unread.recv(10) == b"two"
    assert looker.look() == Look()


def test_the_same_datagram_again_and_again(unread: socket.socket) -> None:
    """A stranger repeats one, and it is read each time: somebody reads, although the same seems to wait."""
    looker = Looker(UdpQueue(unread, 0))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.connect(unread.getsockname())
        for _ in range(20):
            stranger.send(b"the same")
        for _ in range(100):
            assert looker.look() == Look()
            stranger.send(b"the same")
            assert unread.recv(10) == b"the same"
        assert looker.look() == Look()
        assert looker.look().unread_since, "nobody reads any more"


def test_a_long_queue_that_is_read_slowly(unread: socket.socket) -> None:
    """With each look another one is the oldest, and when that arrived the kernel knows."""
    queue = UdpQueue(unread, 0)
    arrive(unread, b"the same", 10)
    queue.look(BEAT, 0)
    stamps = []
    for number in range(2, 10):
        unread.recv(10)
        assert queue.look(number * BEAT, 0) == Look()
        stamps.append(queue._received)
    assert stamps == sorted(set(stamps)), "no two have come at one time"


def test_since_when_the_oldest_waits(unread: socket.socket) -> None:
    """If the wall clock tells when it arrived, that counts, and not the look that found it."""
    queue = UdpQueue(unread, 0)
    queue.look(100 * SECOND, 0)
    arrive(unread, b"one")
    assert queue._last_receipt() is None
    unread.recv(10, socket.MSG_PEEK)
    arrived = queue._last_receipt()
    assert arrived is not None
    ahead = arrived // 1000 - 130 * SECOND
    assert queue.look(150 * SECOND, ahead) == Look(130 * SECOND)
    unread.recv(10)
    arrive(unread, b"two")
    assert queue.look(160 * SECOND, ahead + 3600 * SECOND) == Look(130 * SECOND), "behind the one before"


def test_a_queue_that_overflows(unread: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is dropped at a full queue is lost; what has a wrong checksum tells nothing of this server."""
    looker = Looker(UdpQueue(unread, 0))
    looker.look()
    arrive(unread, b"x" * 1000, 5000)
    seen = looker.look()
    assert (seen.lost_since, seen.dropped > 1000) == (BEAT, True)
    assert looker.look().lost_since == 0
    overflowed = receive_queues.overflows()
    assert overflowed is not None
    monkeypatch.setattr(receive_queues, "overflows", lambda: overflowed)
    looker = Looker(UdpQueue(unread, 0))
    arrive(unread, b"x" * 1000, 10)
    assert looker.look().dropped == 0
    monkeypatch.setattr(receive_queues, "overflows", lambda: None)
    looker = Looker(UdpQueue(unread, 0))
    for _ in range(2):
        arrive(unread, b"x" * 1000, 10)
        assert looker.look().dropped == 10, "without the kernel's word all count"


def test_a_queue_that_was_never_read(unread: socket.socket) -> None:
    """After a minute it is no witness any more, full or not; as soon as somebody reads, it is one again."""
    looker = Looker(UdpQueue(unread, 0))
    arrive(unread, b"one", 3)
    looker.look()
    assert looker.look(59) == Look(BEAT)
    assert looker.look(2) == Look()
    arrive(unread, b"x" * 1000, 5000)
    assert looker.look() == Look()
    unread.recv(10)
    looker.look()
    assert looker.look(600).unread_since, "workers that hang for ten minutes"


@pytest.mark.parametrize("when", ["before", "since", "while it waited"])
def test_a_queue_that_was_read_once(unread: socket.socket, when: str) -> None:
    """Whoever read it is back sooner or later, be it after ten minutes; no look needs to have seen that."""
    if when == "before":
        arrive(unread, b"one")
        unread.recv(10)
    looker = Looker(UdpQueue(unread, 0))
    if when == "since":
        looker.look()
        arrive(unread, b"one")
        unread.recv(10)
        looker.look()
    if when == "while it waited":
        arrive(unread, b"one")
        looker.look()
        unread.recv(10)
    arrive(unread, b"two")
    looker.look()
    assert looker.look(600).unread_since == looker.now - 600 * SECOND


class Unstamped(UdpQueue):
    """A queue of what came before the kernel was asked for stamps: it says that it came just now."""

    stamp = 0

    def _peek(self) -> object:
        self.stamp = 0
        return super()._peek()

    def _last_receipt(self) -> int | None:
        self.stamp = self.stamp or time.time_ns()
        return self.stamp


class WithoutStamps(UdpQueue):
    """A queue of a kernel that knows no stamps."""

    def _last_receipt(self) -> int | None:
        return None


@pytest.mark.parametrize("kind", [UdpQueue, Unstamped, WithoutStamps])
def test_datagrams_with_and_without_stamps(unread: socket.socket, kind: type[UdpQueue]) -> None:
    """Without stamps what waits has to tell: other bytes, or from elsewhere, are another datagram."""
    looker = Looker(kind(unread, 0))
    for text in (b"one", b"two", b"three"):
        arrive(unread, text)
    for _ in range(2):
        looker.look()
        assert looker.look().unread_since
        unread.recv(10)
        assert looker.look() == Look(), "the next one"
    assert looker.look(600).unread_since


def test_the_udp_queues_of_a_process(unread: socket.socket) -> None:
    """All bound UDP sockets without a peer are looked at, of IPv6 too; no other, and none is closed."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connected,
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stream,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unbound,
    ):
        connected.connect(unread.getsockname())
        stream.bind(("127.0.0.1", 0))
        before = set(os.listdir("/proc/self/fd"))
        queues = udp_queues(0)
        addresses = {queue.address for queue in queues}
        assert len(os.listdir("/proc/self/fd")) == len(before) + len(queues)
        for queue in queues:
            queue.close()
        assert address(unread) in addresses
        assert not {address(each) for each in (connected, stream, unbound)} & addresses
        arrive(unread, b"one")
        assert unread.recv(10) == b"one"


POINTER = bytes(8)


def test_datagrams_that_are_handed_on(pair: tuple[socket.socket, socket.socket]) -> None:
    """A pair is a queue too, in which the same pointer may come again, as memory is used again."""
    reading, writing = pair
    before = len(os.listdir("/proc/self/fd"))
    queues = task_queues(0, {os.getpid()})
    assert len(os.listdir("/proc/self/fd")) == before + len(queues)
    lookers = [Looker(queue) for queue in queues]

    def look() -> list[Look]:
        return [seen for seen in (looker.look() for looker in lookers) if seen != Look()]

    writing.send(POINTER)
    assert look() == []
    for _ in range(50):
        writing.send(POINTER)
        assert reading.recv(8) == POINTER
        assert look() == []
    assert look() == [Look(51 * BEAT, 51 * BEAT)]
    assert look() == [Look(51 * BEAT, 51 * BEAT)]
    assert reading.recv(8) == POINTER
    assert look() == []
    for queue in queues:
        queue.close()


def test_tasks_that_are_no_datagrams(pair: tuple[socket.socket, socket.socket]) -> None:
    """What another process sent is no SIP that came in: however long it waits, it excuses nothing."""
    reading, writing = pair
    looker = Looker(TaskQueue(reading, 0, {os.getpid() + 1}))
    writing.send(POINTER)
    assert looker.look(10) == Look()
    assert reading.recv(8) == POINTER
