"""Whether what arrives at this server's UDP sockets is read, as the kernel knows it.

If all SIP workers wait for a database, the answers to pings lie in the socket's queue, and are dropped when
that is full: silence that is nobody's fault but ours. All processes of Kamailio have the sockets open, so a
timer process can look at their queues; it takes nothing out, and what it asks the kernel changes nothing
for those who read.
"""

import contextlib
import fcntl
import os
import socket
import stat
import struct
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final, NamedTuple

from ..rules.listening import BEAT
from ..rules.times import MINUTE, SECOND

# Linux's SO_MEMINFO: nine 32-bit numbers; the first is how many bytes its datagrams take, those that
# wait and for a moment those that were read, the last is how many datagrams were dropped.
_SO_MEMINFO: Final = 55
_NUMBERS: Final = struct.Struct("=9I")
# When that arrived which was received last: seconds and nanoseconds of the wall clock. Linux writes them down
# at each receipt, a look (MSG_PEEK) included, and "no such" says that there was none.
_SIOCGSTAMPNS: Final = 0x8907
_TIMESTAMP: Final = struct.Struct("@ll")
# The same of each datagram, and who sent it: process, user and group.
_SO_TIMESTAMPNS: Final = 35
_CREDENTIALS: Final = struct.Struct("=iII")
_POINTER: Final = struct.calcsize("@P")
_TOLD: Final = socket.CMSG_SPACE(_TIMESTAMP.size) + socket.CMSG_SPACE(_CREDENTIALS.size)
# The bytes of a waiting datagram that tell it from others: a SIP request line and its Via.
_BEGINNING: Final = 512
_LOOK_ONLY: Final = int(socket.MSG_PEEK | socket.MSG_DONTWAIT)
_NO_STAMP: Final = bytes(_TIMESTAMP.size)
# A socket from which nobody has ever read, and nobody reads for this time in us, is none of the workers'.
_ABANDONED: Final = MINUTE


class Look(NamedTuple):
    """What a look at a queue found."""

    unread_since: int = 0
    """when the oldest arrived of what waits, if it has waited for a BEAT, in us; else 0"""
    lost_since: int = 0
    """since when something was lost for good, in us; 0 if nothing was"""
    dropped: int = 0
    """how many datagrams the kernel dropped since the look before"""


class UdpQueue:
    """What waits to be read at one UDP socket.

    Arguments: opened, the socket, which is only looked at; now, in us.
    """

    def __init__(self, opened: socket.socket, now: int) -> None:
        host, port = opened.getsockname()[:2]
        self.address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self._socket = opened
        self._overflowed = overflows()
        _, self._drops = self._count()
        self._head: object = None
        """of what waited at the last look, the first datagram and where it came from"""
        self._since = 0
        """when that arrived, in us; 0 if nothing waited"""
        self._looked = now
        self._received = self._last_receipt()
        self._was_read = self._received is not None

    def look(self, now: int, ahead: int) -> Look:
        """Return what the queue is like now.

        Arguments: now, in us; ahead, by how much the wall clock is ahead of the monotonic one, in us.
        """
        may_wait, drops = self._count()
        looked, dropped = self._looked, self._newly_dropped(drops)
        self._look_at_head(now, ahead, may_wait)
        waited = now - self._since if self._since else 0
        if waited >= _ABANDONED and not self._was_read:
            return Look()
        return Look(self._since if waited >= BEAT else 0, looked if dropped else 0, dropped)

    def close(self) -> None:
        """Look no longer; the socket stays open for the others."""
        self._socket.close()

    def _look_at_head(self, now: int, ahead: int, may_wait: bool) -> None:
        before, self._received = self._received, self._last_receipt()
        # If something was received since our own last look, the workers did.
        read = self._received != before
        head = self._peek() if may_wait else None
        # The same bytes of the same peer may be another datagram, which came at another time.
        moved = read or head != self._head or (self._received != before and self._has_stamp())
        self._was_read = self._was_read or read or (moved and self._head is not None)
        if head is None:
            self._since = 0
        elif moved or not self._since:
            # It came behind the one before, or since the last look: a clock that jumps counts so far only.
            arrived = now if self._received is None else self._received // 1000 - ahead
            self._since = min(max(arrived, self._since or self._looked), now)
        self._head, self._looked = head, now

    def _peek(self) -> object:
        """Return the datagram that waits, and where it came from; None if none does."""
        head: object = None
        with contextlib.suppress(OSError):  # nothing waits
            head = self._socket.recvfrom(_BEGINNING, _LOOK_ONLY)
        self._received = self._last_receipt()
        return head

    def _has_stamp(self) -> bool:
        """Say whether the kernel wrote down when that arrived which waits; at the start it did not."""
        received = self._received
        self._peek()
        return self._received == received

    def _last_receipt(self) -> int | None:
        """Return when that arrived which was received last, ns of the wall clock; None if nothing was."""
        try:
            stamp = fcntl.ioctl(self._socket, _SIOCGSTAMPNS, _NO_STAMP)
        except OSError:
            return None
        seconds, nanoseconds = _TIMESTAMP.unpack(stamp)
        return int(seconds * 1_000_000_000 + nanoseconds)

    def _newly_dropped(self, drops: int) -> int:
        newly = (drops - self._drops) & 0xFFFFFFFF
        self._drops = drops
        if not newly:
            return 0
        # What a filter drops, or what has a wrong checksum, may count too: no sign of a full queue.
        before, self._overflowed = self._overflowed, overflows()
        return newly if before is None or before != self._overflowed else 0

    def _count(self) -> tuple[bool, int]:
        """Return whether anything may wait, and how many datagrams were dropped in all."""
        try:
            numbers: bytes = self._socket.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _NUMBERS.size)
            taken, *_, drops = _NUMBERS.unpack(numbers)
        except (OSError, struct.error):  # a kernel before 4.12
            return True, 0
        return taken > 0, drops


