"""What was counted since the server's start, by groups: read by the process that serves HTTP.

The rows of the table may go away or begin again: an operator removes them, a number of 32 bits is at its end.
What was read once stays counted, so that nothing here ever gets less.
"""

import logging
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from typing import Final, NamedTuple

from ..kamailio import counter_rows
from ..rules import counted

log = logging.getLogger("keepalive")

_ROWS_AT_ONCE: Final = 300
"""The rows between two moments at which others may have their turn"""
# A set has some twenty cells, of which each takes 0.5 us.
_SETS_AT_ONCE: Final = 20
# In 5.6 a number goes on below 0 behind 2^31 - 1.
_BITS: Final = 0xFFFFFFFF


class Tally:
    """What was counted of some destinations."""

    def __init__(self) -> None:
        self.words: Counter[str] = Counter()
        """how often, by the words of rules/counted.py"""
        self.cells: Counter[int] = Counter()
        """how many replies to pings, by the cells of rules/durations.py"""

    def add(self, other: "Tally") -> None:
        """Count too what another one has."""
        self.words.update(other.words)
        self.cells.update(other.cells)


class Sums(NamedTuple):
    """What was counted in all, and of the members of each group."""

    all: Tally
    groups: dict[str, Tally]


class Counters:
    """What was counted of each set of groups."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}
        """what each row said when it was read last"""
        self._sets: dict[str, Tally] = {}
        self._known: dict[str, tuple[str, ...]] = {}
        """the groups of sets whose text does not say them"""
        self._was_full = False

    @property
    def rows(self) -> int:
        """How many rows there were when they were read last."""
        return len(self._seen)

    def read(self, sets: Iterable[tuple[str, ...]]) -> Iterator[None]:
        """Read what was counted since, in slices; two at a time would count it twice.

        Arguments: sets, the sets of groups that there are now.
        """
        for groups in sets:
            text = counted.set_of(groups)
            if counted.groups_in(text) is None:
                self._known.setdefault(text, groups)
        rows = counter_rows.counted()
        counter_rows.store_number_of_rows(len(rows))
        self._tell_of_bound(len(rows))
        for number, (key, value) in enumerate(rows.items()):
            if number % _ROWS_AT_ONCE == 0:
                yield
            self._take(key, value & _BITS)
        for key in self._seen.keys() - rows.keys():
            del self._seen[key]

    def _take(self, key: str, value: int) -> None:
        before = self._seen.get(key, 0)
        # Whoever reads this may give up between two slices: what is counted is seen.
        self._seen[key] = value
        more = value - before if value >= before else value
        row = counted.read(key) if more else None
        if row is None:
            return
        tally = self._sets.setdefault(row.groups, Tally())
        tally.words[row.word] += more
        if row.cell is not None:
            tally.cells[row.cell] += more

    def _tell_of_bound(self, rows: int) -> None:
        is_full = rows >= counter_rows.MOST_ROWS
        if is_full and not self._was_full:
            log.warning("there are %s counters: what would need more is counted without its groups", rows)
        self._was_full = is_full

    def sums(self) -> Generator[None, None, Sums]:
        """Return what was counted, in slices; of the groups of a hashed set only since these are known."""
        of_all, groups = Tally(), dict[str, Tally]()
        for number, (text, tally) in enumerate(list(self._sets.items())):
            if number % _SETS_AT_ONCE == 0:
                yield
            of_all.add(tally)
            for name in counted.groups_in(text) or self._known.get(text, ()):
                groups.setdefault(name, Tally()).add(tally)
        return Sums(of_all, groups)


the_counters = Counters()
