"""Whether there is a connection with a peer, and whether what it said there waits to be read.

A connection is open in the processes that use it, so the watch cannot look into it. But the kernel lists all
connections with the bytes that wait in each. That is asked for when a ping got no answer, and not before.
"""

import re
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from ..rules.listening import BEAT

# A line of Linux's tables: number, own address, the peer's, state, what waits to leave and what to be read, a
# timer, failures, user, time-outs and the socket's number.
_LINE: Final = r"^ *\d+: \S+ ([0-9A-F]+:[0-9A-F]{4}) %s [0-9A-F]{8}:%s \S+ \S+ +\d+ +\d+ (\d+)"
_ESTABLISHED: Final = re.compile(_LINE % ("01", "[0-9A-F]{8}"), re.MULTILINE)
# An end (FIN) that nobody read counts as a byte.
_UNREAD: Final = re.compile(_LINE % ("[0-9A-F]{2}", "(?!0{8})[0-9A-F]{8}"), re.MULTILINE)
_TABLES: Final = tuple(Path("/proc/self/net", name) for name in ("tcp", "tcp6"))

T = TypeVar("T")


class Connections:
    """The peers of Kamailio's connections, as they were a moment ago.

    Arguments: clock, returns the time in us; open_sockets, returns the kernel's numbers of the sockets that
    Kamailio has open, None if nobody tells.
    """

    def __init__(self, clock: Callable[[], int], open_sockets: Callable[[], set[str] | None]) -> None:
        self._clock = clock
        self._open_sockets = open_sockets
        self._looks: dict[re.Pattern[str], dict[str, set[str]]] = {}
        """by what was looked for, and by peer, the numbers of the sockets"""
        self._ours: set[str] | None = set()
        """what open_sockets says; empty if it was not asked since the look"""
        self._holds_until = 0
        """us"""

    def unread_from(self, address: str, port: int) -> bool:
        """Say whether something that came to Kamailio from a peer has not been read.

        What another program of this host has not read of the same peer is no matter of ours.

        Arguments: address, such as 192.168.10.20, or "" for any; port, of the peer.
        """
        return self._has_one_of(self._sockets(_UNREAD, address, port))

    def is_established(self, address: str, port: int) -> bool:
        """Say whether Kamailio has a connection with a peer, of an address and a port."""
        return self._has_one_of(self._sockets(_ESTABLISHED, address, port))

    def _sockets(self, wanted: re.Pattern[str], address: str, port: int) -> set[str]:
        # Of thousands of peers that fall silent at once, not each one costs a look.
        now = self._clock()
        if now >= self._holds_until:
            self._looks, self._ours, self._holds_until = {}, set(), now + BEAT
        if wanted not in self._looks:
            self._looks[wanted] = self._paid(lambda: _look(wanted))
        found = self._looks[wanted]
        if address:
            return found.get(_in_table(address, port), set())
        at_port = f":{port:04X}"
        return set().union(*(sockets for peer, sockets in found.items() if peer.endswith(at_port)))

    def _has_one_of(self, sockets: set[str]) -> bool:
        if not sockets:
            return False
        if self._ours is not None and not self._ours:
            self._ours = self._paid(self._open_sockets)
        return self._ours is None or not self._ours.isdisjoint(sockets)

    def _paid(self, look: Callable[[], T]) -> T:
        """Take a look, and let it hold for as long as it took, at the least.

        Of ten thousand connections it takes 0.3 s. If each end of a ping took one, a thousand that end at
        once would be 5 minutes in which tm's timer does nothing else; so it is half of the time at the most.
        """
        began = self._clock()
        found = look()
        ended = self._clock()
        self._holds_until = max(self._holds_until, ended + (ended - began))
        return found


def _look(wanted: re.Pattern[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for table in _TABLES:
        try:
            lines = wanted.findall(table.read_text())
        except OSError:  # no Linux, or no IPv6
            continue
        for peer, number in lines:
            found.setdefault(peer, set()).add(number)
    return found


def _in_table(address: str, port: int) -> str:
    """Return an address and port as the kernel's tables write them: words in the machine's order."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    packed = socket.inet_pton(family, address.strip("[]"))
    words = (packed[at : at + 4] for at in range(0, len(packed), 4))
    return "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words) + f":{port:04X}"
