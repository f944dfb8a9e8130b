"""The state file's text: a line a destination, with a checksum (pure).

A line is eight hexadecimal digits, the CRC-32 of what follows, a space, and a JSON object with the fields by
their names: unknown ones are ignored, missing ones have their default. The first line names the format, the
last one says how many there were; before it stand those that are no destination's, see last_piece(). Each
line speaks for itself, so that of a damaged file the rest is used.
"""

import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from .checks import MOST_TEXT_BYTES
from .modes import Admin
from .quoting import one_line
from .state_row import SAVED, Row, Untrue, fields_of, key_of, row_of

FORMAT: Final = "keepalive-state-5"
MOST_BYTES_OF_A_LINE: Final = 65_536
MOST_FAULTS: Final = 5
"""The most bad lines that are told one by one; of the others their number is"""

_LINES_OF_A_PIECE: Final = 100
_ANY_FORMAT: Final = re.compile(rb'\["keepalive-state-([0-9]{1,9})"\]')
_FORMER: Final = (b"1", b"2", b"3", b"4")
_KNOWN: Final = (*_FORMER, FORMAT[-1:].encode())
_END: Final = "end"
# Made once: to make an encoder takes as long as to write a line with it.
_written: Final = json.JSONEncoder(separators=(",", ":")).encode
# What a full disk or a crash leaves where a text was to be.
_NOTHING: Final = b" \t\r\0"


class Parsed(NamedTuple):
    """What a file says."""

    rows: dict[str, Row]
    faults: list[str]
    """of the first lines that were refused, each with its number"""
    bad: int
    """how many lines were refused"""
    is_ours: bool
    """whether it is a state file at all; an empty one is, which a full disk leaves"""
    is_whole: bool
    """whether it has the first line of a known format, and a last one that says how many lines are between"""
    others: list[dict[str, Any]] = []  # noqa: RUF012 - a NamedTuple's default, never changed
    """the fields of lines that are no destination's, unchecked"""
    has_former_keys: bool = False
    """whether a name may have the same key there with a port and without one, as up to format 4"""


def text_of(key: str, row: Row) -> str:
    """Return what a line says of a destination."""
    return _written(fields_of(key, row))


def row_of_text(key: str, text: str, wall: float) -> Row:
    """Return what a text_of() says of a destination. Raises: Untrue."""
    fields = _object(text)
    if fields.get("destination") != key:
        raise Untrue("it is of another destination")
    return row_of(fields, wall)


def pieces_of(texts: Iterable[str]) -> Iterator[bytes]:
    """Return the file's bytes but last_piece(), of the texts of all destinations, of a hundred lines each."""
    lines = [json.dumps([FORMAT])]
    for text in texts:
        lines.append(_line(text))
        if len(lines) == _LINES_OF_A_PIECE:
            yield _bytes_of(lines)
            lines = []
    yield _bytes_of(lines)


def last_piece(number: int, others: Iterable[Mapping[str, Any]] = ()) -> bytes:
    """Return the end of the file's bytes.

    Arguments: number, of destinations; others, the fields of lines that are none's. Earlier versions take
    these for the last line, and look at its number alone.
    """
    end = {_END: number}
    return _bytes_of(_line(_written(fields)) for fields in [*({**end, **other} for other in others), end])


