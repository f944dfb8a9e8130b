"""How a command ends if it does not end well."""

from __future__ import annotations

import sys
from typing import Final

from .texts import clean

DONE: Final = 0
NOT_AS_ASKED: Final = 1


class Failure(Exception):
    """What ends a command, with one line that says why."""

    code: int


class Refused(Failure):
    """The server says no."""

    code = NOT_AS_ASKED


class Misused(Failure):
    """The command line makes no sense."""

    code = 2


class NoAnswer(Failure):
    """Nobody answered, or not what was expected."""

    code = 3


class Stopped(BaseException):
    """A signal asks for an end; its argument is the signal's number."""


def complain(text: str) -> None:
    """Write one line for whoever sits there."""
    print(f"keepalivectl: {clean(text, 1000)}", file=sys.stderr)


def complain_of(failure: Failure) -> int:
    """Write why a command ended early. Returns: the code to end with."""
    complain(str(failure))
    return failure.code
