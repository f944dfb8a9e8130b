"""Whether a worker that took what arrived waits for something else before it is done with it.

A worker that waits, as for a database in a reply route, holds what it has read: no queue shows that any more.
The kernel tells of each process whether it has run, and where it sleeps.
"""

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from ..rules.listening import Span

# Where a process sleeps that waits for the next datagram, of UDP or of a pair of sockets.
_READS: Final = re.compile(rb"skb_wait_for_more_packets")
# What the kernel says of a process that runs, or if it does not tell.
_NOWHERE: Final = (b"", b"0")
_LONGEST: Final = 200
"""bytes of what it says"""


class Worker:
    """A process that takes what arrives, one after the other.

    Arguments: number, of the process; now, us. Raises: OSError if the kernel does not tell of it.
    """

    def __init__(self, number: int, now: int) -> None:
        self.number = number
        self._turns = open(f"/proc/{number}/schedstat", "rb", buffering=0)  # noqa: SIM115
        self._runs = b""
        """how long and how often it ran"""
        self._place = b""
        """where it sleeps, empty if it does not"""
        self._slept = now
        """when it was seen asleep last, us"""
        self._took = Span(now, now)
        """when it took what it is at now"""
        self._has_read = False
        """whether it was ever seen to wait for the next one: if not, the kernel has another name for that"""

    def look(self, now: int) -> Span | None:
        """Return when it took what it holds while it waits for something else; None if it holds nothing.

        One that runs now and then is at work: only who has not run since the last look waits.
        """
        try:
            runs = os.pread(self._turns.fileno(), _LONGEST, 0)
            has_run, self._runs = runs != self._runs, runs
            if has_run:
                self._took = Span(self._slept, now)
            if has_run or not self._place:
                place = Path(f"/proc/{self.number}/wchan").read_bytes()
                self._place = b"" if place in _NOWHERE else place
        except OSError:  # the process is gone
            return None
        reads = _READS.search(self._place) is not None
        self._has_read = self._has_read or reads
        if self._place:
            self._slept = now
        holds = self._place and not reads and not has_run and self._has_read
        return self._took if holds else None


def workers(numbers: Iterable[int], now: int) -> list[Worker]:
    """Return those workers of which the kernel tells. Arguments: numbers, of the processes; now, us."""
    found = []
    for number in numbers:
        try:
            found.append(Worker(number, now))
        except OSError:  # no Linux, or a secret
            continue
    return found
