"""The heads of HTTP requests: what is accepted, and what is refused before anything else reads it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules.http_access import Refusal
from keepalive_core.rules.http_heads import MOST_BODY, MOST_HEAD, SILENCE, Head, head_of, too_long

HOST = "Host: localhost"


def head(*fields: str, line: str = "POST /RPC HTTP/1.1") -> bytes:
    return "\r\n".join([line, *fields, "", ""]).encode("latin-1")


def status(data: bytes) -> int:
    """The status of what is refused at once."""
    refusal = head_of(data)
    assert isinstance(refusal, Refusal)
    assert len(refusal.sentence) < 100
    return refusal.status


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        ([HOST], 0),
        ([HOST, "Content-Length: 0"], 0),
        (["content-length:17\t", "host: x"], 17),
        ([HOST, f"Content-Length: {MOST_BODY}"], MOST_BODY),
        ([HOST, "Transfer-Encoding: Chunked"], None),
        ([HOST, "Expect: 100-Continue", "Content-Encoding: identity"], 0),
        ([HOST, "Cookie: a=\xe4; b", "Cookie: c", "Empty:"], 0),
        ([HOST, *[f"X-{number}: 1" for number in range(99)]], 0),
        ([HOST, "X: " + "x" * 7997], 0),
    ],
)
def test_a_head(fields: list[str], body: int | None) -> None:
    """It says how long it is, and what follows it; what is behind it is not looked at."""
    data = head(*fields)
    assert head_of(data) == head_of(data + b"\0GET") == Head(len(data), body)


@pytest.mark.parametrize("line", ["GET / HTTP/1.1", "HEAD /metrics?a=%20b HTTP/1.1", "POST //[]|~! HTTP/1.1"])
def test_what_is_understood(line: str) -> None:
    """Three methods, and the targets of what lies here."""
    assert head_of(head(HOST, line=line)) == Head(len(line) + 21, 0)


def test_http_1_0_needs_no_host() -> None:
    """It has no chunks either."""
    line = "GET / HTTP/1.0"
    assert head_of(head(line=line)) == Head(18, 0)
    assert status(head("Transfer-Encoding: chunked", line=line)) == 400


@given(st.integers(1, 60))
def test_what_has_begun_well_is_waited_for(size: int) -> None:
    """Wherever a head is torn, and in its last bytes too."""
    data = head(HOST, "Content-Length: 7")
    assert head_of(data[: min(size, len(data) - 1)]) is None


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\0", 400),
        (b"\xff" * 5, 400),
        (b"get / HTTP/1.1\r\n", 400),
        (b" GET", 400),
        (b"G\nET", 400),
        (b"GET / HTTP/1.1\n\n", 400),
        (b"GET /\r\n", 400),  # HTTP/0.9
        (b"GET / HTTP/1.1 x\r\n", 400),
        (b"GET  / HTTP/1.1\r\n", 400),
        (b"GET http://evil.example/ HTTP/1.1\r\n", 400),
        (b"GET * HTTP/1.1\r\n", 400),
        (b"GET /\xe4 HTTP/1.1\r\n", 400),
        (b"GET /a\0b HTTP/1.1\r\n", 400),
        (b"GET / HTTP/1.1\rX\r\n", 400),
        (b"GET / HTTP/12\xb2\r\n", 400),
        (b"A" * 21, 400),
        (b"SIP/2.0 200 OK\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"GET / HTTP/1.2\r\n", 505),
        (b"GET / HTTP/11.1\r\n", 505),
        (b"GET / HTTP/0.9\r\n", 505),
        (b"OPTIONS / HTTP/1.1\r\n", 405),
        (b"CONNECT /x HTTP/1.1\r\n", 405),
        (b"DELETE / HTTP/1.0\r\n", 405),
        (b"GET /" + b"a" * 8000, 414),
        (b"GET /" + b"a" * 8000 + b" HTTP/1.1\r\n", 414),
    ],
)
def test_what_begins_as_no_request(data: bytes, expected: int) -> None:
    """It is refused before the rest has come."""
    assert status(data) == expected


def test_a_handshake_of_tls_gets_no_answer() -> None:
    """Its client could not read one."""
    assert head_of(b"\x16\x03\x01\x02\x00\x01") == SILENCE


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([], 400),
        ([HOST, "Host: evil.example"], 400),
        ([HOST, "Content-Length: -1"], 400),
        ([HOST, "Content-Length: +1"], 400),
        ([HOST, "Content-Length: 1_0"], 400),
        ([HOST, "Content-Length: \xb2"], 400),
        ([HOST, "Content-Length: 0x10"], 400),
        ([HOST, "Content-Length:"], 400),
        ([HOST, "Content-Length: 1, 1"], 400),
        ([HOST, "Content-Length: 1", "Content-Length: 1"], 400),
        ([HOST, "Content-Length: 1", "content-LENGTH: 2"], 400),
        ([HOST, "Content-Length: " + "9" * 16], 400),
        ([HOST, f"Content-Length: {MOST_BODY + 1}"], 413),
        ([HOST, "Content-Length: 1000000000"], 413),
        ([HOST, "Transfer-Encoding: chunked", "Content-Length: 1"], 400),
        ([HOST, "Transfer-Encoding: gzip, chunked"], 400),
        ([HOST, "Transfer-Encoding: identity"], 400),
        ([HOST, "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], 400),
        ([HOST, "Transfer-Encoding : chunked"], 400),
        ([HOST, "Content-Encoding: gzip"], 415),
        ([HOST, "Expect: 200-ok"], 417),
        ([HOST, " folded"], 400),
        ([HOST, "X: 1\n Y"], 400),
        ([HOST, "X: 1\r"], 400),
        ([HOST, "X: a\0b"], 400),
        ([HOST, "no field"], 400),
        ([HOST, ": nameless"], 400),
        ([HOST, "\xe4: 1"], 400),
        ([HOST, "X: " + "x" * 7998], 431),
        ([HOST, *[f"X-{number}: 1" for number in range(100)]], 431),
        ([HOST, "X: " + "x" * 7000, "Y: " + "x" * 7000, "Z: " + "x" * 7000], 431),
    ],
)
def test_what_has_two_meanings_or_none(fields: list[str], expected: int) -> None:
    """No proxy in front and no library behind may read it in another way."""
    assert status(head(*fields)) == expected


def test_a_head_that_does_not_end() -> None:
    """It is read up to its limit."""
    begun = head(HOST)[:-2]
    assert head_of(begun + b"X: 1\r\n" * ((MOST_HEAD - len(begun)) // 6)) is None
    assert status(begun + b"X: 1\r\n" * (MOST_HEAD // 6)) == 431


def test_a_body_that_is_too_long() -> None:
    """The refusal says how long it may be."""
    assert too_long() == Refusal(413, "a body has 262144 bytes at the most")


@given(st.binary(max_size=200), st.sampled_from([b"", b"POST / HTTP/1.1\r\nHost: x\r\n", b"GET "]))
def test_whatever_comes_is_read(data: bytes, before: bytes) -> None:
    """No bytes make it fail, and a head lies in what has come."""
    found = head_of(before + data)
    assert not isinstance(found, Head) or 0 < found.size <= len(before + data)
