"""A change of a destination's state is announced: to the log, and to the process that runs callbacks.

The process that decides a change does it, under the destination's lock. The queue has an end, and so has
shared memory: a change that finds no room is kept as news in its destination's row.
"""

import logging
from typing import Any, NamedTuple

from ..kamailio import callback_rows, clock, destination_rows, queues, tables
from ..kamailio.kamailio_log import NOTICE
from ..rules.news import News
from ..rules.rows import short_text
from ..rules.states import STATE_NAMES

log = logging.getLogger("keepalive")

NOT_MONITORED = -1
"""The state in the last change of a destination that is given up."""


class Change(NamedTuple):
    """A destination's state changed; the order of the fields is the event's in shared memory."""

    key: str
    generation: int
    uri: str
    state: int
    old: int
    """the state before"""
    reason: str
    number: int = 0
    """which of the destination's changes it is, see news.News; 0: none of these"""
    parting: list[list[Any]] = []  # noqa: RUF012 - a NamedTuple's default, never changed
    """callbacks and their user_attr, of owners whose registration is gone with this change"""


def log_change(change: Change) -> None:
    """Write the one line that a change gets in the log, at NOTICE."""
    old, new = STATE_NAMES[change.old], STATE_NAMES[change.state]
    log.log(NOTICE, "%s %s -> %s: %s", change.uri, old, new, change.reason)


def expect_news(key: str, state: int) -> None:
    """Make room for the news of a destination, as it is registered. Raises: SharedMemoryFull."""
    # Numbers from the time on, in ms: no two registrations of a destination share any.
    destination_rows.store_news(key, News.none_yet(state, clock.now() // 1000))


def announce(change: Change) -> None:
    """Have the callbacks run for a change, under its destination's lock; it needs no memory.

    A change that finds no room in the queue is kept as news in its destination's row, until the Teller looks.
    """
    try:
        known = destination_rows.news(change.key, is_locked=True)
        known = (known or News.none_yet(change.state, clock.now() // 1000)).one_more()
        destination_rows.store_news(change.key, known)
        queues.announce_event(short_text(change._replace(number=known.changes)))
    except tables.SharedMemoryFull:
        callback_rows.note_untold()


def announce_parting(change: Change) -> None:
    """Have the callbacks run for the last change of a destination, under its lock.

    Raises: SharedMemoryFull.
    """
    queues.announce_event(short_text(change))
