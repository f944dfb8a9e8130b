"""What the owners of a group's members say of group_min_alive, as text of fixed width (pure).

If owners say different things, the highest number and the highest percentage count.
"""

import math
from collections.abc import Iterable
from typing import Final

from .group_floor import least_alive

WIDTH: Final = 10
"""characters: a number, a percentage, and whether anybody leaves it to the setting"""
_NUMBER: Final = slice(6)
_PERCENT: Final = slice(6, 9)
_LEFT_OPEN: Final = slice(9, WIDTH)
_OPEN: Final = "d"
_SAID: Final = "-"

NONE: Final = "000000000-"
"""of a group without members"""


def words(said: Iterable[str]) -> str:
    """Return what a member's owners say.

    Arguments: said, ``2``, ``50%`` or ``""`` for nothing, by each owner.
    """
    return highest(
        f"{0:06d}{int(word[:-1]):03d}{_SAID}"
        if word.endswith("%")
        else f"{int(word or 0):06d}000{_SAID if word else _OPEN}"
        for word in said
    )


def highest(known: Iterable[str]) -> str:
    """Return the highest number, the highest percentage, and whether anybody leaves it to the setting."""
    different = set(known)
    if len(different) == 1:
        return different.pop()
    different.add(NONE)
    return "".join(max(each[part] for each in different) for part in (_NUMBER, _PERCENT, _LEFT_OPEN))


def least(text: str, members: int, setting: str) -> int:
    """Return how many members of a group have to answer.

    Arguments: text, the highest words of its members; members, their number; setting, the word for those
    whose owners say nothing.
    """
    return max(
        min(int(text[_NUMBER]), members),
        math.ceil(members * int(text[_PERCENT]) / 100),
        least_alive(setting, members) if text[_LEFT_OPEN] == _OPEN else 0,
    )
