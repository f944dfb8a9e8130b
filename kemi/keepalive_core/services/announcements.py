"""A change of a destination's state is announced: to the processes that run callbacks and that serve HTTP.

The process that decides a change does it, under the destination's lock. The queue has an end, and so has
shared memory: a change that finds no room is kept as news in its destination's row.
"""

import time
from typing import Any, NamedTuple

from ..kamailio import callback_rows, clock, destination_rows, queues, tables
from ..rules import notices
from ..rules.news import News
from ..rules.notices import Notice
from ..rules.rows import short_text
from . import feed

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


def notice_of(change: Change, at: int) -> Notice:
    """Return what others are told of a change; at, in epoch seconds."""
    return notices.change(change.key, change.uri, (change.old, change.state), change.reason, at)


def expect_news(key: str, state: int) -> None:
    """Make room for the news of a destination, as it is registered. Raises: SharedMemoryFull."""
    # Numbers from the time on, in ms: no two registrations of a destination share any.
    destination_rows.store_news(key, News.none_yet(state, clock.now() // 1000))


def announce(change: Change, at: int) -> None:
    """Tell of a change, under its destination's lock; it needs no memory.

    A change that finds no room in the queue of events is kept as news in its destination's row, until the
    Teller looks. Arguments: change; at, in epoch seconds.
    """
    try:
        known = destination_rows.news(change.key, is_locked=True)
        known = (known or News.none_yet(change.state, clock.now() // 1000)).one_more()
        destination_rows.store_news(change.key, known)
        queues.announce_event(short_text(change._replace(number=known.changes)))
    except tables.SharedMemoryFull:
        callback_rows.note_untold()
    feed.put(notice_of(change, at))


def announce_parting(change: Change) -> None:
    """Tell of the last change of a destination, under its lock. Raises: SharedMemoryFull."""
    queues.announce_event(short_text(change))
    feed.put(notice_of(change, int(time.time())))
