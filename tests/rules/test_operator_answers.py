"""What operators read in kamcmd: lines that fit into an answer, and how to see the rest."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules.operator_answers import MOST_BYTES, lines_of, text_of
from keepalive_core.rules.operator_commands import Ask, asked

COUNTS = {"down": 1, "unknown": 0, "drain": 0, "maint": 1, "up": 8}
GROUP = {"name": "carriers", "members": 4, "alive": 3, "held": 1, **COUNTS}
VIEW = {
    "at": 1_700_000_000,
    "server": "sbc1",
    "version": "1.0",
    "counts": COUNTS,
    "names": {"total": 0, "dead": 0, "failing": 0},
    "targets": dict.fromkeys(COUNTS, 0),
    "paused": False,
    "enabled": True,
    "groups": [GROUP, {**GROUP, "name": "pstn", "held": 0}],
    "total": 10,
    "rows": [],
}
ROW = {
    "destination": "sip:a:5060",
    "uri": "sip:a",
    "state": "up",
    "admin": "ready",
    "why": "",
    "by": "",
    "until": 0,
    "since": 0,
    "reason": "",
    "latency_ms": 0.0,
    "groups": [],
    "name": None,
}


def answer(ask: Ask, value: Any) -> list[str]:
    lines, more = lines_of(ask, value, lambda at: f"2023-11-1 {at}")
    return text_of("a", "it", lines, more).split("\n")[1:]


A, B = "sip:10.0.0.1:5060", "sip:10.0.0.2:5060"
NODES = {
    A: {"live": True, "state": "live", "heard_ago": 0},
    B: {"live": False, "state": "dead", "heard_ago": 62.4},
}
CLUSTER = {"node": A, "owns": 34, "doubted": 1, "alone": 0, "nodes": NODES, "trouble": [f"{B} is gone"]}
ONLY_B = f"only {B} can't reach it"


def test_a_cluster_is_nodes_and_what_is_not_calm() -> None:
    """What is wrong behind the first line, and in the end how many more there are."""
    cases = [{"destination": f"sip:{number}", "cluster": {"decision": ONLY_B}} for number in range(2)]
    told = answer(asked("cluster 2"), {**CLUSTER, "destinations": cases, "total": 5})
    assert told == [
        f"{A}: 1 of 2 nodes live; it owns 34, 1 in doubt, 0 that it alone can't reach",
        f"{B} is gone",
        f"{A}: live",
        f"{B}: dead, heard 62.4 s ago",
        f"sip:0: {ONLY_B}",
        f"sip:1: {ONLY_B}",
        "... 2 of 5 that are not calm",
    ]
    assert answer(asked("cluster"), {**CLUSTER, "destinations": [], "total": 0})[-1] == told[3]
    many = [{"destination": f"sip:{number}", "cluster": {"decision": ONLY_B * 10}} for number in range(100)]
    *_, last = answer(asked("cluster"), {**CLUSTER, "destinations": many, "total": 100})
    assert last.endswith(" of 100 that are not calm")
    assert 10 < int(last.split()[1]) < 100


def test_a_summary_and_a_list_in_a_cluster() -> None:
    """How many nodes live, and who can't reach a destination, if its reason does not say so."""
    assert f"{A}: 1 of 2 nodes live; it owns 34, 1 in doubt, 0 that it alone can't reach" in answer(
        asked("summary"), {**VIEW, "cluster": CLUSTER}
    )
    for reason, cluster, told in (
        ("200", {"decision": ONLY_B}, f"200, {ONLY_B}"),
        ("200", {"decision": ""}, "200"),
        ("200", None, "200"),
        (f"{ONLY_B}: 503", {"decision": ONLY_B}, f"{ONLY_B}: 503"),
    ):
        rows = [{**ROW, "reason": reason, "cluster": cluster}]
        assert answer(asked("list"), {**VIEW, "rows": rows, "total": 1})[0] == (
            f"up      sip:a  never pinged, {told}"
        )


