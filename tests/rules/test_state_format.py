"""The state file's text: what is read of it is right or left out, however it was damaged."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepalive_core.rules import calls, damping, judging, pace, state_format, state_row
from keepalive_core.rules.criteria import Criteria
from keepalive_core.rules.evidence import Call, Kind, Report, Result
from keepalive_core.rules.modes import Admin
from keepalive_core.rules.record import Health
from keepalive_core.rules.rows import Past
from keepalive_core.rules.state_format import parse
from keepalive_core.rules.state_row import Row, Untrue

FILES = Path(__file__).resolve().parents[1] / "state_files"
FORMATS = sorted(file.name for file in FILES.iterdir())
WALL = 1_790_000_200
A = "sip:192.168.10.20:5060"


def read(data: bytes, wall: float = WALL) -> state_format.Parsed:
    return parse(data.split(b"\n"), wall)


def data_of(texts: Iterable[str], others: Iterable[dict[str, Any]] = ()) -> bytes:
    lines = [*texts]
    return b"".join([*state_format.pieces_of(lines), state_format.last_piece(len(lines), others)])


def written(rows: dict[str, Row]) -> bytes:
    return data_of(state_format.text_of(key, row) for key, row in rows.items())


def line(fields: object) -> bytes:
    """A line with a right checksum."""
    text = json.dumps(fields).encode()
    return b"%08x %s" % (zlib.crc32(text), text)


# --- each format ever written -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_is_read(name: str) -> None:
    """Files that each version wrote, of the same five destinations, give back what that version knew."""
    parsed = read((FILES / name).read_bytes())
    assert (parsed.faults, parsed.bad, parsed.is_ours, parsed.is_whole) == ([], 0, True, True)
    assert list(parsed.rows) == [
        "sip:192.168.10.20:5060",
        "sip:192.168.10.21:5060",
        "sip:[2001:db8::1]:5062",
        "sip:o%27neil@provider.example.com:5060;transport=tcp",
        "sips:gw.example.com:5061",
    ]
    first, second, third, fourth, fifth = parsed.rows.values()
    assert [row.health.state for row in parsed.rows.values()] == [1, 2, 2, 1, 2]
    assert first.health.reason.startswith("200 ")
    assert [change[1:3] for change in first.history] == [[0, 1], [1, 2], [2, 1]]
    assert first.history[1][3] == "500 Grüß Gott in 12.3 ms"
    assert second.admin is not None
    assert second.admin[2:4] == ("night shift", 'card "swap"')
    assert second.admin.until - second.admin.since == 315_000_000
    assert fourth.admin is not None
    assert (fourth.admin.mode, fourth.admin.until) == ("drain", 0)
    assert first.admin is third.admin is fifth.admin is None
    for row in (first, second, fourth):
        assert row.health.latency == row.health.latency_min == 12_300
    for row in parsed.rows.values():
        assert row.health.ok + row.health.failed >= 4
        assert (
            row.health.generation
            == row.health.newest_sent
            == row.health.not_before
            == row.health.traffic
            == 0
        )
        assert 1_789_999_999 < row.health.since <= state_row.newest(row.health) < WALL
        assert not row.left
    assert third.health.timeouts == third.health.failed
    assert parsed.has_former_keys is (name != "5")
    # In the format of today all of it is still there.
    assert read(written(parsed.rows)).rows == parsed.rows


def test_a_level_of_a_former_format_is_as_old_as_the_last_change() -> None:
    """Former formats do not say when the last hold ended; the last change of state stands for it."""
    values = [3, 2, 1, -1, 0, 0, 100, 90, 503, 5, 0, 0, 0, 0, 95, 100, 6, 0, 0, 0, 0, 7 * 10**12, 9, 3, 4]
    values += [8 * 10**12, 0, 0, 0, 0, "", "flapping"]
    data = b'["keepalive-state-3"]\n' + json.dumps([A, values, None, []]).encode() + b'\n["end",1]\n'
    row = read(data, wall=200).rows[A]
    assert (row.health.flap_level, row.kept_down) == (4, 95)
    assert (row.health.flap_changes, row.flap_since) == (0, 0)


# --- damage -----------------------------------------------------------------------------------------------

ROWS = {
    A: Row(
        Health(
            0, 2, streak=-2, checked=WALL - 9, last_up=WALL - 60, code=503, ok=70, latency=12,
            latency_ewma=15, latency_min=11, latency_max=20, since=WALL - 50, last_down=WALL - 9, failed=9,
            timeouts=3, void=1, flap_changes=2, flap_level=3, samples="!~}", reason="503 Grüß Gott in 1.2 ms",
        ),
        kept_down=WALL + 30,
        flap_since=WALL - 40,
        admin=Admin("maint", WALL + 3600, "me", 'card "swap"', WALL - 5),
        history=[[WALL - 90, 0, 1, "200 OK in 1.2 ms"], [WALL - 50, 1, 2, "no reply in 500 ms"]],
    ),
    "sip:b:5060": Row(Health(0, 1, streak=1, last_up=WALL, ok=1, since=WALL, checked=WALL)),
    "sip:c:5060": Row(Health(0), left=WALL - 7),
}  # fmt: skip
DATA = written(ROWS)


def right_or_left_out(parsed: state_format.Parsed) -> bool:
    return all(ROWS[key] == row for key, row in parsed.rows.items())


def test_what_is_written_is_read() -> None:
    """A whole file is read without a word, and says what was written."""
    parsed = read(DATA)
    assert parsed.rows == ROWS
    assert parsed[1:] == ([], 0, True, True, [], False)


def test_one_flipped_bit_costs_one_line() -> None:
    """Whichever bit of the file is another one: what is read is right, two lines are missing at the most."""
    for at in range(len(DATA)):
        for bit in range(8):
            damaged = bytearray(DATA)
            damaged[at] ^= 1 << bit
            parsed = read(bytes(damaged))
            assert parsed.is_ours
            assert right_or_left_out(parsed)
            assert len(parsed.rows) >= len(ROWS) - 1 - (DATA[at : at + 1] == b"\n")
            # A bit makes format 4 of format 5, which is another one in that alone.
            assert parsed.bad or not parsed.is_whole or parsed.has_former_keys, "and that is told"


@pytest.mark.parametrize("name", FORMATS)
def test_one_flipped_bit_of_any_format_breaks_nothing(name: str) -> None:
    """Former formats have no checksum; what is read of them can be so, and the other lines are right."""
    data = (FILES / name).read_bytes()
    whole = read(data).rows
    for at in range(0, len(data), 7):
        for bit in range(8):
            damaged = bytearray(data)
            damaged[at] ^= 1 << bit
            parsed = read(bytes(damaged))
            assert parsed.is_ours
            wrong = [key for key, row in parsed.rows.items() if whole.get(key) != row]
            assert len(wrong) <= 1
            assert len(parsed.rows) >= len(whole) - 2


def test_a_file_cut_off_anywhere() -> None:
    """Whole lines are used, and it is told that the end is missing; an empty file is ours to write."""
    for end in range(len(DATA)):
        parsed = read(DATA[:end])
        assert right_or_left_out(parsed)
        assert len(parsed.rows) >= DATA[:end].count(b"\n") - 1
        if end < len(DATA) - 1:
            assert not parsed.is_whole
    for empty in (b"", b"\n", b"\0" * 5000, b" \r\n\0\n"):
        parsed = read(empty)
        assert parsed.is_ours, "a full disk leaves that, or a crash"
        assert parsed[:3] == ({}, [], 0)


@given(st.data())
def test_any_damage(data: st.DataObject) -> None:
    """Lines lost, doubled, swapped, cut, joined, overwritten with anything: what is read is right."""
    lines = DATA.split(b"\n")
    for _ in range(data.draw(st.integers(1, 4))):
        kind = data.draw(st.sampled_from(("lose", "double", "swap", "overwrite", "insert")))
        at = data.draw(st.integers(0, len(lines) - 1)) if lines else 0
        if kind == "lose" and lines:
            del lines[at]
        elif kind == "double" and lines:
            lines.insert(data.draw(st.integers(0, len(lines))), lines[at])
        elif kind == "swap" and lines:
            other = data.draw(st.integers(0, len(lines) - 1))
            lines[at], lines[other] = lines[other], lines[at]
        elif kind == "insert":
            lines.insert(at, data.draw(st.binary(max_size=20)))
        elif lines:
            cut = data.draw(st.integers(0, len(lines[at])))
            lines[at] = lines[at][:cut] + data.draw(st.binary(max_size=9)) + lines[at][cut + 9 :]
    parsed = read(b"\n".join(lines))
    assert right_or_left_out(parsed)
    assert len(parsed.faults) <= 5


@given(st.binary(max_size=500), st.booleans())
def test_any_bytes_have_an_answer(garbage: bytes, named: bool) -> None:
    """Garbage is no state file, whatever it is; and behind our first line it is nothing that is used."""
    parsed = read(b'["keepalive-state-5"]\n' + garbage if named else garbage)
    assert parsed.rows == {}
    assert parsed.is_ours == (named or not garbage.strip(b" \t\r\n\0"))


@pytest.mark.parametrize(
    "foreign",
    [
        b"something else\n",
        b"#!/bin/sh\nrm -rf /\n",
        b'{"a": 1}\n["end", 0]x\n',
        b"[1,2,3]\n",
        b"[Unit]\nDescription=x\n",
        b"\x7fELF\x02\x01",
        b"x" * 200_000,
        b"keepalive-state-5\n",
        b'["keepalive-state-5"] \n',
        b'["other", "sip:a:5060"]\n',
    ],
)
def test_what_is_none_of_ours(foreign: bytes) -> None:
    """A file of anybody else is told from ours by its lines, none of which is one of ours."""
    assert not read(foreign).is_ours


def test_a_format_of_a_later_version_is_ours() -> None:
    """Fields that this version does not know are ignored; what a later one does not write has its default."""
    fields = {"destination": A, "colour": [1, {"x": None}], "state": 1, "ok": 1, "last_up": 5, "since": 5}
    data = b'["keepalive-state-17"]\n' + line(fields) + b"\n" + line({"end": 1}) + b"\n"
    parsed = read(data)
    assert parsed.is_ours
    assert not parsed.is_whole, "which is told"
    assert parsed.rows == {A: Row(Health(0, 1, ok=1, last_up=5, since=5))}


def test_two_words_on_one_destination() -> None:
    """Two lines that say the same are one; of two that differ neither is used: which one is true?"""
    one = {"destination": A, "state": 1, "ok": 1, "last_up": 5, "since": 5}
    other = {"destination": A, "state": 2, "failed": 1, "last_down": 5, "since": 5}
    both = b'["keepalive-state-5"]\n' + line(one) + b"\n" + line(one) + b"\n" + line({"end": 2})
    assert list(read(both).rows) == [A]
    assert read(both).bad == 0
    apart = both.replace(line(one), line(other), 1) + b"\n" + line(one)
    assert read(apart).rows == {}
    assert "another line says something else" in read(apart).faults[0]


def test_faults_have_a_bound() -> None:
    """Of a thousand bad lines five are told, each in a few words without what stands in it."""
    parsed = read(b'["keepalive-state-5"]\n' + b"secret " * 50 + b"\n" + b"\xff\n" * 999)
    assert parsed.bad == 1000
    assert parsed.faults == [
        "line 2: its checksum is wrong",
        *[f"line {n}: it is no text" for n in (3, 4, 5, 6)],
    ]
    assert read(b'["keepalive-state-5"]\n' + b"x" * 100_000).faults == [
        "line 2: it is longer than 65536 bytes"
    ]


# --- values -----------------------------------------------------------------------------------------------

GOOD = {
    "destination": A, "state": 2, "streak": -1, "failed": 1, "last_down": WALL, "since": WALL, "checked": WALL
}  # fmt: skip
ADMIN = {"mode": "maint", "until": 0, "by": "me", "why": "", "since": WALL}


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"destination": None}, "text is needed"),
        ({"destination": "sip:192.168.10.20"}, "not spelled as a key"),
        ({"destination": "sip:10.0.0.256:5060"}, "bad IPv4 address"),
        *[({"state": value}, "its state") for value in (-1, 3, "up", None, True, 1.0, [], 10**400)],
        *[({name: -1}, f"its {name}") for name in ("ok", "checked", "latency", "flap_level", "left")],
        *[({name: 1e300}, f"its {name}") for name in ("ok", "since", "kept_down", "streak")],
        ({"since": 2**41}, "its since"),
        ({"streak": 2**54}, "its streak"),
        ({"flap_level": 18}, "its flap_level is no number from 0 to 17"),
        ({"code": 1000}, "its code"),
        ({"code": 7}, "its code 7 is none"),
        *[({"reason": value}, "its reason") for value in (None, 7, "a\nb", "\x1b[2J", "x" * 501, "\udcff")],
        *[({"samples": value}, "its samples") for value in (None, 7, " ", "\x7f", "!" * 51, "ä", "!\n")],
        *[({"admin": value}, "its admin mode is none") for value in ("maint", [], 7, {}, True)],
        *[({"admin": {**ADMIN, "mode": mode}}, "admin mode is none") for mode in ("maiot", "ready", 7, [])],
        *[
            ({"admin": {**ADMIN, "until": until}}, "no true end")
            for until in (-1, WALL, 1e17, 10**17, WALL + 315_360_001, "soon", None, True)
        ],
        *[({"admin": {**ADMIN, "since": value}}, "has no time") for value in (-1, 2**41, "now", None)],
        *[({"admin": {**ADMIN, "by": value}}, "by is text") for value in (None, 7, "a\nb", "x" * 256)],
        *[({"admin": {**ADMIN, "why": value}}, "why is text") for value in (None, 7, "a\nb", "x" * 256)],
        *[
            ({"history": value}, "its history is none")
            for value in (
                7, {}, None, "x", [7], [[1, 0, 1]], [[1, 0, 1, "x", 2]], [[1, 0, 3, "x"]], [[-1, 0, 1, "x"]],
                [[1.0, 0, 1, ""]], [[1, 0, 1, 7]],
                [[1, True, 1, ""]], [[1, 0, 1, "\n"]], [[1, 0, 1, ""]] * 11,
            )
        ],
        ({"state": 1}, "it is up without a result"),
        ({"failed": 0, "last_down": 0, "streak": 0}, "it is down without a result"),
        ({"failed": 0, "streak": 0}, "do not fit its times"),
        ({"last_up": 5}, "do not fit its times"),
        ({"since": 0}, "since never"),
        ({"streak": -2}, "do not fit one another"),
        ({"streak": 1}, "do not fit one another"),
        ({"timeouts": 2}, "do not fit one another"),
        ({"latency": 5}, "latencies do not fit"),
        ({"latency": 5, "latency_ewma": 9, "latency_max": 7}, "latencies do not fit"),
        ({"kept_down": WALL + 90_000}, "more than a day"),
        ({"flap_level": 1}, "never kept down"),
        ({"flap_changes": 1}, "do not fit their time"),
        ({"flap_since": WALL}, "do not fit their time"),
        ({"flap_changes": 1, "flap_since": WALL + 60}, "do not fit their time"),
    ],
)  # fmt: skip
def test_values_are_checked_as_a_users_are(changed: dict[str, Any], fault: str) -> None:
    """A line with a right checksum whose values can't be so, each or together, is left out."""
    assert list(read(line(GOOD)).rows) == [A]
    assert list(read(line(GOOD | {"admin": ADMIN})).rows) == [A]
    parsed = read(line(GOOD | changed) + b"\n" + line({"destination": "sip:b:5060"}))
    assert list(parsed.rows) == ["sip:b:5060"]
    assert fault in parsed.faults[0]
    assert len(parsed.faults[0]) < 300


