"""The command check: what Nagios and its kin are told."""

import json

import pytest

from ctl.conftest import Keepalivectl
from fake_cockpit import Cockpit, Refusal, group, row, view


def counted(**counts: int) -> dict[str, object]:
    """A view with so many that are up, down and so on."""
    return view(counts={"up": 0, "down": 0, "unknown": 0, "drain": 0, "maint": 0, **counts})


@pytest.mark.parametrize(
    ("counts", "options", "code", "said"),
    [
        ({"up": 10}, "", 0, "OK - 0 of 10 down | down=0;1;5;0;10 up=10 unknown=0 drain=0 maint=0"),
        ({"up": 9, "down": 1}, "", 1, "WARNING - 1 of 10 down | down=1;1;5;0;10 "),
        ({"up": 5, "down": 5}, "", 2, "CRITICAL - 5 of 10 down | "),
        ({"up": 9, "maint": 1}, "", 0, "OK - 0 of 9 down | down=0;1;5;0;10 up=9 unknown=0 drain=0 maint=1"),
        ({"maint": 3, "drain": 2}, "", 0, "OK - 0 of 0 down | "),
        ({"unknown": 3}, "", 0, "OK - 0 of 3 down | "),
        ({"down": 1, "maint": 9}, "", 2, "CRITICAL - 1 of 1 down | down=1;1;1;0;10 "),
        ({}, "", 3, "UNKNOWN - there are no destinations"),
        ({"up": 90, "down": 9}, "-w 10 -c 20", 0, "OK - 9 of 99 down | down=9;10;20;0;99 "),
        ({"up": 90, "down": 10}, "-w 10% -c 20", 1, "WARNING - 10 of 100 down | down=10;10;20;0;100 "),
        ({"up": 0, "down": 10}, "--critical 100%", 2, "CRITICAL - 10 of 10 down | "),
        ({"up": 1, "down": 2}, "-w 0.1% -c 99.9%", 1, "WARNING - 2 of 3 down | down=2;1;3;0;3 "),
    ],
)
def test_thresholds(
    counts: dict[str, int], options: str, code: int, said: str, cockpit: Cockpit, keepalivectl: Keepalivectl
) -> None:
    """From so many on that are down it is an alarm; who is drained or in maintenance counts nowhere."""
    cockpit.answers["view"] = counted(**counts)
    done = keepalivectl("check", *options.split())
    assert done.returncode == code
    assert done.stdout.startswith(f"KEEPALIVE {said}")


def test_the_worst_are_named(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """Below the first line, with their reasons."""
    cockpit.answers["view"] = view(row("sip:b", "down", reason="no reply in 3062 ms"), row("sip:a"))
    cockpit.answers["view"]["rows"].pop()
    done = keepalivectl("check")
    assert done.stdout.splitlines()[1:] == ["sip:b is down: no reply in 3062 ms"]
    [(_, asked)] = cockpit.asked
    assert asked == {"sort": "worst", "count": 5, "state": "down", "group": ""}


@pytest.mark.parametrize(
    ("known", "code"),
    [
        (group(up=0, down=2, maint=1), 2),
        (group(up=1, down=2), 0),
        (group(unknown=1, down=2), 0),
        (group(maint=2), 0),
    ],
)
def test_a_group_of_which_none_is_up_is_critical(
    known: dict[str, object], code: int, cockpit: Cockpit, keepalivectl: Keepalivectl
) -> None:
    """However few it are of all."""
    cockpit.answers["view"] = {**counted(up=1000, down=2), "groups": [known]}
    done = keepalivectl("check", "--warning", "10")
    assert done.returncode == code
    assert ("group carriers: none is up" in done.stdout) == bool(code)


def test_a_group(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """With --group that one alone is looked at, wherever it stands among the groups."""
    cockpit.answers["view"] = {**counted(up=1000, down=900), "groups": [group("other", down=1)]}
    cockpit.answers["groups"] = [group("other", down=1), group(up=9, down=1)]
    done = keepalivectl("check", "-g", "carriers")
    assert done.stdout.startswith("KEEPALIVE WARNING - 1 of 10 down | down=1;1;5;0;10 up=9 ")
    assert cockpit.asked[0][1]["group"] == "carriers"
    done = keepalivectl("check", "-g", "nobody")
    assert (done.returncode, done.stdout) == (3, "KEEPALIVE UNKNOWN - there is no group nobody\n")


@pytest.mark.parametrize(
    ("told", "options", "code", "said"),
    [
        ({"paused": True}, "", 1, "WARNING - pings are paused | "),
        ({"paused": True}, "--paused-ok", 0, "OK - 0 of 9 down | "),
        ({"enabled": False}, "--paused-ok", 1, "WARNING - pings are disabled | "),
    ],
)
def test_nobody_is_pinged(
    told: dict[str, object], options: str, code: int, said: str, cockpit: Cockpit, keepalivectl: Keepalivectl
) -> None:
    """States are old then; on a standby that is as it should be."""
    cockpit.answers["view"] = {**counted(up=9), **told}
    done = keepalivectl("check", *options.split())
    assert (done.returncode, done.stdout.split("|")[0] + "| ") == (code, f"KEEPALIVE {said}")


def test_no_answer_is_unknown(keepalivectl: Keepalivectl) -> None:
    """On standard output, where a plugin's words are looked for."""
    done = keepalivectl("check")
    assert done.returncode == 3
    assert done.stdout.startswith("KEEPALIVE UNKNOWN - /")
    assert "is not there" in done.stdout


@pytest.mark.parametrize(
    "options",
    ["--warning", "--warning 0", "-c 101%", "-c -1", "-w 1e3", "-c 5%%", "--what", "-w " + "9" * 5000],
)
def test_misuse_is_unknown(options: str, keepalivectl: Keepalivectl) -> None:
    """For 2 would be critical."""
    done = keepalivectl("check", *options.split())
    assert done.returncode == 3
    assert done.stdout.startswith("KEEPALIVE UNKNOWN - ")
    assert done.stdout.count("\n") == 1
    assert len(done.stdout) < 400


def test_a_refusal_and_nonsense_are_unknown(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """None of them is OK."""

    def refuse(**_: object) -> None:
        raise Refusal(-32002, "not | now")

    for answer in (refuse, {"counts": {}}, [], {**counted(up=1), "groups": [{}]}):
        cockpit.answers["view"] = answer
        done = keepalivectl("check")
        assert done.returncode == 3, answer
        assert done.stdout.startswith("KEEPALIVE UNKNOWN - ")
        assert "|" not in done.stdout


def test_a_peer_adds_no_performance_data(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """Nor markup, nor a line, whatever it answers."""
    hostile = "x | up=10000\n<script>alert(1)</script>\x1b[2J"
    rows = [row(hostile, "down", reason=hostile)]
    cockpit.answers["view"] = view(*rows, groups=(group(hostile, down=1),))
    done = keepalivectl("check")
    assert done.stdout.count("|") == 1
    assert "<" not in done.stdout
    assert "\x1b" not in done.stdout
    assert len(done.stdout.splitlines()) == 2


def test_json(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """For programs that are no Nagios, with the same end."""
    cockpit.answers["view"] = counted(up=1, down=1)
    done = keepalivectl("check", "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout) == {
        "status": "CRITICAL",
        "findings": ["1 of 2 down"],
        "counts": {"up": 1, "down": 1, "unknown": 0, "drain": 0, "maint": 0},
    }
