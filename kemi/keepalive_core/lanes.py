"""When each destination is pinged: on a regular lane, or on one for those that are pinged out of turn (pure).

In an outage a whole fleet is asked more often than it is used to, all at a time, and each ping that is not
answered takes shared memory for seconds, which calls need. So what is out of turn has a budget, and nothing
that is regular waits for it.
"""

from typing import Final

from .schedule import SECOND, Timetable

# Pings out of turn that a second may have, in multiples of the steady rate, and however low that is.
_TIMES_THE_RATE: Final = 2
_AT_LEAST: Final = 50
# What was not spent is kept for so long, us: two ticks, so that no burst comes of it.
_KEPT: Final = SECOND // 5


class Lanes:
    """Keys, and the time each is due."""

    def __init__(self) -> None:
        self._regular = Timetable()
        self._out_of_turn = Timetable()
        self._budget = 0.0
        """pings out of turn that may leave now"""
        self._counted = 0
        """when the budget was worked out, us"""

    def put(self, key: str, when: int, out_of_turn: bool = False) -> None:
        """Make a key due at a time, us, on one of the lanes, whatever it was before."""
        if out_of_turn:
            self._regular.remove(key)
            self._out_of_turn.put(key, when)
        else:
            self._out_of_turn.remove(key)
            self._regular.put(key, when)

    def bring_forward(self, key: str, when: int) -> None:
        """Make a key due at a time, us, unless it is due sooner, on the lane that it is on."""
        lane = self._out_of_turn if key in self._out_of_turn else self._regular
        lane.bring_forward(key, when)

    def due(self, key: str) -> int | None:
        """Return when a key is due, us; None if it is not there."""
        return self._regular.due(key) or self._out_of_turn.due(key)

    def remove(self, key: str) -> None:
        """Forget a key; one that is not there is no error."""
        self._regular.remove(key)
        self._out_of_turn.remove(key)

    def take(self, now: int, allowed: int, rate: float) -> tuple[list[str], list[str]]:
        """Remove and return the keys due by now: the regular ones, and those out of turn that have a budget.

        Arguments: now, us; allowed, how many regular ones at the most; rate, of these in a second.
        """
        a_second = max(_TIMES_THE_RATE * rate, _AT_LEAST)
        most = a_second * _KEPT / SECOND
        self._budget = min(most, self._budget + a_second * (now - self._counted) / SECOND)
        self._counted = now
        due = self._out_of_turn.take(now, int(self._budget))
        self._budget -= len(due)
        return self._regular.take(now, allowed), due
