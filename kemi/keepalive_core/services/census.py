"""How many destinations are how, by groups: counted by the process that serves HTTP, a slice at a time.

Which groups a destination is in is read anew after a change of any registration only.
"""

from collections import Counter
from collections.abc import Generator, Iterator
from sys import intern
from typing import Final

from ..kamailio import destination_rows, tables
from ..rules.service_code import answer, groups_keeping, is_sound, shown_as
from ..rules.states import UP

SLICE: Final = 500
"""The destinations between two moments at which others may have their turn"""


class Count:
    """Some destinations, counted."""

    def __init__(self) -> None:
        self.shown: Counter[str] = Counter()
        """by the words of service_code.SHOWN"""
        self.alive = 0
        """to which is_alive says 1"""
        self.held = 0
        """which a group keeps answering (group_min_alive)"""

    def add(self, code: int) -> None:
        """Count one more. Arguments: code, what is_alive reads of it."""
        self.shown[shown_as(code)] += 1
        self.alive += answer(code) == UP
        self.held += groups_keeping(code) > 0


class Census:
    """All destinations, and those in each group."""

    def __init__(self) -> None:
        self.all = Count()
        self.groups: dict[str, Count] = {}


class Directory:
    """Which destinations there are, and in which groups."""

    def __init__(self) -> None:
        self.groups: dict[str, tuple[str, ...]] = {}
        """by the destinations' keys: names of groups"""
        self._read_of: dict[str, int] = {}
        """by the destinations' keys: the hash of the text of which that was read"""
        self._revision: int | None = None

    def follow(self) -> Iterator[None]:
        """Take over what has changed, in slices."""
        # The number is read first, so that a change meanwhile is seen the next time.
        revision = tables.revision()
        if revision is not None and revision == self._revision:
            return
        groups: dict[str, tuple[str, ...]] = {}
        read_of: dict[str, int] = {}
        for number, key in enumerate(destination_rows.monitored_keys()):
            if number % SLICE == 0:
                yield
            mark = hash(destination_rows.registration_text(key))
            known = self.groups.get(key) if self._read_of.get(key) == mark else None
            if known is None:
                registered = destination_rows.registration(key)
                if registered is None:
                    continue
                known = tuple(map(intern, registered.groups))
            groups[key], read_of[key] = known, mark
        self.groups, self._read_of, self._revision = groups, read_of, revision

    def members(self, group: str) -> list[str]:
        """Return the keys of a group's members: walks all destinations."""
        return [key for key, names in self.groups.items() if group in names]

    def census(self) -> Generator[None, None, Census]:
        """Count all destinations, in slices; return what was counted."""
        found = Census()
        for number, (key, names) in enumerate(self.groups.items()):
            if number % SLICE == 0:
                yield
            code = destination_rows.service_code(key)
            if not is_sound(code):
                continue
            found.all.add(code)
            for name in names:
                found.groups.setdefault(name, Count()).add(code)
        return found


the_directory = Directory()
