"""A SIP responder that keeps up with every server here: it answers 200 to all, and counts what came when."""

from __future__ import annotations

import multiprocessing
import multiprocessing.sharedctypes
import re
import select
import socket
import time
from collections import deque

import fleet

# Arrivals are counted in slots of 100 ms.
SLOT = 0.1
SLOTS = 40_000
_SO_RCVBUFFORCE = 33
_CALL_ID = re.compile(rb"\r\nCall-ID: ([^\r]*)")


class Responder:
    """Answers at one port of every loopback address, in a process of its own.

    What a request asks for in its user part is done: ``sip:404@...`` is answered with that code,
    ``sip:0@...`` not at all; all else with 200.

    Arguments: delay, seconds that an answer takes.
    """

    def __init__(self, delay: float = 0) -> None:
        self._delay = delay
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 1 << 26)
        except PermissionError:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 26)
        self._socket.bind(("0.0.0.0", 0))
        self.port: int = self._socket.getsockname()[1]
        self.began = time.monotonic()
        self._arrived = multiprocessing.RawArray("L", SLOTS)
        self._repeated = multiprocessing.RawValue("L", 0)
        self._process = multiprocessing.Process(target=self._serve, daemon=True)
        self._process.start()

    def close(self) -> None:
        """End its process."""
        self._process.terminate()
        self._process.join()
        self._socket.close()

    def uris(self, number: int, user: str = "") -> list[str]:
        """Return as many different destinations, all answered here."""
        return fleet.uris(number, self.port, user)

    def arrivals(self, since: float, until: float) -> list[int]:
        """Return how many pings came in each 100 ms between two times of time.monotonic()."""
        first, last = (int((at - self.began) / SLOT) for at in (since, until))
        return list(self._arrived[first:last])

    @property
    def repeated(self) -> int:
        """How many requests came again: the server had not got the answer in half a second."""
        return int(self._repeated.value)

    def _serve(self) -> None:
        arrived, began, monotonic = self._arrived, self.began, time.monotonic
        receive, send = self._socket.recvfrom, self._socket.sendto
        # As many as a server may still repeat; older ones are forgotten by halves.
        recent: set[bytes] = set()
        before: set[bytes] = set()
        # Answers that have to wait, the next one first.
        waiting: deque[tuple[float, bytes, tuple[str, int]]] = deque()
        while True:
            while waiting and waiting[0][0] <= monotonic():
                send(*waiting.popleft()[1:])
            if self._delay and not select.select([self._socket], [], [], 0.01)[0]:
                continue
            data, peer = receive(65535)
            line, _, rest = data.partition(b"\r\n")
            user = line[4:].partition(b"sip:")[2].partition(b"@")[0] if b"@" in line else b""
            code = user if user.isdigit() else b"200"
            if code != b"0":
                answer = b"SIP/2.0 " + code + b" Answer\r\n" + rest
                if self._delay:
                    waiting.append((monotonic() + self._delay, answer, peer))
                else:
                    send(answer, peer)
            found = _CALL_ID.search(rest)
            name = found[1] if found else b""
            if name in recent or name in before:
                self._repeated.value += 1
                continue
            recent.add(name)
            if len(recent) > 50_000:
                recent, before = set(), recent
            arrived[int((monotonic() - began) / SLOT)] += 1
