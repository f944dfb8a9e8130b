"""Whether what a peer said over TCP or TLS waits to be read, as the kernel knows it.

A connection is open in the processes that use it, so the watch cannot look into it. But the kernel lists all
connections with the bytes that wait in each. That is asked for when a ping got no answer, and not before.
"""

import re
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ..rules.listening import BEAT

# A line of Linux's tables: number, own address, the peer's, state, what waits to leave and what to be read.
_UNREAD: Final = re.compile(
    r"^ *\d+: \S+ ([0-9A-F]+:[0-9A-F]{4}) [0-9A-F]{2} [0-9A-F]{8}:(?!0{8})[0-9A-F]{8} ", re.MULTILINE
)
_TABLES: Final = tuple(Path("/proc/self/net", name) for name in ("tcp", "tcp6"))


class Connections:
    """The peers of which something is unread, as they were a moment ago.

    Arguments: clock, returns the time, us.
    """

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._unread: set[str] = set()
        self._looked = 0

    def unread_from(self, address: str) -> bool:
        """Say whether something that came from a peer, such as 192.168.10.20:5060, has not been read."""
        now = self._clock()
        # Of thousands of peers that fall silent at once, not each one costs a look.
        if not self._looked or now - self._looked >= BEAT:
            self._unread, self._looked = _look(), now
        return _in_table(address) in self._unread


def _look() -> set[str]:
    found: set[str] = set()
    for table in _TABLES:
        try:
            found.update(_UNREAD.findall(table.read_text()))
        except OSError:  # no Linux, or no IPv6
            continue
    return found


def _in_table(address: str) -> str:
    """Return an address and port as the kernel's tables write them: words in the machine's order."""
    host, _, port = address.rpartition(":")
    family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
    packed = socket.inet_pton(family, host.strip("[]"))
    words = (packed[at : at + 4] for at in range(0, len(packed), 4))
    return "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words) + f":{int(port):04X}"
