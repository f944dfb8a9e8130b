"""A list of destinations, and when it may take the place of another (pure)."""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, NamedTuple, TypeVar

from . import uris
from .checks import Refused
from .parameters import Value

FORCE: Final = "!force"
"""What a list in kamailio.cfg begins with if it may remove whatever it does not have"""
MOST_FAULTS: Final = 5
"""The most faults of a list that are told one by one; of the others their number is"""

MOST_TOLD: Final = 100
"""The most destinations that came, went or changed whose names an operator is told"""

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


class Difference(NamedTuple):
    """What a list changes: names of destinations, and of groups with other options."""

    added: list[str]
    removed: list[str]
    changed: list[str]

    def told(self) -> dict[str, dict[str, Any]]:
        """Return it as an operator gets it: of each how many there are, and the first ones."""
        return {
            what: {"count": len(names), "first": names[:MOST_TOLD]} for what, names in self._asdict().items()
        }

    def line(self) -> str:
        """Return it as an order has it."""
        return ", ".join(f"{len(names)} {what}" for what, names in self._asdict().items())

    def followed_by(self, later: "Difference") -> "Difference":
        """Return what one change and then another one come to, all told."""
        return Difference(*(first + second for first, second in zip(self, later, strict=True)))


def difference(before: Mapping[str, object], wanted: Mapping[str, object], forced: bool) -> Difference:
    """Return what has to be done for a list to take the place of another.

    Arguments: before and wanted, how each destination was and is wanted, by their names; forced, whether any
    number may go.
    Raises: Refused, see removed().
    """
    gone = removed(before, wanted, forced)
    added = [name for name in wanted if name not in before]
    return Difference(
        added, gone, [name for name in wanted if name in before and wanted[name] != before[name]]
    )


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
