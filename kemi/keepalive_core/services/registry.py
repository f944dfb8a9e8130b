"""Destinations and their owners come and go, from any process, at any time."""

import logging
from collections.abc import Callable, Mapping
from typing import Final

from ..kamailio import callback_rows, destination_rows, tables
from ..kamailio.kamailio_log import about
from ..rules import checks, uris
from ..rules.checks import Refused
from ..rules.parameters import Value, check_options
from ..rules.quoting import quoted
from ..rules.replacing import Difference
from ..rules.rows import OF_RPC, Owner
from ..rules.steps import Steps, at_once
from . import (
    announcements,
    callback_names,
    configuration,
    group_options,
    lists,
    loads,
    policies,
    registrations,
    said_here,
    startup,
    tracked,
)
from .announcements import NOT_MONITORED, Change

log = logging.getLogger("keepalive")

# The owner of what modparam("destination", ...) adds.
MODPARAM_OWNER = "modparam"
_NO_OPTIONS: Final[Mapping[str, object]] = {}


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
    destination = _destination(uri)
    name = checks.owner_name(owner)
    wanted = Owner(
        checks.number(f"flags of {uri!r}", flags),
        "" if callback is None else callback_names.name_of(callback),
        checks.json_value(user_attr),
        check_options(options),
        checks.group_name(destination.uri, group),
        checks.number(f"priority of {uri!r}", priority),
        checks.number(f"weight of {uri!r}", weight),
    )
    _register(destination, name, wanted, options)


def add_by_rpc(
    uri: object,
    owner: object,
    group: object = "",
    priority: object = 0,
    weight: object = 0,
    options: Mapping[str, object] = _NO_OPTIONS,
) -> None:
    """Register a destination for an owner as an operator asks, or update what RPC registered for it before.

    Raises: as add(), and Refused if the script, kamailio.cfg or the list file has registered it for that
    owner: what RPC removes again is only what RPC has added.
    """
    destination = _destination(uri)
    name = checks.owner_name(owner)
    known = destination_rows.registration(destination.key)
    if known and name in known.owners and known.owners[name].origin != OF_RPC:
        raise Refused(f"{quoted(name)} owns {quoted(uri)} already, and that was not added by RPC")
    wanted = Owner(
        0,
        "",
        None,
        check_options(options),
        checks.group_name(destination.uri, group),
        checks.number("priority", priority),
        checks.number("weight", weight),
        OF_RPC,
    )
    _register(destination, name, wanted, options)


def _destination(uri: object) -> uris.Destination:
    found = uris.parse(uri)
    if uris.is_target(found.key):
        raise Refused(f"{quoted(uri)} is a target, which is monitored with its name")
    return found


def _register(destination: uris.Destination, name: str, wanted: Owner, options: Mapping[str, object]) -> None:
    is_early = startup.is_early()
    _check(destination, wanted, is_early)
    configuration.warn_of_aliases(options)
    if is_early:
        startup.keep_destination(destination, name, wanted)
        return
    startup.start()
    before = said_here.wanted_now(destination.key, name)
    registrations.register(destination, name, wanted)
    said_here.tell_added(destination, name, before, wanted)


def _check(destination: uris.Destination, wanted: Owner, is_early: bool) -> None:
    """Refuse what could not be pinged, or would track itself. Raises: Refused."""
    tracked.check(destination.uri, wanted.options, _options_of_group(wanted.group, is_early))
    if not is_early:
        tracked.check_circle(destination.key, wanted.options)


def follow_added(uri: str, wanted: Owner, name: str) -> None:
    """Register a destination for an owner as another node of the cluster says; nobody is told of that.

    A callback that this node has for him stays. Raises: as add().
    """
    destination = _destination(uri)
    checks.owner_name(name)
    startup.start()
    known = destination_rows.registration(destination.key)
    if known and (mine := known.owners.get(name)):
        wanted = wanted._replace(callback=mine.callback, user_attr=mine.user_attr)
        if mine == wanted:
            return
    _check(destination, wanted, is_early=False)
    registrations.register(destination, name, wanted)


