"""The least number of members of a group that have to answer (pure)."""

import math
import re


def least_alive(text: str, number: int) -> int:
    """Return the number of a group's members that have to answer.

    Arguments: text, ``2`` or ``50%``; number, of the members.
    """
    if text.endswith("%"):
        return math.ceil(number * int(text[:-1]) / 100)
    return min(int(text), number)


def is_group_floor(text: str) -> bool:
    """Say whether a text is a number or a percentage of members."""
    return bool(re.fullmatch(r"\d{1,6}|\d{1,2}%|100%", text))
