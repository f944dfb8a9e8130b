"""Which process brings in what is configured, how far that is, and which numbers may only rise.

=============  ===============  ===========================================================
table          key              value
=============  ===============  ===========================================================
``keepalive``  ``startup``      int, how many processes asked to do the start-up
``keepalive``  ``started``      int, 1 when what is configured was brought in
``keepalive``  ``brought_in``   int, the sum of the Sources of which nothing had to be left out
``keepalive``  ``reloads``      int, counts the reloads of the list file
``keepalive``  ``probers``      int, how many probers have begun
``keepalive``  ``state_read``   int, a StateRead
``keepalive``  ``self_ping``    int, see selftest.py, by the first prober
``keepalive``  ``selftest``     text, ``ask`` by an operator, then the answer, by the first prober
``keepalive``  a timer's name   int, 1 when its function was called
``keepalive``  ``first_call``   int, the second of clock.now() at which any process looked for that
=============  ===============  ===========================================================
"""

from enum import Enum, IntFlag
from typing import Final

import KSR

from ..rules.rows import RunningCallback
from ..rules.times import SECOND
from .callback_rows import store_running_callback
from .destination_rows import registered
from .group_rows import next_group_change, note_options
from .server_rows import is_disabled, is_paused, store_disabled, store_paused
from .tables import COMMON, SharedMemoryFull, get, locked, next_number, read_number, read_text, store
from .variables import probers


def claim_startup() -> bool:
    """Return True in exactly one process: the one that has to register what is configured."""
    return bool(KSR.htable.sht_inc(COMMON, "startup") == 1)


def reserve_rows() -> None:
    """Make rows that are needed later, so that they need no memory then, should the destinations take it all.

    Raises: SharedMemoryFull.
    """
    for name in ("started", "brought_in", "reloads", "untold", "unannounced", "state_read", "lost"):
        store(COMMON, name, 0)
    store(COMMON, "registered", registered())  # some may be already
    store_running_callback(RunningCallback())
    store_disabled(is_disabled())
    with locked("paused", COMMON):  # a script may have paused already, or do so now
        store_paused(is_paused())
    note_options()
    next_group_change()


def claim_prober() -> int:
    """Return the number of the prober that asks: 0, 1 and so on. Raises: SharedMemoryFull."""
    place: int = KSR.htable.sht_inc(COMMON, "probers")
    if not place > 0:
        raise SharedMemoryFull("the number of a prober")
    return (place - 1) % probers()


def mark_started() -> None:
    """Tell all processes that what is configured is registered. Raises: SharedMemoryFull."""
    store(COMMON, "started", 1)


def is_started() -> bool:
    """Say whether what is configured is registered."""
    return bool(get(COMMON, "started") == 1)


def store_at_work(timer: str) -> None:
    """Note that a timer calls its function. Raises: SharedMemoryFull."""
    store(COMMON, timer, 1)


def is_at_work(timer: str) -> bool:
    """Say whether a timer has ever called its function."""
    return read_number(COMMON, timer) == 1


def first_call(now: int) -> int:
    """Return when the first of all processes called this, in us.

    Arguments: now, in us. Raises: SharedMemoryFull.
    """
    if not (second := read_number(COMMON, "first_call")):
        second = now // SECOND
        store(COMMON, "first_call", second)
    return second * SECOND


def store_self_ping(shown: int) -> None:
    """Write what a ping of this server to itself has shown. Raises: SharedMemoryFull."""
    store(COMMON, "self_ping", shown)


def self_ping() -> int:
    """Return what a ping of this server to itself has shown, 0 for nothing yet."""
    return read_number(COMMON, "self_ping")


def is_selftest_asked() -> bool:
    """Say whether an operator has asked for a test of this server, and has no answer yet."""
    return read_text(COMMON, "selftest") == "ask"


def answer_selftest(text: str) -> None:
    """Write the answer. Raises: SharedMemoryFull."""
    store(COMMON, "selftest", text)


class StateRead(Enum):
    """How much of what the state file has is known; only a file that is known whole may be written over."""

    NOTHING = 0
    WHOLE = 1
    IN_PART = 2
    """memory had no room for the rest"""


def state_read() -> StateRead:
    """Return how much of what the state file has is known."""
    try:
        return StateRead(read_number(COMMON, "state_read"))
    except ValueError:  # somebody else wrote it
        return StateRead.NOTHING


def store_state_read(known: StateRead) -> None:
    """Write how much of what the state file has is known. Raises: SharedMemoryFull."""
    store(COMMON, "state_read", known.value)


class Source(IntFlag):
    """From where destinations and callbacks come that are configured."""

    SCRIPT = 1
    KAMAILIO_CFG = 2
    LIST_FILE = 4


_ALL_SOURCES: Final = Source.SCRIPT | Source.KAMAILIO_CFG | Source.LIST_FILE


def brought_in() -> Source:
    """Return of which sources all is registered that is configured there."""
    return Source(read_number(COMMON, "brought_in") & _ALL_SOURCES)


def store_brought_in(sources: Source) -> None:
    """Write of which sources all is registered. Raises: SharedMemoryFull."""
    store(COMMON, "brought_in", sources.value)


def is_complete() -> bool:
    """Say whether all that is configured is registered."""
    return brought_in() == _ALL_SOURCES


def next_reload() -> int:
    """Return a number that no reload of the list file had before. Raises: SharedMemoryFull."""
    return next_number("reloads")


def last_reload() -> int:
    """Return the number of the reload of the list file that began last."""
    return read_number(COMMON, "reloads")


# What only rises: counters, of which no number is given twice, and others, which come back as they were.
_COUNTERS: Final = ("generation", "revision", "group_changes", "group_options", "lost", "reloads")
_MARKS: Final = ("startup", "probers", "unannounced", "brought_in")
# What is said once, and stays.
_SAID_ONCE: Final = ("started", "state_read")
# A lost counter goes on at this distance above the last number that was seen.
_AHEAD: Final = 1 << 20
# No counter gets to this number by counting.
_MOST_NUMBER: Final = (1 << 31) - 1 - _AHEAD


def keep_rising(seen: dict[str, int]) -> list[str]:
    """See to it that counters and marks do not fall back, as they do if their rows are deleted.

    Arguments: seen, their numbers when this was called the last time, which become those of now.
    Returns: the names of those that had fallen back. Raises: SharedMemoryFull.
    """
    fallen = []
    for name in (*_COUNTERS, *_MARKS, *_SAID_ONCE):
        value = get(COMMON, name)
        before = seen.get(name, 0)
        is_said = before != 0 and name in _SAID_ONCE
        if not isinstance(value, int) or not before <= value <= (before if is_said else _MOST_NUMBER):
            value = min(before + (_AHEAD if name in _COUNTERS else 0), _MOST_NUMBER)
            store(COMMON, name, value)
            fallen.append(name)
        seen[name] = value
    return fallen
