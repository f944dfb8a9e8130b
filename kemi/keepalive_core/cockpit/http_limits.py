"""How many connections of HTTP there are of one kind of socket.

Whoever floods a TCP port keeps nobody from the UNIX socket, and one address keeps no other from its port.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from .http_connection import LARGE, Connection

# Of all connections of a kind, in bytes: what has come of requests, and what waits to be sent.
_MOST_RECEIVED: Final = 4 * 1024 * 1024
_MOST_UNSENT: Final = 16 * 1024 * 1024


class Connections:
    """The open connections of one kind of socket.

    Arguments: make, makes what a connection is given to, aiohttp's protocol; most, how many there may be;
    most_of_a_peer, how many from one address; clock, of seconds.
    """

    def __init__(
        self,
        make: Callable[[], asyncio.Protocol],
        most: int,
        most_of_a_peer: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.clock = clock
        self._make = make
        self._most = most
        self._most_of_a_peer = most_of_a_peer
        self._open: dict[Connection, None] = {}
        """in the order in which they began to wait, or were asked something"""

    def __call__(self) -> Connection:
        """Return what asyncio gives a new connection to."""
        return Connection(self, self._make)

    def __len__(self) -> int:
        return len(self._open)

    def add(self, new: Connection) -> bool:
        """Make room for one more, at the cost of the one of its peer, or of all, that has waited longest.

        Returns: False if all of them are busy.
        """
        alike = [each for each in self._open if each.peer == new.peer]
        crowded = alike if len(alike) >= self._most_of_a_peer else list(self._open)
        is_full = crowded is alike or len(crowded) >= self._most
        if is_full and not _end_first(crowded):
            return False
        self._open[new] = None
        return True

    def put_last(self, connection: Connection) -> None:
        """Note that a connection begins to wait, or to be asked something, later than all others."""
        if connection in self._open:
            del self._open[connection]
            self._open[connection] = None

    def remove(self, connection: Connection) -> None:
        """Count a connection no more."""
        self._open.pop(connection, None)

    async def watch(self) -> None:
        """End what is overdue, once a second for ever."""
        while True:
            await asyncio.sleep(1)
            self.end_overdue()

    def end_overdue(self) -> None:
        """End what has taken too long, and what takes too much memory together."""
        now = self.clock()
        for each in list(self._open):
            each.end_if_overdue(now)
        self.spare_memory()

    def spare_memory(self) -> None:
        """End what takes too much memory together, the oldest first; one alone may take any."""
        for sizes, most in (
            ({each: each.received for each in self._open}, _MOST_RECEIVED),
            ({each: each.unsent for each in self._open}, _MOST_UNSENT),
        ):
            large = [each for each, size in sizes.items() if size >= LARGE]
            total = sum(sizes.values())
            for each in large[:-1]:
                if total > most:
                    total -= sizes[each]
                    each.abort()


def _end_first(connections: list[Connection]) -> bool:
    """End the first connection that waits for its client; say whether there was one."""
    for each in connections:
        if each.is_waiting:
            each.abort()
            return True
    return False
