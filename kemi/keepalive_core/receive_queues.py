"""Whether somebody reads what arrives at this server's UDP sockets, as the kernel knows it.

Where all SIP workers wait for a database, the answers to pings lie in the socket's queue, and where that is
full they are dropped: silence that is nobody's fault but ours. All processes of Kamailio have the sockets
open, so a timer process can look at their queues; it takes nothing out.
"""

import os
import socket
import stat
import struct
from typing import Final

from .schedule import SECOND

# Linux's SO_MEMINFO: nine 32-bit numbers about a socket; the last is how many datagrams were dropped.
_SO_MEMINFO: Final = 55
_NUMBERS: Final = struct.Struct("=9I")
# As much of a waiting datagram as tells it from others: a SIP request line and its Via.
_BEGINNING: Final = 512
# What nobody has read for so long, nobody will: the socket is not one that workers read.
_ABANDONED: Final = 60 * SECOND


class ReceiveQueue:
    """What waits to be read at one UDP socket.

    Arguments: opened, the socket, which is only looked at; now, us.
    """

    def __init__(self, opened: socket.socket, now: int) -> None:
        host, port = opened.getsockname()[:2]
        self.address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self.dropped = 0
        """datagrams, since it was looked at first"""
        self._socket = opened
        self._dropped_before = self._drops()
        self._first: object = None
        """of what waits, the first datagram and where it comes from"""
        self._first_since = now

    def is_neglected(self, now: int) -> bool:
        """Say whether since the last look something was dropped, or nothing read of what waited."""
        first, dropped = self._peek(), self._drops()
        lost = (dropped - self._dropped_before) & 0xFFFFFFFF
        self._dropped_before = dropped
        self.dropped += lost
        waits = first is not None and first == self._first
        if not waits:
            self._first, self._first_since = first, now
        return (lost > 0 or waits) and now - self._first_since < _ABANDONED

    def close(self) -> None:
        """Look no longer; the socket stays open for the others."""
        self._socket.close()

    def _peek(self) -> object:
        try:
            return self._socket.recvfrom(_BEGINNING, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except OSError:  # nothing waits
            return None

    def _drops(self) -> int:
        try:
            numbers: bytes = self._socket.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _NUMBERS.size)
            return int(_NUMBERS.unpack(numbers)[-1])
        except (OSError, struct.error):  # a kernel before 4.12
            return 0


def of_this_process(now: int) -> list[ReceiveQueue]:
    """Return the queues of the UDP sockets at which this process could receive from anybody.

    Arguments: now, us.
    """
    queues = []
    try:
        numbers = [int(name) for name in os.listdir("/proc/self/fd")]
    except OSError:  # no Linux
        return []
    for number in sorted(numbers):
        opened = _udp_socket(number)
        if opened is not None:
            queues.append(ReceiveQueue(opened, now))
    return queues


def _udp_socket(number: int) -> socket.socket | None:
    """Return a second handle of a file descriptor, if it is a bound UDP socket without a fixed peer."""
    try:
        if not stat.S_ISSOCK(os.fstat(number).st_mode):
            return None
        opened = socket.socket(fileno=os.dup(number))
    except OSError:
        return None
    if opened.family in (socket.AF_INET, socket.AF_INET6) and opened.type == socket.SOCK_DGRAM:
        try:
            opened.getpeername()
        except OSError:
            if opened.getsockname()[1]:
                return opened
    opened.close()
    return None
