"""When each destination is pinged: in its turn, and perhaps sooner, out of turn (pure).

In an outage a whole fleet is asked more often than it is used to, all at a time, and each ping that is not
answered takes shared memory for seconds, which calls need. So what is out of turn has a budget, and nothing
that is regular waits for it: a destination keeps its regular turn, whatever else it waits for. A ping that
was ordered leaves at once, if the regular ones have left room for it.
"""

from collections.abc import Callable
from typing import Final

from .schedule import Timetable
from .times import SECOND

# The most pings out of turn in a second: a multiple of the steady rate, or a number if that is low.
_TIMES_THE_RATE: Final = 2
_AT_LEAST: Final = 50
# What was not spent is kept for this time in us: two ticks, so that no burst comes of it.
_KEPT: Final = SECOND // 5


class Lanes:
    """Keys, the time of each one's regular turn, and that of a ping before it, if there is to be one."""

    def __init__(self) -> None:
        self._regular = Timetable()
        self.put: Callable[[str, int], None] = self._regular.put
        """makes a key's regular turn a time in us, whatever it was before"""
        self._at_once = Timetable()
        self._out_of_turn = Timetable()
        self._budget = 0.0
        """pings out of turn that may leave now"""
        self._counted = 0
        """when the budget was worked out, in us"""

    def bring_forward(self, key: str, when: int) -> None:
        """Make a key's regular turn a time in us, unless it is sooner."""
        self._regular.bring_forward(key, when)

    def turn(self, key: str) -> int | None:
        """Return when a key's regular turn is, in us; None if it has none."""
        return self._regular.due(key)

    def ask(self, key: str, when: int, not_before: int = 0) -> None:
        """Have a key out of turn at a time in us, unless it is to be sooner.

        Arguments: key; when, in us; not_before, in us: one that is due sooner is put off until then.
        """
        self._out_of_turn.bring_forward(key, when)
        if (self._out_of_turn.due(key) or 0) < not_before:
            self._out_of_turn.put(key, not_before)

    def ask_at_once(self, key: str, when: int) -> None:
        """Have a key at a time in us, unless it is to be sooner, behind the regular ones alone."""
        self._at_once.bring_forward(key, when)

    def leave(self, key: str) -> None:
        """Have a key in its turn only, or at once."""
        self._out_of_turn.remove(key)

    def have_no_turn(self, key: str) -> None:
        """Have a key only out of turn, or at once, if that was asked for."""
        self._regular.remove(key)

    def remove(self, key: str) -> None:
        """Forget a key; one that is not there is no error."""
        for lane in (self._regular, self._at_once, self._out_of_turn):
            lane.remove(key)

    def take(self, now: int, allowed: int, rate: float) -> tuple[list[str], list[str]]:
        """Remove and return the keys that are due in turn or by order, and those that are out of turn.

        Arguments: now, in us; allowed, the most of the former, of which those in turn come first; rate, how
        many are in turn in a second, of which the budget of the latter follows.
        """
        in_turn = self._regular.take(now, allowed)
        self._take_out(in_turn, self._at_once, self._out_of_turn)
        at_once = self._at_once.take(now, allowed - len(in_turn))
        self._take_out(at_once, self._regular, self._out_of_turn)
        a_second = max(_TIMES_THE_RATE * rate, _AT_LEAST)
        most = a_second * _KEPT / SECOND
        self._budget = min(most, self._budget + a_second * (now - self._counted) / SECOND)
        self._counted = now
        due = self._out_of_turn.take(now, int(self._budget))
        self._budget -= len(due)
        self._take_out(due, self._regular, self._at_once)
        return in_turn + at_once, due

    @staticmethod
    def _take_out(keys: list[str], *lanes: Timetable) -> None:
        """Forget keys in the other lanes, of which nearly always only the regular one has any."""
        for lane in lanes:
            if len(lane):
                for key in keys:
                    lane.remove(key)
