"""Looks at what is written of destinations and groups, a little each second, and puts right what is not true.

Nobody should need it. But a process may be killed between two writes that belong together, and who may use
RPC can write into the tables.
"""

from contextlib import ExitStack

from ..kamailio import destination_rows, group_rows, tables
from ..rules import membership, roster_text
from ..rules.rows import Registration
from ..rules.service_code import code_of, groups_keeping, own
from . import groups, open_rosters

# As many pages of rosters are looked at in a second, of some 300 us each.
_PAGES = 2


class Groups:
    """Goes round all pages of all groups' rosters."""

    def __init__(self) -> None:
        self._pages: list[tuple[str, int]] = []
        """the pages that are still to be looked at: a group's name, and which one of it"""

    def look_at_some(self) -> None:
        """Look at the next ones. Raises: SharedMemoryFull."""
        for _ in range(_PAGES):
            if not self._pages:
                self._pages = [(name, 0) for name in group_rows.groups()]
                break
            name, page = self._pages.pop()
            if see_to_page(name, page):
                self._pages.append((name, page + 1))
        open_rosters.settle()


def see_to(key: str) -> bool:
    """Bring what is_alive reads of a destination, and its groups, in line with what is known of it.

    Behind it comes open_rosters.settle(). Returns: whether anything was not. Raises: SharedMemoryFull.
    """
    if _is_true(key):
        return False
    with tables.locked(key):
        registered, known = destination_rows.registration(key), destination_rows.health(key)
        # What another process was just writing is written now.
        if registered is None or known is None or _is_true(key):
            return False
        names = sorted(membership.names_of(registered))
        for name in names:
            groups.replace(name, None, membership.member_of(key, name, registered))
            if group_rows.group_change(name) is None:
                group_rows.store_group_change(name)
        groups.publish(key, code_of(known, destination_rows.admin(key)), registered)
        _recount_groups_keeping(key, names, registered)
    return True


def _is_true(key: str) -> bool:
    registered, known = destination_rows.registration(key), destination_rows.health(key)
    if registered is None or known is None:
        return True
    code = destination_rows.service_code(key)
    right = groups.code_now(code_of(known, destination_rows.admin(key)), registered)
    if code is None or own(code) != right:
        return False
    names = membership.names_of(registered)
    if any(group_rows.group_change(name) is None for name in names):
        return False
    marks = [_mark(key, name, registered) for name in names]
    keeping = marks.count(roster_text.KEPT)
    right_marks = {membership.mark_of(right)}
    if roster_text.SPARE in right_marks:
        right_marks.add(roster_text.KEPT)
    return right_marks.issuperset(marks) and groups_keeping(code) == keeping


def _mark(key: str, name: str, registered: Registration) -> str:
    """Return a member's mark in a group's roster, "" if it has none."""
    try:
        roster = open_rosters.seen(name)
        seat = roster.find(membership.rank_in(name, registered), key)
        return "" if seat is None else roster.mark(seat)
    except roster_text.NONSENSE:
        return ""


def _recount_groups_keeping(key: str, names: list[str], registered: Registration) -> None:
    """Count anew which of its groups keep a destination answering."""
    # All at a time, as none of them may change its mind meanwhile. Nobody else holds more than one.
    with ExitStack() as locks:
        for name in names:
            locks.enter_context(tables.locked(name, tables.GROUP))
        marks = [_mark(key, name, registered) for name in names]
        destination_rows.store_kept(key, marks.count(roster_text.KEPT))


def see_to_page(name: str, page: int) -> bool:
    """Have those leave a page of a group's roster who do not belong there.

    Returns: whether there is another page behind it. Raises: SharedMemoryFull.
    """
    if not page:
        groups.guard(name)
    members, more = open_rosters.members_of(name, page)
    for member in members:
        if membership.member_of(member.key, name, destination_rows.registration(member.key)) != member:
            with tables.locked(member.key):
                registered = destination_rows.registration(member.key)
                groups.replace(name, member, membership.member_of(member.key, name, registered))
    return more
