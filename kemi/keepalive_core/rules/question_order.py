"""Which name DNS is asked for next: each once in an interval, and those first that can't wait (pure)."""

import heapq
from collections import OrderedDict
from typing import Final, NamedTuple

from .times import SECOND

AT_ONCE_AGAIN: Final = 5 * SECOND
"""us after which a name can be asked for at once again"""
# A round that is longer than the interval by this part of it is told of.
_TOLERATED: Final = 10


class Turn(NamedTuple):
    """A name's turn."""

    key: str
    waited_us: int
    """since it was asked for last, or since it came"""

    def is_late(self, interval_us: int) -> bool:
        """Say whether the names take more time than there is in an interval."""
        return self.waited_us > interval_us + interval_us // _TOLERATED


class QuestionOrder:
    """The names, in the order in which they are asked for."""

    def __init__(self) -> None:
        self._asked: OrderedDict[str, int] = OrderedDict()
        """when each was asked for last, in us; when it came, if it never was; the first one first"""
        self._heap: list[tuple[int, int, str]] = []
        """those that do not wait for their turns, each from when on, in us, and the number of that wish"""
        self._wishes: dict[str, tuple[int, int, str]] = {}
        """those of them that count, by their keys"""
        self._number = 0
        self._was_at_once = False

    def __len__(self) -> int:
        return len(self._asked)

    def __contains__(self, key: str) -> bool:
        return key in self._asked

    def come(self, key: str, now: int, is_first: bool = False) -> None:
        """Take in a name that is to be asked for at once, as it is new, or means another host now.

        Arguments: key; now, in us; is_first, whether it goes before all others, as its answer takes no time.
        """
        self._asked[key] = now
        self._asked.move_to_end(key)
        self._push(key, -1 if is_first else now)

    def hurry(self, key: str, now: int) -> None:
        """Have a name asked for again before its turn, each 5 s at the most; now is in us."""
        if key in self._asked:
            self._push(key, max(now, self._asked[key] + AT_ONCE_AGAIN))

    def go(self, key: str) -> None:
        """Ask for a name no more."""
        self._asked.pop(key, None)
        self._wishes.pop(key, None)

    def take(self, now: int, interval_us: int) -> Turn | None:
        """Return the name that is to be asked for now, which is its turn then; None if none is.

        Arguments: now, in us; interval_us, between two questions for a name.
        """
        urgent, usual = self._urgent(now), self._usual(now, interval_us)
        # One of each kind, so that neither keeps the other waiting.
        key = usual if urgent is None or (usual is not None and self._was_at_once) else urgent
        if key is None:
            return None
        self._was_at_once = key == urgent
        self._wishes.pop(key, None)
        waited = now - self._asked[key]
        self._asked[key] = now
        self._asked.move_to_end(key)
        return Turn(key, waited)

    def _push(self, key: str, ready: int) -> None:
        known = self._wishes.get(key)
        if known is None or ready < known[0]:
            self._number += 1
            self._wishes[key] = wish = ready, self._number, key
            heapq.heappush(self._heap, wish)

    def _urgent(self, now: int) -> str | None:
        while self._heap:
            ready, _, key = wish = self._heap[0]
            if self._wishes.get(key) == wish:
                return key if ready <= now else None
            heapq.heappop(self._heap)
        return None

    def _usual(self, now: int, interval_us: int) -> str | None:
        key = next(iter(self._asked), None)
        return key if key is not None and self._asked[key] + interval_us <= now else None
