"""Whether a group is up, for how much of its time it was (pure): enough of its members are up.

As many as group_min_alive says, or one. One that is kept answering is not up, nor one that asks for no calls.
"""

from .roster_text import ANSWERS, KEPT, SPARE, UNKNOWN, Head, Records
from .states import DOWN, UP
from .uptime import UNMEASURED, WORDS


def condition(text: str) -> str:
    """Return what holds of a group, one of uptime.WORDS, by its roster's text.

    Nothing is measured while those that are unknown could make it up, nor if too few were left in service.
    """
    head, records = Head.of(text), Records(text)
    needed = max(1, head.least)
    up = records.count(ANSWERS)
    if up >= needed:
        return WORDS[UP]
    unknown = records.count("".join(UNKNOWN.values()))
    in_service = up + unknown + records.count(SPARE + KEPT)
    return UNMEASURED if up + unknown >= needed or in_service < needed else WORDS[DOWN]
