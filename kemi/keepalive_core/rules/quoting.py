"""How what comes from outside stands in the log: one line of a bounded length, with no password (pure)."""

import re
from typing import Final

_MOST: Final = 80
# Nobody reads the digits of more; and Python writes none of a number with more than 4300.
_MOST_BITS: Final = 256
# Of a text that is remembered: a reason phrase, or what a route reports; escapes are counted.
MOST_REMEMBERED: Final = 200

# RFC 3261 section 19.1.1: user ":" password "@". The scheme may be missing, as in what a user typed.
_PASSWORD: Final = re.compile(r"((?:\bsips?:|\b(?!sips?:))[^\s:@'\"<>]+:)[^\s'\"<>]+(?=@)", re.IGNORECASE)


def quoted(value: object) -> str:
    """Return what a value looks like, in quotation marks where it is a text; it never raises."""
    if isinstance(value, str | bytes):
        # Cut first: there may be megabytes of it.
        return _cut(repr(value[: _MOST + 1]))
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        return f"a number of {value.bit_length()} bits"
    try:
        return _cut(repr(value))
    except Exception:
        return f"a {type(value).__name__}"


def one_line(text: str) -> str:
    """Return a text from outside as it can stand in a log line and in a record."""
    cut = text[: MOST_REMEMBERED + 1]
    return _cut(cut if cut.isprintable() else repr(cut), MOST_REMEMBERED)


def shown(line: str, most: int) -> str:
    """Return a line as Kamailio's log takes it: without passwords, NUL or half a character.

    Arguments: line; most, characters that it may have.
    """
    encodable = line[: most + 1].encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")
    return _cut(without_passwords(encodable), most)


def without_passwords(text: str) -> str:
    """Return a line of text in which the passwords of SIP URIs are masked."""
    return _PASSWORD.sub(r"\1***", text) if "@" in text else text


def _cut(text: str, most: int = _MOST) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."
