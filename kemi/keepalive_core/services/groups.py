"""Groups of destinations: who of them is alive, and that enough of them are answered for.

A group is kept as a roster (``rosters``), so that a change costs no more where the group has more members.
At no moment do fewer answer than the least number, whatever processes do at the same time, as long as there
are members that could: the roster says that one answers when is_alive does so already, and that one does not,
or is kept answering no more, before is_alive says so.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final, NamedTuple

from ..kamailio import destination_rows, group_rows, tables
from ..kamailio.tables import SharedMemoryFull
from ..rules import rosters
from ..rules.remembered import Remembered
from ..rules.rosters import Member, Page, Roster
from ..rules.rows import Registration
from ..rules.shown import HOLD, is_taken_out, is_unknown, own_answer, with_unknown_as
from ..rules.states import UP
from . import configuration

log = logging.getLogger("keepalive")

# As many members begin or end to be kept answering at a time: some 0.1 ms, for which a group is locked.
_AT_ONCE: Final = 32
# As many are named where the log tells of those that are kept answering.
_NAMED: Final = 5


# --- who is alive ------------------------------------------------------------------------------------------


class _Alive(NamedTuple):
    """Who is alive in a group, as this process found out."""

    change: int
    """the group's, when it did"""
    pages: dict[str, Page]
    """by their numbers"""
    uris: list[str]


# A group of 5,000 takes 0.5 MB.
_found: Remembered[str, _Alive] = Remembered(
    32 << 20, lambda _, found: sum(page.size for page in found.pages.values()) + 8 * len(found.uris)
)


def alive(name: object) -> list[str]:
    """Return the URIs of a group's members that answer or that it keeps answering, the best first."""
    return (_alive(name) or []).copy()


def is_alive(name: object) -> bool | None:
    """Say whether alive() would return any; None if there is no such group."""
    found = _alive(name)
    return None if found is None else bool(found)


def _alive(name: object) -> list[str] | None:
    """Return who is alive in a group, a list that is not to be changed; None if there is no such group.

    It is found out anew after a change of this group only, and then a page is read only if it is a new one.
    """
    # What can't be printed is no group's name, and NUL or half a character no key to Kamailio.
    if not isinstance(name, str) or not name or not name.isprintable():
        return None
    # Read before what it stands for: a change that comes meanwhile makes the answer an old one.
    change = group_rows.group_change(name)
    if change is None:
        return None
    known = _found.answers.get(name)
    if known is not None and known.change == change:
        return known.uris
    pages = dict(known.pages) if known else {}
    uris = _read_alive(name, pages)
    if uris is None:
        # Members came or went meanwhile. What was read then need not be read again.
        with tables.locked(name, tables.GROUP) as row:
            uris = _read_alive(name, pages)
            roster = row.record()
            if uris is None and roster is not None:
                tables.drop_nonsense(tables.GROUP, name, roster)
    if uris is None:
        tables.note_lost()
    return None if uris is None else _found.remember(name, _Alive(change, pages, uris)).uris


def _read_alive(name: str, pages: dict[str, Page]) -> list[str] | None:
    """Return who is alive in a group; None if it, or one of its pages, is gone or makes no sense.

    Arguments: name, of the group; pages, those that are known, by their numbers, which become the group's.
    """
    roster = group_rows.roster(name)
    if roster is None:
        return None
    numbers = rosters.pages_of(roster)
    for number in numbers:
        if number not in pages:
            text = group_rows.page(number)
            if text is None:
                return None
            try:
                pages[number] = Page.of(text)
            except rosters.NONSENSE:
                return None
    for number in pages.keys() - numbers:
        del pages[number]
    return rosters.alive(roster, [pages[number] for number in numbers])


# --- what changes ------------------------------------------------------------------------------------------

# Groups in which this process has to change more than it may at a time.
_unsettled: set[str] = set()


def shown_now(value: int, registered: Registration | None) -> int:
    """Return what is_alive has to read, with what unknown_as is for the destination.

    Arguments: value, as to_show() gives it; registered, None for the settings alone.
    """
    if not is_unknown(value):
        return value
    return with_unknown_as(value, configuration.policy(registered.options if registered else {}).unknown_as)


def show(key: str, value: int, registered: Registration | None) -> None:
    """Write what is_alive reads of a destination, under its lock; its groups still have enough that answer.

    Arguments: key; value, as to_show() gives it; registered, how it is. Its rows are there, and need no room.
    """
    value = shown_now(value, registered)
    mark = mark_of(value)
    if mark == rosters.ANSWERS:
        destination_rows.store_shown(key, value)
    if registered is not None:
        for name in names_of(registered):
            _note(name, key, registered, mark)
    if mark != rosters.ANSWERS:
        destination_rows.store_shown(key, value)


def follow_unknown_as(key: str, registered: Registration | None) -> None:
    """Follow another unknown_as, if it changes what is_alive says of a destination; under its lock."""
    value = destination_rows.shown(key)
    if value is not None and shown_now(value % HOLD, registered) != value % HOLD:
        show(key, value % HOLD, registered)


def regroup(key: str, before: Registration | None, after: Registration | None) -> None:
    """Bring the groups in line with what a destination's owners want, under its lock.

    Behind it, without that lock, comes settle(). Raises: SharedMemoryFull; then no group has lost it.
    """
    # First it comes, then it goes, for which there is always room.
    names = [*names_of(after), *(names_of(before) - names_of(after))]
    for name in names:
        was, now = member_of(key, name, before), member_of(key, name, after)
        if was != now:
            replace(name, was, now)
    if before is not None:
        follow_unknown_as(key, after)


