"""Lists of destinations, that of kamailio.cfg and the list file: each takes the place of the one before.

At the start good entries are used and bad ones named. Later a list with a bad entry, or with a destination
that can't be pinged from here, changes nothing, nor does one that would remove nearly all. First comes what
is new, then goes what is missing: if memory has no room for what is new, nothing goes.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum, auto
from functools import partial
from typing import Final

from ..kamailio import destination_rows, group_rows, startup_rows
from ..kamailio.tables import SharedMemoryFull
from ..rules import list_file, replacing, uris
from ..rules.checks import Refused
from ..rules.list_file import Entry, Parsed
from ..rules.parameters import Value
from ..rules.replacing import FORCE, MOST_FAULTS, Listed
from ..rules.rows import Owner
from . import configuration, files, group_options, policies, registrations

log = logging.getLogger("keepalive")

CFG_OWNER = "kamailio.cfg"
LIST_OWNER = "list_file"

MISSED_SECONDS: Final = 10
"""What could not be registered at the start is tried again after this time"""

# The most times that a reload begins anew because another process has begun one.
_MOST_ROUNDS: Final = 10

Wanted = tuple[uris.Destination, str, Owner]
"""a destination, an owner's name and how that wants it"""

_NO_CALLBACK = Owner(flags=0, callback="", user_attr=None)


class _Incomplete(Refused):
    """Not everything is as the list says, but may be at the next try."""


def bring_in_configured(tell: bool) -> int:
    """Register what kamailio.cfg has, as at the start.

    Arguments: tell, whether the log is to name what is wrong with it.
    Returns: how many entries are not registered, and may be at the next try.
    """
    if not configuration.are_destinations_as_defined():
        return 0
    configured = replacing.listed(configuration.defined_destinations())
    if tell:
        _tell("", configured, "in kamailio.cfg; the others are monitored")
    return register_missing(_of_cfg(configured), tell)


def bring_in_list_file(tell: bool) -> int:
    """Register what the list file has, as at the start; arguments and answer as bring_in_configured() has."""
    if not list_path():
        return 0
    last_reload = startup_rows.last_reload()
    try:
        parsed = _read(list_path())
    except Refused as refusal:
        if tell:
            log.error("%s; it is tried again each %d s", refusal, MISSED_SECONDS)
        return 1
    if tell:
        _tell(f"list_file {list_path()}, ", parsed, "the other lines are used")
        configuration.warn_of_aliases(parsed.aliases)
    groups = ("options of groups", partial(group_options.replace_listed, parsed.groups))
    failed = _failures("of the list file are not all in force", [groups], tell)
    failed += register_all(_of_file(parsed), tell)
    if tell:
        group_options.tell_of_empty(parsed.groups)
    if startup_rows.last_reload() != last_reload:
        # Another process has removed what the file had no more, perhaps before it was registered here.
        try:
            reload(forced=False)
        except Refused as refusal:
            log.error("%s", refusal)
    return failed


class Outcome(Enum):
    """What became of a list that was to take the place of another."""

    FOLLOWED = auto()
    REFUSED = auto()
    """nothing has changed"""
    INCOMPLETE = auto()
    """shared memory had no room for all of it"""


def replace_configured(text: str, tolerant: bool) -> Outcome:
    """Make the destinations of kamailio.cfg those of a list: what is new comes, what is missing goes.

    Arguments: text, the list; tolerant, whether the good ones are used if there are bad ones. A list that
    may not take the place of the one before gets one line in the log.
    """
    configured = replacing.listed(text, None if tolerant else configuration.check_pingable)
    try:
        if configured.bad and not tolerant:
            more = f" (and {configured.bad - 1} more)" if configured.bad > 1 else ""
            raise Refused(f"nothing has changed: {configured.faults[0]}{more}")
        _tell("", configured, "in kamailio.cfg; the others are monitored")
        _replace(CFG_OWNER, list(_of_cfg(configured)), configured.forced, f"begin the list with {FORCE}")
    except _Incomplete as trouble:
        log.error("keepalive.destination: %s", trouble)
        configuration.destinations_replaced()
        return Outcome.INCOMPLETE
    except Refused as refusal:
        log.error("keepalive.destination: %s", refusal)
        return Outcome.REFUSED
    configuration.destinations_replaced()
    return Outcome.FOLLOWED


def reload(forced: bool) -> None:
    """Make the destinations of the list file those that it has now: only the difference is applied.

    Arguments: forced, whether any number may go.
    Raises: Refused for a file that can't be read, has a bad line or would remove too many: nothing has
    changed. And if shared memory has no room for all: some of the new came, and nothing went.
    """
    number = startup_rows.next_reload()
    for _ in range(_MOST_ROUNDS):
        _reload_once(forced)
        # Of two processes at once the slower one may have read what the file had before.
        own, number = number, startup_rows.last_reload()
        if number == own:
            return
    raise _Incomplete(f"the list file is reloaded again and again: of {_MOST_ROUNDS} reloads none was alone")


