"""What is shown of all groups: how many of their members are counted as what, and how many answer."""

from collections.abc import Iterable
from typing import Any

from ..kamailio import group_rows
from ..rules.roster_text import NONSENSE, Head
from ..rules.showing import CLASSES, trouble


class _Group:
    """What is kept of a group."""

    __slots__ = ("change", "head", "shown")

    def __init__(self) -> None:
        self.change = -1
        """the number of the change behind which its head was read; -1: it is to be read"""
        self.head = Head(0, 0, 0, 0)
        self.shown = dict.fromkeys(CLASSES, 0)
        """how many of its members are of each class"""

    def read(self, name: str) -> None:
        """Read how many of its members answer, if that may be other ones than before."""
        change = group_rows.group_change(name)
        if change == self.change:
            return
        try:
            self.head = Head.of(group_rows.roster(name) or "")
            self.change = -1 if change is None else change
        except NONSENSE:  # it is mended within seconds
            self.change = -1


class ShownGroups:
    """The groups of those destinations that were counted."""

    def __init__(self) -> None:
        self._groups: dict[str, _Group] = {}

    def count(self, names: Iterable[str], shown: str, by: int) -> None:
        """Count a destination in its groups, or no more.

        Arguments: names, of the groups; shown, as what it is counted; by, 1 or -1.
        """
        for name in names:
            self._groups.setdefault(name, _Group()).shown[shown] += by

    def __contains__(self, name: str) -> bool:
        return name in self._groups and any(self._groups[name].shown.values())

    def all(self) -> list[dict[str, Any]]:
        """Return what is shown of each group, those in trouble first."""
        found = []
        for name, group in list(self._groups.items()):
            if name not in self:
                del self._groups[name]
                continue
            group.read(name)
            answering = group.head.answering + group.head.kept
            counted = {"name": name, "members": group.head.members, "alive": answering}
            found.append({**counted, **group.shown, "held": group.head.kept})
        return sorted(found, key=trouble)