def replace(name: str, was: Member | None, now: Member | None) -> None:
    """Have a group hold a destination as it stands in it now, under its lock.

    Arguments: name, of the group; was, how it stood there before; now; None for not at all.
    Raises: SharedMemoryFull; then nothing has changed.
    """
    setting = _setting()
    with _opened(name) as roster:
        seat = roster.find(was.rank, was.key) if was else None
        if was and seat is not None and roster.member(seat) != now:
            roster.leave(seat)
            with suppress(SharedMemoryFull):
                roster.tidy(was.rank)
        if now:
            roster.join(now, mark_of(destination_rows.shown(now.key) or 0))
        roster.follow_words(setting)


def guard(name: str) -> None:
    """See to it that enough members of a group answer, after the settings have changed."""
    setting = _setting()
    with _opened(name) as roster:
        roster.check()
        roster.recount()
        roster.follow_words(setting)
    settle()


def settle() -> None:
    """Go on until enough members answer in the groups that this process has changed; under no lock."""
    while _unsettled:
        with _opened(_unsettled.pop()):
            pass


def _setting() -> str:
    return str(configuration.values()["group_min_alive"])


def names_of(registered: Registration | None) -> set[str]:
    """Return the groups that a destination's owners put it into."""
    return {owner.group for owner in registered.owners.values()} - {""} if registered else set()


def member_of(key: str, name: str, registered: Registration | None) -> Member | None:
    """Return how a destination stands in a group, None if none of its owners put it there."""
    owners = [owner for owner in registered.owners.values() if owner.group == name] if registered else []
    if registered is None or not owners:
        return None
    said = rosters.words([str(owner.options.get("group_min_alive", "")) for owner in owners])
    return Member(rank_in(name, registered), key, registered.uri, said)


def rank_in(name: str, registered: Registration) -> str:
    """Return the best of the places that its owners give a member in a group."""
    places = [(owner.priority, owner.weight) for owner in registered.owners.values() if owner.group == name]
    return rosters.rank(*max(places), registered.generation)


def mark_of(value: int) -> str:
    """Return a member's mark, by what is_alive reads of it, unless a group keeps it answering."""
    if own_answer(value) == UP:
        return rosters.ANSWERS
    return rosters.TAKEN_OUT if is_taken_out(value) else rosters.SPARE


def _note(name: str, key: str, registered: Registration, mark: str) -> None:
    """Write down in a group's roster what is true of a member."""
    with _opened(name) as roster:
        seat = roster.find(rank_in(name, registered), key)
        # One that is kept answering is so as long as it is needed.
        if seat is not None and (roster.mark(seat), mark) != (rosters.HELD, rosters.SPARE):
            roster.set_mark(seat, mark)


def members_of(name: str, page: int) -> tuple[list[Member], bool]:
    """Return the members of a page of a group's roster, and whether there is another page behind it."""
    members: list[Member] = []
    more = False
    with _opened(name) as roster:
        if page < roster.number_of_pages():
            members = [member for member, _ in roster.members_of(page)]
            more = page + 1 < roster.number_of_pages()
    return members, more


def seen(name: str) -> Roster:
    """Return a group's roster, to be looked at only; it may raise what is in NONSENSE."""
    return Roster(group_rows.roster(name) or rosters.EMPTY, _read_page, group_rows.store_page)


@contextmanager
def _opened(name: str) -> Iterator[Roster]:
    """Open a group's roster to change it, under its lock; in the end enough members answer.

    One that makes no sense is dropped, and what was to be changed with it: its members join again when they
    are inspected. Raises: SharedMemoryFull; then nothing has changed.
    """
    with tables.locked(name, tables.GROUP) as row:
        text = row.record() or rosters.EMPTY
        if not rosters.is_sound(text):
            tables.drop_nonsense(tables.GROUP, name, text)
            text = rosters.EMPTY
        roster = Roster(text, _read_page, group_rows.store_page)
        before = roster.held
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
            if not isinstance(error, rosters.NONSENSE):
                raise
            tables.drop_nonsense(tables.GROUP, name, text)
            return
    _tell(name, before, roster)


def _read_page(number: str) -> str:
    text = group_rows.page(number)
    if text is None:
        raise LookupError(f"page {number} is missing in table {tables.PAGE}")
    return text


def _write(name: str, roster: Roster, text: str) -> None:
    for member in roster.begun:
        destination_rows.change_held(member.key, 1)
    try:
        group_rows.store_roster(name, text if roster.members else None)
    except SharedMemoryFull:
        for member in roster.begun:
            destination_rows.change_held(member.key, -1)
        raise
    for member in roster.ended:
        destination_rows.change_held(member.key, -1)
    for number in roster.dropped:
        group_rows.drop_page(number)


def _tell(name: str, before: int, roster: Roster) -> None:
    """Log that a group begins to keep members answering, or does so no more.

    Arguments: name, of the group; before, how many were kept answering; roster, as it is now.
    """
    if roster.held and not before:
        named = [member.uri for member in roster.begun[:_NAMED]]
        more = roster.kept() - len(named)
        log.warning(
            "group %s: only %d of %d would answer, so these are kept answering, whatever their state "
            "(group_min_alive): %s%s",
            *(name, roster.answering, roster.members, ", ".join(named)),
            f" and {more} more" if more > 0 else "",
        )
    elif before and not roster.held:
        log.warning("group %s: %d answer of their own again", name, roster.answering)
