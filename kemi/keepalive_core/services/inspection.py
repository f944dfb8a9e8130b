"""Looks at what is written of destinations and groups, a little each second, and puts right what is not true.

It should not be needed. But a process may be killed between two writes that belong together, and whoever may
use RPC can write into the tables.
"""

from contextlib import ExitStack

from ..kamailio import destination_rows, group_rows, tables
from ..rules import membership, roster_text
from ..rules.news import is_sound as is_news_sound
from ..rules.pinged import Pinged
from ..rules.record import at_a_glance
from ..rules.rosters import Roster
from ..rules.rows import Registration
from ..rules.service_code import code_of, groups_keeping, in_service, own
from . import groups, open_rosters

# The number of pages of rosters that are looked at in a second, each for some 300 us.
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
            if put_page_right(name, page):
                self._pages.append((name, page + 1))
        open_rosters.settle()


Rosters = dict[str, Roster]
"""Rosters of groups, to be looked at only: many members are looked at at one moment, and each is read once"""


def is_sound(key: str, pinged: Pinged, now: int, rosters: Rosters) -> bool:
    """Say at a glance whether all rows of a destination are there, and agree, as nearly always.

    False says only that it takes a closer look, which costs 20 us: so it is with one that an administrator
    has taken out, or that is drained.

    Arguments: key; pinged, what its prober knows of it; now, in us; rosters, those read at this moment
    already, to which others are added.
    """
    if pinged.admin is not None:
        return False
    registration, health, news, admin, code = destination_rows.raw(key)
    if not isinstance(registration, str) or hash(registration.rstrip()) != pinged.checksum:
        return False
    if not isinstance(news, str) or not is_news_sound(news) or isinstance(admin, str):
        return False
    known = at_a_glance(health) if isinstance(health, str) else None
    if known is None or not isinstance(code, int):
        return False
    generation, state, newest_sent = known
    if generation != pinged.generation or newest_sent > now:
        return False
    right = in_service(state, pinged.policy.unknown_as)
    if not pinged.groups:
        return code == right
    return own(code) == right and _is_true_in_groups(key, code, rosters)


def put_right(key: str) -> bool:
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
    return _is_true_in_groups(key, code, {})


def _is_true_in_groups(key: str, code: int, rosters: Rosters) -> bool:
    """Say whether a destination stands in its groups as what is_alive reads of it says, given that code."""
    registered = destination_rows.registration(key)
    if registered is None:
        return True
    names = membership.names_of(registered)
    if any(group_rows.group_change(name) is None for name in names):
        return False
    marks = [_mark(key, name, registered, rosters) for name in names]
    keeping = sum(mark in roster_text.KEPTS for mark in marks if mark)
    right = membership.mark_of(own(code))
    right_marks = {right, roster_text.AS_KEPT.get(right, right)}
    return right_marks.issuperset(marks) and groups_keeping(code) == keeping


def _mark(key: str, name: str, registered: Registration, rosters: Rosters) -> str:
    """Return a member's mark in a group's roster, "" if it has none."""
    try:
        roster = rosters.get(name)
        if roster is None:
            roster = rosters[name] = open_rosters.seen(name)
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
        marks = [_mark(key, name, registered, {}) for name in names]
        destination_rows.store_kept(key, sum(mark in roster_text.KEPTS for mark in marks if mark))


def put_page_right(name: str, page: int) -> bool:
    """Take members that do not belong there out of a page of a group's roster.

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