class TaskQueue:
    """What waits to be read at one end of a socket pair by which Kamailio's processes hand on tasks.

    From 6.0 on a process of threads may empty the UDP sockets (``udp_receiver_mode``), and hand each datagram
    to the workers of an ``async_workers_group``: a pointer to it, through such a pair. Other groups carry
    other tasks, so the kernel is asked to say with each pointer which process sent it, and when; workers,
    who ask for neither, do not notice.

    Arguments: opened, the end, which is only looked at; now, in us; senders, the numbers of the processes
    whose tasks are datagrams.
    """

    def __init__(self, opened: socket.socket, now: int, senders: Collection[int]) -> None:
        self._socket = opened
        self._senders = senders
        self._stamp = b""
        self._since = 0
        self._looked = now
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        opened.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)

    def look(self, now: int, ahead: int) -> Look:
        """Return what the queue is like now, as UdpQueue.look() does."""
        stamp = self._stamp_of_datagram()
        if stamp and stamp != self._stamp:
            seconds, nanoseconds = _TIMESTAMP.unpack(stamp)
            arrived = seconds * SECOND + nanoseconds // 1000 - ahead
            self._since = min(max(arrived, self._since or self._looked), now)
        elif not stamp:
            self._since = 0
        self._stamp, self._looked = stamp, now
        if not self._since or now - self._since < BEAT:
            return Look()
        # If the pair is full, a sender that does not block throws away what comes, and nobody counts it.
        return Look(self._since, self._since)

    def close(self) -> None:
        """Look no longer; the socket stays open for the others."""
        self._socket.close()

    def _stamp_of_datagram(self) -> bytes:
        """Return when the first task was sent that waits, if that is a datagram; else nothing."""
        try:
            _, told, _, _ = self._socket.recvmsg(_POINTER, _TOLD, _LOOK_ONLY)
        except OSError:  # nothing waits
            return b""
        said = {kind: text for level, kind, text in told if level == socket.SOL_SOCKET}
        sender, _, _ = _CREDENTIALS.unpack(said.get(socket.SCM_CREDENTIALS, bytes(_CREDENTIALS.size)))
        return said.get(_SO_TIMESTAMPNS, b"") if sender in self._senders else b""


def overflows() -> int | None:
    """Return how many datagrams the kernel has dropped at full queues, of all sockets; None if not known."""
    number = 0
    try:
        four, six = (Path("/proc/self/net", name).read_text() for name in ("snmp", "snmp6"))
        names, numbers = (line.split() for line in four.splitlines() if line.startswith("Udp:"))
        told = dict(zip(names, numbers, strict=True)) | dict(line.split() for line in six.splitlines())
        for name in ("RcvbufErrors", "MemErrors"):
            number += int(told.get(name, 0)) + int(told.get(f"Udp6{name}", 0))
    except (OSError, ValueError):
        return None
    return number


def udp_queues(now: int) -> list[UdpQueue]:
    """Return the queues of the UDP sockets at which this process could receive from anybody.

    Arguments: now, in us.
    """
    return [UdpQueue(each, now) for each in _sockets(_receives_from_anybody).values()]


def task_queues(now: int, senders: Collection[int]) -> list[TaskQueue]:
    """Return the queues of the socket pairs by which this process could take tasks.

    Arguments: now, in us; senders, as of a TaskQueue.
    """
    ends = _sockets(_is_end_of_pair)
    # The two ends of a pair are made one behind the other, and Kamailio writes at the second.
    in_order = [ends[number] for number in sorted(ends)]
    for writing in in_order[1::2]:
        writing.close()
    return [TaskQueue(reading, now, senders) for reading in in_order[::2]]


def _sockets(is_wanted: Callable[[socket.socket], bool]) -> dict[int, socket.socket]:
    """Return second handles of datagram sockets that this process has open, by the kernel's numbers."""
    found: dict[int, socket.socket] = {}
    try:
        numbers = [int(name) for name in os.listdir("/proc/self/fd")]
    except OSError:  # no Linux
        return {}
    for number in numbers:
        try:
            known = os.fstat(number)
            if not stat.S_ISSOCK(known.st_mode) or known.st_ino in found:
                continue
            opened = socket.socket(fileno=os.dup(number))
        except OSError:
            continue
        if opened.type == socket.SOCK_DGRAM and is_wanted(opened):
            found[known.st_ino] = opened
        else:
            opened.close()
    return found


def _receives_from_anybody(opened: socket.socket) -> bool:
    if opened.family not in (socket.AF_INET, socket.AF_INET6):
        return False
    return bool(opened.getsockname()[1]) and _peer(opened) is None


def _is_end_of_pair(opened: socket.socket) -> bool:
    return opened.family == socket.AF_UNIX and opened.getsockname() == _peer(opened) == ""


def _peer(opened: socket.socket) -> object:
    """Return the name of the socket's peer, None if it has none."""
    try:
        return opened.getpeername()
    except OSError:
        return None
