"""Destinations and their owners come and go, from any process, at any time."""

import json
import logging
from functools import lru_cache
from typing import Any

from . import callbacks, shared_memory, uris
from .health import UNKNOWN, Health
from .settings import DESTINATION, split_destinations
from .shared_memory import Owner, Registration

log = logging.getLogger("keepalive")

# Owners of the destinations that come from the configuration.
MODPARAM_OWNER = "modparam"
CFG_OWNER = "kamailio.cfg"

_NO_CALLBACK = Owner(flags=0, callback="", user_attr=None)

# As many spellings as a process remembers the canonical form of; a spelling takes about 250 bytes.
_REMEMBERED_SPELLINGS = 8192


class Refused(ValueError):
    """A request was refused; the message says which and why. Nothing has changed."""


# What mod_init asked for where it ran before the shared tables existed; each process inherits a copy and
# drops it once one of them has brought it into the tables.
_waiting: dict[tuple[str, str], tuple[str, Owner]] = {}
_waiting_callbacks: dict[str, Any] = {}
_started = False


def key_of(destination: object) -> str:
    """Return the key of a destination in any spelling; "" for a malformed one, which is logged."""
    # Only text goes into the cache: not everything else can.
    return _key_of_text(destination) if isinstance(destination, str) else _parsed_key(destination)


def _parsed_key(destination: object) -> str:
    try:
        return uris.parse(destination).key
    except uris.InvalidURI as error:
        log.error("%s", error)
        return ""


_key_of_text = lru_cache(maxsize=_REMEMBERED_SPELLINGS)(_parsed_key)


def state(key: str) -> int | None:
    """Return a destination's state, None if it is not monitored."""
    value = shared_memory.state(key)
    if value is None and not _started:
        start()
        value = shared_memory.state(key)
        # Another process is just registering what was configured: it is monitored all the same.
        if value is None and not _started and key in _configured_keys():
            return UNKNOWN
    return value


def add(uri: object, owner: object, flags: object, callback: object, user_attr: object) -> None:
    """Register a destination for an owner, or update what that owner asked for before.

    Raises: InvalidURI, Refused, InvalidCallback, SharedMemoryFull; then nothing has changed.
    """
    destination = uris.parse(uri)
    name = _owner_name(owner)
    if not isinstance(flags, int):
        raise Refused(f"flags of {uri!r} are a number, not {type(flags).__name__}")
    wanted = Owner(flags, "" if callback is None else callbacks.name_of(callback), _json_value(user_attr))
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
    try:
        shared_memory.store_registration(key, registered)
        shared_memory.store_health(key, Health(registered.generation))
        # Last, because from here on is_alive knows it.
        shared_memory.store_state(key, UNKNOWN)
        shared_memory.announce_change(key)
    except shared_memory.SharedMemoryFull:
        shared_memory.remove(key)
        raise


def _update(key: str, before: Registration, after: Registration) -> None:
    if after == before:
        return
    shared_memory.store_registration(key, after)
    try:
        shared_memory.announce_change(key)
    except shared_memory.SharedMemoryFull:
        shared_memory.store_registration(key, before)
        raise


def delete(uri: object, owner: object) -> None:
    """End an owner's interest in a destination; the last one to go ends the pings.

    Raises: InvalidURI, Refused, SharedMemoryFull; then nothing has changed.
    """
    key = uris.parse(uri).key
    name = _owner_name(owner)
    if not shared_memory.next_generation():
        if not _waiting.pop((key, name), None):
            raise Refused(f"{name!r} owns no destination {uri!r}")
        return
    start()
    with shared_memory.locked(key):
        before = shared_memory.registration(key)
        if before is None or name not in before.owners:
            raise Refused(f"{name!r} owns no destination {uri!r}")
        left = {other: wanted for other, wanted in before.owners.items() if other != name}
        if left:
            _update(key, before, before._replace(owners=left))
        else:
            shared_memory.remove(key)
            shared_memory.announce_change(key)


def add_callback(callback: object, user_attr: object) -> None:
    """Register a callback for the changes of all destinations.

    Raises: InvalidCallback, Refused, SharedMemoryFull; then nothing has changed.
    """
    name = callbacks.name_of(callback)
    value = _json_value(user_attr)
    if shared_memory.next_generation():
        shared_memory.store_callback(name, value)
    else:
        _waiting_callbacks[name] = value


def start() -> None:
    """Bring what is configured into the shared tables: one process does it, once, as soon as it can."""
    global _started
    if _started or not shared_memory.next_generation():
        return
    if shared_memory.claim_startup():
        for name, user_attr in _waiting_callbacks.items():
            try:
                shared_memory.store_callback(name, user_attr)
            except shared_memory.SharedMemoryFull as error:
                log.error("callback %s is not registered: %s", name, error)
        for (key, owner), (uri, wanted) in _waiting.items():
            _register_configured(uris.Destination(key, uri), owner, wanted)
        for destination in _defined_destinations():
            _register_configured(destination)
        shared_memory.mark_started()
    if shared_memory.is_started():
        _started = True
        _waiting.clear()
        _waiting_callbacks.clear()


def replace_configured(text: str) -> None:
    """Make the destinations of kamailio.cfg those of a list: what is new comes, what is missing goes."""
    wanted = {destination.key: destination for destination in _destinations_in(text)}
    for key in shared_memory.monitored_keys():
        registered = shared_memory.registration(key)
        if key not in wanted and registered and CFG_OWNER in registered.owners:
            delete(key, CFG_OWNER)
    for destination in wanted.values():
        _register_configured(destination)


def _register_configured(
    destination: uris.Destination, owner: str = CFG_OWNER, wanted: Owner = _NO_CALLBACK
) -> None:
    try:
        _register(destination, owner, wanted, shared_memory.next_generation())
    except shared_memory.SharedMemoryFull as error:
        log.error("%s is not monitored: %s", destination.uri, error)


def _configured_keys() -> set[str]:
    return {key for key, _ in _waiting} | {key for key, _ in _defined_destinations()}


def _defined_destinations() -> list[uris.Destination]:
    return _destinations_in(shared_memory.defined(DESTINATION + "s") or "")


def _destinations_in(text: str) -> list[uris.Destination]:
    found = []
    for uri in split_destinations(text):
        try:
            found.append(uris.parse(uri))
        except uris.InvalidURI as error:
            log.error("%s, in kamailio.cfg; the others are monitored", error)
    return found


def _owner_name(owner: object) -> str:
    if not isinstance(owner, str) or not owner:
        raise Refused(f"the owner of a destination is a name, not {owner!r}")
    return owner


def _json_value(user_attr: object) -> Any:
    try:
        return json.loads(json.dumps(user_attr, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise Refused(f"user_attr {user_attr!r} is no JSON value: {error}") from None
