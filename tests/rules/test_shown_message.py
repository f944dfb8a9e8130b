"""How a SIP message is shown: whole, but for what is secret, and with a bound."""

import pytest

from keepalive_core.rules.shown_message import MOST, shown_message


def test_a_message_stays_as_it_is() -> None:
    """Line ends, headers and body are those of the wire."""
    text = "SIP/2.0 200 OK\r\nServer: a\r\nContent-Length: 4\r\n\r\nbody"
    assert shown_message(text) == text


@pytest.mark.parametrize(
    ("secret", "shown"),
    [
        ("To: <sip:bob:secret@10.0.0.9>", "To: <sip:bob:***@10.0.0.9>"),
        ("Authorization: Basic secret", "Authorization: ***"),
        ("proxy-authorization : Digest a=b,\r\n secret=1\r\nX: 1", "proxy-authorization : ***\r\nX: 1"),
        ("half a character \udcff", "half a character ?"),
        ("a NUL \0", "a NUL \\x00"),
    ],
)
def test_no_secret_is_shown(secret: str, shown: str) -> None:
    """Passwords and credentials, whatever their header's spelling; no byte that JSON readers refuse."""
    before, after = "OPTIONS sip:a SIP/2.0\r\n", "\r\nVia: b\r\n\r\n"
    assert shown_message(before + secret + after) == before + shown + after


def test_it_has_a_bound() -> None:
    """The longest datagram costs 8,000 characters, and what is cut is marked."""
    text = shown_message("X: y\r\n" * 20_000)
    assert len(text) == MOST
    assert text.endswith("...")
    assert shown_message("a" * MOST) == "a" * MOST
