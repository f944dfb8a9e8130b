"""Which members of a group are alive: found out anew after a change of that group only."""

from typing import NamedTuple

from ..kamailio import group_rows, tables
from ..rules import roster_page, roster_text
from ..rules.cache import Cache
from ..rules.roster_page import Page


class Alive(NamedTuple):
    """The members of a group that are alive, as this process found out."""

    name: str
    """the group's"""
    change: int
    """the group's, when it did"""
    pages: dict[str, Page]
    """by their numbers"""
    uris: list[str]
    """not to be changed"""
    roster: str
    """its text"""

    def best(self) -> tuple[list[str], list[int]]:
        """Return those of the highest priority of all that are alive, and their weights."""
        pages = [self.pages[number] for number in roster_text.pages_of(self.roster)]
        weights = roster_page.best_weights(self.roster, pages)
        return self.uris[: len(weights)], weights


# A group of 5,000 takes 0.5 MB.
_found: Cache[str, Alive] = Cache(
    32 << 20, lambda _, found: sum(page.size for page in found.pages.values()) + 8 * len(found.uris)
)


def alive(name: object) -> list[str]:
    """Return the URIs of a group's members that answer or that it keeps answering, the best first."""
    known = found(name)
    return known.uris.copy() if known else []


def is_alive(name: object) -> bool | None:
    """Say whether alive() would return any; None if there is no such group."""
    known = found(name)
    return None if known is None else bool(known.uris)


def found(name: object) -> Alive | None:
    """Return which members of a group are alive; None if there is no such group.

    It is found out anew after a change of this group only, and then a page is read only if it is a new one.
    """
    # What can't be printed is no group's name, and NUL or half a character no key to Kamailio.
    if not isinstance(name, str) or not name or not name.isprintable():
        return None
    # The number is read first, so that a change meanwhile makes what is remembered an old answer.
    change = group_rows.group_change(name)
    if change is None:
        return None
    known = _found.answers.get(name)
    if known is not None and known.change == change:
        return known
    pages = dict(known.pages) if known else {}
    read = _read(name, pages)
    if read is None:
        # Members came or went meanwhile. What was read then need not be read again.
        with tables.locked(name, tables.GROUP) as row:
            read = _read(name, pages)
            roster = row.record()
            if read is None and roster is not None:
                tables.drop_nonsense(tables.GROUP, name, roster)
    if read is None:
        tables.note_lost()
        return None
    return _found.remember(name, Alive(name, change, pages, *read))


def _read(name: str, pages: dict[str, Page]) -> tuple[list[str], str] | None:
    """Return the URIs of the living members, and the roster; None if that or a page is gone or nonsense.

    Arguments: name, of the group; pages, those that are known, by their numbers, which become the group's.
    """
    roster = group_rows.roster(name)
    if roster is None:
        return None
    numbers = roster_text.pages_of(roster)
    for number in numbers:
        if number not in pages:
            text = group_rows.page(number)
            if text is None:
                return None
            try:
                pages[number] = Page.of(text)
            except roster_text.NONSENSE:
                return None
    for number in pages.keys() - numbers:
        del pages[number]
    return roster_page.alive(roster, [pages[number] for number in numbers]), roster
