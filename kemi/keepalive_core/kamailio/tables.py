"""The tables of shared memory: what they are called, and how their rows are locked, read and written.

Timer, reply and timeout of one ping run in three processes, each with an interpreter of its own. So the
truth lies in tables of the htable module and queues of the mqueue module, and nowhere else. Their rows are
listed where they are read and written: ``destination_rows``, ``group_rows``, ``uplink_rows``, ``name_rows``,
``startup_rows``, ``server_rows``, ``listening_rows``, ``callback_rows``, ``order_rows``, ``counter_rows``,
``command_rows``, ``revised_rows``, ``tracked_rows``, ``cluster_rows``, ``steady_clock``;
``queues`` and ``tracked_rows`` have the queues. Three rows are here:

=============  ================  ==================================================================
table          key               value
=============  ================  ==================================================================
``keepalive``  ``generation``    int, counts the registrations, and the pages of rosters
``keepalive``  ``revision``      int, counts registrations and changes of the settings
``keepalive``  ``lost``          int, counts rows that were found missing or nonsense
=============  ================  ==================================================================

Whoever changes a row by what it was holds a lock. The order in which locks are taken, outermost first, and
never two of one kind (inspection.py alone holds several groups'):

1. a destination's, ``locked(key)``: that of its slot in ``keepalive_health``, for all of its rows;
2. a group's, in ``keepalive_group``, for its roster and pages; or an uplink's, in ``keepalive_uplink``;
3. that of what is_alive reads of a destination, in ``keepalive_state``, for one read and one write.

That of the orders, in ``keepalive_order``, is taken outside of all others.

Inside of them there are only short reads and writes of tables and queues: no callback, no ping, no wait.
"""

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, TypeVar

import KSR

from ..rules.quoting import quoted

for _module in ("htable", "kex", "mqueue", "pv", "tm"):
    if not hasattr(KSR, _module):
        raise ImportError(
            f"keepalive needs Kamailio's module {_module}: include keepalive.cfg in kamailio.cfg"
        )

log = logging.getLogger("keepalive")

R = TypeVar("R")

COMMON: Final = "keepalive"
STATE: Final = "keepalive_state"
DESTINATION: Final = "keepalive_destination"
HEALTH: Final = "keepalive_health"
HISTORY: Final = "keepalive_history"
NEWS: Final = "keepalive_news"
ADMIN: Final = "keepalive_admin"
TRACKED: Final = "keepalive_tracked"
GROUP: Final = "keepalive_group"
PAGE: Final = "keepalive_page"
GROUP_CHANGE: Final = "keepalive_group_change"
GROUP_OPTIONS: Final = "keepalive_group_options"
GROUP_AVAILABILITY: Final = "keepalive_group_availability"
UPLINK: Final = "keepalive_uplink"
NAME: Final = "keepalive_name"
RAMP: Final = "keepalive_ramp"
RESTORED: Final = "keepalive_restored"
REVISED: Final = "keepalive_revised"
ORDER: Final = "keepalive_order"
COMMANDS: Final = "keepalive_commands"
ANSWERS: Final = "keepalive_answers"
METRICS: Final = "keepalive_metrics"
CLUSTER: Final = "keepalive_cluster"
# A counter whose row made no sense goes on above this.
_FAR_AHEAD: Final = 1 << 30


