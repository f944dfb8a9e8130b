"""How fast a node of a cluster asks what another one has pinged until now (pure). Times are microseconds."""

from typing import Final

from .times import SECOND

SPREAD_US: Final = 2 * SECOND
"""What is taken over is pinged within this time, if that is no more than the most a second"""
MOST_A_SECOND: Final = 2500
"""The most pings a second of these: 10,000 of a node that died leave within 4 s, for a sixth of a core"""
_TAIL: Final = SECOND
"""Some are due at the very end"""


class TakeOver:
    """How many destinations were taken over lately, and how many pings a second that comes to."""

    def __init__(self) -> None:
        self._number = 0
        self._began = 0

    def add(self, now: int) -> None:
        """Count one more, taken over at a time in us."""
        if not self.rate(now):
            self._number, self._began = 0, now
        self._number += 1

    def rate(self, now: int) -> float:
        """Return how many pings a second these are, beside those that are due in turn; 0 once they left."""
        if not self._number:
            return 0.0
        rate = min(self._number * SECOND / SPREAD_US, MOST_A_SECOND)
        ends = self._began + int(self._number / rate * SECOND) + _TAIL
        return rate if now < ends else 0.0
