"""JSON-RPC 2.0: from the bytes of a body to requests, and from answers to bytes (pure).

From: https://www.jsonrpc.org/specification. Its limits are ours: each has a sentence in the error's ``data``.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from .quoting import quoted, without_passwords

MOST_BYTES: Final = 256 << 10
"""The longest body"""
MOST_REQUESTS: Final = 100
"""The most requests of a batch"""
MOST_ANSWERED: Final = 64 << 20
"""The bytes of a batch's answers after which no more of it is done"""
MOST_DEPTH: Final = 32
"""How deep brackets may be nested in a body"""
MOST_PARTS: Final = 50_000
"""How many texts and brackets a body may have: others wait while they are counted"""

# A number has no more characters than this.
_MOST_DIGITS: Final = 64
# The elements of a list that are written at a time: half a millisecond.
_AT_ONCE: Final = 100

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
INTERNAL_ERROR: Final = -32603
NOT_MONITORED: Final = -32001
REFUSED: Final = -32002
NOT_ALLOWED: Final = -32003

# As the specification has them, word for word.
_MESSAGES: Final = {
    PARSE_ERROR: "Parse error",
    INVALID_REQUEST: "Invalid Request",
    METHOD_NOT_FOUND: "Method not found",
    INVALID_PARAMS: "Invalid params",
    INTERNAL_ERROR: "Internal error",
}

Params = list[Any] | dict[str, Any]


class Error(NamedTuple):
    """What is wrong with a request, or why what it asks for was not done."""

    code: int
    message: str
    data: str = ""
    """more of it, "" if there is no more to say"""

    @classmethod
    def of(cls, code: int, data: str = "") -> "Error":
        """Return one of the specification's errors."""
        return cls(code, _MESSAGES[code], data)


class Request(NamedTuple):
    """A method that is to be called."""

    method: str
    params: Params
    id: str | int | float | None
    """by which the caller knows the answer"""
    is_notification: bool
    """whether it is to have no answer"""


class Fault(NamedTuple):
    """What stands in the place of a request, and is none."""

    error: Error
    id: str | int | float | None
    """None if it has none"""


class Message(NamedTuple):
    """What a body asks for."""

    parts: list[Request | Fault]
    is_batch: bool
    """whether the answers are a list"""


class _Malformed(ValueError):
    """A body is no JSON, or beyond a limit; the message says which, "" if it is plainly no JSON."""


def parse(body: bytes) -> Message:
    """Return what a body asks for; what is none of it is a Fault in its place."""
    try:
        value = _value(body)
    except _Malformed as fault:
        return _fault(PARSE_ERROR, str(fault))
    if not isinstance(value, list):
        return Message([_request(value)], is_batch=False)
    if not value:
        return _fault(INVALID_REQUEST)
    if len(value) > MOST_REQUESTS:
        return _fault(INVALID_REQUEST, f"{len(value)} requests, up to {MOST_REQUESTS} in a batch are allowed")
    return Message([_request(each) for each in value], is_batch=True)


def _fault(code: int, data: str = "") -> Message:
    return Message([Fault(Error.of(code, data), None)], is_batch=False)


def _request(value: object) -> Request | Fault:
    if not isinstance(value, dict):
        return Fault(Error.of(INVALID_REQUEST), None)
    id = value.get("id")
    is_id = isinstance(id, str | int | float | None) and not isinstance(id, bool)
    method, params = value.get("method"), value.get("params", [])
    if (
        not is_id
        or value.get("jsonrpc") != "2.0"
        or not isinstance(method, str)
        or not isinstance(params, list | dict)
    ):
        return Fault(Error.of(INVALID_REQUEST), id if is_id else None)
    return Request(method, params, id, is_notification="id" not in value)


# --- JSON, strictly -----------------------------------------------------------------------------------------

# A text, or a bracket outside of any. One without an end reaches to the end: no part of it is read twice.
_BRACKETS: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{\]}]', re.DOTALL)


def _value(body: bytes) -> Any:
    if len(body) > MOST_BYTES:
        raise _Malformed(f"longer than {MOST_BYTES} bytes")
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise _Malformed("no UTF-8") from None
    # First, as to read what is nested deeper may end the process.
    _check_brackets(text)
    try:
        value = json.loads(
            text, parse_int=_int, parse_float=_float, parse_constant=_constant, object_pairs_hook=_object
        )
    except json.JSONDecodeError:
        raise _Malformed from None
    # Only an escape makes half a character, which is no text.
    if "\\u" in text and not _is_text(value):
        raise _Malformed("half a character")
    return value


def _check_brackets(text: str) -> None:
    """Go through brackets no further than until there are too many. Raises: _Malformed."""
    depth = 0
    for count, found in enumerate(_BRACKETS.finditer(text)):
        first = found[0][0]
        if first in "[{":
            depth += 1
        elif first in "]}":
            depth -= 1
        if depth > MOST_DEPTH:
            raise _Malformed(f"more than {MOST_DEPTH} brackets one in another")
        if count == MOST_PARTS:
            raise _Malformed(f"more than {MOST_PARTS} texts and brackets")


def _int(text: str) -> int:
    return int(_number(text))


def _float(text: str) -> float:
    value = float(_number(text))
    if not math.isfinite(value):
        raise _Malformed(f"the number {text} is too large")
    return value


def _number(text: str) -> str:
    if len(text) > _MOST_DIGITS:
        raise _Malformed(f"a number of {len(text)} characters, up to {_MOST_DIGITS} are allowed")
    return text


def _constant(text: str) -> None:
    raise _Malformed(f"{text} is no JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise _Malformed(f"an object has {quoted(twice)} twice")
    return found


def _is_text(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


# --- answers ------------------------------------------------------------------------------------------------


class Answer(NamedTuple):
    """What is said to one request: a result or an error."""

    id: str | int | float | None
    result: Any = None
    error: Error | None = None


def joined(answers: list[bytes], is_batch: bool) -> bytes:
    """Return the body of some answers as written() gives them, of one if it is no batch."""
    return b"[" + b", ".join(answers) + b"]" if is_batch else b"".join(answers)


def written(answer: Answer, is_masked: bool = False) -> Iterator[bytes]:
    """Yield the pieces of an answer, of which only a long list has more than one.

    Between two of them others may have a turn.

    Arguments: answer; is_masked, whether the passwords of URIs in its result are.
    """
    result = answer.result
    shown = masked if is_masked else _as_it_is
    if answer.error is not None:
        yield _json({"jsonrpc": "2.0", "error": _fields(answer.error), "id": answer.id})
    elif not isinstance(result, list) or len(result) <= _AT_ONCE:
        yield _json({"jsonrpc": "2.0", "result": shown(result), "id": answer.id})
    else:
        yield b'{"jsonrpc": "2.0", "result": ['
        for at in range(0, len(result), _AT_ONCE):
            yield (b", " if at else b"") + _json(shown(result[at : at + _AT_ONCE]))[1:-1]
        yield b'], "id": ' + _json(answer.id) + b"}"


def masked(value: Any) -> Any:
    """Return a JSON value in whose texts the passwords of URIs are masked."""
    if isinstance(value, str):
        return without_passwords(value)
    if isinstance(value, list):
        return [masked(each) for each in value]
    if isinstance(value, dict):
        return {masked(name): masked(each) for name, each in value.items()}
    return value


def _as_it_is(value: Any) -> Any:
    return value


def _fields(error: Error) -> dict[str, Any]:
    fields = error._asdict()
    if not error.data:
        del fields["data"]
    return fields


def _json(value: Any) -> bytes:
    return json.dumps(value, allow_nan=False).encode()
