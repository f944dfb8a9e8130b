"""What one owner has of many destinations: each is registered for itself, and all of them replaced."""

import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from ..kamailio import destination_rows
from ..kamailio.tables import SharedMemoryFull
from ..rules import replacing, uris
from ..rules.checks import Refused
from ..rules.replacing import MOST_FAULTS, Difference
from ..rules.rows import OF_RPC, Owner
from ..rules.steps import Steps, at_once
from . import registrations

log = logging.getLogger("keepalive")

# So many destinations take 5 ms.
_AT_A_TIME: Final = 50

Wanted = tuple[uris.Destination, str, Owner]
"""a destination, an owner's name and how that wants it"""


class Incomplete(Refused):
    """Not everything is as the list says, but may be at the next try."""


def owned_key(key: str, owner: str) -> str:
    """Return under which key an owner has a destination: its own, unless only another spelling is his."""
    for spelling in (key, *uris.other_spellings(key)):
        registered = destination_rows.registration(spelling)
        if registered and owner in registered.owners:
            return spelling
    return key


def difference(owner: str, wanted: list[Wanted], forced: bool, remedy: str) -> Steps[Difference]:
    """Return what there would be to do for an owner to have what is wanted, and nothing else.

    Arguments: owner; wanted; forced, whether any number may go; remedy, what to do if too many would.
    Raises: Refused.
    """
    owned: dict[str, tuple[str, Owner]] = {}
    for at, key in enumerate(destination_rows.monitored_keys(), 1):
        try:
            registered = destination_rows.registration(key)
            # What an operator added by the same name is none of the list's.
            if registered and owner in registered.owners and registered.owners[owner].origin != OF_RPC:
                is_first = next(iter(registered.owners)) == owner
                owned[key] = registered.uri if is_first else "", registered.owners[owner]
        except Exception:
            log.exception("%s is left alone", key)
        if at % _AT_A_TIME == 0:
            yield
    wanted_by_key = {
        destination.key: (destination.uri if owned.get(destination.key, ("",))[0] else "", how)
        for destination, _, how in wanted
    }
    try:
        return replacing.difference(owned, wanted_by_key, forced)
    except Refused as refusal:
        raise Refused(f"nothing has changed: {refusal}; {remedy} if that is meant") from None


def replace(owner: str, wanted: list[Wanted], gone: list[str]) -> Steps[None]:
    """Give an owner what is wanted, then take what is gone. Raises: Incomplete."""
    if failed := (yield from _registered(wanted, tell=True)):
        raise Incomplete(
            f"{failed} of {len(wanted)} destinations are not monitored as wanted; none was removed"
        )
    removals = ((key, partial(registrations.disown, key, owner)) for key in gone)
    if unsure := (yield from failures("may stay", removals, tell=True)):
        raise Incomplete(f"{unsure} of {len(gone)} destinations may not be removed yet")


def register_missing(wanted: Iterable[Wanted], tell: bool) -> int:
    """Register those destinations that their owners do not have yet; as register_all().

    What they have said since is newer than what was configured.
    """
    tasks = ((each[0].uri, partial(_register_if_missing, *each)) for each in wanted)
    return at_once(failures("is not monitored", tasks, tell))


def _register_if_missing(destination: uris.Destination, owner: str, how: Owner) -> None:
    registered = destination_rows.registration(destination.key)
    if registered is None or owner not in registered.owners:
        registrations.register(destination, owner, how)


def register_all(wanted: Iterable[Wanted], tell: bool) -> int:
    """Register destinations, each for itself.

    Arguments: wanted; tell, whether the log is to name the first ones that can't be.
    Returns: how many can't be.
    """
    return at_once(_registered(wanted, tell))


def _registered(wanted: Iterable[Wanted], tell: bool) -> Steps[int]:
    tasks = ((each[0].uri, partial(registrations.register, *each)) for each in wanted)
    return failures("is not monitored", tasks, tell)


def failures(trouble: str, tasks: Iterable[tuple[str, Callable[[], object]]], tell: bool) -> Steps[int]:
    """Do tasks, each for itself, and return how many failed.

    Arguments: trouble, what it means that one fails; tasks, each with the name of what it is about; tell,
    whether the log is to name the first ones that fail.
    """
    failed = 0
    for at, (name, task) in enumerate(tasks, 1):
        try:
            task()
        except Exception as error:
            failed += 1
            if tell and failed <= MOST_FAULTS:
                surprise = not isinstance(error, SharedMemoryFull)
                log.error("%s %s: %s", name, trouble, error, exc_info=surprise)
        if at % _AT_A_TIME == 0:
            yield
    if tell and failed > MOST_FAULTS:
        log.error("and %d more like these", failed - MOST_FAULTS)
    return failed
