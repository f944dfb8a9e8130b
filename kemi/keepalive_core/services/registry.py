"""Destinations and their owners come and go, from any process, at any time."""

import logging
import math
import time
from functools import lru_cache
from pathlib import Path
from sys import getsizeof
from typing import Any

from ..kamailio import shared_memory
from ..rules import checks, modes, replacing, uris
from ..rules.checks import Refused
from ..rules.health import UNKNOWN
from ..rules.modes import Admin
from ..rules.remembered import Remembered
from ..rules.rows import Owner
from ..rules.schedule import Wish
from ..rules.settings import check_options
from ..rules.shown import ERROR, is_sound, to_show, usual_answers
from . import callbacks, configuration, groups, inspection, lists, registrations, state_file
from .callbacks import NOT_MONITORED, Change

log = logging.getLogger("keepalive")

# The owner of what modparam("destination", ...) adds.
MODPARAM_OWNER = "modparam"

# For spellings and what they mean, in each process: one of 250 bytes for each destination that the tables are
# made for. It is remembered once this process was asked for it; to read it again takes 9 us.
_SPELLINGS_BYTES = 1024 * 2 ** shared_memory.table_size()

# A worker reads files of so many bytes itself at the start: some hundred lines, a few milliseconds.
_SMALL = 65_536


# What mod_init asked for where it ran before the shared tables existed; each process inherits a copy and
# drops it once one of them has brought it into the tables.
_waiting: dict[tuple[str, str], tuple[str, Owner]] = {}
_waiting_callbacks: dict[str, Any] = {}
_started = False
# Whether it is this process that does the start-up.
_starts = False


def key_of(destination: object) -> str:
    """Return the key of a destination in any spelling; "" for a malformed one, which is logged."""
    if not isinstance(destination, str):
        return _parsed_key(destination)
    # What is longer is no URI, and so is its beginning: that much is remembered of it, and no more.
    destination = destination[: uris.MAX_URI_BYTES + 1]
    key = keys_of_texts.get(destination)
    if key is None:
        key = _parsed_key(destination)
        _spellings.remember(destination, destination if key == destination else key)
    return key


def _parsed_key(destination: object) -> str:
    try:
        return uris.parse(destination).key
    except uris.InvalidURI as error:
        log.error("%s", error)
        return ""


_spellings: Remembered[str, str] = Remembered(
    _SPELLINGS_BYTES, lambda text, key: 0 if key is text else getsizeof(key)
)
keys_of_texts: dict[str, str] = _spellings.answers
"""What this process was asked for, and the keys of that: a key for each spelling, "" for a malformed one."""

answers: dict[int | None, int] = usual_answers()
"""What is_alive says by what it reads of a destination. Once all that is configured has a row, what has none
is not monitored, and is answered at once too."""


def shown(key: str) -> int | None:
    """Return what is_alive reads of a destination, None if it is not monitored."""
    value = shared_memory.shown(key)
    if value is None and not _started:
        start()
        value = shared_memory.shown(key)
        # Another process is just registering what was configured: it is monitored all the same.
        if value is None and not _started and _may_be_configured(key):
            return groups.shown_now(UNKNOWN, None)
    if not is_sound(value) and registrations.is_there(key):
        # Its row is missing, or makes no sense. Whatever else is, its prober sees to.
        shared_memory.note_lost()
        inspection.see_to(key)
        groups.settle()
        value = shared_memory.shown(key)
    return value


def add(
    uri: object,
    owner: object,
    flags: object = 0,
    callback: object = None,
    user_attr: object = None,
    group: object = "",
    priority: object = 0,
    weight: object = 0,
    **options: object,
) -> None:
    """Register a destination for an owner, or update what that owner asked for before.

    Raises: InvalidURI, Refused, InvalidSetting, InvalidCallback, SharedMemoryFull; then nothing has changed.
    """
    destination = uris.parse(uri)
    name = checks.owner_name(owner)
    wanted = Owner(
        checks.number(f"flags of {uri!r}", flags),
        "" if callback is None else callbacks.name_of(callback),
        checks.json_value(user_attr),
        check_options(options),
        checks.group_name(destination.uri, group),
        checks.number(f"priority of {uri!r}", priority),
        checks.number(f"weight of {uri!r}", weight),
    )
    configuration.check_pingable(destination.uri, wanted.options)
    if not shared_memory.next_generation():
        _waiting[destination.key, name] = (destination.uri, wanted)
        return
    start()
    registrations.register(destination, name, wanted)


def delete(uri: object, owner: object) -> None:
    """End an owner's interest in a destination; the last one to go ends the pings.

    Raises: InvalidURI, Refused, SharedMemoryFull; then nothing has changed.
    """
    key = uris.parse(uri).key
    name = checks.owner_name(owner)
    if not shared_memory.next_generation():
        if not _waiting.pop((key, name), None):
            raise Refused(f"{name!r} owns no destination {uri!r}")
        return
    start()
    if not registrations.disown(key, name):
        raise Refused(f"{name!r} owns no destination {uri!r}")


def give_up(key: str) -> None:
    """Unregister a destination that failed too often in a row, and tell everybody so.

    Raises: SharedMemoryFull; then it stays, and its next failure asks for this again.
    """
    with shared_memory.locked(key):
        registered = shared_memory.registration(key)
        known = shared_memory.health(key)
        if registered is None or known is None:
            return
        parting = [
            [owner.callback, owner.user_attr] for owner in registered.owners.values() if owner.callback
        ]
        change = Change(key, registered.generation, registered.uri, NOT_MONITORED, parting=parting)
        # First: of what has no rows any more nobody would hear if this found no room.
        callbacks.announce_parting(change)
        registrations.remove(key, registered)
    log.warning("%s is monitored no more: %d failures in a row", registered.uri, -known.streak)


