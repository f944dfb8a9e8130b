"""What all processes know of each destination.

=========================  ===================  ==========================================================
table                      key                  value
=========================  ===================  ==========================================================
``keepalive_state``        a destination's key  int, what is_alive reads: see service_code.py
``keepalive_destination``  a destination's key  JSON, the Registration
``keepalive_health``       a destination's key  record.Health's text, filled up with spaces
``keepalive_history``      a destination's key  rows.past_text(), the last changes and how long it was up
``keepalive_news``         a destination's key  news.News's text
``keepalive_admin``        a destination's key  JSON, the Admin, if anything was said
``keepalive_restored``     a destination's key  a line of the state file, until it is registered
``keepalive``              ``registered``       int, counts what is registered, and what is removed
=========================  ===================  ==========================================================

All rows but those of ``keepalive_state`` and ``keepalive_restored`` are written under the destination's lock
alone. So a process that holds it reads them without the lock of their own slots: ``is_locked`` says so. Only
what is written by RPC in that very moment may be torn then, and is dropped as what makes no sense.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Final

import KSR

from ..rules import rows
from ..rules.cache import Cache
from ..rules.modes import READY, Admin
from ..rules.news import News
from ..rules.record import HISTORY as MOST_CHANGES
from ..rules.record import Health, newest_sent_in
from ..rules.rows import Past, Registration
from ..rules.service_code import groups_keeping, kept_by
from . import cluster_defines, queues
from .revised_rows import revise
from .tables import (
    ADMIN,
    COMMON,
    DESTINATION,
    HEALTH,
    HISTORY,
    NEWS,
    RESTORED,
    SLACK,
    STATE,
    SharedMemoryFull,
    all_keys,
    drop_nonsense,
    get,
    locked,
    next_number,
    read_number,
    read_row,
    read_text,
    replace_text,
    store,
)

# The length of a health record is a multiple of this, in characters.
HEALTH_STEP: Final = 32


def service_code(key: str) -> int | None:
    """Return what is_alive reads of a destination; None if it is not monitored."""
    value = get(STATE, key)
    return value if isinstance(value, int) else None


def registration(key: str, is_locked: bool = False) -> Registration | None:
    """Return how a destination is registered, None if it is not."""
    return read_row(DESTINATION, key, partial(_registration, key), is_locked)


def is_registered_as(key: str, text: str) -> bool:
    """Say whether a destination is registered just as a text says, without looking into it."""
    return (read_text(DESTINATION, key) or "").rstrip() == text


def raw(key: str) -> tuple[object, object, object, object, object]:
    """Return what the rows of a destination hold, all at one moment, without looking into it.

    Returns: of registration, health, news, admin mode and service code, None for a row that is missing.
    """
    read = KSR.htable.sht_get
    KSR.htable.sht_lock(HEALTH, key)
    try:
        # One lock for all, and no call between: a prober does this for hundreds in a second.
        return read(DESTINATION, key), read(HEALTH, key), read(NEWS, key), read(ADMIN, key), read(STATE, key)
    except UnicodeDecodeError:
        return get(DESTINATION, key), get(HEALTH, key), get(NEWS, key), get(ADMIN, key), get(STATE, key)
    finally:
        KSR.htable.sht_unlock(HEALTH, key)


def _registration(key: str, text: str) -> Registration:
    known = _registrations.answers.get(text)
    return known or _registrations.remember(text, rows.registration(key, text))


# What is remembered is never changed. As objects they take some six times what they take as text.
_registrations: "Cache[str, Registration]" = Cache(4 << 20, lambda text, _: 8 * len(text))


def health(key: str) -> Health | None:
    """Return what is known of a destination, None if it is not monitored."""
    return read_row(HEALTH, key, rows.health)


lock: Callable[[str], object] = partial(KSR.htable.sht_lock, HEALTH)
"""Take a destination's lock, as tables.locked() does."""
unlock: Callable[[str], object] = partial(KSR.htable.sht_unlock, HEALTH)
"""Release what lock() took."""


def record(key: str) -> str | None:
    """Return the text of what is known of a destination, under its lock; None if it is not monitored."""
    text = get(HEALTH, key)
    return text if isinstance(text, str) else None


def health_of(key: str, record: str) -> Health | None:
    """Return what a destination's record() says; None if it makes no sense, which costs its row."""
    try:
        return rows.health(record)
    except Exception:
        drop_nonsense(HEALTH, key, record)
        return None


newest_sent: Callable[[str], int | None] = partial(read_row, HEALTH, parse=newest_sent_in)
"""Return when the newest ping that was judged had left, in us; None if it is not monitored."""


def store_registration(key: str, registered: Registration) -> None:
    """Write how a destination is registered. Raises: SharedMemoryFull."""
    generation, uri, owners, target = registered
    _replace(DESTINATION, key, rows.registration_text(generation, uri, rows.json_text(owners), target))
    _note_registered(key)


def store_health(key: str, known: Health) -> None:
    """Write what is known of a destination. Raises: SharedMemoryFull."""
    store_record(key, known.text())


