"""What is shown of texts from outside, and of times."""

from __future__ import annotations

import argparse
import re
import time
import unicodedata
from collections import Counter
from typing import Any, Final, TypeVar

T = TypeVar("T")


def clean(text: object, most: int = 300) -> str:
    """Return what a terminal may be given of a text, in one line: peers write some of what is shown here.

    Control characters, what turns the direction of writing and what has no width are written as escapes.

    Arguments: text; most, the number of its characters of which the rest is cut.
    """
    whole = str(text)
    shown = whole if len(whole) <= most else f"{whole[: most - 3]}..."
    if shown.isascii() and shown.isprintable():
        return shown
    return "".join(each if _is_plain(each) else each.encode("unicode_escape").decode() for each in shown)


def _is_plain(character: str) -> bool:
    return character.isprintable() and unicodedata.category(character) not in ("Mn", "Me")


def width(text: str) -> int:
    """Return how many columns of a terminal a clean text takes."""
    return len(text) + sum(unicodedata.east_asian_width(each) in "WF" for each in text)


def fitted(text: str, columns: int) -> str:
    """Return what of a clean text fits into so many columns."""
    if width(text) <= columns:
        return text
    shown = text[:columns]
    while width(shown) > columns:
        shown = shown[:-1]
    return shown


_TEN_YEARS: Final = 3650 * 86400
_SECONDS_IN: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}


def duration(text: str) -> float:
    """Return the seconds of a text such as 30s, 5m, 1h or 2d, ten years at the most.

    Without a unit it is seconds already.
    """
    found = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)(ms|[smhd]?)", text)
    seconds = float(found[1]) * _SECONDS_IN[found[2] or "s"] if found else 0
    if not 0 < seconds <= _TEN_YEARS:
        raise argparse.ArgumentTypeError(f"{clean(text, 40)!r} is no time such as 30s, 5m, 1h or 2d")
    return seconds


def moment(epoch: float) -> str:
    """Return a time by this machine's clock; "never" for 0."""
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(epoch)) if epoch else "never"
    except (OverflowError, ValueError, OSError):
        return "?"


def age(seconds: float) -> str:
    """Return how long something lasts already, in its largest unit: 12s, 4m, 3h, 12d."""
    for unit in ("d", "h", "m"):
        if seconds >= _SECONDS_IN[unit]:
            return f"{seconds // _SECONDS_IN[unit]:.0f}{unit}"
    return f"{max(seconds, 0):.0f}s"


def mode(admin: dict[str, Any]) -> str:
    """Return an administrator's mode, and who ordered it until when, in words."""
    until = f" until {moment(admin['until'])}" if admin.get("until") else ""
    by = f" by {admin['by']}" if admin.get("by") else ""
    why = f" ({admin['why']})" if admin.get("why") else ""
    return f"{admin['mode']}{until}{by}{why}"


def each_once(pairs: list[tuple[str, T]]) -> dict[str, T]:
    """Return what pairs name. Raises: ValueError if one of equal names would have to go."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise ValueError(f"{clean(twice, 40)!r} is said twice")
    return found