def test_each_field_is_kept_or_left_out_on_purpose() -> None:
    """Of a destination's health everything is kept but what means nothing after a restart."""
    left_out = {
        *("generation", "newest_sent", "not_before", "drain_until", "traffic", "heard", "voids", "voice"),
        *("calls_since", "calls_ok", "calls_failed"),
    }
    kept = {*state_row.SAVED, *state_row.TIMES}
    assert kept | left_out == set(Health._fields)
    assert not kept & left_out


# --- times ------------------------------------------------------------------------------------------------

FLAPPING = Criteria(flap_limit=2, flap_window=60, flap_hold=30, flap_hold_max=1800)
SECOND = 1_000_000


def flapped(now: int, wall: int) -> Health:
    """A destination that flaps for the third time, and is kept down for 120 s from now on."""
    known = Health(1, 2, failed=1, last_down=wall, since=wall, flap_level=2, kept_down=now - 1)
    for sent, code in ((now - 3, 200), (now - 2, 503)):
        verdict = judging.judge(known, Result(1, sent, now, Kind.REPLY, code), FLAPPING, wall)
        known = damping.damp(known, verdict, now, FLAPPING).health
    assert known.kept_down == now + 120 * SECOND
    return known


@pytest.mark.parametrize("booted", [1, 3600, 10**8])
@pytest.mark.parametrize("down_for", [0, 1, 50, 119, 130, 400])
def test_flapping_means_the_same_whatever_the_uptime(booted: int, down_for: int) -> None:
    """A hold goes on for what is left of it, and its level is forgotten as fast, right after a boot too."""
    before = 5000 * SECOND
    known = flapped(before, WALL)
    row = Row.of(known, None, Past(), before, float(WALL))
    [again] = read(written({A: row}), WALL + down_for).rows.values()
    now = booted * SECOND
    restored = again.health_at(now, WALL + down_for)
    left = (known.kept_down - before) // SECOND - down_for
    assert pace.is_kept_down(restored, now) == (left > 0)
    assert left <= 0 or pace.is_kept_down(restored, now + (left - 1) * SECOND)
    assert not pace.is_kept_down(restored, now + (max(0, left) + 1) * SECOND)
    # What comes next means what it would have meant without a restart.
    assert next_level(restored, now) == next_level(known, before + down_for * SECOND)


