"""What is shown of what comes from outside: its length, and what is not shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules import uris
from keepalive_core.rules.parameters import InvalidSetting, check
from keepalive_core.rules.quoting import (
    MOST_REMEMBERED,
    one_line,
    quoted,
    quoted_uri,
    shown,
    without_passwords,
)
from keepalive_core.rules.uris import InvalidURI


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
        ("sip:bob:o'neil@host up -> down", "sip:bob:***@host up -> down"),
        ("""owns no destination "sip:bob:o'neil@host\"""", """owns no destination "sip:bob:***@host\""""),
        ("sip:o'neil:secret@host", "sip:o'neil:***@host"),
        ("sip::secret@host", "sip::***@host"),
        ("no URI", "no URI"),
    ],
)
def test_passwords_are_masked(text: str, shown: str) -> None:
    """Of a SIP URI in a line of the log its password is not shown, and the rest is."""
    assert without_passwords(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "sip:bob:secret@host",
        "sip:bob:sec\nret@host",
        "sip:bob:the secret@host",
        "sip:bob:'secret'<\"secret\">@host",
        "sip:bob:secret@secret@host",
        " SIPS:bob:secret@host",
        "sip::secret@host",
        "sip:bob^:secret;x=secret@host:x",
        f"sip:{'u' * 60}:secret@host",
        f"sips:bob:{'secret' * 1000}@host",
        "tel:bob:secret@host",
        "bob:the secret@host",
    ],
)
def test_a_refused_uri_shows_no_password(text: str) -> None:
    """Whatever is wrong with a URI, and wherever what is shown of it is cut, its password is not shown."""
    with pytest.raises(InvalidURI) as refusal:
        uris.parse(text + ":x")
    assert "secret" not in str(refusal.value)
    assert "secret" not in shown(f"failed: {refusal.value}", 1500)


def test_a_bad_user_part_is_named_without_its_password() -> None:
    """Of a user part that is refused the user is shown, and that there was a password."""
    with pytest.raises(InvalidURI, match=r"'sip:bob:\*\*\*@host': bad user part 'bob:\*\*\*'$"):
        uris.parse("sip:bob:se^cret@host")


@pytest.mark.parametrize("most", range(10, 40))
def test_a_password_at_the_end_of_a_line_is_masked(most: int) -> None:
    """A line that is cut within a password, or in front of its "@", shows none of it."""
    assert "sec" not in shown("it is sip:bob:secretsecret@host", most)


@pytest.mark.parametrize("name", ["ping_from", "outbound_proxy"])
@pytest.mark.parametrize("text", ["sip:bob:the secret@host", "bob:the secret@host", "bob:'secret'@host"])
def test_a_refused_setting_shows_no_password(name: str, text: str) -> None:
    """The same is true of a parameter that is a URI."""
    with pytest.raises(InvalidSetting) as refusal:
        check(name, text)
    assert "secret" not in shown(str(refusal.value), 1500)


@given(
    st.one_of(
        st.text(),
        st.binary(),
        st.integers(),
        st.floats(),
        st.lists(st.text()),
        st.text().map(lambda t: t * 99),
    )
)
def test_what_is_quoted_is_short_and_printable(value: object) -> None:
    """Whatever it is, in a log line it is one short printable line."""
    assert len(quoted(value)) <= 80
    assert quoted(value).isprintable()
    if isinstance(value, str):
        assert one_line(value).isprintable()
        assert len(one_line(value)) <= MOST_REMEMBERED


def test_a_line_that_fits_is_shown_whole() -> None:
    """To its last character, of one or of four bytes; a NUL can be seen, and half a character too."""
    assert shown("x" * 1500, 1500) == "x" * 1500
    assert shown("x" * 1501, 1500) == "x" * 1497 + "..."
    assert shown("ü" * 80, 80) == "ü" * 80
    assert shown("a\0b\ud800", 80) == "a\\x00b\\ud800"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (b"abc", "b'abc'"),
        (b"x" * 9000, "b'" + "x" * 75 + "..."),
        ([1, 2], "[1, 2]"),
        (2**255, str(2**255)),
        (2**256, "a number of 257 bits"),
        ("see 'x': ask ops@example.com", "\"see 'x': ask ops@example.com\""),
        ("x" * 78, "'" + "x" * 78 + "'"),
        ("x" * 79, "'" + "x" * 76 + "..."),
    ],
)
def test_what_a_value_looks_like(value: object, said: str) -> None:
    """As Python writes it, to the eightieth character."""
    assert quoted(value) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sip:bob:a b@host", "'sip:bob:***@host'"),
        ("sip:bob:one:two@host", "'sip:bob:***@host'"),
        ("bob:one:two@host", "'bob:***@host'"),
        (":secret@host", "':***@host'"),
        ("b'ob:secret@host", '"b\'ob:***@host"'),
        (":x", "':x'"),
        ("sip:host:5060", "'sip:host:5060'"),
        (7, "7"),
    ],
)
def test_what_is_shown_of_a_uri(text: object, said: str) -> None:
    """All but what stands between its user and its last "@"."""
    assert quoted_uri(text) == said
