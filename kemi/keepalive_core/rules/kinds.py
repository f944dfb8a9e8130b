"""What kinds of values parameters have: each checks one, and says what it allows (pure)."""

import re
from collections.abc import Callable
from typing import Any, Final, Generic, NamedTuple, TypeVar

from . import cluster_settings, group_floor, name_state, units, uris
from .quoting import quoted
from .reply_codes import parse_codes

T = TypeVar("T")


class ValueKind(NamedTuple, Generic[T]):
    """A kind of values."""

    check: Callable[[Any], T]
    """returns the value to use; raises ValueError with the reason to refuse it"""
    allows: str
    """for the documents"""
    unit: str = ""
    """of a number"""


def _range(low: float, high: float, unit: str, off: bool) -> tuple[Callable[[Any], None], str]:
    allowed = f"{'0, or ' if off else ''}{low} to {high}"

    def require_range(value: float) -> None:
        if not (low <= value <= high or (off and value == 0)):
            raise ValueError(f"{allowed} {unit} is allowed")

    return require_range, allowed


def _require_number(value: Any, types: type[int] | tuple[type, ...], what: str) -> None:
    # True is an int to Python, but no number of seconds to anybody.
    if not isinstance(value, types) or isinstance(value, bool):
        raise ValueError(f"{what} is needed, not {type(value).__name__}")


def _read(text: str, unit: str, what: str) -> int | float:
    try:
        return units.read(text, unit)
    except ValueError:
        examples = units.examples(unit)
        raise ValueError(f"{what}{f', such as {examples},' if examples else ''} is needed") from None


def number(low: float, high: float, unit: str, off: bool = False) -> ValueKind[float]:
    """Return the numbers from low to high, fractions among them; and 0, if that turns something off."""
    what = f"a number of {unit}"
    require_range, allowed = _range(low, high, unit, off)

    def check(value: Any) -> float:
        if isinstance(value, str):
            value = _read(value, unit, what)
        _require_number(value, (int, float), what)
        require_range(value)
        return value  # type: ignore[no-any-return]

    return ValueKind(check, allowed, unit)


def whole(low: int, high: int, unit: str, off: bool = False) -> ValueKind[int]:
    """Return the whole numbers from low to high; and 0, if that turns something off."""
    what = f"a whole number of {unit}"
    require_range, allowed = _range(low, high, unit, off)

    def check(value: Any) -> int:
        if isinstance(value, str):
            value = _read(value, unit, what)
            if isinstance(value, float):
                raise ValueError(f"{what} is needed, not {value}")
        _require_number(value, int, what)
        require_range(value)
        return int(value)

    return ValueKind(check, allowed, unit)


def number_or(word: str, kind: ValueKind[float]) -> ValueKind[float | str]:
    """Return the numbers of a kind, and one word beside them."""

    def check(value: Any) -> float | str:
        if value == word and isinstance(value, str):
            return word
        try:
            return kind.check(value)
        except ValueError as fault:
            raise ValueError(f"{fault}, or '{word}'") from None

    return ValueKind(check, f"`{word}`, {kind.allows}", kind.unit)


def one_of(*words: str) -> ValueKind[str]:
    """Return some words."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in words:
            raise ValueError(f"one of {', '.join(word or repr(word) for word in words)} is needed")
        return value

    return ValueKind(check, ", ".join(f"`{word}`" if word else "nothing" for word in words))


def _switch(value: Any) -> int:
    if isinstance(value, str) and value in ("0", "1"):
        return int(value)
    if not isinstance(value, int) or value not in (0, 1):
        raise ValueError("0 (off) or 1 (on) is needed")
    return int(value)


SWITCH: Final = ValueKind(_switch, "0 or 1")


def text(pattern: str, what: str) -> ValueKind[str]:
    """Return the texts that match a pattern."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise ValueError(f"{what} is needed")
        return value

    return ValueKind(check, what)


FILE: Final = text(r"|/[\x21-\x7e]{1,1023}", "an absolute path")
SOCKET: Final = text(
    r"|(udp|tcp|tls|sctp):[A-Za-z0-9.\-\[\]:]{1,200}", "a socket such as udp:192.168.10.1:5060"
)


def _require_length(value: str, most: int) -> None:
    if len(value) > most:
        raise ValueError(f"{most} characters are allowed, not {len(value)}")


def _require_text(value: Any, example: str) -> None:
    if not isinstance(value, str):
        raise ValueError(f"text such as '{example}' is needed, not {type(value).__name__}")


