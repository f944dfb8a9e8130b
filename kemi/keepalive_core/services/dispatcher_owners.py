"""What stands in dispatcher's sets is monitored, for as long as it stands there.

Each set is an owner, such as ``dispatcher 1``. What a script has added under such a name is the script's.
"""

import logging
from typing import Final, NamedTuple

from ..kamailio import destination_rows
from ..rules import replacing, uris
from ..rules.checks import Refused
from ..rules.dispatcher_list import Entry
from ..rules.minutely import Minutely
from ..rules.parameters import check_options
from ..rules.replacing import MOST_FAULTS
from ..rules.rows import OF_RPC, Owner
from . import lookup, ownership, registrations, tracked

log = logging.getLogger("keepalive")

OWNER: Final = "dispatcher"


class _Interest(NamedTuple):
    """A set's interest in a destination."""

    key: str
    owner: str


def owner_of(entry: Entry) -> str:
    """Return the name of a set as an owner."""
    return f"{OWNER} {entry.number}"


def is_owned(entry: Entry) -> bool:
    """Say whether a destination of a set is monitored for that set."""
    key = lookup.key_of(entry.uri)
    return bool(key) and _owner(_Interest(key, owner_of(entry))) is not None


class Owners:
    """The sets as owners, as they were followed last."""

    def __init__(self, minutely: Minutely) -> None:
        self._followed: list[tuple[int, str, dict[str, str]]] | None = None
        self._minutely = minutely

    def follow(self, entries: list[Entry], now: int) -> None:
        """Monitor what is in the sets, and no more what has left them.

        As with any list, first comes what is new; and nothing goes if nearly all would.

        Arguments: entries, of all sets; now, in us. Raises: SharedMemoryFull.
        """
        said = sorted((entry.number, entry.uri, entry.options) for entry in entries)
        if said == self._followed:
            return
        owned = _interests_of_sets()
        wanted, faults = _wanted(entries)
        for fault in faults[:MOST_FAULTS] if faults and self._minutely.may_tell("faults", now) else ():
            log.error("dispatcher %.600s; its state in the set stays as it is", fault)
        try:
            gone = replacing.removed(owned, wanted.keys(), forced=False)
        except Refused as refusal:
            if self._minutely.may_tell("too many", now):
                log.error("dispatcher's sets: nothing has changed: %s; a restart follows them", refusal)
            return
        if failed := ownership.register_all([each for each in wanted.values() if each], tell=False):
            if self._minutely.may_tell("memory", now):
                log.error("%d of dispatcher's destinations are not monitored: no shared memory", failed)
            return
        for key, owner in gone:
            registrations.disown(key, owner)
        self._followed = said
        log.info("dispatcher's sets are followed: %d destinations, %d have left", len(wanted), len(gone))


def _wanted(entries: list[Entry]) -> tuple[dict[_Interest, ownership.Wanted | None], list[str]]:
    """Return what the sets want, and the faults of what can't be; None is wanted as it already is."""
    wanted: dict[_Interest, ownership.Wanted | None] = {}
    faults = []
    for entry in entries:
        try:
            destination = uris.parse(entry.uri)
            interest = _Interest(destination.key, owner_of(entry))
            wanted[interest] = None
            if not _is_of_script(interest):
                options = check_options(entry.options)
                tracked.check(destination.uri, options)
                wanted[interest] = (destination, interest.owner, Owner(0, "", None, options))
        # What is wrong with a URI, with an option, or with both together.
        except ValueError as error:
            faults.append(f"set {entry.number}: {error}")
    return wanted, faults


def _is_of_script(interest: _Interest) -> bool:
    owner = _owner(interest)
    return owner is not None and bool(owner.callback)


def _owner(interest: _Interest) -> Owner | None:
    """Return how a set, or the script in its name, wants a destination in any spelling, if it does."""
    registered = destination_rows.registration(ownership.owned_key(*interest))
    return registered.owners.get(interest.owner) if registered else None


def _interests_of_sets() -> list[_Interest]:
    """Return what the sets have wanted until now, but for what a script or RPC did in their name."""
    found = []
    for key in destination_rows.monitored_keys():
        registered = destination_rows.registration(key)
        for name, owner in registered.owners.items() if registered else ():
            if name.startswith(f"{OWNER} ") and not owner.callback and owner.origin != OF_RPC:
                found.append(_Interest(key, name))
    return found
