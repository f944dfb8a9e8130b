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
        """the beginnings of pages that were not asked for yet"""
        self.asked = 0.0


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
        while self._lists and now - self._lists[0].asked > _KEPT:
            self._lists.popleft()
        of_this = [each for each in self._lists if each.question == question]
        found = next((each for each in of_this if each.expected[start]), None) if start else None
        if found is None:
            found = of_this[-1] if start and of_this else self._added(question, rows())
        found.expected[start] -= 1
        found.expected[start + count] = max(0, found.expected[start + count]) + 1
        found.asked = now
        return found.rows[start : start + count]

    def _added(self, question: Hashable, rows: list[T]) -> "_List[T]":
        self._lists.append(_List(question, rows))
        return self._lists[-1]
