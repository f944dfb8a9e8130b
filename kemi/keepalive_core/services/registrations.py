"""One destination is registered, or no more: all its rows, in all tables, under its lock."""

import logging
import time
from contextlib import suppress

from ..kamailio import shared_memory, tm
from ..rules import state_format, uris
from ..rules.fleet import Target
from ..rules.health import UNKNOWN, Health
from ..rules.modes import Admin
from ..rules.rows import Owner, Registration
from ..rules.shown import HOLD, is_sound, state_of, to_show, with_unknown_as
from ..rules.state_row import Row
from . import callbacks, groups

log = logging.getLogger("keepalive")


def register(destination: uris.Destination, name: str, wanted: Owner) -> None:
    """Have an owner want a destination, as it says from now on.

    Raises: SharedMemoryFull; then nothing has changed.
    """
    key, uri = destination
    with shared_memory.locked(key):
        before = shared_memory.registration(key)
        if before is None:
            _create(key, Registration(shared_memory.next_generation(), uri, {name: wanted}))
        else:
            # The spelling of the first owner is the one that is pinged.
            if next(iter(before.owners)) != name:
                uri = before.uri
            _update(key, before, Registration(before.generation, uri, {**before.owners, name: wanted}))
    groups.settle()


def _create(key: str, registered: Registration) -> None:
    before = _restored(key)
    known = before.health_at(tm.clock(), time.time()) if before else Health(0)
    said = _still_said(before)
    try:
        shared_memory.store_registration(key, registered)
        shared_memory.store_health(key, known._replace(generation=registered.generation))
        if before:
            shared_memory.store_admin(key, said)
            shared_memory.store_history(key, before.history)
        callbacks.expect_news(key, known.state)
        # Last, because from here on is_alive knows it.
        shared_memory.store_shown(key, groups.shown_now(to_show(known, said), registered))
        groups.regroup(key, None, registered)
        shared_memory.announce_change(key)
    except Exception:
        try:
            groups.regroup(key, registered, None)
        finally:
            shared_memory.remove(key)
        raise
    shared_memory.drop_restored(key)


def _restored(key: str) -> Row | None:
    """Return what a state file said of a destination; one of which it said nothing true begins anew."""
    try:
        text = shared_memory.restored(key)
        return state_format.row_of_text(key, text, time.time()) if text else None
    except Exception as error:
        log.warning("%s begins anew: %s", key, error)
        return None


def _still_said(row: Row | None) -> Admin | None:
    """Return what an administrator said, if its time is not over."""
    said = row.admin if row else None
    return None if said and said.until and said.until <= time.time() else said


def restore(key: str, row: Row) -> bool:
    """Give a destination what a state file says of it, which was read late; what is newer stays.

    Returns: whether it is registered. Raises: SharedMemoryFull.
    """
    with shared_memory.locked(key):
        registered, known = shared_memory.registration(key), shared_memory.health(key)
        if registered is None or known is None:
            return False
        if known == Health(known.generation):
            known = row.health_at(tm.clock(), time.time())._replace(generation=known.generation)
            shared_memory.store_health(key, known)
            shared_memory.store_history(key, row.history)
            callbacks.expect_news(key, known.state)
        said = shared_memory.admin(key) or _still_said(row)
        shared_memory.store_admin(key, said)
        groups.show(key, to_show(known, said), registered)
        shared_memory.announce_change(key)
    return True


def _update(key: str, before: Registration, after: Registration) -> None:
    if after == before:
        return
    shared_memory.store_registration(key, after)
    try:
        groups.regroup(key, before, after)
        shared_memory.announce_change(key)
    except Exception:
        try:
            shared_memory.store_registration(key, before)
        finally:
            groups.regroup(key, after, before)
        raise


def follow_unknown_as(key: str, word: str) -> None:
    """Have what is_alive says of a destination follow unknown_as.

    Arguments: key; word, what unknown_as is for it, as far as who asks knows.
    """
    value = shared_memory.shown(key)
    if value is not None and with_unknown_as(value % HOLD, word) != value % HOLD:
        with shared_memory.locked(key):
            groups.follow_unknown_as(key, shared_memory.registration(key))


def is_there(key: str) -> bool:
    """Say whether a destination has any of the rows without which it is not monitored."""
    return (
        shared_memory.registration(key) is not None
        or shared_memory.shown(key) is not None
        or shared_memory.health(key) is not None
    )


def is_whole(key: str, target: Target) -> bool:
    """Say whether a destination has the rows that its prober knows of; some 10 us.

    What is_alive and groups know of it follows from these: see inspection.py.
    """
    known = shared_memory.health(key)
    return (
        known is not None
        and known.generation == target.generation
        and (target.admin is None or shared_memory.admin(key) is not None)
        and shared_memory.news(key) is not None
        and shared_memory.is_registered_as(key, target.registration)
    )


def mend(key: str, was: Registration, said: Admin | None) -> None:
    """Make those rows of a destination anew that are missing, or do not agree with the others.

    Arguments: key; was and said, how it was registered and what an administrator said of it, as far as who
    asks remembers.
    Raises: SharedMemoryFull.
    """
    with shared_memory.locked(key):
        registered = shared_memory.registration(key) or was
        shared_memory.store_registration(key, registered)
        value = shared_memory.shown(key)
        known = shared_memory.health(key) or Health(0, state_of(value) if is_sound(value) else UNKNOWN)
        shared_memory.store_health(key, known._replace(generation=registered.generation))
        shared_memory.store_admin(key, shared_memory.admin(key) or said)
        if shared_memory.news(key) is None:
            callbacks.expect_news(key, known.state)


def disown(key: str, name: str) -> bool:
    """End an owner's interest in a destination; the last one to go ends the pings.

    Returns: whether it had any. Raises: SharedMemoryFull; see remove().
    """
    with shared_memory.locked(key):
        before = shared_memory.registration(key)
        if before is None or name not in before.owners:
            return False
        left = {other: wanted for other, wanted in before.owners.items() if other != name}
        if left:
            _update(key, before, before._replace(owners=left))
        else:
            remove(key, before)
    groups.settle()
    return True


def remove(key: str, registered: Registration) -> None:
    """Register a destination no more, under its lock. Raises: SharedMemoryFull."""
    # First, so that its groups have others that answer when it is gone.
    groups.regroup(key, registered, None)
    shared_memory.remove(key)
    have_followed(key)


def have_followed(key: str) -> None:
    """Tell the prober of what is written down already; where memory has no room for that, it finds out."""
    with suppress(shared_memory.SharedMemoryFull):
        shared_memory.announce_change(key)
