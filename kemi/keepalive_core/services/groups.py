"""Groups of destinations follow their members: what is_alive reads of these, and where they belong.

A group is kept as a roster (``rosters``), so that the cost of a change does not grow with the group.
"""

from contextlib import suppress

from ..kamailio import destination_rows, queues
from ..kamailio.tables import SharedMemoryFull
from ..rules import group_uptime, roster_text
from ..rules.membership import mark_of, moves, ranks
from ..rules.roster_text import Member
from ..rules.rows import Registration
from ..rules.service_code import is_unknown, own, with_unknown_as
from . import availability, configuration, policies
from .open_rosters import opened, settle


def code_now(code: int, registered: Registration | None) -> int:
    """Return what is_alive has to read, with what unknown_as is for the destination.

    Arguments: code, as code_of() gives it; registered, None for the settings alone.
    """
    if not is_unknown(code):
        return code
    return with_unknown_as(code, policies.policy_of(registered).unknown_as)


def publish(key: str, code: int, registered: Registration | None) -> None:
    """Write what is_alive reads of a destination, under its lock; its groups still have enough that answer.

    To overwrite these rows needs no memory. Arguments: key; code, as code_of() gives it; registered, how the
    destination is registered.
    """
    code = code_now(code, registered)
    if registered is not None and registered.target is not None:
        destination_rows.store_service_code(key, code, is_grouped=False)
        # Its name follows it within a tick, and without memory for that at its next turn.
        with suppress(SharedMemoryFull):
            queues.announce_change(registered.target.name)
        return
    places = ranks(registered) if registered else {}
    if registered is None or not places:
        destination_rows.store_service_code(key, code, is_grouped=registered is None)
        return
    mark = mark_of(code)
    if mark in roster_text.ANSWERING:
        destination_rows.store_service_code(key, code)
    for name, rank in places.items():
        _note(name, key, rank, mark)
    if mark not in roster_text.ANSWERING:
        destination_rows.store_service_code(key, code)


def follow_unknown_as(key: str, registered: Registration | None) -> None:
    """Follow another unknown_as, if it changes what is_alive says of a destination; under its lock."""
    code = destination_rows.service_code(key)
    if code is not None and code_now(own(code), registered) != own(code):
        publish(key, own(code), registered)


def regroup(key: str, before: Registration | None, after: Registration | None) -> None:
    """Bring the groups in line with what a destination's owners want, under its lock.

    Behind it, without that lock, comes settle(). Raises: SharedMemoryFull; then no group has lost it.
    """
    # First it comes, then it goes, for which there is always room.
    for name, was, now in moves(key, before, after):
        replace(name, was, now)
    if before is not None:
        follow_unknown_as(key, after)


def replace(name: str, was: Member | None, now: Member | None) -> None:
    """Have a group hold a destination as it stands in it now, under its lock.

    Arguments: name, of the group; was, how it stood there before; now; None for not at all.
    Raises: SharedMemoryFull; then nothing has changed.
    """
    setting = _setting(name)
    with opened(name, comes_or_goes=True) as roster:
        seat = roster.find(was.rank, was.key) if was else None
        if was and seat is not None and roster.member(seat) != now:
            roster.leave(seat)
            with suppress(SharedMemoryFull):
                roster.tidy(was.rank)
        if now:
            roster.join(now, mark_of(destination_rows.service_code(now.key) or 0))
        roster.follow_words(setting)


def guard(name: str) -> None:
    """See to it that enough members of a group answer, after the settings have changed.

    Raises: SharedMemoryFull.
    """
    setting = _setting(name)
    with opened(name) as roster:
        roster.check()
        roster.recount()
        roster.follow_words(setting)
        availability.keep_group(name, group_uptime.condition(roster.text()))
    settle()


def _setting(name: str) -> str:
    """Return group_min_alive for members of a group whose owners say nothing of it."""
    given = policies.options_of_groups([name])
    return str(given.get("group_min_alive", configuration.values()["group_min_alive"]))


def _note(name: str, key: str, rank: str, mark: str) -> None:
    """Write down in a group's roster what is true of a member."""
    with opened(name) as roster:
        seat = roster.find(rank, key)
        if seat is None:
            return
        # A spare member that is kept answering stays kept: settle() sees whether it has to.
        is_kept = roster.mark(seat) in roster_text.KEPTS
        roster.set_mark(seat, roster_text.AS_KEPT.get(mark, mark) if is_kept else mark)
