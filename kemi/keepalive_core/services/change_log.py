"""The last changes, orders and pauses of the server, numbered: kept by the process that serves HTTP alone.

Each comes through the feed. What found no room there is found in the histories later; a notice of its own, a
gap, tells that something is missing until then. The histories tell of the time before this process, too.
"""

import time
from collections.abc import Callable, Iterator
from heapq import nlargest
from typing import Any, Final, NamedTuple

from ..kamailio import destination_rows, queues, server_rows, startup_rows
from ..rules import notices, uris
from ..rules.notices import Notice
from ..rules.steps import Steps
from . import captures, feed, policies

KEPT: Final = 1000
"""how many notices are kept"""
# Destinations whose histories are read without a pause: 2 ms.
_AT_A_TIME: Final = 100
# Numbers begin here for each second since the epoch, and so go on over a restart.
_A_SECOND: Final = 1000
# After a gap all histories are read, but not more often than each so many seconds.
_REST: Final = 10


class Numbered(NamedTuple):
    """A notice, and its number."""

    number: int
    notice: Notice


class ChangeLog:
    """The notices that are kept, each with a number that is larger than that of the one before.

    Arguments: clock, returns the time in epoch seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._kept: list[Numbered] = []
        self._first = int(clock()) * _A_SECOND
        """the numbers of what was before this process begin behind it; there is room for KEPT"""
        self.number = self._first + KEPT
        """the newest number"""
        self._gap = 0
        """the number of the last gap, 0 for none"""
        self._dropped = 0
        """the number of the newest notice that is kept no more, 0 for none"""
        self._unfed: int | None = None
        """queues.unfed() as of the last look, None before the first"""
        self._pings: tuple[bool, bool] | None = None
        """whether pings are paused, and whether they are enabled, as of the last look"""
        self._complete_at = int(clock())
        """when nothing was missing, in epoch seconds"""
        self._missing_since: int | None = 0
        """from when on changes have to be looked for in the histories; None if none are missing"""
        self._next_look_back = 0.0

    # --- what comes ---------------------------------------------------------------------------------------

    def take(self) -> None:
        """Take what the feed has, and see whether pings are sent: cheap, to be called many times a second."""
        now = int(self._clock())
        if self._unfed is None:
            queues.keep_count_of_unfed()
            self._unfed = queues.unfed()
        # The count is read first: what is missed from here on is seen the next time.
        unfed = queues.unfed()
        for notice in feed.taken():
            if not captures.take(notice):
                self._add(notice)
        self._look_at_pings(now)
        if unfed != self._unfed:
            self._unfed = unfed
            self._gap = self._add(notices.gap(now))
            self._missing_since = self._complete_at if self._missing_since is None else self._missing_since
        else:
            self._complete_at = now

    def _look_at_pings(self, now: int) -> None:
        pings = server_rows.is_paused(), not server_rows.is_disabled()
        if self._pings not in (None, pings):
            self._add(notices.pause(*pings, now))
        self._pings = pings

    def _add(self, notice: Notice) -> int:
        self.number += 1
        self._kept.append(Numbered(self.number, notice))
        if len(self._kept) > KEPT:
            self._dropped = self._kept[-KEPT - 1].number
            del self._kept[:-KEPT]
        return self.number

    # --- what was missed ----------------------------------------------------------------------------------

    @property
    def is_behind(self) -> bool:
        """Whether look_back() has something to do."""
        return (
            self._missing_since is not None
            and self._clock() >= self._next_look_back
            and startup_rows.is_started()
        )

    def look_back(self) -> Iterator[None]:
        """Find in the histories what was not told: it walks all of them, and yields in between.

        What was before this process is put in front of all; what was missed since is told now.
        """
        since, self._missing_since = self._missing_since or 0, None
        self._next_look_back = self._clock() + _REST
        try:
            missed = yield from self._missed_since(since)
        except BaseException:
            # It is looked for again; what else was missed meanwhile came later.
            self._missing_since = since
            raise
        if since:
            for notice in missed:
                self._add(notice)
        else:
            before = [Numbered(self._first + place, notice) for place, notice in enumerate(missed, 1)]
            self._kept = [*before, *self._kept][-KEPT:]

    def _missed_since(self, since: int) -> Steps[list[Notice]]:
        """Return what the histories have of a time that is not kept here, the oldest first."""
        found: list[tuple[int, str, int, int, str]] = []
        for place, key in enumerate(destination_rows.monitored_keys()):
            if _is_told(key):
                found += [(at, key, *change) for at, *change in destination_rows.history(key) if at >= since]
            if place % _AT_A_TIME == 0:
                found = nlargest(KEPT, found)
                yield
        told = {_identity(each.notice) for each in self._kept}
        return [
            notice
            for each in sorted(nlargest(KEPT, found))
            if _identity(notice := _notice(*each)) not in told
        ]

    # --- what is asked ------------------------------------------------------------------------------------

    def since(self, number: int) -> list[Numbered]:
        """Return the notices behind a number, the oldest first: perhaps not all, see is_all_kept_since()."""
        newer = self.number - number
        if newer <= 0:
            return []
        # Nearly always it is the last few that are asked for.
        return [each for each in self._kept[-newer:] if each.number > number]

    def is_all_kept_since(self, number: int) -> bool:
        """Say whether all that came behind a number of this process is still there."""
        oldest = self._kept[0].number if self._kept else self.number + 1
        return oldest - 1 <= number <= self.number

    def changes(self, since: int = 0, count: int = 100) -> dict[str, Any]:
        """Return the newest changes of states.

        Arguments: since, the number behind which they are to be; count, how many at the most.
        Returns: ``number``, the newest of all numbers, for the next ``since``; ``gap``, the newest number
        behind which changes are missing, 0 for none; ``changes``, the oldest first.
        """
        found = [each for each in self.since(since) if each.notice["event"] == notices.CHANGE]
        return {
            "number": self.number,
            "gap": max(self._gap, self._dropped),
            "changes": [
                {"number": each.number, **{k: v for k, v in each.notice.items() if k != "event"}}
                for each in found[max(0, len(found) - count) :]
            ],
        }


def _identity(notice: Notice) -> tuple[Any, ...]:
    return tuple(map(notice.get, ("destination", "at", "from", "to")))


def _is_told(key: str) -> bool:
    """Say whether others are told of the changes of a destination; of a target only if its name says so."""
    if not uris.is_target(key):
        return True
    return policies.policy_of(destination_rows.registration(key)).callback_targets


def _notice(at: int, key: str, old: int, new: int, reason: str) -> Notice:
    registered = destination_rows.registration(key)
    uri = key if registered is None or registered.target else registered.uri
    return notices.change(key, uri, (old, new), reason, at)


the_log = ChangeLog()