class SharedMemoryFull(Exception):
    """Kamailio refused to store something, as it does when shared memory has run out."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"shared memory refused {what}: is it full (kamailio -m), is keepalive.cfg included?"
        )


class TooEarly(SharedMemoryFull):
    """A row is to be changed before there is any: htable makes its tables in its mod_init."""

    def __init__(self) -> None:
        Exception.__init__(self, "there are no tables yet: it can be done once Kamailio has started")


class locked:  # noqa: N801 - used as a statement: with locked(key)
    """Hold a destination's lock; Kamailio's slot locks are re-entrant within a process. Raises: TooEarly."""

    __slots__ = ("_key", "_table")

    def __init__(self, key: str, table: str = HEALTH) -> None:
        self._key = key
        self._table = table

    def __enter__(self) -> "locked":
        if not _exist and not _tables_exist():
            raise TooEarly
        KSR.htable.sht_lock(self._table, self._key)
        return self

    def record(self) -> str | None:
        """Return the text of the row: of what is known of a destination, None if it is not monitored."""
        text = get(self._table, self._key)
        return text if isinstance(text, str) else None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        KSR.htable.sht_unlock(self._table, self._key)


def get(table: str, key: str) -> Any:
    """Return what a row holds, a text or a number; None if it is missing.

    What is no UTF-8 makes no sense, and can't be read at all: it is dropped, as in read_row().
    """
    try:
        return KSR.htable.sht_get(table, key)
    except UnicodeDecodeError:
        with locked(key, table):
            try:
                return KSR.htable.sht_get(table, key)  # another process has been quicker
            except UnicodeDecodeError:
                KSR.htable.sht_rm(table, key)
        _tell_dropped(table, key, "it is no UTF-8")
        return None


def store(table: str, key: str, value: str | int) -> None:
    """Write a row. Raises: SharedMemoryFull."""
    stored = (
        KSR.htable.sht_seti(table, key, value)
        if isinstance(value, int)
        else KSR.htable.sht_sets(table, key, value)
    )
    # 6.x says False where 5.6 raises, and False is not below 0: ask for success, never for failure.
    if not stored > 0:
        raise SharedMemoryFull(f"{key!r} in table {table}")


# A text that is shorter than the one before by this number of characters gets a cell of its own length.
SLACK: Final = 128


def replace_text(table: str, key: str, text: str, before: int) -> None:
    """Write a text in the place of another one; of a much longer one it gives the memory back.

    Arguments: table, key and text, of which white space at its end means nothing; before, the length of the
    one that is there. Raises: SharedMemoryFull.
    """
    store(table, key, text)
    if before >= len(text) + SLACK:
        # htable has written it into the cell that was there, whatever that is long. One that is longer than
        # what is there now gets a new cell; without memory for that the row stays as it is.
        with suppress(SharedMemoryFull):
            store(table, key, text + " ")


_exist = False


def _tables_exist() -> bool:
    global _exist
    if not _exist:
        _exist = KSR.htable.sht_inc(COMMON, "generation") > 0
    return _exist


def read_text(table: str, key: str) -> str | None:
    """Read a text. Unlike a number it needs its slot's lock while it is copied.

    Without it another process may change or free the text under the copy (30 of 213,000 reads were torn
    under a load of updates on 5.6.3). The lock is held for this one read, inside of any other.
    """
    if not _exist and not _tables_exist():
        return None
    KSR.htable.sht_lock(table, key)
    try:
        text = get(table, key)
        return text if isinstance(text, str) else None
    finally:
        KSR.htable.sht_unlock(table, key)


def read_row(table: str, key: str, parse: Callable[[str], R], is_locked: bool = False) -> R | None:
    """Return what a row says; None if it is missing.

    A row that makes no sense is dropped, with a line of the log: whoever may use RPC may have written it.

    Arguments: table, key and parse; is_locked, whether the caller holds the lock under which alone this row
    is written, so that nobody changes the text while it is copied.
    """
    text = get(table, key) if is_locked else read_text(table, key)
    if not text:  # a missing one is 0 in the table that has numbers
        return None
    try:
        return parse(text)
    except Exception:
        drop_nonsense(table, key, text)
        return None


def drop_nonsense(table: str, key: str, text: object) -> None:
    """Remove a row that makes no sense, and have the probers see to what was lost with it."""
    with locked(key, table):
        if get(table, key) != text:
            return  # another process has been quicker
        KSR.htable.sht_rm(table, key)
    _tell_dropped(table, key, quoted(text))


def _tell_dropped(table: str, key: str, why: str) -> None:
    log.error("row %s of table %s makes no sense, and is dropped: %s", quoted(key), table, why)
    note_lost()


def note_lost() -> None:
    """Have the probers see to rows that were lost; what is counted has its row from the start on."""
    KSR.htable.sht_inc(COMMON, "lost")


def lost() -> int:
    """Return a number that is another one after each row that was found missing or nonsense."""
    return read_number(COMMON, "lost")


def read_number(table: str, key: str) -> int:
    """Return a number, 0 if it is missing or none."""
    value = get(table, key)
    return value if isinstance(value, int) else 0


def next_generation() -> int:
    """Return a number that no registration had before, or 0 while the tables do not exist yet.

    htable makes them in its mod_init, which runs after ours if kamailio.cfg loads app_python3 first. Until
    then sht_inc is the only call that is safe and silent; others log errors or crash.
    """
    return max(0, next_number("generation"))


def revision() -> int | None:
    """Return a number that is another one after each registration and each change of the settings.

    What was worked out from these holds while the number is the same.
    """
    if not _exist and not _tables_exist():
        return None
    value: int | None = get(COMMON, "revision")
    return value


def next_number(counter: str) -> int:
    """Return a counter's next number, and at most 0 while the tables do not exist.

    Raises: SharedMemoryFull, if its row has to be made anew.
    """
    value: int = KSR.htable.sht_inc(COMMON, counter)
    if value > 0 or not _exist:
        return value
    # Its row makes no sense. Each time it goes on behind all numbers that it had.
    store(COMMON, counter, _FAR_AHEAD + int(time.time()) % _FAR_AHEAD)
    note_lost()
    return int(KSR.htable.sht_inc(COMMON, counter))


number: Callable[[str, str], int | None] = KSR.htable.sht_get
"""Return the number that a table has for a key, None for none; it raises for what get() drops."""


def all_keys(table: str) -> list[str]:
    """Return the keys of all rows: it walks the whole table."""
    found: list[str] = []
    # The iterator holds a slot's lock between two steps: nothing else happens in this loop.
    KSR.htable.sht_iterator_start(COMMON, table)
    try:
        while KSR.htable.sht_iterator_next(COMMON) > 0:
            # A key that is no UTF-8 is nobody's.
            with suppress(UnicodeDecodeError):
                found.append(KSR.pv.get("$shtitkey(keepalive)"))
    finally:
        KSR.htable.sht_iterator_end(COMMON)
    return found
