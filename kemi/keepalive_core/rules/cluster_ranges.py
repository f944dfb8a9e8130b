"""Which numbers of many are there: what has come of another node's words, or is still to be sent (pure).

A range is from one number, which is not in it, up to another one, which is: (0, 5) has 1 to 5.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

MOST_RANGES: Final = 64
"""What comes in more pieces than this is forgotten from its end, and asked for again"""


class Range(NamedTuple):
    """Some numbers one after the other."""

    above: int
    to: int


class Ranges:
    """Ranges that neither overlap nor touch, in order."""

    def __init__(self) -> None:
        self._ranges: list[Range] = []

    def __iter__(self) -> Iterator[Range]:
        return iter(self._ranges)

    def __bool__(self) -> bool:
        return bool(self._ranges)

    @property
    def have(self) -> int:
        """The number up to which all are there."""
        return self._ranges[0].to if self._ranges and not self._ranges[0].above else 0

    def add(self, above: int, to: int) -> None:
        """Add those from above one number up to another one."""
        apart = [each for each in self._ranges if each.to < above or to < each.above]
        joined = [each for each in self._ranges if above <= each.to and each.above <= to]
        whole = Range(
            min([above, *(each.above for each in joined)]), max([to, *(each.to for each in joined)])
        )
        self._ranges = sorted([*apart, whole])[:MOST_RANGES] if above < to else self._ranges

    def take(self, to: int) -> None:
        """Remove those up to a number."""
        self._ranges = [Range(max(each.above, to), each.to) for each in self._ranges if each.to > to]

    def gap(self, newest: int) -> Range | None:
        """Return the first numbers up to the newest that are not there; None if all are."""
        have = self.have
        after = [each.above for each in self._ranges if each.above > have]
        end = min([*after, newest])
        return Range(have, end) if end > have else None
