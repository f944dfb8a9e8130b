"""Pages of a long list, for somebody who asks for one behind the other while destinations come and go.

The pages of one list are those of what there was when its first page was asked for: so each destination is in
one of them, and in no other.
"""

import time
from collections import Counter, deque
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

T = TypeVar("T")

# For how long a list is kept behind its last page that was asked for, in s; and how many are.
_KEPT: Final = 60.0
_MOST: Final = 8


class _List(Generic[T]):
    def __init__(self, question: Hashable, rows: list[T]) -> None:
        self.question = question
        self.rows = rows
        self.expected: Counter[int] = Counter()
        """the beginnings of pages that were not asked for yet, how often each"""
        self.asked = 0.0
        """when one of these was asked for last: who asks for the same page again and again sees news"""

    def go_on(self, start: int, count: int, now: float) -> None:
        """Expect the page behind one that is asked for."""
        self.asked = now
        self.expected[start] -= 1
        if not self.expected[start] > 0:
            del self.expected[start]
        if start + count < len(self.rows):
            self.expected[start + count] += 1


class Pages(Generic[T]):
    """The lists of which somebody may ask for another page."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lists: deque[_List[T]] = deque(maxlen=_MOST)

    def page(self, question: Hashable, start: int, count: int, rows: Callable[[], list[T]]) -> list[T]:
        """Return a page.

        Arguments: question, what is asked for; start, the first one; count, how many, 0 for all; rows,
        returns what there is now.
        """
        if not count:
            return rows()[start:]
        now = self._clock()
        self._lists = deque((each for each in self._lists if now - each.asked <= _KEPT), _MOST)
        of_this = [each for each in self._lists if start and each.question == question]
        found = next((each for each in of_this if start in each.expected), None)
        if found is not None:
            found.go_on(start, count, now)
        elif of_this:
            found = of_this[-1]
        else:
            found = _List(question, rows())
            found.go_on(start, count, now)
            self._lists.append(found)
        return found.rows[start : start + count]
