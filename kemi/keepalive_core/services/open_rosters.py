"""Groups' rosters are opened, changed and closed; when one is closed, enough of its members answer.

At no moment do fewer members answer than the least number, whatever processes do at the same time, if there
are members that could: the roster says that a member answers after is_alive does, and that it does not, or is
kept answering no more, before is_alive does.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from ..kamailio import destination_rows, group_rows, tables
from ..kamailio.kamailio_log import about
from ..kamailio.tables import SharedMemoryFull
from ..rules import group_uptime, roster_text
from ..rules.roster_text import Member
from ..rules.rosters import Roster
from ..rules.states import DOWN
from ..rules.uptime import WORDS
from . import availability

log = logging.getLogger("keepalive")

# The most members that begin or cease to be kept answering under one lock: it is held for some 0.1 ms.
_AT_ONCE: Final = 32
# The most members that the log names of those that are kept answering.
_NAMED: Final = 5

# Groups in which this process has to change more than it may at a time.
_unsettled: set[str] = set()


@contextmanager
def opened(name: str, comes_or_goes: bool = False) -> Iterator[Roster]:
    """Open a group's roster to change it, under its lock; in the end enough members answer.

    One that makes no sense is dropped, and what was to be changed with it: its members join again when they
    are inspected. Arguments: name; comes_or_goes, whether members do, and no state changes.
    Raises: SharedMemoryFull; then nothing has changed.
    """
    with tables.locked(name, tables.GROUP) as row:
        text = row.record() or roster_text.EMPTY
        if not roster_text.is_sound(text):
            tables.drop_nonsense(tables.GROUP, name, text)
            text = roster_text.EMPTY
        roster = Roster(text, _read_page_of_locked, group_rows.store_page)
        before = roster.kept
        try:
            yield roster
            if not roster.settle(_AT_ONCE):
                _unsettled.add(name)
            after = roster.text()
            if after != text:
                _write(name, roster, after)
        except BaseException as error:
            for number in roster.written:
                group_rows.drop_page(number)
            if not isinstance(error, roster_text.NONSENSE):
                raise
            tables.drop_nonsense(tables.GROUP, name, text)
            return
        if roster.members and after != text:
            _count_time(name, text, after, comes_or_goes)
    _tell(name, before, roster)


def _read_page(number: str) -> str:
    return _found_page(number, group_rows.page(number))


def _read_page_of_locked(number: str) -> str:
    return _found_page(number, group_rows.page_of_locked(number))


def _found_page(number: str, text: str | None) -> str:
    if text is None:
        raise LookupError(f"page {number} is missing in table {tables.PAGE}")
    return text


def _write(name: str, roster: Roster, text: str) -> None:
    for member in roster.begun:
        destination_rows.change_kept(member.key, 1)
    try:
        group_rows.store_roster(name, text if roster.members else None)
    except SharedMemoryFull:
        for member in roster.begun:
            destination_rows.change_kept(member.key, -1)
        raise
    for member in roster.ended:
        destination_rows.change_kept(member.key, -1)
    for number in roster.dropped:
        group_rows.drop_page(number)


def _count_time(name: str, before: str, after: str, comes_or_goes: bool) -> None:
    was, word = group_uptime.condition(before), group_uptime.condition(after)
    # Of one that is just put together the first member may be down: that is no outage, unless it lasts.
    if was != word and not (comes_or_goes and word == WORDS[DOWN]):
        availability.follow_group(name, was, word)


def _tell(name: str, before: int, roster: Roster) -> None:
    """Log that a group begins to keep members answering, or does so no more.

    Arguments: name, of the group; before, how many were kept answering; roster, as it is now.
    """
    if roster.kept and not before:
        named = [member.uri for member in roster.begun[:_NAMED]]
        more = roster.kept_once_settled() - len(named)
        log.warning(
            "group %s: only %d of %d would answer, so these are kept answering, whatever their state "
            "(group_min_alive): %s%s",
            *(name, roster.answering, roster.members, ", ".join(named)),
            f" and {more} more" if more > 0 else "",
            extra=about(name),
        )
    elif before and not roster.kept:
        log.warning("group %s: %d answer of their own again", name, roster.answering, extra=about(name))


def settle() -> None:
    """Go on until enough members answer in the groups that this process has changed; under no lock.

    Raises: SharedMemoryFull.
    """
    while _unsettled:
        with opened(_unsettled.pop()):
            pass


def members_of(name: str, page: int) -> tuple[list[Member], bool]:
    """Return the members of a page of a group's roster, and whether there is another page behind it.

    Raises: SharedMemoryFull.
    """
    members: list[Member] = []
    more = False
    with opened(name) as roster:
        if page < roster.number_of_pages():
            members = [member for member, _ in roster.members_of(page)]
            more = page + 1 < roster.number_of_pages()
    return members, more


def seen(name: str) -> Roster:
    """Return a group's roster, to be looked at only; it may raise what is in NONSENSE."""
    return Roster(group_rows.roster(name) or roster_text.EMPTY, _read_page, group_rows.store_page)
