"""A list of destinations, and when it may take the place of another (pure)."""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Final, NamedTuple, TypeVar

from . import uris
from .checks import Refused
from .parameters import Value

FORCE: Final = "!force"
"""What a list in kamailio.cfg begins with if it may remove whatever it does not have"""
MOST_FAULTS: Final = 5
"""The most faults of a list that are told one by one; of the others their number is"""

# Of fewer destinations people remove more than half now and then; of more it is a slip, or half a file.
_MANY: Final = 10


def split_destinations(text: str) -> list[str]:
    """Return the URIs of a list with commas or white space between them, as kamailio.cfg has it."""
    return [uri for uri in re.split(r"[,\s]+", text) if uri]


class Listed(NamedTuple):
    """What a list in kamailio.cfg says."""

    destinations: list[uris.Destination]
    faults: list[str]
    """of the first ones that are none"""
    bad: int
    """how many are none"""
    forced: bool


def listed(text: str, check: Callable[[str, Mapping[str, Value]], None] | None = None) -> Listed:
    """Read a list with commas or white space between its destinations.

    Arguments: text; check, raises a ValueError for a URI with options that is refused.
    """
    words = split_destinations(text)
    forced = words[:1] == [FORCE]
    found: list[uris.Destination] = []
    faults: list[str] = []
    bad = 0
    for word in words[forced:]:
        try:
            destination = uris.parse(word)
            if check:
                check(destination.uri, {})
            found.append(destination)
        except (uris.InvalidURI, Refused) as fault:
            bad += 1
            if bad <= MOST_FAULTS:
                faults.append(str(fault))
    return Listed(found, faults, bad, forced)


Named = TypeVar("Named")


def removed(before: Collection[Named], wanted: Collection[Named], forced: bool) -> list[Named]:
    """Return what a list no longer has.

    Arguments: before and wanted, what names the destinations; forced, whether any number may go.
    Raises: Refused if nothing would be left, or more than half of ten or more would go.
    """
    gone = [each for each in before if each not in wanted]
    if forced or not gone:
        return gone
    if not wanted:
        raise Refused(f"all {len(before)} destinations would go")
    if len(before) >= _MANY and len(gone) * 2 > len(before):
        raise Refused(f"{len(gone)} of {len(before)} destinations would go, more than half")
    return gone
