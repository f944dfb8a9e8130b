"""Numbers with units, as an operator writes them: ``500ms``, ``2s``, ``1h``, ``20%`` (pure)."""

import re
from decimal import Decimal
from typing import Final

from .quoting import quoted

SECONDS: Final = "seconds"
MILLISECONDS: Final = "ms"
PERCENT: Final = "percent"

_MS_IN: Final = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_SUFFIXES: Final[dict[str, dict[str, Decimal]]] = {
    SECONDS: {suffix: Decimal(ms) / 1000 for suffix, ms in _MS_IN.items()},
    MILLISECONDS: {suffix: Decimal(ms) for suffix, ms in _MS_IN.items()},
    PERCENT: {"%": Decimal(1)},
}
"""by the unit of a number that has none: how many of these each suffix stands for"""

_EXAMPLES: Final = {
    SECONDS: "30, 500ms, 2s, 5m or 1h",
    MILLISECONDS: "3000, 500ms or 2s",
    PERCENT: "20 or 20%",
}

# No limit has more digits, and Python makes no number of more than 4300.
_NUMBER: Final = re.compile(r"(-?[0-9]{1,18}(?:\.[0-9]{1,18})?)([a-z%]{0,2})")


def examples(unit: str) -> str:
    """Return texts that read() takes for a unit, "" if a number of it has no suffix."""
    return _EXAMPLES.get(unit, "")


def read(text: str, unit: str) -> int | float:
    """Return the number that a text stands for; one without a suffix has the unit already.

    Arguments: text, such as ``2s``; unit, SECONDS, MILLISECONDS, PERCENT, or what is counted, of which there
    is no suffix.
    Raises: ValueError for a text that is no such number.
    """
    found = _NUMBER.fullmatch(text)
    number, suffix = found.groups() if found else ("", "")
    factor = Decimal(1) if found and not suffix else _SUFFIXES.get(unit, {}).get(suffix)
    if found is None or factor is None:
        raise ValueError(f"{quoted(text)} is no number of {unit}")
    value = Decimal(number) * factor
    return int(value) if value == value.to_integral_value() else float(value)


def written(value: float, unit: str) -> str:
    """Return a number as read() takes it, with the largest suffix of which it is a whole number."""
    number = Decimal(str(value))
    for suffix, factor in sorted(_SUFFIXES.get(unit, {}).items(), key=lambda each: -each[1]):
        if number % factor == 0 and number:
            return f"{int(number / factor)}{suffix}"
    return str(value)
