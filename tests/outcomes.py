"""What becomes of an input: a value, or the one error that is declared for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

LONGEST_FAULT = 700
"""characters of an error's text; a line of the log has 1,500"""


def outcome(read: Callable[[], T], *faults: type[Exception]) -> tuple[T | None, str]:
    """Return what is read and "", or None and the text of its error; any other exception is a failure.

    Arguments: read; faults, what it may raise.
    """
    try:
        return read(), ""
    except faults as error:
        text = str(error)
    assert text
    assert len(text) <= LONGEST_FAULT, text[:1000]
    return None, text