def test_a_summary_is_counts_and_groups() -> None:
    """Whether pings are sent, too."""
    first, *rest = answer(asked("summary"), VIEW)
    assert first.startswith("sbc1, keepalive 1.0, 2023-11-1")
    assert rest == [
        "10 destinations: 8 up, 1 down, 0 unknown, 0 drain, 1 maint",
        "pings: sent",
        "group carriers: 3 of 4 alive, 1 held by group_min_alive; 8 up, 1 down, 0 unknown, 0 drain, 1 maint",
        "group pstn: 3 of 4 alive; 8 up, 1 down, 0 unknown, 0 drain, 1 maint",
    ]
    assert "pings: paused" in answer(asked("summary"), {**VIEW, "paused": True})
    assert "pings: not enabled" in answer(asked("summary"), {**VIEW, "enabled": False})
    names = {"names": {"total": 7, "dead": 2, "failing": 1}, "targets": COUNTS}
    assert answer(asked("summary"), {**VIEW, **names})[2] == (
        "7 names, 2 with targets down, DNS fails for 1; their targets: "
        "8 up, 1 down, 0 unknown, 0 drain, 1 maint"
    )
    assert answer(asked("summary"), {**VIEW, **names, "names": {"total": 1, "dead": 0, "failing": 0}})[2] == (
        "1 names; their targets: 8 up, 1 down, 0 unknown, 0 drain, 1 maint"
    )
    assert answer(asked("groups"), [GROUP])[0].startswith("group carriers: 3 of 4")


def test_a_row_has_what_there_is_to_say() -> None:
    """First what it is, as an administrator or its health says."""
    full = {**ROW, "since": 1_700_000_000, "reason": "503 in 1.2 ms", "latency_ms": 12.34, "state": "down"}
    said = {**full, "admin": "maint", "by": "anna", "until": 1_700_003_600, "why": "card swap"}
    rows = [ROW, full, said, {**ROW, "admin": "drain"}]
    first, second, third, fourth = answer(asked("list"), {"rows": rows, "total": 4})
    assert first == "up      sip:a  never pinged"
    assert second.startswith("down    sip:a  since 2023-11-1")
    assert second.endswith(", 12.3 ms, 503 in 1.2 ms")
    assert third.startswith("maint   sip:a  since 2023-11-1")
    assert ", down, by anna, until 2023-11-1" in third
    assert ", card swap, 12.3 ms" in third
    assert fourth == "drain   sip:a  never pinged, up"


def test_what_dns_says_is_told_once() -> None:
    """A name that never had an answer is down for that reason."""
    name = {
        "alive": 1,
        "targets": 2,
        "asked": 2,
        "answered": 1,
        "fault": "no answer from DNS",
        "left_out": "",
    }
    rows = [
        {**ROW, "name": name, "reason": "1 of 2 targets up"},
        {**ROW, "name": name, "reason": "no answer from DNS"},
        {**ROW, "name": {**name, "fault": ""}, "reason": "2 of 2 targets up"},
    ]
    assert answer(asked("names dead"), {"rows": rows, "total": 3}) == [
        "up      sip:a  never pinged, 1 of 2 targets up, DNS: no answer from DNS",
        "up      sip:a  never pinged, no answer from DNS",
        "up      sip:a  never pinged, 2 of 2 targets up",
    ]


def test_each_target_has_a_line() -> None:
    """Of a name, and of its pings, so that 64 of them can be read."""
    target = {
        "target": "sip:a#192.0.2.1:5060",
        "shown": "down",
        "reason": "no reply in 501 ms",
        "kept": False,
    }
    info = {"state": "up", "targets": [target, {**target, "shown": "up", "kept": True}], "target_of": ""}
    assert answer(asked("info sip:a"), info) == [
        "state: up",
        "target sip:a#192.0.2.1:5060: down, no reply in 501 ms",
        "target sip:a#192.0.2.1:5060: up, no reply in 501 ms, no more in DNS",
        "target_of: ",
    ]
    pinged = {"targets": [{"target": "sip:a#192.0.2.1:5060", "result": "reply", "reason": "200 in 1.0 ms"}]}
    assert answer(asked("info sip:a"), pinged) == ["target sip:a#192.0.2.1:5060: reply, 200 in 1.0 ms"]


