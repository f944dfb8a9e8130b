"""Destinations and their owners come and go, from any process, at any time."""

import logging
import math
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

from . import callbacks, checks, configuration, groups, list_file, modes, shared_memory, state_file, uris
from .callbacks import NOT_MONITORED, Change
from .checks import Refused
from .health import UNKNOWN, Health
from .modes import Admin
from .schedule import Wish
from .settings import check_options, split_destinations
from .shared_memory import Owner, Registration

log = logging.getLogger("keepalive")

# Owners of the destinations that come from the configuration.
MODPARAM_OWNER = "modparam"
CFG_OWNER = "kamailio.cfg"
LIST_OWNER = "list_file"

_NO_CALLBACK = Owner(flags=0, callback="", user_attr=None)

# As many spellings as a process remembers the canonical form of: two for each destination that the tables are
# made for. One takes about 250 bytes, once this process was asked for it; to read it again takes 9 us.
_REMEMBERED_SPELLINGS = 8 * 2 ** shared_memory.table_size()

# A worker reads files of so many bytes itself at the start: some hundred lines, a few milliseconds.
_SMALL = 65_536


# What mod_init asked for where it ran before the shared tables existed; each process inherits a copy and
# drops it once one of them has brought it into the tables.
_waiting: dict[tuple[str, str], tuple[str, Owner]] = {}
_waiting_callbacks: dict[str, Any] = {}
_started = False


def key_of(destination: object) -> str:
    """Return the key of a destination in any spelling; "" for a malformed one, which is logged."""
    if not isinstance(destination, str):
        return _parsed_key(destination)
    # What is longer is no URI, and so is its beginning: that much is remembered of it, and no more.
    destination = destination[: uris.MAX_URI_BYTES + 1]
    key = keys_of_texts.get(destination)
    if key is None:
        if len(keys_of_texts) >= _REMEMBERED_SPELLINGS:
            # All at once: those that are asked for are back soon, and nothing is kept in order meanwhile.
            keys_of_texts.clear()
        key = keys_of_texts[destination] = _parsed_key(destination)
    return key


def _parsed_key(destination: object) -> str:
    try:
        return uris.parse(destination).key
    except uris.InvalidURI as error:
        log.error("%s", error)
        return ""


keys_of_texts: dict[str, str] = {}
"""What this process was asked for, and the keys of that: a key for each spelling, "" for a malformed one."""


def shown(key: str) -> int | None:
    """Return a destination's state and admin mode in one number, None if it is not monitored."""
    value = shared_memory.shown(key)
    if value is None and not _started:
        start()
        value = shared_memory.shown(key)
        # Another process is just registering what was configured: it is monitored all the same.
        if value is None and not _started and _may_be_configured(key):
            return UNKNOWN
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
    generation = shared_memory.next_generation()
    if not generation:
        _waiting[destination.key, name] = (destination.uri, wanted)
        return
    start()
    _register(destination, name, wanted, generation)


def _register(destination: uris.Destination, name: str, wanted: Owner, generation: int) -> None:
    key, uri = destination
    with shared_memory.locked(key):
        before = shared_memory.registration(key)
        if before is None:
            _create(key, Registration(generation, uri, {name: wanted}))
            return
        # The spelling of the first owner is the one that is pinged.
        if next(iter(before.owners)) != name:
            uri = before.uri
        _update(key, before, Registration(before.generation, uri, {**before.owners, name: wanted}))


def _create(key: str, registered: Registration) -> None:
    before = shared_memory.restored(key)
    known = Health(*before.health) if before else Health(0)
    said = Admin(*before.admin) if before and before.admin else None
    if said and said.until and said.until <= time.time():
        said = None
    try:
        shared_memory.store_registration(key, registered)
        shared_memory.store_health(key, known._replace(generation=registered.generation))
        if before:
            shared_memory.store_admin(key, said)
            shared_memory.store_history(key, before.history)
        # Last, because from here on is_alive knows it.
        shared_memory.store_shown(key, shared_memory.to_show(known, said))
        groups.regroup(key, None, registered)
        shared_memory.announce_change(key)
    except shared_memory.SharedMemoryFull:
        groups.regroup(key, registered, None)
        shared_memory.remove(key)
        raise
    shared_memory.drop_restored(key)


def _update(key: str, before: Registration, after: Registration) -> None:
    if after == before:
        return
    shared_memory.store_registration(key, after)
    try:
        groups.regroup(key, before, after)
        shared_memory.announce_change(key)
    except shared_memory.SharedMemoryFull:
        shared_memory.store_registration(key, before)
        groups.regroup(key, after, before)
        raise


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
    if not _disown(key, name):
        raise Refused(f"{name!r} owns no destination {uri!r}")


def _disown(key: str, name: str) -> bool:
    with shared_memory.locked(key):
        before = shared_memory.registration(key)
        if before is None or name not in before.owners:
            return False
        left = {other: wanted for other, wanted in before.owners.items() if other != name}
        if left:
            _update(key, before, before._replace(owners=left))
        else:
            _remove(key, before)
    return True


def _remove(key: str, registered: Registration) -> None:
    # First, so that its groups have others that answer when it is gone.
    groups.regroup(key, registered, None)
    shared_memory.remove(key)
    shared_memory.announce_change(key)


