"""Rows that were lost, or made no sense, are made anew: what a prober does for its destinations.

Who may use RPC can delete each row and write what he likes into it. What is read from a row that makes no
sense drops it; and from time to time each destination's rows are looked at, in rounds, soon if somebody has
missed one. What is missing is made of what the other rows say, and of what the prober remembers.

A row may also be missing because somebody took it away who has said so, and the prober has not heard of it
yet. So it is suspected first, and mended when all is heard that was said until then.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Final

from ..kamailio import server_rows, startup_rows, tables
from ..rules import rows
from ..rules.fleet import Fleet
from ..rules.schedule import TICK
from ..rules.times import SECOND
from . import inspection, open_rosters, registrations

log = logging.getLogger("keepalive")

# The least and the most destinations that are looked at in a second, each for some 6 us, in a group 18.
_LEAST: Final = 5
_MOST: Final = 1000
_SECONDS_OF_A_ROUND: Final = 20
# In a hurry this time of a tick may go to looking, in us.
_HURRY: Final = SECOND // 100
# The time of a tick that may go to making rows anew, in us; a destination's take some 0.3 ms.
_MENDING: Final = TICK // 3
# The most destinations that are named in the log.
_NAMED: Final = 3


class Common:
    """The rows that are no destination's; the first prober keeps them."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}
        self._paused = False

    def keep(self, now: int) -> None:
        """Put back what has fallen back, or has gone. Raises: SharedMemoryFull."""
        mended = startup_rows.keep_rising(self._seen)
        if self._paused and server_rows.is_pause_lost():
            server_rows.store_paused(True)
            mended.append("paused")
        self._paused = server_rows.is_paused()
        if mended:
            log.warning(
                "rows of table %s were missing or made no sense, and are made anew: %s",
                *(tables.COMMON, ", ".join(mended)),
            )


class Mending:
    """One prober's rounds.

    Arguments: fleet, the prober's; clock, returns the time in us.
    """

    def __init__(self, fleet: Fleet, clock: Callable[[], int]) -> None:
        self._fleet = fleet
        self._clock = clock
        self._round: list[str] = []
        """destinations that are still to be looked at in this round"""
        self._lost = 0
        """how many rows somebody had missed when this round began"""
        self._in_a_hurry = False
        self._next = 0
        self._suspects: dict[str, None] = {}
        self._mended: dict[str, None] = {}
        """destinations whose rows were made anew, since that was told"""

    @property
    def has_suspects(self) -> bool:
        """Whether any destination's rows are to be made anew."""
        return bool(self._suspects)

    def suspect(self, key: str) -> None:
        """Have the rows of a destination made anew, one of which seems to be missing."""
        self._suspects[key] = None

    def look_around(self, now: int) -> None:
        """Look at the rows of some destinations; in a hurry in each tick, else once a second."""
        if now >= self._next:
            self._next = now + SECOND
            self._tell()
            if tables.lost() != self._lost:
                self._begin_a_round()
                self._in_a_hurry = True
            elif not self._in_a_hurry:
                if not self._round:
                    self._begin_a_round()
                number = min(max(_LEAST, len(self._fleet) // _SECONDS_OF_A_ROUND), _MOST)
                self._look_at(self._round.pop() for _ in range(min(number, len(self._round))))
        if self._in_a_hurry:
            self._look_at(self._rest_of_the_round(self._clock() + _HURRY))
            self._in_a_hurry = bool(self._round)

    def _begin_a_round(self) -> None:
        # Read before the rows: one that is missed meanwhile begins another round.
        self._lost = tables.lost()
        self._round = list(self._fleet.keys())

    def _rest_of_the_round(self, end: int) -> Iterable[str]:
        while self._round and self._clock() < end:
            yield self._round.pop()

    def _look_at(self, keys: Iterable[str]) -> None:
        now = self._clock()
        rosters: inspection.Rosters = {}
        for key in keys:
            pinged = self._fleet.get(key)
            if pinged is None or inspection.is_sound(key, pinged, now, rosters):
                continue
            if not registrations.is_whole(key, pinged):
                self.suspect(key)
                self._in_a_hurry = True
            elif inspection.put_right(key):
                self._mended[key] = None
                self._in_a_hurry = True
        open_rosters.settle()

    def mend(self, is_quiet: Callable[[str], bool]) -> list[str]:
        """Make the rows of those anew that are suspected; only when all is heard that was announced before.

        Arguments: is_quiet, whether nothing was announced of a destination that the prober has not heard.
        Returns: who has rows to be looked at again.
        """
        mended: list[str] = []
        end = self._clock() + _MENDING
        for key in list(self._suspects):
            if self._clock() > end:
                break  # the rest in the next tick
            del self._suspects[key]
            pinged = self._fleet.get(key)
            if pinged is None:
                continue
            try:
                # What had only not been heard of when it was looked at is whole now.
                is_lost = not registrations.is_whole(key, pinged)
                was = rows.registration(key, pinged.registration)
                if not registrations.mend(key, was, pinged.admin, is_quiet):
                    self.suspect(key)
                    continue
                if inspection.put_right(key) or is_lost:
                    self._mended[key] = None
                mended.append(key)
            except tables.SharedMemoryFull:
                self.suspect(key)
        open_rosters.settle()
        return mended

    def _tell(self) -> None:
        if self._mended:
            more = len(self._mended) - _NAMED
            log.warning(
                "rows of shared memory were missing or made no sense, and are made anew, of %s%s",
                ", ".join(list(self._mended)[:_NAMED]),
                f" and {more} more" if more > 0 else "",
            )
            self._mended.clear()