def test_a_list_says_how_it_goes_on() -> None:
    """Where the page ends, or where the answer does."""
    assert answer(asked("list 3 2"), {"rows": [ROW] * 2, "total": 10})[-1] == (
        "... 3 to 4 of 10: go on with list 5"
    )
    assert len(answer(asked("list 9 2"), {"rows": [ROW] * 2, "total": 10})) == 2
    assert answer(asked("list 11"), {"rows": [], "total": 10}) == []
    assert answer(asked("list 5 0"), {"rows": [], "total": 10}) == ["... none of 10"]
    assert answer(asked("worst 2"), {"rows": [ROW] * 2, "total": 10})[-1] == "... 1 to 2 of 10"
    long = [{**ROW, "reason": "x" * 200}] * 100
    lines = answer(asked("list 201"), {"rows": long, "total": 2000})
    assert lines[-1] == f"... 201 to {200 + len(lines) - 1} of 2000: go on with list {201 + len(lines) - 1}"
    assert len(lines) > 30


def test_orders_are_lines() -> None:
    """The newest first; if not all find room, that is said."""
    order = {
        "at": 1_700_000_000,
        "by": "anna",
        "from": "kamcmd",
        "what": "sip:a",
        "before": "ready",
        "after": "drain",
    }
    [line] = answer(asked("orders"), [order])
    assert line.startswith("2023-11-1")
    assert line.endswith(" anna (kamcmd): sip:a ready -> drain")
    lines = answer(asked("orders 100"), [{**order, "after": "x" * 190}] * 100)
    assert lines[-1] == f"... the newest {len(lines) - 1} of 100"


@pytest.mark.parametrize(
    ("command", "value", "lines"),
    [
        ("pause", {"before": "pinging", "after": "paused"}, ["before: pinging", "after: paused"]),
        ("is_alive sip:a", 1, ["1"]),
        ("flush", "Ok.", ["Ok."]),
        ("alive g", ["sip:a", "sip:b"], ["sip:a", "sip:b"]),
        ("alive g", [], ["none"]),
        ("info sip:a", {"state": "up", "loss": {"percent": 1.5}}, ["state: up", 'loss: {"percent": 1.5}']),
        ("info sip:a loss.percent", {"loss": {"percent": 1.5}}, ["1.5"]),
        ("info sip:a state", {"state": "up"}, ["up"]),
        (
            "reload",
            {"added": {"count": 2, "first": ["sip:a", "sip:b"]}, "removed": {"count": 0, "first": []}},
            ["added: 2", "  sip:a", "  sip:b", "removed: 0"],
        ),
    ],
)
def test_other_answers_are_lines(command: str, value: Any, lines: list[str]) -> None:
    """A name and its value, an element, or a text each."""
    assert answer(asked(command), value) == lines


def test_an_answer_begins_with_what_was_asked() -> None:
    """Whoever uses the same key sees that it is not his; no line has a password."""
    assert text_of("a", "set_admin sip:u:secret@a drain", ["x", "sip:v:hidden@b"]) == (
        "> set_admin sip:u:***@a drain\nx\nsip:v:***@b"
    )
    assert text_of("a", "", []) == "> "


@given(st.text(max_size=200), st.text(max_size=3000), st.lists(st.text(max_size=3000), max_size=20))
def test_any_answer_fits(key: str, command: str, lines: list[str]) -> None:
    """Whatever is in it: it can be stored, and ctl takes it."""
    text = text_of(key, command, lines)
    assert len(text.encode()) + len(key.encode(errors="backslashreplace")) <= MOST_BYTES
    assert "\0" not in text
    shown = text.split("\n... ")[0].count("\n")
    assert shown >= min(len(lines), 2) or text.endswith("more lines find no room in an answer")


def test_all_lines_that_fit_are_there() -> None:
    """A last line takes no room if there is none; one byte more, and it is said that there is more."""
    room = MOST_BYTES - len("a") - len("> it")
    lines = ["x" * 999] * (room // 1000)
    fits = [*lines, "y" * (room % 1000 - 1)]
    assert text_of("a", "it", fits).count("\n") == len(fits)
    longer = text_of("a", "it", [*fits[:-1], fits[-1] + "y"])
    assert longer.endswith("\n... 1 more lines find no room in an answer")
