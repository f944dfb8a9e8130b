"""What may be said of a destination beside its settings: names, numbers and values, checked (pure)."""

import json
import re
from typing import Any, Final

from .quoting import quoted

# Of the name of an owner or a group, and of a remark, at the most.
MOST_TEXT_BYTES: Final = 255
MOST_USER_ATTR_BYTES: Final = 8192
# What fits into the 32 bits of an int of C, which Kamailio's numbers are.
MOST_NUMBER: Final = 2**31 - 1


class Refused(ValueError):
    """A request was refused; the message says which and why. Nothing has changed."""


class NotMonitored(Refused):
    """A destination is none that is monitored."""

    def __init__(self, destination: object) -> None:
        super().__init__(f"{quoted(destination)} is not monitored")


def owner_name(value: object) -> str:
    """Return the name of an owner. Raises: Refused."""
    if value == "":
        raise Refused("the owner of a destination is a name, not ''")
    return _line("the owner of a destination is a name", value)


def group_name(of: str, value: object) -> str:
    """Return the name of a group, "" for none. Raises: Refused, with whose group it is."""
    return _line(f"group of {quoted(of)}: a name is needed", value)


def group_to_configure(value: object) -> str:
    """Return the name of a group that is to have options. Raises: Refused."""
    if value == "":
        raise Refused("a group that has options has a name, not ''")
    return _line("a group that has options has a name", value)


def remark(what: str, value: object) -> str:
    """Return a text of one line, which may be empty. Raises: Refused, with what the text is."""
    return _line(f"{what} is text of one line", value)


def _line(need: str, value: object) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise Refused(f"{need}, not {quoted(value)}")
    if len(value.encode()) > MOST_TEXT_BYTES:
        raise Refused(f"{need}, not longer than {MOST_TEXT_BYTES} bytes: {quoted(value)}")
    return value


def number(what: str, value: object) -> int:
    """Return a whole number. Raises: Refused, with what the number is."""
    # True is an int to Python, but no number to anybody.
    if not isinstance(value, int) or isinstance(value, bool):
        raise Refused(f"{what}: a number is needed, not {type(value).__name__}")
    if not -MOST_NUMBER <= value <= MOST_NUMBER:
        raise Refused(f"{what} {quoted(value)}: {-MOST_NUMBER} to {MOST_NUMBER} is allowed")
    return int(value)


def number_of_text(what: str, text: str) -> int:
    """Return the whole number that a text stands for. Raises: Refused, with what the number is."""
    # 18 digits are more than a number may have, and fewer than Python refuses.
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise Refused(f"{what}: a number is needed, not {quoted(text)}")
    return number(what, int(text))


def json_value(value: object) -> Any:
    """Return what another process will read of a callback's user_attr. Raises: Refused."""
    try:
        text = json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise Refused(f"user_attr {quoted(value)} is no JSON value: {error}") from None
    if len(text) > MOST_USER_ATTR_BYTES:
        raise Refused(f"user_attr {quoted(value)} is longer than {MOST_USER_ATTR_BYTES} bytes as JSON")
    return json.loads(text)
