"""What is shown of what comes from outside: its length, and what is not shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules.quoting import MOST_REMEMBERED, one_line, quoted, shown, without_passwords


@given(st.text(st.characters(), max_size=400), st.integers(4, 300))
def test_a_bound_holds_with_escapes(text: str, most: int) -> None:
    """Whatever a peer writes, what is shown of it can be encoded, has no NUL, and is within its bound."""
    for each, bound in ((shown(text, most), most), (one_line(text), MOST_REMEMBERED), (quoted(text), 80)):
        assert len(each) <= bound
        assert "\0" not in each
        each.encode()
    assert one_line(text).isprintable()


def test_what_fits_stays_as_it_is() -> None:
    """A text within its bound is not touched; one that is cut says so."""
    assert one_line("Service Unavailable") == "Service Unavailable"
    assert one_line("x" * MOST_REMEMBERED) == "x" * MOST_REMEMBERED
    assert one_line("x" * (MOST_REMEMBERED + 1)) == "x" * (MOST_REMEMBERED - 3) + "..."
    assert one_line("a\nb") == "'a\\nb'"
    assert len(one_line("\x01" * 1_000_000)) == MOST_REMEMBERED


def test_what_cannot_be_written_is_named_by_its_type() -> None:
    """A complaint about a value of 5,000 digits, or one whose repr fails, is a complaint all the same."""

    class Rude:
        def __repr__(self) -> str:
            raise RuntimeError

    assert quoted(10**5000) == "a number of 16610 bits"
    assert quoted(Rude()) == "a Rude"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("sip:bob:secret@host up -> down", "sip:bob:***@host up -> down"),
        ("SIPS:bob:se:c/r?e;t@host;transport=tcp", "SIPS:bob:***@host;transport=tcp"),
        ("bad destination 'bob:secret@host': why", "bad destination 'bob:***@host': why"),
        ("To: <sip:bob:s@c@host>", "To: <sip:bob:***@host>"),
        ("sip:b@h is held by sip:c:pw@h and sip:d:pw@h", "sip:b@h is held by sip:c:***@h and sip:d:***@h"),
        ("sip:bob@host:5060", "sip:bob@host:5060"),
        (
            "sip:192.168.10.20:5060 is down, tell ops@example.com",
            "sip:192.168.10.20:5060 is down, tell ops@example.com",
        ),
        ("no URI", "no URI"),
    ],
)
def test_passwords_are_masked(text: str, shown: str) -> None:
    """Of a SIP URI in a line of the log its password is not shown, and the rest is."""
    assert without_passwords(text) == shown
