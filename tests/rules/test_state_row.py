"""What is kept of a destination over a restart: for how long, and what can't be true."""

from __future__ import annotations

import pytest

from keepalive_core.rules.modes import MAINT, MOST_SECONDS, NEVER, Admin
from keepalive_core.rules.record import HISTORY, Health
from keepalive_core.rules.rows import Past
from keepalive_core.rules.schedule import SECOND
from keepalive_core.rules.state_row import Row, Untrue, away_for, fields_of, key_of, newest, row_of
from keepalive_core.rules.states import UP
from keepalive_core.rules.uptime import Counted

KEY = "sip:192.168.10.20:5060"
KNOWN = Health(0, UP, streak=1, ok=1, checked=90, last_up=90, since=80, reason="200 OK")
COUNTED = Counted(212_163_200, "-").until(212_163_300, "u")
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
        (Row(KNOWN, left=50), 90, 0),
        (Row(Health(0), left=0), 7, 7),
    ],
)
def test_for_how_long_it_is_away(row: Row, wall: int, seconds: int) -> None:
    """By the wall clock, as far as that can be true."""
    assert away_for(row, wall) == seconds


@pytest.mark.parametrize(
    "row",
    [Row(Health(0)), Row(KNOWN, admin=MAINTAINED, left=100, history=[[1, 0, 1, "x"]], counted=COUNTED)],
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


@pytest.mark.parametrize("text", ["of a later version", "", 5, None, {}])
def test_counted_time_that_nobody_understands(text: object) -> None:
    """It informs alone: what another version wrote costs that, and not what else is known."""
    assert row_of({"availability": text}, 1000) == Row(Health(0))


def test_what_is_kept_is_all_that_is_known() -> None:
    """What an administrator said and the history too; times as the wall clock has them, and back again."""
    history = [[90, 0, 1, "200 OK"]]
    known = KNOWN._replace(kept_down=70 * SECOND, flap_since=40 * SECOND, flap_changes=1)
    row = Row.of(known, MAINTAINED, Past(history, COUNTED), 50 * SECOND, 1000.0)
    assert (row.kept_down, row.flap_since, row.admin, row.history) == (1020, 990, MAINTAINED, history)
    assert row.counted == COUNTED
    assert row.health == known._replace(kept_down=0, flap_since=0)
    later = row.health_at(7 * SECOND, 1000.0)
    assert (later.kept_down, later.flap_since) == (27 * SECOND, -3 * SECOND)
    never = Row.of(KNOWN, None, Past(), 50 * SECOND, 1000.0)
    assert (never.kept_down, never.flap_since) == (0, 0)
    assert never.health_at(7 * SECOND, 1000.0)[:] == KNOWN[:]
    assert Row.of(known, None, Past(), 80 * SECOND, 0.5).kept_down == 1, "0 would be never"


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"admin": 1}, "its admin mode is none"),
        ({"admin": {"mode": "off"}}, "its admin mode is none"),
        ({"admin": {"mode": MAINT, "since": -1}}, "its admin mode has no time"),
        ({"admin": {"mode": MAINT, "since": 5, "until": 5}}, "its admin mode has no true end"),
        ({"history": {}}, "its history is none"),
        *(
            ({"history": [change]}, "its history is none")
            for change in (
                [1, 0, 1],
                [1, 0, 9, "x"],
                [1, 9, 0, "x"],
                [-1, 0, 1, "x"],
                [True, 0, 1, "x"],
                [1, True, 1, "x"],
                [1, 0, True, "x"],
                [1, 0, 1, "a\nb"],
                [1, 0, 1, 7],
                [NEVER + 1, 0, 1, "x"],
            )
        ),
        ({"reason": "x" * 501}, "its reason is no text of one line"),
        ({"samples": " "}, "its samples are none"),
        ({"code": 99}, "its code 99 is none"),
        ({"ok": 1}, "its counters do not fit its times"),
        ({"failed": 1}, "its counters do not fit its times"),
        ({"last_down": 1}, "its counters do not fit its times"),
        ({"state": 1, "since": 5}, "it is up without a result that says so"),
        ({"state": 2, "since": 5}, "it is down without a result that says so"),
        ({"state": 2, "failed": 1, "last_down": 5}, "it is down since never"),
        ({"timeouts": 1}, "its counters do not fit one another"),
        ({"result": 1}, "its result is no word"),
        ({"ok": 1, "last_up": 5, "streak": 2}, "its counters do not fit one another"),
        ({"latency": 5, "latency_min": 6, "latency_max": 7}, "its latencies do not fit one another"),
        ({"kept_down": 1000 + 86_403}, "it is kept down for more than a day"),
        ({"flap_level": 1}, "it flapped, and was never kept down"),
        ({"flap_changes": 1, "flap_since": 1003}, "its changes do not fit their time"),
        ({"flap_since": 5}, "its changes do not fit their time"),
    ],
)
def test_what_is_untrue(fields: dict[str, object], fault: str) -> None:
    """And why."""
    with pytest.raises(Untrue) as untrue:
        row_of(fields, 1000)
    assert str(untrue.value) == fault


@pytest.mark.parametrize(
    "fields",
    [
        {"history": [[0, 0, 1, "x" * 500], [NEVER, 1, 2, ""]]},
        {"reason": "x" * 500},
        {"code": 100},
        {"kept_down": 1000 + 86_402},
        {"flap_changes": 1, "flap_since": 1002},
        {"admin": {"mode": MAINT, "since": 5, "until": 6}},
    ],
)
def test_what_can_just_be_true(fields: dict[str, object]) -> None:
    """Two clocks differ by seconds; a time or a text may be as large as it is written."""
    assert row_of(fields, 1000)


@pytest.mark.parametrize(
    ("key", "fault"),
    [("sip:192.168.10.20", "its destination is not spelled as a key is"), (None, "bad destination None: ")],
)
def test_a_key_that_is_none(key: object, fault: str) -> None:
    """Nobody would find it."""
    with pytest.raises(Untrue) as untrue:
        key_of({"destination": key})
    assert str(untrue.value).startswith(fault)


@pytest.mark.parametrize("name", ["checked", "last_up", "last_down", "since"])
def test_the_newest_time(name: str) -> None:
    """Any of them may be it."""
    known = Health(0, checked=5, last_up=5, last_down=5, since=5)
    assert newest(known._replace(**{name: 9})) == 9


def test_limits_are_allowed() -> None:
    """The first and the last; one beyond is refused with both."""
    for code in (0, 999):
        assert row_of({"code": code}, 1000).health.code == code
    for code in (-1, 1000, True, "200"):
        with pytest.raises(Untrue, match="^its code is no number from 0 to 999$"):
            row_of({"code": code}, 1000)
    said = {"mode": MAINT, "since": 5, "until": 5 + MOST_SECONDS}
    assert row_of({"admin": said}, 1000).admin == Admin(MAINT, 5 + MOST_SECONDS, "", "", 5)
    said = {"mode": MAINT, "since": NEVER}
    assert row_of({"admin": said}, 1000).admin == Admin(MAINT, 0, "", "", NEVER)
    history = [[1, 0, 1, "x"]] * HISTORY
    assert row_of({"history": history}, 1000).history == history


def test_who_said_it_is_a_name() -> None:
    """A line break in it would make two lines of a log line."""
    with pytest.raises(Untrue, match="^by is text of one line"):
        row_of({"admin": {"mode": MAINT, "by": "a\nb"}}, 1000)