def next_level(known: Health, now: int) -> int:
    """The level at which a destination is kept down that flaps once more, half a minute later."""
    now += 30 * SECOND
    known = known._replace(state=2, flap_changes=1, flap_since=now)
    up = judging.Verdict(known._replace(state=1), judging.Transition.CHANGED)
    return damping.damp(known, up, now, FLAPPING).health.flap_level


@pytest.mark.parametrize("moved", [-(10**8), -3600, 0, 3600])
def test_a_clock_that_was_set_back_keeps_nobody_down_for_long(moved: int) -> None:
    """Whatever the wall clock does between two runs, a hold lasts no longer than it would have."""
    known = flapped(5000 * SECOND, WALL)
    row = Row.of(known, None, Past(), 5000 * SECOND, float(WALL))
    [again] = read(written({A: row}), WALL + moved).rows.values()
    restored = again.health_at(7 * SECOND, WALL + moved)
    assert not pace.is_kept_down(restored, (7 + 121) * SECOND)


# --- what the rules of health can come to -----------------------------------------------------------------

rules = st.builds(
    Criteria,
    rise=st.integers(1, 3),
    fall=st.integers(1, 3),
    timeout=st.just(500),
    resent_after=st.sampled_from((0, 500)),
    drain_codes=st.sampled_from(((), ((480, 480),))),
    drain_time=st.just(5),
    most_drain=st.sampled_from((0, 9)),
    flap_limit=st.sampled_from((0, 2, 3)),
    flap_window=st.just(60),
    flap_hold=st.sampled_from((1, 30)),
    flap_hold_max=st.sampled_from((30, 1800)),
)
steps = st.lists(
    st.tuples(
        st.sampled_from(
            ("reply", "timeout", "lost", "unsent", "memory", "report", "call", "expire", "drain")
        ),
        st.integers(0, 40_000_000),
        st.sampled_from((200, 404, 408, 480, 503, 799)),
    ),
    max_size=30,
)