def store_record(key: str, text: str, room: int = 0) -> None:
    """Write the text of what is known of a destination. Raises: SharedMemoryFull.

    Arguments: key and text; room, the length of the text that is there now.
    """
    # htable writes a text that is no longer than the one before in its place; a longer one costs it a new
    # cell. So the record is filled up with spaces, and counters and latencies can grow. It gets shorter when
    # a long reason has gone.
    needed = len(text) + -len(text) % HEALTH_STEP
    if needed <= room < needed + SLACK:
        store(HEALTH, key, text.ljust(room))
    else:
        replace_text(HEALTH, key, text.ljust(needed), room)


def store_service_code(key: str, code: int, is_grouped: bool = True) -> None:
    """Write what is_alive reads; groups that keep it answering go on doing so. Raises: SharedMemoryFull.

    Arguments: key and code; is_grouped, whether it may be in a group, which may change this row too.
    """
    if not is_grouped:
        store(STATE, key, code)
        return
    with locked(key, STATE):
        store(STATE, key, kept_by(code, groups_keeping(service_code(key) or 0)))


def change_kept(key: str, by: int) -> None:
    """Have one group more, or less, keep a destination answering; needs no memory."""
    with locked(key, STATE):
        before = service_code(key)
        if before is not None:
            store(STATE, key, kept_by(before, groups_keeping(before) + by))


def store_kept(key: str, groups: int) -> None:
    """Write how many groups keep a destination answering."""
    with locked(key, STATE):
        before = service_code(key)
        if before is not None:
            store(STATE, key, kept_by(before, groups))


def history(key: str) -> list[list[Any]]:
    """Return a destination's last changes, the newest last."""
    return read_row(HISTORY, key, rows.history) or []


def past(key: str) -> Past:
    """Return what became of a destination."""
    return read_row(HISTORY, key, rows.past) or Past()


def change_past(key: str, change: Callable[[Past], Past]) -> None:
    """Change what is written of a destination's past, under its lock. Raises: SharedMemoryFull.

    Arguments: key; change, returns what is to be written, given what is; of its changes the last are kept.
    """
    found = read_row(HISTORY, key, lambda text: (len(text), rows.past(text)), is_locked=True)
    length, before = found or (0, Past())
    after = change(before)
    text = rows.past_text(after._replace(changes=after.changes[-MOST_CHANGES:]))
    replace_text(HISTORY, key, text, length)


def _replace(table: str, key: str, text: str) -> None:
    replace_text(table, key, text, read_row(table, key, len, is_locked=True) or 0)


def news(key: str, is_locked: bool = False) -> News | None:
    """Return what is news of a destination to the callbacks, None if it is not monitored."""
    return read_row(NEWS, key, News.from_text, is_locked)


def store_news(key: str, known: News) -> None:
    """Write what is news to the callbacks. Raises: SharedMemoryFull, the first time only."""
    store(NEWS, key, known.text())


def admin(key: str, is_locked: bool = False) -> Admin | None:
    """Return what an administrator said of a destination; None if it is ready."""
    said = said_of(key, is_locked)
    return None if said is None or said.mode == READY else said


def said_of(key: str, is_locked: bool = False) -> Admin | None:
    """Return what an administrator said of a destination since the start, that it is ready too."""
    return read_row(ADMIN, key, rows.admin, is_locked)


def store_admin(key: str, said: Admin | None) -> None:
    """Write what an administrator said of a destination. Raises: SharedMemoryFull.

    Arguments: key; said, None if it is ready, and no late state file could say otherwise.
    """
    if said is None:
        KSR.htable.sht_rm(ADMIN, key)
    else:
        store(ADMIN, key, rows.json_text(said))
    revise(key)


def remove(key: str) -> None:
    """Remove all rows of a destination; the one that is_alive reads first."""
    for table in (STATE, HEALTH, DESTINATION, HISTORY, NEWS, ADMIN):
        KSR.htable.sht_rm(table, key)
    _note_registered(key)


def _note_registered(key: str) -> None:
    next_number("registered")
    revise(key)
    if cluster_defines.is_on():
        # Without room it looks at all of them within seconds.
        with suppress(SharedMemoryFull):
            queues.announce_own(key)


def registered() -> int:
    """Return a number that is another one after each registration and each removal, behind it."""
    return read_number(COMMON, "registered")


def monitored_keys() -> list[str]:
    """Return the keys of all destinations: for the prober's start only, it walks the whole table."""
    return all_keys(DESTINATION)


def store_restored(key: str, text: str) -> None:
    """Keep what a state file says of a destination until it is registered. Raises: SharedMemoryFull."""
    store(RESTORED, key, text)


def restored(key: str) -> str | None:
    """Return what a state file says of a destination that is not registered yet."""
    return read_text(RESTORED, key)


def restored_keys() -> list[str]:
    """Return the keys that a state file knows and that are not registered: walks the whole table."""
    return all_keys(RESTORED)


def drop_restored(key: str) -> None:
    """Forget what a state file said of a destination."""
    KSR.htable.sht_rm(RESTORED, key)
