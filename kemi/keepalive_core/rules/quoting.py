"""How what comes from outside stands in the log: one line of a bounded length, with no password (pure)."""

import re
import unicodedata
from typing import Final

# The most characters of a quoted value.
_MOST: Final = 80
# Of a longer number only its size is told: Python refuses to write more than 4300 digits.
_MOST_BITS: Final = 256
# The most characters that are remembered of a reason phrase, or of what a route reports, with escapes.
MOST_REMEMBERED: Final = 200

# RFC 3261 section 19.1.1: user ":" password "@". A password may have quotation marks, and one that is refused
# may have anything. The scheme may be missing, as in what a user typed.
_PASSWORD: Final = re.compile(
    r"((?:\bsips?:[^\s:@<>]{0,255}|\b(?!sips?:)[^\s:@'\"<>]{1,255}):)\S{1,255}(?=@)", re.IGNORECASE
)
_SCHEME: Final = re.compile(r"\s{0,9}sips?:", re.IGNORECASE)
# What begins like a URI, with or without its scheme.
_URI: Final = re.compile(r"\s{0,9}[^\s:@'\"<>\[{]{0,80}:")
# What stands in the place of a password.
MASK: Final = "***"
# The longest password that a URI of 255 bytes may have, and what is around it.
_MOST_AROUND: Final = 256


def quoted(value: object) -> str:
    """Return what a value looks like, in quotation marks if it is a text; it never raises."""
    if isinstance(value, str):
        return _cut(repr(_without_password(value)[: _MOST + 1]))
    if isinstance(value, bytes):
        value = value[: _MOST + _MOST_AROUND]  # there may be megabytes of it
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        return f"a number of {value.bit_length()} bits"
    try:
        return _cut(without_passwords(repr(value)[: _MOST + _MOST_AROUND]))
    except Exception:
        return f"a {type(value).__name__}"


def quoted_uri(text: object) -> str:
    """Return what is meant to be a URI, as quoted() does: all between its user and its last "@" is masked."""
    return quoted(_masked(text) if isinstance(text, str) else text)


def _without_password(text: str) -> str:
    return _masked(text) if _URI.match(text) else without_passwords(text[: _MOST + _MOST_AROUND])


def _masked(text: str) -> str:
    scheme = _SCHEME.match(text)
    at = text.rfind("@")
    colon = text.find(":", scheme.end() if scheme else 0, max(at, 0))
    return f"{text[: colon + 1]}{MASK}{text[at : at + _MOST]}" if 0 <= colon < _MOST else text


def one_line(text: str) -> str:
    """Return a text from outside as it can stand in a log line and in a record."""
    cut = text[: MOST_REMEMBERED + 1]
    return _cut(cut if cut.isprintable() else repr(cut), MOST_REMEMBERED)


def of_newer_unicode(text: str) -> str:
    """Return a text with a question mark for each character that this Python does not know yet.

    The Python of another node may: 3.11 has Unicode 14, 3.13 has 15.1.
    """
    if text.isprintable():
        return text
    return "".join("?" if unicodedata.category(each) == "Cn" else each for each in text)


def shown(line: str, most: int) -> str:
    """Return a line as Kamailio's log takes it: without passwords, NUL or half a character.

    Arguments: line; most, characters that it may have.
    """
    # More than is shown: a password may end behind that.
    seen = line[: most + _MOST_AROUND].encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")
    return _cut(without_passwords(seen), most)


def without_passwords(text: str) -> str:
    """Return a line of text in which the passwords of SIP URIs are masked."""
    return _PASSWORD.sub(rf"\1{MASK}", text) if "@" in text else text


def _cut(text: str, most: int = _MOST) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."