@settings(max_examples=200)
@given(rules, steps)
def test_whatever_the_rules_come_to_is_written_and_read(
    rules: Criteria, steps: list[tuple[str, int, int]]
) -> None:
    """No history of a destination comes to what a state file would refuse, or says otherwise after it."""
    now, wall = 77 * SECOND, float(WALL)
    known = Health(1)
    for what, passed, code in steps:
        now += passed
        wall += passed / SECOND
        kind = {
            "timeout": Kind.TIMEOUT,
            "lost": Kind.LOST,
            "unsent": Kind.SEND_FAILED,
            "memory": Kind.UNSENT,
        }
        if what == "report":
            verdict = judging.judge_report(known, Report(code == 200, "x" * code, now), rules, int(wall))
        elif what == "call":
            verdict = calls.judge_call(known, Call(code, now), rules, calls.CallCriteria(least=1), int(wall))
        elif what == "expire":
            verdict = judging.expire(known, "nothing", int(wall))
        elif what == "drain":
            verdict = judging.end_drain(known, now)
        else:
            result = Result(
                1, now - min(passed, 520_000), now, kind.get(what, Kind.REPLY), code, "Why", passed % 3
            )
            verdict = judging.judge(known, result, rules, int(wall))
        known = damping.damp(known, verdict, now, rules).health
        row = Row.of(known, None, Past([[int(wall), 0, 1, known.reason]]), now, wall)
        parsed = read(written({A: row}), wall)
        assert parsed.faults == []
        assert parsed.rows == {A: row}
        again = row.health_at(now, wall)
        assert abs(again.kept_down - known.kept_down) <= SECOND * 2
        assert again.text() == Health.from_text(again.text()).text()


