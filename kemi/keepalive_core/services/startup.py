"""What is configured comes into the shared tables: one process does that, once, as soon as it can.

It is what mod_init asked for before the tables existed, the destinations of kamailio.cfg, those of the list
file, and what the state file remembers of all of them.
"""

import logging
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from ..kamailio import callback_rows, startup_rows, steady_clock, tables
from ..kamailio.startup_rows import Source
from ..kamailio.tables import SharedMemoryFull
from ..rules import replacing
from ..rules.parameters import Value
from ..rules.rows import Owner
from ..rules.uris import Destination
from . import configuration, group_options, lists, ownership, state_file

log = logging.getLogger("keepalive")

V = TypeVar("V")

# A worker reads files of this many bytes itself: some hundred lines, a few milliseconds.
_SMALL_BYTES = 65_536


class _Startup:
    """What this process knows of the start-up."""

    def __init__(self) -> None:
        self.destinations: dict[tuple[str, str], tuple[str, Owner]] = {}
        """what mod_init asked for before the tables existed, by key and owner: the URI and how it is wanted;
        each process inherits a copy, and drops it once one of them has brought it into the tables"""
        self.callbacks: dict[str, Any] = {}
        """likewise the callbacks for all changes, and their user_attr"""
        self.groups: dict[str, dict[str, Value]] = {}
        """likewise the groups that it configured, and their options"""
        self.is_over = False
        self.is_ours = False
        """whether it is this process that does it"""


_startup = _Startup()


def is_early() -> bool:
    """Say whether the tables do not exist yet, as in mod_init of some configurations."""
    return not tables.next_generation()


def keep_destination(destination: Destination, owner: str, wanted: Owner) -> None:
    """Keep what mod_init asks for until the tables exist."""
    _startup.destinations[destination.key, owner] = (destination.uri, wanted)


def drop_destination(key: str, owner: str) -> bool:
    """Keep it no more. Returns: whether it was kept."""
    return _startup.destinations.pop((key, owner), None) is not None


def keep_callback(name: str, user_attr: Any) -> None:
    """Keep a callback for all changes until the tables exist."""
    _startup.callbacks[name] = user_attr


def keep_group(name: str, options: dict[str, Value]) -> None:
    """Keep what mod_init says of a group until the tables exist."""
    _startup.groups[name] = options


def kept_options(name: str) -> Mapping[str, Value]:
    """Return the options of a group that are kept until the tables exist."""
    return _startup.groups.get(name, {})


def start(may_take_seconds: bool = False) -> bool:
    """Do the start-up, if it is to be done and the tables exist.

    Arguments: may_take_seconds, whether this process has time for files of any size. A worker, which has a
    request waiting, does it only if it takes no time that anybody would notice.
    Returns: whether it is over: from then on what has no row is not monitored.
    Raises: SharedMemoryFull.
    """
    if _startup.is_over or is_early():
        return _startup.is_over
    if (may_take_seconds or _files_are_small()) and startup_rows.claim_startup():
        _startup.is_ours = True
        _bring_in_what_is_configured()
    if _startup.is_ours and not startup_rows.is_started():
        startup_rows.mark_started()
    if startup_rows.is_started():
        _startup.is_over = True
        if startup_rows.is_complete():
            _startup.destinations.clear()
            _startup.callbacks.clear()
            _startup.groups.clear()
    return _startup.is_over


def bring_in_missed() -> None:
    """Try again to register what is configured and was not at the start: for the first prober."""
    if startup_rows.is_started() and not startup_rows.is_complete():
        _bring_in_destinations(tell=False)
        if startup_rows.is_complete():
            log.info("all that is configured is monitored now")


def may_be_configured(key: str) -> bool:
    """Say whether a key may be among what is configured, while another process is still reading that.

    What is in a list file this process does not know: whatever that may name counts as monitored.
    """
    if lists.list_path():
        return True
    if any(key == kept for kept, _ in _startup.destinations):
        return True
    return key in _keys_in(configuration.defined_destinations())


@lru_cache(maxsize=1)
def _keys_in(text: str) -> frozenset[str]:
    return frozenset(destination.key for destination in replacing.listed(text).destinations)


def _files_are_small() -> bool:
    sizes = 0
    for name in ("list_file", "state_file"):
        try:
            sizes += Path(str(configuration.values()[name]) or "/dev/null").stat().st_size
        except OSError:  # which the one who reads it complains of
            continue
    return sizes <= _SMALL_BYTES


def _bring_in_what_is_configured() -> None:
    """Do each step; what fails of one is not the rest's trouble, as nobody does it a second time."""
    for step in (startup_rows.reserve_rows, state_file.load, steady_clock.begin, _bring_in_destinations):
        try:
            step()
        except SharedMemoryFull as error:
            log.error("the start-up goes on without: %s", error)
        except Exception:
            log.exception("the start-up goes on without: %s", step.__name__.strip("_").replace("_", " "))


def _bring_in_destinations(tell: bool = True) -> None:
    """Register what is configured, from those sources of which anything may be missing."""
    done = startup_rows.brought_in()
    bring_in: dict[Source, Callable[[bool], int]] = {
        Source.SCRIPT: _bring_in_what_the_script_wants,
        Source.KAMAILIO_CFG: lists.bring_in_configured,
        Source.LIST_FILE: lists.bring_in_list_file,
    }
    for source, failed in bring_in.items():
        if source not in done and not failed(tell):
            done |= source
    startup_rows.store_brought_in(done)


def _bring_in_what_the_script_wants(tell: bool) -> int:
    kept = [(Destination(key, uri), owner, how) for (key, owner), (uri, how) in _startup.destinations.items()]
    failed = _failures(
        "callback %s is not registered: %s", _startup.callbacks, callback_rows.store_callback, tell
    )
    failed += _failures(
        "group %s is not configured: %s", _startup.groups, group_options.configure_missing, tell
    )
    return failed + ownership.register_missing(kept, tell)


def _failures(trouble: str, kept: Mapping[str, V], bring_in: Callable[[str, V], None], tell: bool) -> int:
    """Bring in what was kept, by name, and return how much of it failed; trouble, the format of its line."""
    failed = 0
    for name, value in kept.items():
        try:
            bring_in(name, value)
        except SharedMemoryFull as error:
            failed += 1
            if tell:
                log.error(trouble, name, error)
    return failed