def set_admin(key: str, mode: object, until: object = 0, by: object = "", why: object = "") -> None:
    """Set a destination's admin mode.

    Raises: Refused, SharedMemoryFull; then nothing has changed.
    """
    said = modes.said(mode, until, by, why, int(time.time()))
    remark = _remark(said)
    start()
    with shared_memory.locked(key):
        _store_admin(key, said)
        registrations.have_followed(key)
    log.info("%s is set to %s%s", key, mode, remark)


def end_admin(key: str) -> None:
    """End a destination's admin mode whose time is over."""
    with shared_memory.locked(key):
        said = shared_memory.admin(key)
        if said is None or not said.until:
            return
        if said.until > math.ceil(time.time()):
            # The clock was set back meanwhile: the prober looks at it anew.
            shared_memory.announce_change(key)
            return
        _store_admin(key, None)
        registrations.have_followed(key)
    log.info("%s is ready again: the time of its %s is over%s", key, said.mode, _remark(said))


def _store_admin(key: str, said: Admin | None) -> None:
    known = shared_memory.health(key)
    if known is None:
        raise Refused(f"{key} is not monitored")
    shared_memory.store_admin(key, said)
    groups.show(key, to_show(known, said), shared_memory.registration(key))


def _remark(said: Admin | None) -> str:
    if said is None:
        return ""
    parts = [f"by {said.by}" if said.by else "", said.why]
    if said.until:
        parts.append("until " + time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(said.until)))
    return " (" + ", ".join(filter(None, parts)) + ")" if any(parts) else ""


def add_callback(callback: object, user_attr: object) -> None:
    """Register a callback for the changes of all destinations.

    Raises: InvalidCallback, Refused, SharedMemoryFull; then nothing has changed.
    """
    name = callbacks.name_of(callback)
    value = checks.json_value(user_attr)
    if shared_memory.next_generation():
        shared_memory.store_callback(name, value)
    else:
        _waiting_callbacks[name] = value


def start(may_take_seconds: bool = False) -> None:
    """Bring what is configured into the shared tables: one process does it, once, as soon as it can.

    Arguments: may_take_seconds, whether this process has time for files of any size. A worker, which has a
    request waiting, does it only where it takes no time that anybody would notice.
    """
    global _started, _starts
    if _started or not shared_memory.next_generation():
        return
    if (may_take_seconds or _files_are_small()) and shared_memory.claim_startup():
        _starts = True
        _bring_in_what_is_configured()
    if _starts and not shared_memory.is_started():
        shared_memory.mark_started()
    if shared_memory.is_started():
        _started = True
        answers[None] = ERROR
        if shared_memory.is_complete():
            _waiting.clear()
            _waiting_callbacks.clear()


def _bring_in_what_is_configured() -> None:
    """Do the start-up; what fails of it is not the rest's trouble, as nobody does it a second time."""
    for step in (shared_memory.reserve_rows, state_file.load, _bring_in_destinations):
        try:
            step()
        except shared_memory.SharedMemoryFull as error:
            log.error("the start-up goes on without: %s", error)
        except Exception:
            log.exception("the start-up goes on without: %s", step.__name__.strip("_").replace("_", " "))


def _bring_in_destinations(tell: bool = True) -> None:
    asked = [(uris.Destination(key, uri), owner, how) for (key, owner), (uri, how) in _waiting.items()]
    failed = [_failed_callbacks(tell), lists.register_all(asked, tell), lists.bring_in(tell)]
    shared_memory.store_complete(not any(failed))


def _failed_callbacks(tell: bool) -> int:
    failed = 0
    for name, user_attr in _waiting_callbacks.items():
        try:
            shared_memory.store_callback(name, user_attr)
        except shared_memory.SharedMemoryFull as error:
            failed += 1
            if tell:
                log.error("callback %s is not registered: %s", name, error)
    return failed


def bring_in_missed() -> None:
    """Try again to register what is configured and was not at the start: for the first prober."""
    if shared_memory.is_started() and not shared_memory.is_complete():
        _bring_in_destinations(tell=False)
        if shared_memory.is_complete():
            log.info("all that is configured is monitored now")


def _files_are_small() -> bool:
    sizes = 0
    for name in ("list_file", "state_file"):
        try:
            sizes += Path(str(configuration.values()[name]) or "/dev/null").stat().st_size
        except OSError:  # which the one who reads it complains of
            continue
    return sizes <= _SMALL


def reload(forced: bool) -> None:
    """Make the destinations of the list file those that it has now. Raises: Refused; see lists.reload()."""
    if not shared_memory.next_generation():
        raise Refused("the list file is read at the start")
    start()
    lists.reload(forced)


def _may_be_configured(key: str) -> bool:
    """Say whether a key may be among what is configured, while one process is still reading that.

    Of a list file the others know nothing yet: whatever it may name is monitored, as far as they can tell.
    """
    if lists.list_path():
        return True
    if any(key == waiting for waiting, _ in _waiting):
        return True
    return key in _keys_in(configuration.defined_destinations())


@lru_cache(maxsize=1)
def _keys_in(text: str) -> frozenset[str]:
    return frozenset(destination.key for destination in replacing.listed(text).destinations)


def keys() -> list[str]:
    """Return the keys of all destinations; their number is what it costs."""
    start()
    return sorted(shared_memory.monitored_keys())


def ping_now(key: str) -> bool:
    """Have a destination pinged soon; False if it is not monitored. Raises: SharedMemoryFull."""
    if shown(key) is None:
        return False
    shared_memory.announce_change(key, Wish.NOW)
    return True


def pause(paused: bool) -> None:
    """Send no pings from now on, or send them again. Raises: SharedMemoryFull."""
    shared_memory.store_paused(paused)