def follow_deleted(key: str, name: str) -> None:
    """End an owner's interest as another node of the cluster says; nobody is told of that.

    Raises: SharedMemoryFull.
    """
    startup.start()
    registrations.disown(key, name)


def _options_of_group(name: str, is_early: bool) -> Mapping[str, Value]:
    if not name:
        return {}
    return startup.kept_options(name) if is_early else policies.options_of_groups([name])


def delete(uri: object, owner: object) -> None:
    """End an owner's interest in a destination; the last one to go ends the pings.

    Raises: InvalidURI, Refused, SharedMemoryFull; then nothing has changed.
    """
    key = uris.parse(uri).key
    name = checks.owner_name(owner)
    end: Callable[[str, str], bool] = startup.drop_destination
    if not startup.is_early():
        startup.start()
        end = registrations.disown
    # The other spellings of a name only if its owner does not have this one.
    ended = next((each for each in (key, *uris.other_spellings(key)) if end(each, name)), "")
    if not ended:
        raise Refused(f"{name!r} owns no destination {uri!r}")
    said_here.tell_deleted(ended, name)


def give_up(key: str) -> None:
    """Unregister a destination that failed too often in a row, and tell everybody so.

    Raises: SharedMemoryFull; then it stays, and its next failure asks for this again.
    """
    with tables.locked(key):
        registered = destination_rows.registration(key)
        known = destination_rows.health(key)
        if registered is None or known is None:
            return
        parting = [
            [owner.callback, owner.user_attr] for owner in registered.owners.values() if owner.callback
        ]
        uri, many = registered.uri, -known.streak
        why = f"{many} failures in a row"
        change = Change(key, registered.generation, uri, NOT_MONITORED, known.state, why, parting=parting)
        # First, as it needs memory: without the rows nobody could be told later.
        announcements.announce_parting(change)
        registrations.remove(key, registered)
    log.warning("%s is monitored no more: %d failures in a row", uri, many, extra=about(key))


def add_callback(callback: object, user_attr: object) -> None:
    """Register a callback for the changes of all destinations.

    Raises: InvalidCallback, Refused, SharedMemoryFull; then nothing has changed.
    """
    name = callback_names.name_of(callback)
    value = checks.json_value(user_attr)
    if startup.is_early():
        startup.keep_callback(name, value)
    else:
        callback_rows.store_callback(name, value)


def configure_group(name: object, options: Mapping[str, object]) -> None:
    """Give a group options for all of its members, in the place of those that it had.

    Raises: Refused, InvalidSetting, SharedMemoryFull; then nothing has changed.
    """
    group = checks.group_to_configure(name)
    checked = configuration.check_group_options(options)
    configuration.warn_of_aliases(options)
    if startup.is_early():
        startup.keep_group(group, checked)
    else:
        startup.start()
        group_options.configure_for_script(group, checked)
    loads.note_group(group, checked)


def reload(force: object, dry_run: bool = False) -> Difference:
    """Make the destinations of the list file those that it has now.

    Arguments: force, whether any number may go; dry_run, whether nothing is to change.
    Returns: what has changed, or would. Raises: Refused, SharedMemoryFull; see lists.reload().
    """
    return at_once(reload_in_steps(force, dry_run))


def reload_in_steps(force: object, dry_run: bool = False) -> Steps[Difference]:
    """Do what reload() does."""
    if not isinstance(force, bool):
        raise Refused(f"force {quoted(force)}: True or False is needed")
    if startup.is_early():
        raise Refused("the list file is read at the start")
    if not startup.start():
        raise Refused("another process is just reading the list file, at the start")
    return (yield from lists.reload_in_steps(force, dry_run))


def keys() -> list[str]:
    """Return the keys of all destinations, for which it walks all of them. Raises: SharedMemoryFull."""
    startup.start()
    return sorted(key for key in destination_rows.monitored_keys() if not uris.is_target(key))
