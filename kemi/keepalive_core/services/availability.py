"""How much of its time each destination was up: counted at each change, and told when somebody asks.

A ping that changes nothing costs nothing here. What can't be counted, as shared memory is full, counts as not
measured: nothing is said of a time that nobody has seen.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from ..kamailio import destination_rows, group_rows, server_rows, steady_clock, tables
from ..kamailio.tables import SharedMemoryFull
from ..rules import group_uptime, unmeasured
from ..rules.rows import Past
from ..rules.server_state import ServerState
from ..rules.state_row import Row
from ..rules.unmeasured import Span
from ..rules.uptime import SCALES, UNMEASURED, Counted, condition


def follow_change(key: str, change: list[Any], was: str, word: str, spans: Sequence[Span]) -> None:
    """Add a change of state to a destination's history, and count what held until now; under its lock.

    Arguments: key; change, as the history has it; was and word, what held and what holds, as
    uptime.condition() gives them; spans, in which nothing was measured. Raises: SharedMemoryFull.
    """
    _count(key, was, lambda counted, now: counted.until(now, word, spans), [change])


def follow(key: str, was: str, word: str) -> None:
    """Count what held of a destination until now, if an order has changed it; under its lock."""
    if was != word:
        spans = server_rows.unmeasured_spans()
        with suppress(SharedMemoryFull):
            _count(key, was, lambda counted, now: counted.until(now, word, spans))


def count_void(key: str, word: str, spans: Sequence[Span]) -> None:
    """Count a ping without a verdict, under its destination's lock.

    Arguments: key; word, what holds of it; spans, in which nothing was measured.
    """
    with suppress(SharedMemoryFull):
        _count(key, word, lambda counted, now: counted.with_void(now, spans))


def of(key: str) -> dict[str, Any] | None:
    """Return how much of its time a destination was up, as Counted.told() has it; None if not monitored."""
    known = destination_rows.health(key)
    if known is None:
        return None
    word = condition(known.state, destination_rows.admin(key))
    counted = destination_rows.past(key).counted
    if counted is None and word != UNMEASURED:
        _count_anew(key)
    now = steady_clock.now()
    return _trusted(counted, word, now).told(now, server_rows.unmeasured_spans())


def _count_anew(key: str) -> None:
    """Count what holds of a destination from now on, as its row was lost; if nobody else was quicker."""
    with tables.locked(key):
        known = destination_rows.health(key)
        if known is not None and destination_rows.past(key).counted is None:
            follow(key, UNMEASURED, condition(known.state, destination_rows.admin(key)))


def of_group(name: str) -> dict[str, Any] | None:
    """Return how much of its time a group was up, as Counted.told() has it; None for no such group."""
    text = group_rows.roster(name) if name else None
    if not text:
        return None
    now = steady_clock.now()
    counted = _trusted(group_rows.availability(name), group_uptime.condition(text), now)
    return counted.told(now, server_rows.unmeasured_spans())


def ratios(told: Mapping[str, Any] | None) -> list[tuple[str, float]]:
    """Return the names of the windows in which anything was measured, each with the part that was up."""
    found = [(name, told[name]["percent"]) for name in SCALES] if told else []
    return [(name, percent / 100) for name, percent in found if percent is not None]


def follow_group(name: str, was: str, word: str) -> None:
    """Count what held of a group until now, under its lock; from now on another condition does."""
    with suppress(SharedMemoryFull):
        now, spans = steady_clock.now(), server_rows.unmeasured_spans()
        counted = _trusted(group_rows.availability(name, is_locked=True), was, now)
        group_rows.store_availability(name, counted.until(now, word, spans))


def keep_group(name: str, word: str) -> None:
    """Bring what is counted of a group in line with what holds of it, under its lock."""
    counted = group_rows.availability(name, is_locked=True)
    if (counted.word if counted else UNMEASURED) != word:
        follow_group(name, UNMEASURED, word)


def groups_to_be_kept() -> Iterator[tuple[str, Counted]]:
    """Yield what is counted of each group."""
    for name in group_rows.groups():
        counted = group_rows.availability(name)
        if counted:
            yield name, counted


def restore_groups(kept: Mapping[str, Counted]) -> None:
    """Go on with what was counted of groups before a restart; each follows its members as they come."""
    for name, counted in kept.items():
        with suppress(SharedMemoryFull), tables.locked(name, tables.GROUP):
            if group_rows.availability(name, is_locked=True) is None:
                now, spans = steady_clock.now(), server_rows.unmeasured_spans()
                group_rows.store_availability(name, counted.until(now, UNMEASURED, spans))


def resumed(row: Row, word: str) -> Counted | None:
    """Return how much of its time a destination was up, as it goes on behind a restart; None if nobody knows.

    Arguments: row, what the state file says of it; word, what holds of it.
    """
    if row.counted is None and word == UNMEASURED:
        return None
    now = steady_clock.now()
    away = max(0, int(time.time()) - row.left) if row.left else 0
    before = row.counted or Counted(now, UNMEASURED)
    return before.resumed(now, now - away, word, server_rows.unmeasured_spans())


def to_be_kept() -> ServerState:
    """Return what is kept of the server over a restart. Raises: SharedMemoryFull."""
    return ServerState(steady_clock.now(), server_rows.unmeasured_spans(), server_rows.drain())


def restarted(before: ServerState) -> None:
    """Go on behind a restart: while the server was off, nothing was measured. Raises: SharedMemoryFull."""
    now = steady_clock.begin(before.until)
    if not before.until:
        return
    spans = unmeasured.with_span(before.unmeasured, min(before.until, now), now)
    # If the file could be read late only, pings may be paused already.
    is_measuring = not unmeasured.is_open(server_rows.unmeasured_spans())
    server_rows.store_unmeasured_spans(unmeasured.followed(spans, now, is_measuring))


def follow_pause(is_measuring: bool) -> None:
    """Have the time count as not measured for which nobody is pinged; for the first prober, each second.

    Raises: SharedMemoryFull.
    """
    spans = server_rows.unmeasured_spans()
    if is_measuring == unmeasured.is_open(spans):
        server_rows.store_unmeasured_spans(unmeasured.followed(spans, steady_clock.now(), is_measuring))


def _count(
    key: str, was: str, change: Callable[[Counted, int], Counted], changes: Sequence[list[Any]] = ()
) -> None:
    now = steady_clock.now()
    destination_rows.change_past(
        key,
        lambda past: Past([*past.changes, *changes], change(_trusted(past.counted, was, now), now)),
    )


def _trusted(counted: Counted | None, word: str, now: int) -> Counted:
    """Return what is counted; if it speaks of another condition, nobody knows when that changed."""
    if counted is None:
        return Counted(now, word)
    return counted if counted.word == word else counted._replace(word=UNMEASURED)
