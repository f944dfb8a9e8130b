"""One destination is registered, or no more: all its rows, in all tables, under its lock."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from ..kamailio import clock, destination_rows, queues, tables
from ..rules import state_format, uris
from ..rules.modes import Admin
from ..rules.pinged import Pinged
from ..rules.record import Health
from ..rules.rows import Behind, Owner, Past, Registration
from ..rules.service_code import code_of, is_sound, own, state_of, with_unknown_as
from ..rules.state_row import Row
from ..rules.states import UNKNOWN
from ..rules.times import MINUTE
from ..rules.uptime import condition
from . import announcements, availability, groups, open_rosters, said_here

log = logging.getLogger("keepalive")


def register(destination: uris.Destination, name: str, wanted: Owner) -> None:
    """Have an owner want a destination, as it says from now on.

    Raises: SharedMemoryFull; then nothing has changed.
    """
    key, uri = destination
    with tables.locked(key):
        before = destination_rows.registration(key)
        if before is None:
            _create(key, Registration(tables.next_generation(), uri, {name: wanted}))
        else:
            # The spelling of the first owner is the one that is pinged.
            if next(iter(before.owners)) != name:
                uri = before.uri
            _update(key, before, Registration(before.generation, uri, {**before.owners, name: wanted}))
    open_rosters.settle()


def _create(key: str, registered: Registration) -> None:
    before = _restored(key)
    known = before.health_at(clock.now(), time.time()) if before else Health(0)
    said = _still_said(before)
    try:
        destination_rows.store_registration(key, registered)
        destination_rows.store_health(key, known._replace(generation=registered.generation))
        if before:
            destination_rows.store_admin(key, said)
            _restore_past(key, before, known, said)
        announcements.expect_news(key, known.state)
        # Last, because from here on is_alive knows it.
        destination_rows.store_service_code(key, groups.code_now(code_of(known, said), registered))
        groups.regroup(key, None, registered)
        queues.announce_change(key)
    except Exception:
        try:
            groups.regroup(key, registered, None)
        finally:
            destination_rows.remove(key)
        raise
    destination_rows.drop_restored(key)


def _restored(key: str) -> Row | None:
    """Return what a state file said of a destination; one of which it said nothing true begins anew."""
    try:
        text = destination_rows.restored(key)
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
    with tables.locked(key):
        registered, known = destination_rows.registration(key), destination_rows.health(key)
        if registered is None or known is None:
            return False
        is_restored = known == Health(known.generation)
        if is_restored:
            known = row.health_at(clock.now(), time.time())._replace(generation=known.generation)
            destination_rows.store_health(key, known)
            announcements.expect_news(key, known.state)
        newer = destination_rows.said_of(key)
        said = destination_rows.admin(key) if newer else _still_said(row)
        destination_rows.store_admin(key, said)
        if is_restored:
            _restore_past(key, row, known, said)
        groups.publish(key, code_of(known, said), registered)
        queues.announce_change(key)
    return True


def _restore_past(key: str, row: Row, known: Health, said: Admin | None) -> None:
    counted = availability.resumed(row, condition(known.state, said))
    destination_rows.change_past(key, lambda _: Past(row.history, counted))


def _update(key: str, before: Registration, after: Registration) -> None:
    if after == before:
        return
    destination_rows.store_registration(key, after)
    try:
        groups.regroup(key, before, after)
        queues.announce_change(key)
    except Exception:
        try:
            destination_rows.store_registration(key, before)
        finally:
            groups.regroup(key, after, before)
        raise


def follow_unknown_as(key: str, word: str) -> None:
    """Have what is_alive says of a destination follow unknown_as.

    Arguments: key; word, what unknown_as is for it, as far as the caller knows. Raises: SharedMemoryFull.
    """
    code = destination_rows.service_code(key)
    if code is not None and with_unknown_as(own(code), word) != own(code):
        with tables.locked(key):
            groups.follow_unknown_as(key, destination_rows.registration(key))


def is_there(key: str) -> bool:
    """Say whether a destination has any of the rows without which it is not monitored."""
    return (
        destination_rows.registration(key) is not None
        or destination_rows.service_code(key) is not None
        or destination_rows.health(key) is not None
    )


def is_whole(key: str, pinged: Pinged) -> bool:
    """Say whether a destination has the rows that its prober knows of; it takes some 10 us.

    What is_alive and groups know of it follows from these: see inspection.py.
    """
    known = destination_rows.health(key)
    return (
        known is not None
        and known.generation == pinged.generation
        and known.newest_sent <= clock.now()  # else no result would ever be newer
        and (pinged.admin is None or destination_rows.admin(key) is not None)
        and destination_rows.news(key) is not None
        and destination_rows.is_registered_as(key, pinged.registration)
    )


def mend(
    key: str, was: Registration, said: Admin | None, is_quiet: Callable[[str], bool] = lambda _: True
) -> bool:
    """Make those rows of a destination anew that are missing, or do not agree with the others.

    Arguments: key; was and said, how it was registered and what an administrator said of it, as far as
    the caller remembers; is_quiet, whether nothing was announced of it that the caller has not heard.
    Returns: False if somebody may have removed it, who announces that under this lock: then nothing is made.
    Raises: SharedMemoryFull.
    """
    with tables.locked(key):
        registered = destination_rows.registration(key)
        if registered is None and not is_quiet(key):
            return False
        registered = registered or was
        destination_rows.store_registration(key, registered)
        value = destination_rows.service_code(key)
        known = destination_rows.health(key) or Health(0, state_of(value) if is_sound(value) else UNKNOWN)
        if known.newest_sent > clock.now():
            known = known._replace(newest_sent=0)
        destination_rows.store_health(key, known._replace(generation=registered.generation))
        destination_rows.store_admin(
            key, destination_rows.admin(key) or said or destination_rows.said_of(key)
        )
        if destination_rows.news(key) is None:
            announcements.expect_news(key, known.state)
    return True


def disown(key: str, name: str, is_meant: Callable[[Owner], bool] = lambda _: True) -> bool:
    """End an owner's interest in a destination; the last one to go ends the pings.

    Arguments: key; name; is_meant, says whether that is to end as it is now.
    Returns: whether it ended. Raises: SharedMemoryFull; see remove().
    """
    with tables.locked(key):
        before = destination_rows.registration(key)
        if before is None or name not in before.owners or not is_meant(before.owners[name]):
            return False
        left = {other: wanted for other, wanted in before.owners.items() if other != name}
        if left:
            _update(key, before, before._replace(owners=left))
        else:
            remove(key, before)
    open_rosters.settle()
    return True


def register_target(name: str, hop: str) -> bool:
    """Have one address behind a name pinged; only the resolver does it.

    What was known of it counts if it left within the last hour, or before a restart.

    Arguments: name, its key; hop, the URI of the address, such as sip:192.168.10.20:5060.
    Returns: whether it is registered: not if the name is not. Raises: SharedMemoryFull.
    """
    key, target = uris.target_key(name, hop), Behind(name, hop)
    wanted = destination_rows.registration(name)
    if wanted is None:
        return False
    with tables.locked(key):
        before = destination_rows.registration(key)
        if before is None:
            _create(key, Registration(tables.next_generation(), wanted.uri, {}, target))
        else:
            _update(key, before, before._replace(uri=wanted.uri))
    _left.pop(key, None)
    return True


def remove_target(key: str) -> None:
    """Ping an address behind a name no more; for an hour it is remembered. Raises: SharedMemoryFull."""
    with tables.locked(key):
        registered, known = destination_rows.registration(key), destination_rows.health(key)
        if registered is not None and known is not None:
            wall = time.time()
            row = Row.of(known, destination_rows.admin(key), destination_rows.past(key), clock.now(), wall)
            with suppress(tables.SharedMemoryFull):
                destination_rows.store_restored(key, state_format.text_of(key, row._replace(left=int(wall))))
            _left[key] = clock.now()
        if registered is not None:
            remove(key, registered)
    forget_targets_that_left()


def remembered_targets() -> dict[str, list[str]]:
    """Return what a state file says of targets: by the keys of their names, their hops. Walks the table.

    Of a name of which DNS said nothing since the start, these are its targets of before the restart.
    """
    found: dict[str, list[str]] = {}
    for key in filter(uris.is_target, destination_rows.restored_keys()):
        row = _restored(key)
        # Whoever may use RPC can write a row; of one that is nobody's address nothing is remembered.
        with suppress(uris.InvalidURI):
            if row is not None and not row.left and uris.parse(key).key == key:
                found.setdefault(uris.name_of(key), []).append(uris.hop_of(key))
    return found


# Targets that left, the first one first, and when they did, in us; only the resolver's process has any.
_left: OrderedDict[str, int] = OrderedDict()
# Some 2 MB: DNS may say other addresses each time.
_MOST_LEFT: Final = 2000
REMEMBERED: Final = 60 * MINUTE
"""for how long in us a target is remembered that is no more"""


def forget_targets_that_left() -> None:
    """Forget those that left more than an hour ago, and the first of very many."""
    now = clock.now()
    while _left:
        key, when = next(iter(_left.items()))
        if len(_left) <= _MOST_LEFT and now - when < REMEMBERED:
            return
        del _left[key]
        destination_rows.drop_restored(key)


def remove(key: str, registered: Registration) -> None:
    """Register a destination no more, under its lock. Raises: SharedMemoryFull."""
    # First, so that its groups have others that answer when it is gone.
    groups.regroup(key, registered, None)
    said_here.tell_gone(key)
    destination_rows.remove(key)
    have_followed(key)


def have_followed(key: str) -> None:
    """Tell the prober of a change that is written down; without memory for that it finds out by itself."""
    with suppress(tables.SharedMemoryFull):
        queues.announce_change(key)
