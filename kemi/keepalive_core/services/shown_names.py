"""What is kept of names, and of the targets behind them, for those who look at all destinations.

A target is no destination, and is counted as none: it is shown with its name.
"""

from typing import Final

from ..kamailio import destination_rows, name_rows
from ..rules import uris
from ..rules.service_code import is_sound, shown_as
from ..rules.showing import CLASSES
from ..rules.states import DOWN, STATE_NAMES, UNKNOWN

_DOWN: Final = STATE_NAMES[DOWN]

ALL: Final = "all"
DEAD: Final = "dead"
FAILING: Final = "failing"
WHICH: Final = ("", ALL, DEAD, FAILING)
"""What names can be asked for: any destination, all names, those with a target that is down, and those for
which DNS failed when it was asked last"""


class Target:
    """What is kept of an address behind a name."""

    __slots__ = ("code", "key", "name", "own")

    def __init__(self, key: str, name: "Name") -> None:
        self.key = key
        self.name = name
        self.code = -1
        self.own = STATE_NAMES[UNKNOWN]
        """as what it would be counted, were its name not taken out"""

    @property
    def shown(self) -> str:
        """As what it is counted: an administrator who takes out its name takes it out, too."""
        return self.name.mode or self.own


class Name:
    """What is kept of a name beside its row."""

    __slots__ = ("down", "fault", "is_resolved", "key", "mode", "places", "targets")

    def __init__(self, key: str) -> None:
        self.key = key
        self.targets: dict[str, Target] = {}
        """by their keys"""
        self.down = 0
        """how many of them are"""
        self.mode = ""
        """into which an administrator put it, "" if it is ready"""
        self.is_resolved = False
        """whether DNS said anything of it"""
        self.fault = ""
        """how the last question to DNS failed"""
        self.places = ""
        """the keys of its targets, in which is searched"""

    @property
    def is_failing(self) -> bool:
        """Whether DNS failed when it was asked last; of what is taken out nobody wants to know."""
        return bool(self.fault) and not self.mode

    def is_one_of(self, which: str) -> bool:
        """Say whether it is what is asked for, one of WHICH."""
        return {DEAD: self.down > 0, FAILING: self.is_failing}.get(which, True)


class ShownNames:
    """All names, and all targets."""

    def __init__(self) -> None:
        self.targets: dict[str, Target] = {}
        """by their keys"""
        self.counts = dict.fromkeys(CLASSES, 0)
        """of the targets"""
        self._names: dict[str, Name] = {}

    def counted(self) -> dict[str, int]:
        """Return how many names there are, and how many have a target that is down, or a fault of DNS."""
        # Of one that is given up the targets are there until the resolver looks.
        names = [name for name in self._names.values() if name.is_resolved]
        return {
            "total": len(names),
            DEAD: sum(name.down > 0 for name in names),
            FAILING: sum(name.is_failing for name in names),
        }

    def read(self, key: str) -> Name | None:
        """Read what DNS said of a destination; None if it is no name."""
        known = name_rows.resolution(key)
        if known is None:
            self.forget(key)
            return self._names.get(key)
        name = self._name(key)
        name.is_resolved = True
        name.fault = known.fault
        name.places = " ".join(each.key for each in known.all_targets).lower()
        return name

    def forget(self, key: str) -> None:
        """Keep nothing of what is no name any more, unless some of its targets are still there."""
        name = self._names.get(key)
        if name is not None:
            name.is_resolved = False
            self._drop_if_empty(name)

    def of_target(self, key: str) -> Name | None:
        """Return the name that a target was, or is, behind; None if that is not known any more."""
        return self._names.get(uris.name_of(key))

    def make(self, key: str) -> None:
        """Read anew how a target is, and whether it is there."""
        target = self.targets.get(key)
        if target is not None:
            self._count(target, -1)
        if destination_rows.registration(key) is None:
            if target is not None:
                del self.targets[key], target.name.targets[key]
                self._drop_if_empty(target.name)
            return
        if target is None:
            name = self._name(uris.name_of(key))
            target = self.targets[key] = name.targets[key] = Target(key, name)
        code = destination_rows.service_code(key)
        target.code = -1 if code is None else code
        if is_sound(code):
            target.own = shown_as(code)
        self._count(target, 1)

    def put(self, name: Name, mode: str) -> None:
        """Note the mode into which an administrator put a name, "" if it is ready: all its targets follow."""
        if mode == name.mode:
            return
        for target in name.targets.values():
            self._count(target, -1)
        name.mode = mode
        for target in name.targets.values():
            self._count(target, 1)

    def _drop_if_empty(self, name: Name) -> None:
        if not name.is_resolved and not name.targets:
            del self._names[name.key]

    def _name(self, key: str) -> Name:
        return self._names.setdefault(key, Name(key))

    def _count(self, target: Target, by: int) -> None:
        self.counts[target.shown] += by
        target.name.down += by * (target.shown == _DOWN)
