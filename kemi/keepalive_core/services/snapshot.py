"""What is shown of all destinations: a row of each, kept in the process that shows them, for all who look.

Rows are made once. After that only a row's code is read, once a second while somebody looks, and the row is
made anew if that says something else, or if ``revised_rows`` names its destination. So to look at 100,000
costs some 40 ms a second. All that takes long is a generator, which yields whenever others may have a turn.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from operator import attrgetter
from typing import Any, Final

from ..kamailio import destination_rows, revised_rows, tables
from ..rules import record, uris
from ..rules.service_code import is_taken_out
from ..rules.showing import CLASSES, in_order
from . import startup
from .shown_groups import ShownGroups
from .shown_names import ShownNames, Target
from .shown_rows import Row

# Destinations that are looked at between two yields: a code takes 0.3 us, a row 20.
_CODES_AT_ONCE: Final = 1000
_ROWS_AT_ONCE: Final = 20
_LATENCIES_AT_ONCE: Final = 200
# Who looks finds codes that were read at most this long ago, in s; a process that has time reads them sooner.
_FRESH: Final = 2.0
# For how long after the last look such a process goes on, in s.
_LOOKED_AT: Final = 10.0
# The time in s after which a revision that names no destination is none of one.
_UNNAMED: Final = 1.0
# Further from any revision than those that are kept.
_NOTHING: Final = -(1 << 40)
# The most owners and groups of which there is one copy: see _one().
_MOST_SAME: Final = 10_000
# Of how many rows one has its latency read anew at a look, while somebody sorts by them.
_LATENCY_LOOKS: Final = 5

Waits = Iterator[float | None]
"""yields None, or the seconds for which there is nothing to do"""


class Snapshot:
    """All destinations as they are shown; one for each process that shows them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.rows: dict[str, Row] = {}
        self.counts = dict.fromkeys(CLASSES, 0)
        self.changes = 0
        """another number after each change of what rows are sorted by"""
        self.groups = ShownGroups()
        self.names = ShownNames()
        self._same: dict[Any, Any] = {}
        """of owners and groups that many rows have one copy"""
        self._revision = _NOTHING
        """up to which all is known"""
        self._loading: Waits | None = None
        """what makes all rows, if that has begun"""
        self._unnamed = 0
        """the revision behind which one was found that names no destination yet"""
        self._unnamed_since = 0.0
        self._looked = 0.0
        """when codes were read last"""
        self._looks = 0
        self._loaded = -_LOOKED_AT
        """when all rows were made"""
        self._latencies_asked = -_LOOKED_AT
        """when somebody sorted by latencies"""
        self._asked = -_LOOKED_AT
        """when somebody looked last"""
        self._is_followed = False
        """whether somebody makes those rows anew that revisions name, for all who look"""
        self._by_name: list[Row] = []
        self._new: list[Row] = []
        """rows that came since that was sorted"""
        self._has_lost = False
        """whether rows went since"""
        self._sorted: dict[str, tuple[int, list[Row]]] = {}
        """what was sorted otherwise, and at which number of changes"""

    # --- how it is kept -------------------------------------------------------------------------------------

    def is_looked_at(self) -> bool:
        """Say whether somebody looked within the last seconds, so that it is worth being kept fresh."""
        return self._clock() - self._asked < _LOOKED_AT

    @property
    def is_complete(self) -> bool:
        """Whether it has all destinations; at a start, and behind thousands of changes, that takes time."""
        return self._loading is None and self._revision != _NOTHING

    def fresh(self, again_soon: bool = True, patience_s: float = math.inf) -> Waits:
        """Bring it up to date for somebody who looks.

        Arguments: again_soon, whether he looks again within seconds; patience_s, how long he waits at the
        most, in s: then not all of it may be, and keep() goes on. Raises: SharedMemoryFull.
        """
        until = self._clock() + patience_s
        if again_soon:
            self._asked = self._clock()
        for wait in self._brought_up():
            yield wait
            if self._clock() > until:
                return

    def keep(self) -> Waits:
        """Bring it up to date for those who will look. Raises: SharedMemoryFull."""
        yield from self._followed()
        yield from self.look()

    def _brought_up(self) -> Waits:
        yield from self._followed()
        if self._clock() - self._looked > _FRESH:
            yield from self.look()

    def _followed(self) -> Waits:
        while self._is_followed:
            yield 0.005
        self._is_followed = True
        try:
            yield from self._follow()
        finally:
            self._is_followed = False

    def _follow(self) -> Waits:
        """Make those rows anew that revisions name."""
        if self._loading is not None:
            yield from self._go_on_loading()
        revision = tables.revision() or 0
        if revision == self._revision:
            return
        if not 0 <= revision - self._revision <= revised_rows.KEPT or not revised_rows.is_kept():
            yield from self._load_all(revision)
            return
        named, reached = revised_rows.revised(self._revision, revision)
        yield from self._make(named)
        # Only now: who looked may have gone meanwhile.
        self._revision = reached
        if reached == revision:
            return
        # It is about to be named, by a process that is just changing something, unless that takes too long.
        if self._unnamed != reached:
            self._unnamed, self._unnamed_since = reached, self._clock()
        elif self._clock() - self._unnamed_since > _UNNAMED:
            yield from self._load_all(revision)

    def _load_all(self, revision: int) -> Waits:
        self._loading = self._load(revision)
        yield from self._go_on_loading()

    def _go_on_loading(self) -> Waits:
        """Make all rows, of which somebody who has given up may have made some already."""
        while self._loading is not None:
            try:
                wait = next(self._loading)
            except BaseException as end:
                self._loading = None
                if isinstance(end, StopIteration):
                    return
                raise
            yield wait

    def _load(self, revision: int) -> Waits:
        """Make all rows."""
        startup.start()
        keys = destination_rows.monitored_keys()
        yield None
        yield from self._make((self.rows.keys() | self.names.targets.keys()) - set(keys))
        yield from self._make(keys)
        self._revision = revision
        self._looked = self._loaded = self._clock()

    def look(self) -> Waits:
        """Read the code of each row, and make those rows anew that have another one."""
        rows: list[Row | Target] = [*self.rows.values(), *self.names.targets.values()]
        for at in range(0, len(rows), _CODES_AT_ONCE):
            # No call between: this is what is done most often.
            number, state = tables.number, tables.STATE
            try:
                changed = [
                    row.key for row in rows[at : at + _CODES_AT_ONCE] if number(state, row.key) != row.code
                ]
            except UnicodeDecodeError:
                changed = []
            yield from self._make(changed)
            yield None
        self._looked = self._clock()
        self._looks += 1
        if self._looked - self._latencies_asked < _LOOKED_AT:
            # Each of them once in so many seconds.
            some = islice(self.rows.values(), self._looks % _LATENCY_LOOKS, None, _LATENCY_LOOKS)
            yield from self._read_latencies(list(some))

    def _make(self, keys: Iterable[str]) -> Waits:
        for number, key in enumerate(keys, 1):
            self.make(key)
            if not number % _ROWS_AT_ONCE:
                yield None

    def make(self, key: str) -> Row | None:
        """Make a row anew; None if its destination is monitored no more, or is a target, which has no row."""
        if uris.is_target(key):
            self.names.make(key)
            row = self.rows.get(uris.name_of(key))
            return self.make(row.key) if row and row.name is not self.names.of_target(key) else None
        registered = destination_rows.registration(key)
        row = self.rows.get(key)
        if row is None:
            if registered is None:
                return None
            row = self.rows[key] = Row(key)
            self._new.append(row)
        else:
            self._count(row, -1)
        self.changes += 1
        if registered is None:
            del self.rows[key]
            self._has_lost = True
            self.names.forget(key)
            return None
        row.read(registered, self.names.read(key), self._one)
        if row.name is not None:
            self.names.put(row.name, row.shown if is_taken_out(row.code) else "")
        self._count(row, 1)
        return row

    def _one(self, value: Any) -> Any:
        if len(self._same) > _MOST_SAME:
            self._same.clear()
        return self._same.setdefault(value, value)

    def _count(self, row: Row, by: int) -> None:
        self.counts[row.shown] += by
        self.groups.count(row.groups, row.shown, by)

    # --- what it shows --------------------------------------------------------------------------------------

    def row(self, key: str) -> Row | None:
        """Return the row of a destination, or one made for a target; None if it is not monitored."""
        target = self.names.targets.get(key)
        if target is None:
            return self.rows.get(key)
        found, name = Row(key), self.rows.get(target.name.key)
        found.code, found.shown, found.groups = target.code, target.shown, name.groups if name else ()
        return found

    def sorted(self, sort: str) -> list[Row]:
        """Return all rows in an order of showing.SORTS, which is not to be changed."""
        if self._new or self._has_lost:
            rows = [row for row in self._by_name + self._new if self.rows.get(row.key) is row]
            # What was sorted before is sorted again in a fraction of the time.
            rows.sort(key=attrgetter("key"))
            self._by_name, self._new, self._has_lost = rows, [], False
        if sort == "name":
            return self._by_name
        changes, rows = self._sorted.get(sort, (-1, []))
        if changes != self.changes:
            rows = in_order(sort, self._by_name)
            self._sorted[sort] = self.changes, rows
        return rows

    def latencies(self) -> Waits:
        """Have latencies be fresh, for somebody who sorts by them; from then on look() sees to that."""
        was_asked, self._latencies_asked = self._latencies_asked, self._clock()
        if self._latencies_asked - max(was_asked, self._loaded) > _LOOKED_AT:
            yield from self._read_latencies(list(self.rows.values()))

    def _read_latencies(self, rows: list[Row]) -> Waits:
        for number, row in enumerate(rows, 1):
            try:
                row.latency = record.since_and_latency(tables.read_text(tables.HEALTH, row.key) or "")[1]
            except (ValueError, IndexError):
                row.latency = 0
            if not number % _LATENCIES_AT_ONCE:
                yield None
        self.changes += 1


the_snapshot = Snapshot()