def test_a_kept_state_is_of_its_own_destination() -> None:
    """What is kept under one key and says another is untrue; so is what has no fields."""
    text = state_format.text_of(A, Row(Health(0)))
    assert state_format.row_of_text(A, text, WALL) == Row(Health(0))
    with pytest.raises(Untrue, match="^it is of another destination$"):
        state_format.row_of_text("sip:other:5060", text, WALL)
    with pytest.raises(Untrue, match="^it has no fields$"):
        state_format.row_of_text(A, "7", WALL)


@pytest.mark.parametrize(
    ("data", "blank"), [(b"", True), (b" \r\n\t\n", True), (b"\0\0\n", True), (b"\n x", False), (b"X", False)]
)
def test_what_has_no_text(data: bytes, blank: bool) -> None:
    """White space alone is nobody's."""
    assert state_format.is_blank(data) == blank


def test_a_file_is_its_lines() -> None:
    """The format, each destination with its checksum, and how many there are."""
    first, one, two, end, rest = data_of(['{"a":1}', '{"b":2}']).split(b"\n")
    assert (first, rest) == (b'["keepalive-state-5"]', b"")
    assert one == line_of('{"a":1}')
    assert two.endswith(b' {"b":2}')
    assert end.endswith(b' {"end":2}')
    assert parse(data_of([]).split(b"\n"), WALL) == ({}, [], 0, True, True, [], False)


