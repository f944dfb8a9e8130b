"""What each answer of HTTP bears."""

import email

import pytest

from keepalive_core.rules.http_access import Refusal
from keepalive_core.rules.http_answers import HEADERS, last_answer


@pytest.mark.parametrize(
    ("status", "phrase"), [(400, "Bad Request"), (431, "Request Header Fields Too Large")]
)
def test_a_last_answer(status: int, phrase: str) -> None:
    """It says why in one line of text, and that it is the last."""
    head, body = last_answer(Refusal(status, "this is no request")).split(b"\r\n\r\n", 1)
    first, _, fields = head.decode().partition("\r\n")
    assert first == f"HTTP/1.1 {status} {phrase}"
    assert dict(email.message_from_string(fields).items()) == {
        **HEADERS,
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(len(body)),
        "Connection": "close",
    }
    assert body == b"this is no request\n"


def test_which_methods_there_are() -> None:
    """The answer to another one has to say so (RFC 9110 section 15.5.6)."""
    assert b"\r\nAllow: GET, HEAD, POST\r\n" in last_answer(Refusal(405, "no"))


def test_a_browser_is_told_to_be_careful() -> None:
    """It keeps nothing, guesses no type, runs nothing from elsewhere, and is told no version."""
    assert HEADERS["Cache-Control"] == "no-store"
    assert HEADERS["X-Content-Type-Options"] == "nosniff"
    assert HEADERS["Content-Security-Policy"].startswith("default-src 'self';")
    assert HEADERS["Server"].isalpha()