def give_up(key: str) -> None:
    """Unregister a destination that failed too often in a row, and tell everybody so."""
    with shared_memory.locked(key):
        registered = shared_memory.registration(key)
        known = shared_memory.health(key)
        if registered is None or known is None:
            return
        _remove(key, registered)
        parting = [
            [owner.callback, owner.user_attr] for owner in registered.owners.values() if owner.callback
        ]
        change = Change(key, registered.generation, registered.uri, NOT_MONITORED, parting)
        queued = callbacks.announce(change)
    log.warning("%s is monitored no more: %d failures in a row", registered.uri, -known.streak)
    if not queued:
        callbacks.run(change)


def set_admin(key: str, mode: object, until: object = 0, by: object = "", why: object = "") -> None:
    """Set a destination's admin mode.

    Raises: Refused, SharedMemoryFull; then nothing has changed.
    """
    said = modes.said(mode, until, by, why, int(time.time()))
    remark = _remark(said)
    start()
    with shared_memory.locked(key):
        _store_admin(key, said)
        shared_memory.announce_change(key)
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
        shared_memory.announce_change(key)
    log.info("%s is ready again: the time of its %s is over%s", key, said.mode, _remark(said))


def _store_admin(key: str, said: Admin | None) -> None:
    known = shared_memory.health(key)
    if known is None:
        raise Refused(f"{key} is not monitored")
    shared_memory.store_admin(key, said)
    groups.show(key, shared_memory.to_show(known, said), shared_memory.registration(key))


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
    global _started
    if _started or not shared_memory.next_generation():
        return
    if (may_take_seconds or _files_are_small()) and shared_memory.claim_startup():
        try:
            _bring_in_what_is_configured()
        finally:
            # Nobody does it a second time.
            shared_memory.mark_started()
    if shared_memory.is_started():
        _started = True
        _waiting.clear()
        _waiting_callbacks.clear()


def _bring_in_what_is_configured() -> None:
    try:
        state_file.load()
    except Exception:
        # Without it all are unknown at first, but they are pinged.
        log.exception("the state file is not read")
    for name, user_attr in _waiting_callbacks.items():
        try:
            shared_memory.store_callback(name, user_attr)
        except shared_memory.SharedMemoryFull as error:
            log.error("callback %s is not registered: %s", name, error)
    for (key, owner), (uri, wanted) in _waiting.items():
        _register_configured(uris.Destination(key, uri), owner, wanted)
    for destination in _defined_destinations():
        _register_configured(destination)
    if configuration.values()["list_file"]:
        try:
            reload()
        except Refused as error:
            log.error("%s", error)


def _files_are_small() -> bool:
    sizes = 0
    for name in ("list_file", "state_file"):
        try:
            sizes += Path(str(configuration.values()[name]) or "/dev/null").stat().st_size
        except OSError:  # which the one who reads it complains of
            continue
    return sizes <= _SMALL


def replace_configured(text: str) -> None:
    """Make the destinations of kamailio.cfg those of a list: what is new comes, what is missing goes."""
    wanted = {destination.key: (destination, _NO_CALLBACK) for destination in _destinations_in(text)}
    _replace(CFG_OWNER, wanted)


def reload() -> None:
    """Make the destinations of the list file those that it has now: only the difference is applied.

    Raises: Refused for a file that can't be read, or that has no good line but bad ones; nothing has changed.
    """
    path = str(configuration.values()["list_file"])
    if not path:
        raise Refused("no list_file is set")
    try:
        parsed = list_file.parse(Path(path).read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"list_file {path} can't be read, nothing has changed: {error}") from None
    for fault in parsed.faults:
        log.error("list_file %s, %s; the other lines are used", path, fault)
    if parsed.faults and not parsed.entries:
        raise Refused(f"list_file {path} has no good line, nothing has changed")
    wanted = {}
    for entry in parsed.entries:
        owner = Owner(0, "", None, entry.options, entry.group, entry.priority, entry.weight)
        wanted[entry.destination.key] = (entry.destination, owner)
    _replace(LIST_OWNER, wanted)


def _replace(owner: str, wanted: dict[str, tuple[uris.Destination, Owner]]) -> None:
    """Make an owner's destinations those that are wanted: the new come, the missing go, the rest stays."""
    for key in shared_memory.monitored_keys():
        registered = shared_memory.registration(key)
        if key not in wanted and registered and owner in registered.owners:
            _disown(key, owner)
    for destination, how in wanted.values():
        _register_configured(destination, owner, how)


def _register_configured(
    destination: uris.Destination, owner: str = CFG_OWNER, wanted: Owner = _NO_CALLBACK
) -> None:
    try:
        _register(destination, owner, wanted, shared_memory.next_generation())
    except shared_memory.SharedMemoryFull as error:
        log.error("%s is not monitored: %s", destination.uri, error)


def _may_be_configured(key: str) -> bool:
    """Say whether a key may be among what is configured, while one process is still reading that.

    Of a list file the others know nothing yet: whatever it may name is monitored, as far as they can tell.
    """
    if configuration.values()["list_file"]:
        return True
    defined = configuration.defined_destinations()
    return key in _keys_in(defined) or any(key == waiting for waiting, _ in _waiting)


@lru_cache(maxsize=1)
def _keys_in(text: str) -> frozenset[str]:
    return frozenset(destination.key for destination in _destinations_in(text))


def _defined_destinations() -> list[uris.Destination]:
    return _destinations_in(configuration.defined_destinations())


def _destinations_in(text: str) -> list[uris.Destination]:
    found = []
    for uri in split_destinations(text):
        try:
            found.append(uris.parse(uri))
        except uris.InvalidURI as error:
            log.error("%s, in kamailio.cfg; the others are monitored", error)
    return found


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
