"""Groups of destinations: who of them is alive, and that enough of them are answered for.

A group is kept as a roster (``rosters``), so that a change costs no more where the group has more members.
At no moment do fewer answer than the least number, whatever processes do at the same time, as long as there
are members that could: the roster says that one answers when is_alive does so already, and that one does not,
or is kept answering no more, before is_alive says so.
"""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Final, NamedTuple

from . import configuration, rosters, shared_memory
from .health import UP
from .remembered import Remembered
from .rosters import Member, Page, Roster
from .rows import Registration
from .shared_memory import SharedMemoryFull
from .shown import HOLD, is_taken_out, is_unknown, own_answer, with_unknown_as

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
    """Return the URIs of a group's members that is_alive says 1 of, the best first."""
    return (_alive(name) or []).copy()


def is_alive(name: object) -> bool | None:
    """Say whether is_alive says 1 of any of a group's members; None if there is no such group."""
    found = _alive(name)
    return None if found is None else bool(found)


def _alive(name: object) -> list[str] | None:
    """Return who is alive in a group, a list that is not to be changed; None if there is no such group.

    It is found out anew after a change of this group only, and then a page is read only if it is a new one.
    """
    if not isinstance(name, str) or not name:
        return None
    # Read before what it stands for: a change that comes meanwhile makes the answer an old one.
    change = shared_memory.group_change(name)
    if change is None:
        return None
    known = _found.answers.get(name)
    if known is not None and known.change == change:
        return known.uris
    pages = dict(known.pages) if known else {}
    uris = _read_alive(name, pages)
    if uris is None:
        # Members came or went meanwhile. What was read then need not be read again.
        with shared_memory.locked(name, shared_memory.GROUP):
            uris = _read_alive(name, pages)
    return None if uris is None else _found.remember(name, _Alive(change, pages, uris)).uris


def _read_alive(name: str, pages: dict[str, Page]) -> list[str] | None:
    """Return who is alive in a group; None if it, or one of its pages, is gone.

    Arguments: name, of the group; pages, those that are known, by their numbers, which become the group's.
    """
    roster = shared_memory.roster(name)
    if roster is None:
        return None
    numbers = rosters.pages_of(roster)
    for number in numbers:
        if number not in pages:
            text = shared_memory.page(number)
            if text is None:
                return None
            pages[number] = Page.of(text)
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
    mark = _mark_of(value)
    if mark == rosters.ANSWERS:
        shared_memory.store_shown(key, value)
    if registered is not None:
        for name in _names(registered):
            _note(name, key, registered, mark)
    if mark != rosters.ANSWERS:
        shared_memory.store_shown(key, value)


def follow_unknown_as(key: str, registered: Registration | None) -> None:
    """Follow another unknown_as, if it changes what is_alive says of a destination; under its lock."""
    value = shared_memory.shown(key)
    if value is not None and shown_now(value % HOLD, registered) != value % HOLD:
        show(key, value % HOLD, registered)


def regroup(key: str, before: Registration | None, after: Registration | None) -> None:
    """Bring the groups in line with what a destination's owners want, under its lock.

    Behind it, without that lock, comes settle(). Raises: SharedMemoryFull; then no group has lost it.
    """
    # First it comes, then it goes, for which there is always room.
    names = [*_names(after), *(_names(before) - _names(after))]
    for name in names:
        was, now = _member(key, name, before), _member(key, name, after)
        if was != now:
            _replace(name, was, now)
    if before is not None:
        follow_unknown_as(key, after)


def _replace(name: str, was: Member | None, now: Member | None) -> None:
    with _opened(name) as roster:
        seat = roster.find(was.rank, was.key) if was else None
        if was and seat is not None and roster.member(seat) != now:
            roster.leave(seat)
            with suppress(SharedMemoryFull):
                roster.tidy(was.rank)
        if now:
            roster.join(now, _mark_of(shared_memory.shown(now.key) or 0))
        roster.follow_words(_setting())


def guard(name: str) -> None:
    """See to it that enough members of a group answer, after the settings have changed."""
    with _opened(name) as roster:
        roster.recount()
        roster.follow_words(_setting())
    settle()


def settle() -> None:
    """Go on until enough members answer in the groups that this process has changed; under no lock."""
    while _unsettled:
        with _opened(_unsettled.pop()):
            pass


def _setting() -> str:
    return str(configuration.values()["group_min_alive"])


def _names(registered: Registration | None) -> set[str]:
    return {owner.group for owner in registered.owners.values()} - {""} if registered else set()


def _member(key: str, name: str, registered: Registration | None) -> Member | None:
    """Return how a destination stands in a group, None if none of its owners put it there."""
    owners = [owner for owner in registered.owners.values() if owner.group == name] if registered else []
    if registered is None or not owners:
        return None
    said = rosters.words([str(owner.options.get("group_min_alive", "")) for owner in owners])
    return Member(_rank(name, registered), key, registered.uri, said)


def _rank(name: str, registered: Registration) -> str:
    """Return the best of the places that its owners give a member in a group."""
    places = [(owner.priority, owner.weight) for owner in registered.owners.values() if owner.group == name]
    return rosters.rank(*max(places), registered.generation)


