"""The heads of HTTP requests, before a library is given them: what is none is refused at once (pure).

A head that two readers may understand in two ways is none (RFC 9112 section 11.2, request smuggling),
and what is none is known by its first bytes. All that is accepted is read again by aiohttp.
"""

import re
from typing import Final, NamedTuple

from .http_access import Refusal

MOST_HEAD: Final = 16_384
"""bytes of a head"""
MOST_BODY: Final = 262_144
"""bytes of a body"""
_MOST_LINES: Final = 100
# Less than aiohttp takes in one line.
_MOST_LINE: Final = 8000
METHODS: Final = ("GET", "HEAD", "POST")

_END: Final = b"\r\n\r\n"
# So begins a handshake of TLS: nobody reads an answer in the clear (RFC 8446 section 5.1).
_TLS: Final = b"\x16\x03"
_FIRST_LINE: Final = re.compile(rb"([A-Z]{1,20}) (/[!-~]*) HTTP/(1\.[01])")
_OTHER_LINE: Final = re.compile(rb"[A-Z]{1,20} \S+ HTTP/(?!1\.[01]$)[0-9.]{1,9}")
_FIRST_LETTERS: Final = re.compile(rb"[A-Z]{1,20}(?: |$)")
# RFC 9110 sections 5.1 and 5.5: a token, and a value without line ends and other control characters.
_FIELD: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~\x80-\xff]*?)[ \t]*")
_LENGTH: Final = re.compile(rb"[0-9]{1,15}")
# Fields that have one meaning each, and therefore stand in a head once.
_SINGLE: Final = frozenset(
    {b"host", b"content-length", b"transfer-encoding", b"content-type", b"authorization"}
)


class Head(NamedTuple):
    """A request's head."""

    size: int
    """bytes, with the empty line"""
    body: int | None
    """bytes of the body that follows; None if its chunks say when it ends"""


SILENCE: Final = Refusal(0, "a handshake of TLS")
"""the refusal that nobody could read"""


def head_of(data: bytes) -> Head | Refusal | None:
    """Return the head that some bytes begin with, or why they begin with none; None if more have to come.

    Arguments: data, all that has come since the request before.
    """
    fault = _begins_badly(data)
    if fault is not None:
        return fault
    end = data.find(_END, 0, MOST_HEAD)
    if end < 0:
        return Refusal(431, f"a head has {MOST_HEAD} bytes at the most") if len(data) >= MOST_HEAD else None
    first, *lines = data[:end].split(b"\r\n")
    fields = _fields(lines)
    if isinstance(fields, Refusal):
        return fields
    body = _body(fields, is_1_1=first.endswith(b"1"))
    return body if isinstance(body, Refusal) else Head(end + len(_END), body)


def _begins_badly(data: bytes) -> Refusal | None:
    """Refuse what begins as no request does, however much of it has come."""
    if data.startswith(_TLS):
        return SILENCE
    line, end, _ = data[: _MOST_LINE + 2].partition(b"\r\n")
    if not end and len(line) > _MOST_LINE:
        return Refusal(414, f"a line has {_MOST_LINE} bytes at the most")
    if not end and b"\n" not in line and _FIRST_LETTERS.match(line):
        return None
    matched = _FIRST_LINE.fullmatch(line) if end else None
    if matched is not None:
        is_understood = matched[1].decode() in METHODS
        return None if is_understood else Refusal(405, f"{', '.join(METHODS)} are understood here")
    if end and _OTHER_LINE.fullmatch(line):
        return Refusal(505, "HTTP/1.1 is spoken here")
    return Refusal(400, "this is no request of HTTP/1.1")


def _fields(lines: list[bytes]) -> dict[bytes, bytes] | Refusal:
    if len(lines) > _MOST_LINES or any(len(line) > _MOST_LINE for line in lines):
        return Refusal(431, f"a head has {_MOST_LINES} fields at the most, each of {_MOST_LINE} bytes")
    fields: dict[bytes, bytes] = {}
    for line in lines:
        matched = _FIELD.fullmatch(line)
        if matched is None:
            return Refusal(400, "a line of the head is no field")
        name = matched[1].lower()
        if name in _SINGLE and name in fields:
            return Refusal(400, f"{name.decode()} is there twice")
        fields[name] = matched[2]
    return fields


def _body(fields: dict[bytes, bytes], is_1_1: bool) -> int | Refusal | None:
    """Return how many bytes follow a head, None if nobody knows, or why it has none like that."""
    if is_1_1 and b"host" not in fields:
        return Refusal(400, "HTTP/1.1 needs a Host header")
    if fields.get(b"expect", b"100-continue").lower() != b"100-continue":
        return Refusal(417, "nothing but 100-continue can be expected here")
    # A few bytes of these may become gigabytes.
    if fields.get(b"content-encoding", b"identity").lower() != b"identity":
        return Refusal(415, "a body is not compressed here")
    coding = fields.get(b"transfer-encoding")
    length = fields.get(b"content-length")
    if coding is not None:
        if length is not None or not is_1_1 or coding.lower() != b"chunked":
            return Refusal(400, "a body has a Content-Length, or is chunked and nothing else")
        return None
    if length is None:
        return 0
    if not _LENGTH.fullmatch(length):
        return Refusal(400, "a Content-Length is a number")
    return int(length) if int(length) <= MOST_BODY else too_long()


def too_long() -> Refusal:
    """Return the refusal of a body that is longer than any has to be."""
    return Refusal(413, f"a body has {MOST_BODY} bytes at the most")