def _bytes_of(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _line(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x} {text}"


def parse(lines: Iterable[bytes], wall: float) -> Parsed:
    """Read a file's lines, each for itself; lines of former formats are read too.

    Arguments: lines, without their ends; wall, epoch seconds.
    """
    rows: dict[str, Row] = {}
    contradicted: set[str] = set()
    faults, others = list[str](), list[dict[str, Any]]()
    bad, number, version = 0, 0, b""
    end: int | None = None
    has_good_line = has_text = False
    for at, line in enumerate(lines, 1):
        if not line.strip(_NOTHING):
            continue
        has_text = True
        if at == 1 and (name := _ANY_FORMAT.fullmatch(line)):
            version = name[1]
            continue
        number += 1
        try:
            fields = _fields_of(line)
            has_good_line = True
            end = fields.get(_END)
            if end is not None:
                number -= 1
                others.append(fields)
            else:
                key, row = key_of(fields), row_of(fields, wall)
                if rows.setdefault(key, row) != row:
                    contradicted.add(key)
                    raise Untrue("another line says something else of its destination, and neither is used")
        # Whatever is wrong with a line, it costs that line.
        except Exception as fault:
            end, bad = None, bad + 1
            if bad <= MOST_FAULTS:
                faults.append(f"line {at}: {fault if isinstance(fault, Untrue) else 'it makes no sense'}")
    rows = {key: row for key, row in rows.items() if key not in contradicted}
    is_ours, is_whole = bool(version) or has_good_line or not has_text, version in _KNOWN and end == number
    others = [each for each in others if len(each) > 1]
    return Parsed(rows, faults, bad, is_ours, is_whole, others, version in (b"", *_FORMER))


def is_blank(data: bytes) -> bool:
    """Say whether bytes have no text."""
    return not data.strip(_NOTHING + b"\n")


def _fields_of(line: bytes) -> dict[str, Any]:
    """Return the fields of a line, unchecked. Raises: Untrue."""
    if len(line) > MOST_BYTES_OF_A_LINE:
        raise Untrue(f"it is longer than {MOST_BYTES_OF_A_LINE} bytes")
    try:
        text = line.decode("ascii")
    except UnicodeDecodeError:
        raise Untrue("it is no text") from None
    if text.startswith("["):
        return _former_fields(_json(text))
    _, _, said = text.partition(" ")
    if _line(said) != text:
        raise Untrue("its checksum is wrong")
    return _object(said)


def _object(text: str) -> dict[str, Any]:
    fields = _json(text)
    if not isinstance(fields, dict):
        raise Untrue("it has no fields")
    return fields


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Untrue("it is no JSON") from None


# --- former formats: a JSON array a line, without a checksum ----------------------------------------------

_FIELDS_1: Final = (
    *("generation", "state", "judged", "streak", "hold", "since", "checked", "last_up", "last_down", "code"),
    *("ok", "failed", "timeouts", "latency", "latency_ewma", "latency_min", "latency_max", "reason"),
)
_FIELDS_3: Final = (
    *("generation", "state", "judged", "streak", "hold", "drain", "checked", "last_up", "code", "ok"),
    *("latency", "latency_ewma", "latency_min", "latency_max", "since", "last_down", "failed", "timeouts"),
    *("void", "resent", "drained", "kept_down", "flap_since", "flap_changes", "flap_level", "traffic"),
    *("calls_since", "calls_ok", "calls_failed", "shadow_downs", "samples", "reason"),
)
# The first files of format 1 had the reason in the middle.
_REASON_AT: Final = 10


def _former_fields(line: Any) -> dict[str, Any]:
    try:
        if line[0] == _END:
            _, number = line
            return {_END: number}
        key, values, admin, history = line
        return _former_row(key, list(values), admin, history)
    except (TypeError, ValueError, LookupError, AttributeError):
        raise Untrue("it is no destination") from None


def _former_row(key: Any, values: list[Any], admin: Any, history: Any) -> dict[str, Any]:
    names = _FIELDS_3 if len(values) == len(_FIELDS_3) else _FIELDS_1
    if names is _FIELDS_1 and isinstance(values[_REASON_AT], str):
        values.append(values.pop(_REASON_AT))
    known = dict(zip(names, values, strict=True))
    fields: dict[str, Any] = {name: known[name] for name in SAVED if name in known}
    # When changes were counted, and the last hold ended, is not known; when the last change was is.
    fields["flap_changes"] = 0
    if fields.get("flap_level"):
        fields["kept_down"] = fields["since"]
    fields["reason"] = one_line(fields["reason"])
    fields["history"] = [[at, before, after, one_line(why)] for at, before, after, why in history]
    if admin is not None:
        mode, until, by, why, since = admin
        fields["admin"] = Admin(mode, until, _beginning(by), _beginning(why), since)._asdict()
    return {"destination": key, **fields}


def _beginning(text: str) -> str:
    return text.encode()[:MOST_TEXT_BYTES].decode(errors="ignore")