def _mark_of(value: int) -> str:
    if own_answer(value) == UP:
        return rosters.ANSWERS
    return rosters.TAKEN_OUT if is_taken_out(value) else rosters.SPARE


def _note(name: str, key: str, registered: Registration, mark: str) -> bool:
    """Write down in a group's roster what is true of a member; say whether that is new."""
    with _opened(name) as roster:
        seat = roster.find(_rank(name, registered), key)
        known = mark if seat is None else roster.mark(seat)
        # One that is kept answering is so as long as it is needed.
        is_new = known != mark and (known, mark) != (rosters.HELD, rosters.SPARE)
        if seat is not None and is_new:
            roster.set_mark(seat, mark)
    return is_new


@contextmanager
def _opened(name: str) -> Iterator[Roster]:
    """Open a group's roster to change it, under its lock; in the end enough members answer.

    Raises: SharedMemoryFull; then nothing has changed.
    """
    with shared_memory.locked(name, shared_memory.GROUP) as row:
        text = row.record() or rosters.EMPTY
        roster = Roster(text, _read_page, shared_memory.store_page)
        before = roster.held
        try:
            yield roster
            if not roster.settle(_AT_ONCE):
                _unsettled.add(name)
            after = roster.text()
            if after != text:
                _write(name, roster, after)
        except BaseException:
            for number in roster.written:
                shared_memory.drop_page(number)
            raise
    _tell(name, before, roster)


def _read_page(number: str) -> str:
    text = shared_memory.page(number)
    if text is None:
        raise LookupError(f"page {number} is missing in table {shared_memory.PAGE}")
    return text


def _write(name: str, roster: Roster, text: str) -> None:
    for member in roster.begun:
        shared_memory.change_held(member.key, 1)
    try:
        shared_memory.store_roster(name, text if roster.members else None)
    except SharedMemoryFull:
        for member in roster.begun:
            shared_memory.change_held(member.key, -1)
        raise
    for member in roster.ended:
        shared_memory.change_held(member.key, -1)
    for number in roster.dropped:
        shared_memory.drop_page(number)


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


# --- what should never be wrong ----------------------------------------------------------------------------

# Pages that inspect() has still to look at in this round: a group's name, and which page of it.
_to_inspect: list[tuple[str, int]] = []
# As many pages are looked at a time: 640 members, some 0.7 ms.
_INSPECTED: Final = 10


def inspect() -> None:
    """Look at some pages whether they say what is true, and mend what is not; the first prober does so.

    What a process wrote by half that was killed, or that met an error, is so put right in time.
    """
    for _ in range(_INSPECTED):
        if not _to_inspect:
            _to_inspect.extend((name, 0) for name in shared_memory.groups())
            return
        name, page = _to_inspect.pop()
        if not page:
            guard(name)
        roster = Roster(shared_memory.roster(name) or rosters.EMPTY, _read_page, shared_memory.store_page)
        if page < roster.number_of_pages() - 1:
            _to_inspect.append((name, page + 1))
        try:
            known = [(roster.member(seat), roster.mark(seat)) for seat in roster.seats(page)]
        except LookupError:
            # Members came or went meanwhile.
            continue
        for member, mark in known:
            if not _is_true(member, mark):
                _mend(name, member)
    settle()


def _is_true(member: Member, mark: str) -> bool:
    value = shared_memory.shown(member.key)
    if value is None:
        return False
    known = rosters.SPARE if mark == rosters.HELD else mark
    # One that another group keeps answering too is looked at more closely.
    return known == _mark_of(value) and value // HOLD == (mark == rosters.HELD)


def _mend(name: str, member: Member) -> None:
    """Bring a member's groups in line with what is true of it, where they are not."""
    key = member.key
    with shared_memory.locked(key):
        registered, value = shared_memory.registration(key), shared_memory.shown(key)
        now = None if value is None else _member(key, name, registered)
        wrong = now != member
        if wrong:
            _replace(name, member, now)
        if registered is not None and value is not None:
            names = sorted(_names(registered))
            marked = [_note(each, key, registered, _mark_of(value)) for each in names]
            wrong = _recount_held(key, names, registered) or any(marked) or wrong
    if wrong:
        log.warning("group %s: what was known of %s was not true, and is put right", name, member.uri)


def _recount_held(key: str, names: list[str], registered: Registration) -> bool:
    """Count anew which of its groups keep a destination answering; say whether that was wrong."""
    # All at a time, as none of them may change its mind meanwhile. Nobody else holds more than one.
    with ExitStack() as locks:
        for name in names:
            locks.enter_context(shared_memory.locked(name, shared_memory.GROUP))
        held = 0
        for name in names:
            roster = Roster(shared_memory.roster(name) or rosters.EMPTY, _read_page, shared_memory.store_page)
            seat = roster.find(_rank(name, registered), key)
            held += seat is not None and roster.mark(seat) == rosters.HELD
        wrong = (shared_memory.shown(key) or 0) // HOLD != held
        if wrong:
            shared_memory.store_held(key, held)
    return wrong