def test_lines_of_no_destination_stand_before_the_end() -> None:
    """Each earlier version takes them for the last line, and the last one counts the destinations alone."""
    parsed = read(
        data_of([state_format.text_of(A, Row(Health(0)))], [{"server": {"until": 5}}, {"other": []}])
    )
    assert parsed.others == [{"end": 1, "server": {"until": 5}}, {"end": 1, "other": []}]
    assert (list(parsed.rows), parsed.faults, parsed.is_whole) == ([A], [], True)


def line_of(text: str) -> bytes:
    """A line of a file, with its checksum."""
    return f"{zlib.crc32(text.encode()):08x} {text}".encode()


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (line_of("7"), "it has no fields"),
        (line_of("{"), "it is no JSON"),
        (b"00000000 {}", "its checksum is wrong"),
        (b"\xff", "it is no text"),
        (b'["sip:a", 7, null, []]', "it is no destination"),
        (b'["end"]', "it is no destination"),
        (b"x" * state_format.MOST_BYTES_OF_A_LINE, "its checksum is wrong"),
        (b"x" * (state_format.MOST_BYTES_OF_A_LINE + 1), "it is longer than 65536 bytes"),
    ],
)
def test_what_is_wrong_with_a_line(line: bytes, fault: str) -> None:
    """In words, behind its number; blank lines are counted, and what is behind it is used."""
    good = line_of(state_format.text_of(A, Row(Health(0))))
    parsed = parse([b'["keepalive-state-5"]', b"", line, b" \t\r\0", good, line_of('{"end":2}')], WALL)
    assert parsed == ({A: Row(Health(0))}, [f"line 3: {fault}"], 1, True, True, [], False)