# --- what is sent -----------------------------------------------------------------------------------------


def _method(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Z]{1,32}", value):
        raise ValueError("a method such as OPTIONS, in capital letters, is needed")
    if value == "ACK":
        raise ValueError("nobody answers an ACK (RFC 3261 section 17)")
    return value


METHOD: Final = ValueKind(_method, "a method, in capital letters")
SENDER: Final = ValueKind(uris.parse_sender, "a URI")


def _uri_or_nothing(value: Any) -> str:
    return "" if value == "" else uris.parse(value).uri


URI_OR_NOTHING: Final = ValueKind(_uri_or_nothing, "a URI")


def _destination_or_nothing(value: Any) -> str:
    return "" if value == "" else uris.parse(value).key


DESTINATION_OR_NOTHING: Final = ValueKind(_destination_or_nothing, "the URI of a destination")

_MOST_HEADERS: Final = 2048

# Headers that tm writes itself, or that have a parameter of their own; a second one breaks the request.
_OWN_HEADERS: Final = frozenset(
    {
        *("via", "v", "from", "f", "to", "t", "call-id", "i", "cseq", "max-forwards"),
        *("content-length", "l", "content-type", "c", "route", "record-route", "user-agent"),
    }
)
# RFC 3261 section 25.1 allows ! % * ` ' too, but there tm refuses the ping: Kamailio's header parser does not
# take them (5.6 to 6.1).
_HEADER_NAME: Final = r"[A-Za-z0-9.+_~-]+"


def _headers(value: Any) -> str:
    _require_text(value, "X-A: 1 | X-B: 2")
    _require_length(value, _MOST_HEADERS)
    for header in split_headers(value):
        _require_header(header)
    return str(value)


def split_headers(value: str) -> list[str]:
    """Return the headers of a text that has a bar between them."""
    return [header for header in (part.strip() for part in value.split("|")) if header]


def _require_header(header: str) -> None:
    if not re.fullmatch(r"[\x20-\x39\x3b-\x7e]+: ?[\x20-\x7e]+", header):
        raise ValueError(f"{quoted(header)} is no header, 'Name: value' in printable ASCII is needed")
    if "!" in header:
        raise ValueError(f"{quoted(header)} has a '!', at which Kamailio's tm breaks a request (5.6, 6.0)")
    name = header.partition(":")[0].strip()
    if not re.fullmatch(_HEADER_NAME, name):
        raise ValueError(f"{quoted(name)} is no name of a header: letters, digits and . + _ ~ - are allowed")
    if name.lower() == "retry-after":
        raise ValueError(f"header {name} is one of replies (RFC 3261 section 20.33)")
    if name.lower() in _OWN_HEADERS:
        raise ValueError(f"header {name} is written by Kamailio")


HEADERS: Final = ValueKind(_headers, "headers, with a bar between them")

# --- what is received -------------------------------------------------------------------------------------

_MOST_CODES: Final = 255


def _codes(value: Any) -> str:
    _require_text(value, "2xx,404")
    _require_length(value, _MOST_CODES)
    parse_codes(value)
    return str(value)


def _some_codes(value: Any) -> str:
    if value == "":
        raise ValueError("no code would be alive")
    return _codes(value)


CODES: Final = ValueKind(_codes, "codes of replies")
SOME_CODES: Final = ValueKind(_some_codes, "codes of replies")


def _targets(value: Any) -> str:
    targets = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(targets, str) or not name_state.is_word(targets):
        raise ValueError("a number from 1 on, a percentage, such as '50%', or 'all' is needed")
    return targets


TARGETS: Final = ValueKind(_targets, "a number from 1 on, a percentage, or `all`", "targets")


def _members(value: Any) -> str:
    # A number may be written as one.
    members = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(members, str) or not group_floor.is_group_floor(members):
        raise ValueError("a number of members or a percentage, such as '50%', is needed")
    return members


MEMBERS: Final = ValueKind(_members, "a number or a percentage", "members")

_MOST_NODES: Final = 9


def _nodes(value: Any) -> str:
    _require_text(value, "sip:10.0.0.1:5060 sip:10.0.0.2:5060")
    words = value.replace(",", " ").split()
    if len(words) > _MOST_NODES:
        raise ValueError(f"a cluster has {_MOST_NODES} nodes at the most")
    return " ".join(dict.fromkeys(map(cluster_settings.node_name, words)))


NODES: Final = ValueKind(_nodes, "nodes, with commas or spaces between them")
