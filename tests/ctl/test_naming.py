"""What is shown of names: their targets, and what DNS says."""

from __future__ import annotations

import json
import time

import pytest

from ctl.conftest import Keepalivectl
from ctl.test_looking import HOSTILE, information
from fake_cockpit import Cockpit, row, target, view

NAME = "sip:p.com"
ONE, TWO = (f"{NAME}#192.0.2.{number}:5060" for number in (1, 2))
SAID = {"asked": 1050, "answered": 1000, "fault": "", "left_out": ""}


def name(*targets: dict[str, object], **others: object) -> dict[str, object]:
    """What a view says of a name."""
    alive = sum(bool(each["alive"]) for each in targets)
    return {"alive": alive, "targets": len(targets), **SAID, **others}


def named(*targets: dict[str, object], **resolution: object) -> dict[str, object]:
    """What info says of a name."""
    said = {**SAID, **resolution}
    return information(
        destination=NAME,
        uri=NAME,
        state="up",
        last_reason="1 of 2 targets up",
        targets=list(targets),
        resolution=said,
        target_of="",
    )


THREE = [target(ONE)] * 3
DEAD = target(TWO, "down", reason="no reply in 501 ms", latency_ms=0, loss=100.0)


def test_show_has_the_targets_of_a_name(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """Below what is known of it, a line each: state, priority, weight, times, and from which record it is."""
    gone = target(f"{NAME}#192.0.2.3:5060", "unknown", since=0, kept=True, priority=0, weight=0)
    targets = [target(ONE, since=int(time.time()) - 60), {**DEAD, "since": 0}, gone]
    cockpit.answers["info"] = named(*targets, fault="no answer from DNS", left_out="port 0 of bad.p.com")
    lines = keepalivectl("show", NAME).stdout.splitlines()
    assert lines[2:5] == [
        "  targets      1 of 3 alive",
        "  DNS          asked 1970-01-01 00:17:30: no answer from DNS, answered 1970-01-01 00:16:40",
        "  left out     port 0 of bad.p.com",
    ]
    heads, one, two, _ = (line.split(None, 8) for line in lines[-4:])
    assert heads[:4] == ["TARGET", "STATE", "PRIORITY", "WEIGHT"]
    assert one == [ONE, "up", "10", "60", "1m", "1.3", "0%", "udp", "_sip._udp.p.com SRV  200 OK in 1.3 ms"]
    assert two[:5] == [TWO, "down", "10", "60", "100%"]
    assert "no more in DNS" in lines[-1]


def test_what_a_name_has_none_of(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """Nobody pings it as a whole, so nothing of it is lost; and its drain ends as its targets' do."""
    cockpit.answers["info"] = {**named(target(ONE, "drain")), "drained_until": 86400}
    lines = keepalivectl("show", NAME).stdout.splitlines()
    assert "  drained      as its targets are" in lines
    assert not any("loss" in line for line in lines)
    cockpit.answers["info"] = {**information(), "drained_until": 86400}
    assert "  drained      until 1970-01-02 00:00:00" in keepalivectl("show", "sip:x").stdout.splitlines()
    cockpit.answers["view"] = view(row(NAME, name=name(target(ONE))), row("sip:a"))
    assert [line.count("0%") for line in keepalivectl("list").stdout.splitlines()] == [0, 0, 1]


def test_show_of_a_target(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """It is called by its key, as its URI is that of its name."""
    cockpit.answers["info"] = {**named(), "resolution": {}, "destination": ONE, "target_of": NAME}
    lines = keepalivectl("show", ONE).stdout.splitlines()
    assert (lines[0], lines[2]) == (ONE, f"  target of    {NAME}")


def test_list_indents_targets_if_asked_for(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """Below their name, in the same columns; with --names each can be given to another command."""
    targets = [target(ONE), DEAD]
    rows = [row("sip:a"), row(NAME, reason="1 of 2 targets up", name=name(*targets), targets=targets)]
    cockpit.answers["view"] = view(*rows)
    lines = keepalivectl("list", "--targets").stdout.splitlines()
    assert lines[2].endswith("carriers  1 of 2 targets up")
    assert lines[3].split() == [ONE, "up", "1m", "1.3", "0%", "200", "OK", "in", "1.3", "ms"]
    assert lines[3].startswith(f"  {ONE}")
    assert lines[4].split()[:2] == [TWO, "down"]
    assert cockpit.asked[0][1]["targets"] is True
    assert cockpit.asked[0][1]["count"] == 100
    assert keepalivectl("list", "--targets", "--names").stdout.splitlines() == ["sip:a", NAME, ONE, TWO]
    assert "targets" not in keepalivectl("list").stdout.splitlines()[1]


def test_list_says_what_is_wrong_with_dns(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """Beside the targets, but for a name that is down for that very reason."""
    fault = name(fault="no such name")
    cockpit.answers["view"] = view(
        row(NAME, reason="1 of 1 targets up", name=fault), row("sip:q.com", reason="no such name", name=fault)
    )
    one, two = keepalivectl("list").stdout.splitlines()[1:]
    assert one.endswith("1 of 1 targets up; DNS: no such name")
    assert two.endswith("carriers  no such name")


def test_names(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """Those alone that are names, with how many targets each has and what DNS says."""
    rows = [
        row(NAME, name=name(target(ONE), DEAD)),
        row("sip:q.com", "down", name=name(answered=0, fault="no such name", left_out="port 0")),
        row("sip:a"),
    ]
    cockpit.answers["view"] = view(*rows)
    done = keepalivectl("names")
    assert done.stdout.splitlines() == [
        "NAME       STATE  ALIVE  TARGETS    ASKED  ANSWERED  DNS",
        "sip:p.com  up         1        2  10s ago    1m ago  ok",
        "sip:q.com  down       0        0  10s ago     never  no such name; left out: port 0",
    ]
    assert cockpit.asked[0][1]["names"] == "all"
    assert [each["uri"] for each in json.loads(keepalivectl("names", "--json").stdout)] == [NAME, "sip:q.com"]


@pytest.mark.parametrize(("option", "which"), [("--dead", "dead"), ("--failing", "failing")])
def test_names_that_are_not_as_they_should_be(
    option: str, which: str, cockpit: Cockpit, keepalivectl: Keepalivectl
) -> None:
    """The server says which."""
    cockpit.answers["view"] = view()
    assert keepalivectl("names", option, "-g", "g").returncode == 0
    assert (cockpit.asked[0][1]["names"], cockpit.asked[0][1]["group"]) == (which, "g")


def test_summary_counts_names_and_targets_apart(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """And not at all if there are none, or if the server is one of before."""
    cockpit.answers["view"] = view(
        names={"total": 12, "dead": 3, "failing": 1}, targets={"down": 4, "unknown": 0, "up": 44}
    )
    assert keepalivectl("summary").stdout.splitlines()[2] == (
        "12 names, 3 with targets that are down, DNS fails for 1; their targets: 4 down, 44 up"
    )
    cockpit.answers["view"] = view()
    assert len(keepalivectl("summary").stdout.splitlines()) == 2
    del cockpit.answers["view"]["names"]
    assert len(keepalivectl("summary").stdout.splitlines()) == 2


def test_a_name_is_pinged_at_all_its_targets(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """What became of each has a line, and verbose its messages."""
    ended = {
        "result": "reply",
        "alive": True,
        "reason": "200 OK in 1.3 ms",
        "request": "OPTIONS x",
        "reply": "200",
    }
    lost = {**ended, "alive": False, "reason": "no reply in 501 ms", "reply": ""}
    targets = [{"target": ONE, **ended}, {"target": TWO, **lost}]
    said = {
        "alive": True,
        "reason": "1 of 2 targets answered well",
        "request": "",
        "reply": "",
        "targets": targets,
    }
    cockpit.answers["ping_now"] = said
    done = keepalivectl("ping", NAME)
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        f"{NAME}: 1 of 2 targets answered well",
        f"{ONE}: 200 OK in 1.3 ms",
        f"{TWO}: no reply in 501 ms",
    ]
    assert keepalivectl("ping", "-v", NAME).stdout.splitlines()[1:4] == [
        f"{ONE}: 200 OK in 1.3 ms",
        "> OPTIONS x",
        "< 200",
    ]


@pytest.mark.parametrize(
    ("info", "options", "code", "said"),
    [
        (named(target(ONE), target(TWO)), "", 0, "OK - sip:p.com is up: 2 of 2 targets alive | down=0;1;1;"),
        (
            named(*THREE, DEAD),
            "",
            1,
            "WARNING - sip:p.com is up: 3 of 4 targets alive; 1 of 4 down | down=1;",
        ),
        (named(target(ONE), DEAD), "", 2, "CRITICAL - sip:p.com is up: 1 of 2 targets alive; 1 of 2 down | "),
        (named(target(ONE), DEAD), "-w 2 -c 2", 0, "OK - sip:p.com is up: 1 of 2 targets alive | "),
        (named(target(ONE), target(TWO, "maint")), "", 0, "OK - sip:p.com is up: 1 of 2 targets alive | "),
        (
            named(target(ONE), fault="no answer from DNS"),
            "",
            1,
            "WARNING - sip:p.com is up: 1 of 1 targets alive; DNS: no answer from DNS | ",
        ),
        (
            {**named(DEAD), "state": "down"},
            "",
            2,
            "CRITICAL - sip:p.com is down: 0 of 1 targets alive; 1 of 1 down | ",
        ),
        (
            {**named(fault="no such name"), "state": "down", "last_reason": "no such name"},
            "",
            2,
            "CRITICAL - sip:p.com is down: no such name",
        ),
        (
            {**named(DEAD), "state": "down", "admin": {"mode": "maint"}},
            "",
            0,
            "OK - sip:p.com is maint, down: 0 of 1 targets alive | ",
        ),
        (
            {**named(target(ONE, "drain"), target(TWO, "drain")), "drained_until": 9},
            "",
            0,
            "OK - sip:p.com is drain, up: 0 of 2 targets alive | ",
        ),
        (
            {**named(target(ONE, "drain"), DEAD), "drained_until": 9},
            "",
            2,
            "CRITICAL - sip:p.com is drain, up: 0 of 2 targets alive; 1 of 1 down | ",
        ),
        ({**named(), "state": "unknown", "last_reason": ""}, "", 3, "UNKNOWN - sip:p.com is unknown | "),
        ({**named(target(ONE)), "not_pinged_because": "paused"}, "", 1, "WARNING - sip:p.com is up: 1 of 1"),
        ({**named(target(ONE)), "not_pinged_because": "paused"}, "--paused-ok", 0, "OK - "),
        (information(state="up", last_reason="200 OK"), "", 0, "OK - sip:x:5060 is up: 200 OK | down=0;1;1;"),
        (information(), "", 2, "CRITICAL - sip:x:5060 is down: no reply in 3062 ms | down=1;1;1;0;1 up=0"),
    ],
)
def test_one_destination_is_checked(
    info: dict[str, object], options: str, code: int, said: str, cockpit: Cockpit, keepalivectl: Keepalivectl
) -> None:
    """Of a name its targets are counted; whatever they are it is critical if it is down."""
    cockpit.answers["info"] = info
    done = keepalivectl("check", *options.split(), NAME)
    assert done.stdout.startswith(f"KEEPALIVE {said}"), done.stdout
    assert done.returncode == code


def test_targets_that_are_down_are_named(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """Below the first line; a destination and a group are not checked at once."""
    cockpit.answers["info"] = named(target(ONE), DEAD)
    assert keepalivectl("check", NAME).stdout.splitlines()[1:] == [f"{TWO} is down: no reply in 501 ms"]
    assert keepalivectl("check", NAME, "-g", "g").returncode == 3


@pytest.mark.parametrize(
    ("names", "targets", "options", "code", "said"),
    [
        (
            {"total": 9, "dead": 1},
            {"down": 1, "up": 17},
            "",
            1,
            "WARNING - 1 of 18 targets of 1 names down | ",
        ),
        (
            {"total": 9, "dead": 9},
            {"down": 9, "up": 9},
            "",
            1,
            "WARNING - 9 of 18 targets of 9 names down | ",
        ),
        ({"total": 9, "dead": 1}, {"down": 1, "up": 17}, "-w 10%", 0, "OK - 0 of 9 down | "),
        ({"total": 9, "failing": 2}, {"up": 18}, "", 1, "WARNING - DNS fails for 2 of 9 names | "),
        ({"total": 9}, {"maint": 9, "up": 9}, "", 0, "OK - 0 of 9 down | "),
    ],
)
def test_half_a_provider_that_is_dead_is_a_warning(
    names: dict[str, int],
    targets: dict[str, int],
    options: str,
    code: int,
    said: str,
    cockpit: Cockpit,
    keepalivectl: Keepalivectl,
) -> None:
    """Though all names are up: nobody else would see it."""
    none = dict.fromkeys(("up", "down", "unknown", "drain", "maint"), 0)
    cockpit.answers["view"] = view(
        counts={**none, "up": 9},
        names={"dead": 0, "failing": 0, **names},
        targets={**none, **targets},
    )
    done = keepalivectl("check", *options.split())
    assert done.stdout.startswith(f"KEEPALIVE {said}"), done.stdout
    assert done.returncode == code


@pytest.mark.parametrize("line", ["show x", "list --targets", "names", "check x", "ping x"])
def test_a_record_from_outside_reaches_no_terminal(
    line: str, cockpit: Cockpit, keepalivectl: Keepalivectl
) -> None:
    """Whoever answers for DNS may write what he likes."""
    hostile = target(ONE, "down", record=HOSTILE, reason=HOSTILE, transport=HOSTILE)
    cockpit.answers["info"] = named(hostile, fault=HOSTILE, left_out=HOSTILE)
    said = name(hostile, fault=HOSTILE, left_out=HOSTILE)
    cockpit.answers["view"] = view(row(NAME, name=said, targets=[hostile]))
    ended = {"target": HOSTILE, "alive": None, "reason": HOSTILE, "request": HOSTILE, "reply": HOSTILE}
    cockpit.answers["ping_now"] = {**ended, "targets": [ended]}
    done = keepalivectl(*line.split())
    assert done.stderr == ""
    shown = done.stdout.replace("\n", "")
    assert shown.isprintable()
    assert "\u202e" not in shown