def _reload_once(forced: bool) -> None:
    path = list_path()
    if not path:
        raise Refused("no list_file is set")
    parsed = _read(path, _check)
    if parsed.bad:
        _tell(f"list_file {path}, ", parsed, "no line is used")
        raise Refused(f"list_file {path} has {parsed.bad} bad lines, nothing has changed")
    configuration.warn_of_aliases(parsed.aliases)
    groups = partial(group_options.replace_listed, parsed.groups)
    _replace(LIST_OWNER, list(_of_file(parsed)), forced, "call reload(force=True)", groups)
    group_options.tell_of_empty(parsed.groups)


def _check(entry: Entry, listed: Mapping[str, Value]) -> None:
    """Refuse a line with a destination that can't be pinged.

    Arguments: entry; listed, the options that the file has for its group.
    Raises: Refused.
    """
    of_script = group_rows.options(entry.group).get(policies.OF_SCRIPT, {}) if entry.group else {}
    configuration.check_pingable(entry.destination.uri, entry.options, {**listed, **of_script})


def list_path() -> str:
    """Return the list file's path, "" for none."""
    return str(configuration.values()["list_file"])


def _read(path: str, check: Callable[[Entry, Mapping[str, Value]], None] | None = None) -> Parsed:
    try:
        with files.open_regular(path) as file:
            data = file.read(list_file.MOST_BYTES + 1)
    except OSError as error:
        raise Refused(f"list_file {path} can't be read, nothing has changed: {error}") from None
    if len(data) > list_file.MOST_BYTES:
        raise Refused(f"list_file {path} is larger than {list_file.MOST_BYTES >> 20} MB, nothing has changed")
    return list_file.parse(data, check, configuration.check_group_options)


def _tell(what: str, parsed: Parsed | Listed, so: str) -> None:
    for fault in parsed.faults:
        log.error("%s%s; %s", what, fault, so)
    if parsed.bad > len(parsed.faults):
        log.error("%sand %d more like these; %s", what, parsed.bad - len(parsed.faults), so)


def _of_cfg(configured: Listed) -> Iterator[Wanted]:
    for destination in configured.destinations:
        yield destination, CFG_OWNER, _NO_CALLBACK


def _of_file(parsed: Parsed) -> Iterator[Wanted]:
    for entry in parsed.entries:
        how = Owner(0, "", None, entry.options, entry.group, entry.priority, entry.weight)
        yield entry.destination, LIST_OWNER, how


def _replace(
    owner: str,
    wanted: list[Wanted],
    forced: bool,
    remedy: str,
    first: Callable[[], None] | None = None,
) -> None:
    """Make an owner's destinations those that are wanted.

    Arguments: owner; wanted; forced, whether any number may go; remedy, what to do if too many would; first,
    what is done before, if that is not refused.
    Raises: Refused, SharedMemoryFull.
    """
    keys = {destination.key for destination, _, _ in wanted}
    try:
        gone = replacing.removed(_owned_by(owner), keys, forced)
    except Refused as refusal:
        raise Refused(f"nothing has changed: {refusal}; {remedy} if that is meant") from None
    if first:
        first()
    if failed := register_all(wanted, tell=True):
        raise _Incomplete(
            f"{failed} of {len(wanted)} destinations are not monitored as wanted; none was removed"
        )
    removals = ((key, partial(registrations.disown, key, owner)) for key in gone)
    if unsure := _failures("may stay", removals, tell=True):
        raise _Incomplete(f"{unsure} of {len(gone)} destinations may not be removed yet")


def _owned_by(owner: str) -> list[str]:
    owned = []
    for key in destination_rows.monitored_keys():
        try:
            registered = destination_rows.registration(key)
        except Exception:
            log.exception("%s is left alone", key)
            continue
        if registered and owner in registered.owners:
            owned.append(key)
    return owned


def register_missing(wanted: Iterable[Wanted], tell: bool) -> int:
    """Register those destinations that their owners do not have yet; as register_all().

    What they have said since is newer than what was configured.
    """
    tasks = ((each[0].uri, partial(_register_if_missing, *each)) for each in wanted)
    return _failures("is not monitored", tasks, tell)


def _register_if_missing(destination: uris.Destination, owner: str, how: Owner) -> None:
    registered = destination_rows.registration(destination.key)
    if registered is None or owner not in registered.owners:
        registrations.register(destination, owner, how)


def register_all(wanted: Iterable[Wanted], tell: bool) -> int:
    """Register destinations, each for itself.

    Arguments: wanted; tell, whether the log is to name the first ones that can't be.
    Returns: how many can't be.
    """
    tasks = ((each[0].uri, partial(registrations.register, *each)) for each in wanted)
    return _failures("is not monitored", tasks, tell)


def _failures(trouble: str, tasks: Iterable[tuple[str, Callable[[], object]]], tell: bool) -> int:
    failed = 0
    for name, task in tasks:
        try:
            task()
        except Exception as error:
            failed += 1
            if tell and failed <= MOST_FAULTS:
                surprise = not isinstance(error, SharedMemoryFull)
                log.error("%s %s: %s", name, trouble, error, exc_info=surprise)
    if tell and failed > MOST_FAULTS:
        log.error("and %d more like these", failed - MOST_FAULTS)
    return failed
