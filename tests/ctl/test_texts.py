"""What is shown of texts from outside, and of times."""

import argparse
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_ctl.texts import age, clean, duration, fitted, moment, width


@given(st.text())
def test_no_text_moves_a_terminal(text: str) -> None:
    """Whatever a peer writes, what is shown has printable characters alone, each with a width."""
    shown = clean(text)
    assert shown.isprintable()
    assert not {unicodedata.category(each) for each in shown} & {"Cc", "Cf", "Cs", "Mn", "Me", "Zl", "Zp"}
    assert len(text) > 300 or all(each in shown for each in text if " " <= each <= "~")


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[2J\x1b]0;root\x07", "\\x1b[2J\\x1b]0;root\\x07"),
        ("OK\r\nfake: up", "OK\\r\\nfake: up"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202eKO", "\\u202eKO"),
        ("e\u0301\u0301", "e\\u0301\\u0301"),
        ("\ud800", "\\ud800"),
        ("a" * 400, "a" * 297 + "..."),
        ("Überlastet 忙", "Überlastet 忙"),
    ],
)
def test_hostile_texts(hostile: str, shown: str) -> None:
    """Escapes are shown, not done; what is too long is cut; words of any language stay."""
    assert clean(hostile) == shown


def test_width_is_that_on_the_terminal() -> None:
    """Wide characters take two columns, and none is cut in two."""
    assert width("a忙b") == 4
    assert fitted("忙忙忙", 5) == "忙忙"
    assert fitted("abc", 5) == "abc"


@pytest.mark.parametrize(
    ("text", "seconds"), [("30", 30), ("30s", 30), ("5m", 300), ("1h", 3600), ("2d", 172800), ("1.5h", 5400)]
)
def test_durations(text: str, seconds: float) -> None:
    """They have the units of the module's own parameters."""
    assert duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "0", "h", "1w", "-1h", "1h30", "1e9", "9" * 5000, "\u0661h", "1 h", "inf", "3651d"]
)
def test_what_is_no_duration(text: str) -> None:
    """It is refused with an example, in a message of a bounded length."""
    with pytest.raises(argparse.ArgumentTypeError, match="is no time such as 30s, 5m, 1h or 2d") as refused:
        duration(text)
    assert len(str(refused.value)) < 100


def test_ages() -> None:
    """They have their largest unit; a clock that went back makes none negative."""
    assert [age(seconds) for seconds in (-5, 0, 59, 60, 7199, 86400 * 12)] == [
        "0s",
        "0s",
        "59s",
        "1m",
        "1h",
        "12d",
    ]


@pytest.mark.parametrize("epoch", [1e30, -1e30, float("nan"), float("inf")])
def test_times_that_there_are_not(epoch: float) -> None:
    """Whatever a server says, no time raises."""
    assert moment(epoch) == "?"
    assert moment(0) == "never"
