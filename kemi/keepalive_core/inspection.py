"""Looks at what is written of destinations and groups, a little each second, and puts right what is not true.

Nobody should need it. But a process may be killed between two writes that belong together, and who may use
RPC can write into the tables.
"""

import logging
from collections.abc import Callable, Iterable
from contextlib import ExitStack

from . import groups, rosters, shared_memory
from .rows import Registration
from .shown import HOLD, to_show

log = logging.getLogger("keepalive")

# Looked at each second: a tenth of the destinations, but not more than so many, of some 30 us each; and pages
# of rosters, of some 300 us each.
_PART = 10
_DESTINATIONS = 100
_PAGES = 2
# As many destinations after something was lost: a fifth of the time between two ticks.
_IN_A_HURRY = 600


class Inspection:
    """Goes round all destinations of a prober, and round all groups.

    Arguments: keys, returns those of the prober's destinations.
    """

    def __init__(self, keys: Callable[[], Iterable[str]]) -> None:
        self._keys = keys
        self._destinations: list[str] = []
        """those that are still to be looked at in this round"""
        self._at_a_time = 0
        """how many each second"""
        self._pages: list[tuple[str, int]] = []
        """the pages that are still to be looked at: a group's name, and which one of it"""
        self._lost = 0
        """how many rows are known to have been lost"""

    def look_at_some(self, with_groups: bool) -> None:
        """Look at the next ones.

        Arguments: with_groups, whether at groups too, as one prober does for all. Raises: SharedMemoryFull.
        """
        lost = shared_memory.lost()
        if lost != self._lost or not self._destinations:
            self._destinations = list(self._keys())
            usual = min(_DESTINATIONS, len(self._destinations) // _PART + 1)
            self._at_a_time = usual if lost == self._lost else _IN_A_HURRY
            self._lost = lost
        for _ in range(min(self._at_a_time, len(self._destinations))):
            see_to(self._destinations.pop())
        for _ in range(_PAGES if with_groups else 0):
            if not self._pages:
                self._pages = [(name, 0) for name in shared_memory.groups()]
                break
            name, page = self._pages.pop()
            if see_to_page(name, page):
                self._pages.append((name, page + 1))
        groups.settle()


def see_to(key: str) -> None:
    """Bring what is_alive reads of a destination, and its groups, in line with what is known of it.

    Raises: SharedMemoryFull.
    """
    if _is_true(key):
        return
    with shared_memory.locked(key):
        registered, known = shared_memory.registration(key), shared_memory.health(key)
        # What another process was just writing is written now.
        if registered is None or known is None or _is_true(key):
            return
        names = sorted(groups.names_of(registered))
        for name in names:
            groups.replace(name, None, groups.member_of(key, name, registered))
        groups.show(key, to_show(known, shared_memory.admin(key)), registered)
        _recount_held(key, names, registered)
    log.warning("what is_alive and groups knew of %s was not true, and is put right", registered.uri)


def _is_true(key: str) -> bool:
    registered, known = shared_memory.registration(key), shared_memory.health(key)
    if registered is None or known is None:
        return True
    value = shared_memory.shown(key)
    right = groups.shown_now(to_show(known, shared_memory.admin(key)), registered)
    if value is None or value % HOLD != right:
        return False
    marks = [_mark(key, name, registered) for name in groups.names_of(registered)]
    held = marks.count(rosters.HELD)
    right_marks = {groups.mark_of(right)}
    if rosters.SPARE in right_marks:
        right_marks.add(rosters.HELD)
    return right_marks.issuperset(marks) and value // HOLD == held


def _mark(key: str, name: str, registered: Registration) -> str:
    """Return a member's mark in a group's roster, "" if it has none."""
    try:
        roster = groups.seen(name)
        seat = roster.find(groups.rank_in(name, registered), key)
        return "" if seat is None else roster.mark(seat)
    except rosters.NONSENSE:
        return ""


def _recount_held(key: str, names: list[str], registered: Registration) -> None:
    """Count anew which of its groups keep a destination answering."""
    # All at a time, as none of them may change its mind meanwhile. Nobody else holds more than one.
    with ExitStack() as locks:
        for name in names:
            locks.enter_context(shared_memory.locked(name, shared_memory.GROUP))
        marks = [_mark(key, name, registered) for name in names]
        shared_memory.store_held(key, marks.count(rosters.HELD))


def see_to_page(name: str, page: int) -> bool:
    """Have those leave a page of a group's roster who do not belong there.

    Returns: whether there is another page behind it. Raises: SharedMemoryFull.
    """
    if not page:
        groups.guard(name)
    members, more = groups.members_of(name, page)
    for member in members:
        if groups.member_of(member.key, name, shared_memory.registration(member.key)) != member:
            with shared_memory.locked(member.key):
                registered = shared_memory.registration(member.key)
                groups.replace(name, member, groups.member_of(member.key, name, registered))
    return more
