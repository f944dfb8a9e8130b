"""What is kept of a destination over a restart: for how long, and what can't be true."""

from __future__ import annotations

import pytest

from keepalive_core.rules.modes import MAINT, Admin
from keepalive_core.rules.record import Health
from keepalive_core.rules.state_row import Row, Untrue, away_for, fields_of, key_of, row_of
from keepalive_core.rules.states import UP

KEY = "sip:192.168.10.20:5060"
KNOWN = Health(0, UP, streak=1, ok=1, checked=90, last_up=90, since=80, reason="200 OK")
MAINTAINED = Admin(MAINT, 0, "ops", "why", 95)


@pytest.mark.parametrize(
    ("row", "wall", "seconds"),
    [
        (Row(KNOWN, left=100), 130, 30),
        # It did not leave before what is known of it: its clock was wrong.
        (Row(KNOWN, left=50), 130, 40),
        (Row(KNOWN, admin=MAINTAINED, left=50), 130, 35),
        # A clock that is behind what is known says nothing of that.
        (Row(KNOWN, left=50), 60, 10),
        (Row(KNOWN, left=100), 60, -40),
        (Row(KNOWN, left=100), 90, -10),
    ],
)
def test_for_how_long_it_is_away(row: Row, wall: int, seconds: int) -> None:
    """By the wall clock, as far as that can be true."""
    assert away_for(row, wall) == seconds


@pytest.mark.parametrize(
    "row", [Row(Health(0)), Row(KNOWN, admin=MAINTAINED, left=100, history=[[1, 0, 1, "x"]])]
)
def test_fields_are_read_as_they_are_written(row: Row) -> None:
    """What says nothing is left out; others' fields are ignored."""
    fields = fields_of(KEY, row)
    assert key_of(fields) == KEY
    assert row_of({**fields, "later": "x"}, 1000) == row
    assert len(fields_of(KEY, Row(Health(0)))) == 1


@pytest.mark.parametrize(
    "said",
    [
        {"mode": "off"},
        {"mode": "ready"},
        {"mode": MAINT},
        {"mode": MAINT, "since": 5, "until": 4},
        "maint",
        1,
    ],
)
def test_an_admin_mode_that_is_none(said: object) -> None:
    """Which mode, since when, and until when: a part that can't be is untrue."""
    if said == {"mode": MAINT}:
        assert row_of({"admin": said}, 1000).admin == Admin(MAINT, 0, "", "", 0)
        return
    with pytest.raises(Untrue, match="its admin mode"):
        row_of({"admin": said}, 1000)


def test_a_remark_that_is_none() -> None:
    """It is refused as a user's would be."""
    with pytest.raises(Untrue, match="why is text of one line"):
        row_of({"admin": {"mode": MAINT, "why": "a\nb"}}, 1000)


@pytest.mark.parametrize("result", [["timeout"], {}, None, 1])
def test_a_result_that_is_no_word(result: object) -> None:
    """How the last ping ended is a word."""
    with pytest.raises(Untrue, match="its result is no word"):
        row_of({"result": result}, 1000)


@pytest.mark.parametrize(("word", "kept"), [("timeout", "timeout"), ("of a later version", ""), ("", "")])
def test_a_result_that_nobody_knows(word: str, kept: str) -> None:
    """It informs alone: a word of another version costs that word, and not what else is known."""
    assert row_of({"result": word}, 1000).health.result == kept
