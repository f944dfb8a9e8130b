"""Lists of destinations, that of kamailio.cfg and the list file: each takes the place of the one before.

At the start good entries are used and bad ones named. Later a list with a bad entry, or with a destination
that can't be pinged from here, changes nothing, nor does one that would remove nearly all. First comes what
is new, then goes what is missing: if memory has no room for what is new, nothing goes.
"""

import logging
from collections.abc import Iterator, Mapping
from enum import Enum, auto
from functools import partial
from typing import Final

from ..kamailio import group_rows, startup_rows
from ..rules import list_file, replacing
from ..rules.checks import Refused
from ..rules.list_file import Entry, Parsed
from ..rules.parameters import Value
from ..rules.replacing import FORCE, Difference, Listed
from ..rules.rows import Owner
from ..rules.steps import Steps, at_once
from . import configuration, files, group_options, policies, tracked
from .ownership import Incomplete, Wanted, difference, failures, register_all, register_missing, replace

log = logging.getLogger("keepalive")

CFG_OWNER = "kamailio.cfg"
LIST_OWNER = "list_file"

MISSED_SECONDS: Final = 10
"""What could not be registered at the start is tried again after this time"""

# The most times that a reload begins anew because another process has begun one.
_MOST_ROUNDS: Final = 10

_NO_CALLBACK = Owner(flags=0, callback="", user_attr=None)


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
        parsed = list_file.parse(_data_of(list_path()), None, configuration.check_group_options)
    except Refused as refusal:
        if tell:
            log.error("%s; it is tried again each %d s", refusal, MISSED_SECONDS)
        return 1
    if tell:
        _tell(f"list_file {list_path()}, ", parsed, "the other lines are used")
        configuration.warn_of_aliases(parsed.aliases)
    groups = ("options of groups", partial(group_options.replace_listed, parsed.groups))
    failed = at_once(failures("of the list file are not all in force", [groups], tell))
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
    configured = replacing.listed(text, None if tolerant else tracked.check)
    try:
        if configured.bad and not tolerant:
            more = f" (and {configured.bad - 1} more)" if configured.bad > 1 else ""
            raise Refused(f"nothing has changed: {configured.faults[0]}{more}")
        _tell("", configured, "in kamailio.cfg; the others are monitored")
        wanted = list(_of_cfg(configured))
        found = at_once(difference(CFG_OWNER, wanted, configured.forced, f"begin the list with {FORCE}"))
        at_once(replace(CFG_OWNER, wanted, found.removed))
    except Incomplete as trouble:
        log.error("keepalive.destination: %s", trouble)
        configuration.destinations_replaced()
        return Outcome.INCOMPLETE
    except Refused as refusal:
        log.error("keepalive.destination: %s", refusal)
        return Outcome.REFUSED
    configuration.destinations_replaced()
    return Outcome.FOLLOWED


def reload(forced: bool, dry_run: bool = False) -> Difference:
    """Make the destinations of the list file those that it has now: only the difference is applied.

    Arguments: forced, whether any number may go; dry_run, whether nothing is to change.
    Returns: what has changed, or would.
    Raises: Refused for a file that can't be read, has a bad line or would remove too many: nothing has
    changed. And if shared memory has no room for all: some of the new came, and nothing went.
    """
    return at_once(reload_in_steps(forced, dry_run))


def reload_in_steps(forced: bool, dry_run: bool = False) -> Steps[Difference]:
    """Do what reload() does."""
    if dry_run:
        _, found = yield from _plan(forced)
        return found
    number = startup_rows.next_reload()
    changed = Difference([], [], [])
    for _ in range(_MOST_ROUNDS):
        changed = changed.followed_by((yield from _reload_once(forced)))
        # Of two processes at once the slower one may have read what the file had before.
        own, number = number, startup_rows.last_reload()
        if number == own:
            return changed
    raise Incomplete(f"the list file is reloaded again and again: of {_MOST_ROUNDS} reloads none was alone")


def _plan(forced: bool) -> Steps[tuple[Parsed, Difference]]:
    """Return what the list file says, and what that would change. Raises: Refused."""
    path = list_path()
    if not path:
        raise Refused("no list_file is set")
    parsed = yield from list_file.parse_in_steps(_data_of(path), _check, configuration.check_group_options)
    if parsed.bad:
        _tell(f"list_file {path}, ", parsed, "no line is used")
        raise Refused(f"list_file {path} has {parsed.bad} bad lines, nothing has changed")
    found = yield from difference(LIST_OWNER, list(_of_file(parsed)), forced, "call reload(force=True)")
    groups = [f"group {name}" for name in group_options.other_than_listed(parsed.groups)]
    return parsed, found._replace(changed=found.changed + groups)


def _reload_once(forced: bool) -> Steps[Difference]:
    parsed, found = yield from _plan(forced)
    configuration.warn_of_aliases(parsed.aliases)
    group_options.replace_listed(parsed.groups)
    yield from replace(LIST_OWNER, list(_of_file(parsed)), found.removed)
    group_options.tell_of_empty(parsed.groups)
    return found


def _check(entry: Entry, listed: Mapping[str, Value]) -> None:
    """Refuse a line with a destination that can't be pinged.

    Arguments: entry; listed, the options that the file has for its group.
    Raises: Refused.
    """
    of_script = group_rows.options(entry.group).get(policies.OF_SCRIPT, {}) if entry.group else {}
    tracked.check(entry.destination.uri, entry.options, {**listed, **of_script})


def list_path() -> str:
    """Return the list file's path, "" for none."""
    return str(configuration.values()["list_file"])


def _data_of(path: str) -> bytes:
    try:
        with files.open_regular(path) as file:
            data = file.read(list_file.MOST_BYTES + 1)
    except OSError as error:
        raise Refused(f"list_file {path} can't be read, nothing has changed: {error}") from None
    if len(data) > list_file.MOST_BYTES:
        raise Refused(f"list_file {path} is larger than {list_file.MOST_BYTES >> 20} MB, nothing has changed")
    return data


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