def test_a_contradiction_in_words() -> None:
    """It is told once, and of the two neither is used."""
    lines = [line_of(state_format.text_of(A, Row(Health(0), left=left))) for left in (5, 6)]
    fault = "line 2: another line says something else of its destination, and neither is used"
    assert parse(lines, WALL) == ({}, [fault], 1, True, False, [], True)


@pytest.mark.parametrize(
    ("lines", "is_ours", "is_whole"),
    [
        ([], True, False),
        ([b"", b" \t"], True, False),
        ([b"nonsense"], False, False),
        ([b"", b'["keepalive-state-5"]'], False, False),
        ([b'["keepalive-state-5"]'], True, False),
        ([b'["keepalive-state-5"]', line_of('{"end":0}')], True, True),
        ([b'["keepalive-state-5"]', line_of('{"end":1}')], True, False),
        # What is behind the end is none of it.
        ([b'["keepalive-state-5"]', line_of('{"end":0}'), b"x"], True, False),
        ([b'["keepalive-state-6"]', line_of('{"end":0}')], True, False),
    ],
)
def test_whose_a_file_is_and_whether_it_is_whole(lines: list[bytes], is_ours: bool, is_whole: bool) -> None:
    """By its first line, and by the last one, which says how many lines are between."""
    parsed = parse(lines, WALL)
    assert (parsed.is_ours, parsed.is_whole) == (is_ours, is_whole)


@pytest.mark.parametrize("name", ["1", "3"])
def test_a_row_of_former_fields_has_all_of_them(name: str) -> None:
    """One more or one less is no destination; a reason with a line's end in it is one line."""
    line = next(line for line in (FILES / name).read_bytes().split(b"\n") if line.startswith(b'["sip:'))
    key, values, admin, history = json.loads(line)
    values[-1] = "two\nlines"
    good = parse([json.dumps([key, values, admin, history]).encode()], WALL)
    assert good.faults == []
    assert "\n" not in good.rows[key].health.reason
    for other in ([*values, 1], values[:-1]):
        parsed = parse([json.dumps([key, other, admin, history]).encode()], WALL)
        assert (parsed.rows, parsed.faults) == ({}, ["line 1: it is no destination"])


def test_a_remark_of_a_former_file_is_cut() -> None:
    """In the middle of no character."""
    assert state_format._beginning("ü" * 200) == "ü" * 127


def test_what_nobody_thought_of_costs_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong with a line, the others are read."""

    def careless(fields: dict[str, Any], wall: float) -> Row:
        if fields["reason"] == "bad":
            raise TypeError
        return row_of(fields, wall)

    row_of = state_row.row_of
    monkeypatch.setattr(state_format, "row_of", careless)
    keys = {
        "sip:192.168.10.20:5060": "fine",
        "sip:192.168.10.21:5060": "bad",
        "sip:192.168.10.22:5060": "fine",
    }
    lines = [line({"destination": key, "reason": reason}) for key, reason in keys.items()]
    read = parse(lines, 1000)
    assert read.faults == ["line 2: it makes no sense"]
    assert list(read.rows) == [key for key, reason in keys.items() if reason == "fine"]


def test_a_file_is_made_in_pieces() -> None:
    """Of a hundred lines each, so that its writer may do something else between two of them."""
    texts = [state_format.text_of(f"sip:d{number}:5060", Row(Health(0))) for number in range(250)]
    assert [piece.count(b"\n") for piece in state_format.pieces_of(texts)] == [100, 100, 51]
    assert len(read(data_of(texts)).rows) == 250
