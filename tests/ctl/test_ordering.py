"""The commands that change something."""

import json

import pytest

from ctl.conftest import Keepalivectl
from fake_cockpit import Cockpit, Refusal


def set_admin(destination: str, mode: str, until: int = 0, why: str = "") -> dict[str, object]:
    """Answer as the method does."""
    if destination == "sip:nobody":
        raise Refusal(-32001, "sip:nobody is not monitored")
    after = {"mode": mode, "until": 86400 if until else 0, "by": "anna", "why": why}
    return {"destination": destination, "before": {"mode": "ready"}, "after": after}


@pytest.mark.parametrize("mode", ["drain", "maint"])
def test_an_order(mode: str, cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """It says what was before and is now, until when, by whom and why."""
    cockpit.answers["set_admin"] = set_admin
    done = keepalivectl(mode, "sip:x", "--for", "1h", "--why", "card swap")
    wanted = {"destination": "sip:x", "mode": mode, "until": 3600, "why": "card swap"}
    assert cockpit.asked == [("set_admin", wanted)]
    assert done.stdout == f"sip:x: ready -> {mode} until 1970-01-02 00:00:00 by anna (card swap)\n"
    assert done.returncode == 0


def test_an_order_without_an_end(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """Without --for it holds until somebody says ready; less than a second is one."""
    cockpit.answers["set_admin"] = set_admin
    keepalivectl("maint", "sip:x")
    keepalivectl("ready", "sip:x", "--why", "swapped")
    keepalivectl("drain", "sip:x", "--for", "1ms")
    assert [asked.get("until") for _, asked in cockpit.asked] == [0, None, 1]


def test_an_order_for_several(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """One that is refused keeps none of the others from it, and the end says so."""
    cockpit.answers["set_admin"] = set_admin
    done = keepalivectl("maint", "sip:a", "sip:nobody", "sip:b")
    assert done.returncode == 1
    assert done.stdout == "sip:a: ready -> maint by anna\nsip:b: ready -> maint by anna\n"
    assert done.stderr == "keepalivectl: sip:nobody: sip:nobody is not monitored\n"


def test_an_order_as_json(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """A line for each destination."""
    cockpit.answers["set_admin"] = set_admin
    done = keepalivectl("maint", "sip:a", "sip:b", "--json")
    assert [json.loads(line)["destination"] for line in done.stdout.splitlines()] == ["sip:a", "sip:b"]


def test_add(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """Options are written as in the list file."""
    cockpit.answers["add_destination"] = "Ok."
    line = "add sip:x;transport=tcp group=carriers priority=2 rise=3 ping_reply_codes=2xx,404"
    assert keepalivectl(*line.split()).stdout == "sip:x;transport=tcp: added\n"
    options = {"rise": "3", "ping_reply_codes": "2xx,404"}
    wanted = {"uri": "sip:x;transport=tcp", "owner": "rpc", "group": "carriers", "priority": 2}
    assert cockpit.asked == [("add_destination", {**wanted, "options": options})]


def test_a_priority_that_is_no_number_is_the_servers_to_refuse(
    cockpit: Cockpit, keepalivectl: Keepalivectl
) -> None:
    """The server alone knows what a value may be."""
    cockpit.answers["add_destination"] = "Ok."
    keepalivectl("add", "sip:x", "priority=high", "weight=" + "9" * 5000, "--owner", "shell")
    [(_, asked)] = cockpit.asked
    assert (asked["priority"], asked["weight"], asked["owner"]) == ("high", "9" * 5000, "shell")


def test_del(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """Several, each of an owner."""
    cockpit.answers["del_destination"] = "Ok."
    assert keepalivectl("del", "sip:a", "sip:b").stdout == "sip:a: deleted\nsip:b: deleted\n"
    assert cockpit.asked[0] == ("del_destination", {"uri": "sip:a", "owner": "rpc"})


SEEN = {
    "result": "reply",
    "code": 200,
    "reason": "200 OK in 1.3 ms",
    "latency_ms": 1.3,
    "alive": True,
    "request": "OPTIONS sip:x SIP/2.0\r\nMax-Forwards: 10\r\n",
    "reply": "SIP/2.0 200 \x1b[31mOK\r\n",
}


def test_ping(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """It says how it ended; verbose it shows request and reply, with nothing that a terminal obeys."""
    cockpit.answers["ping_now"] = SEEN
    done = keepalivectl("ping", "sip:x")
    assert (done.returncode, done.stdout) == (0, "sip:x: 200 OK in 1.3 ms\n")
    assert keepalivectl("ping", "-v", "sip:x").stdout.splitlines() == [
        "sip:x: 200 OK in 1.3 ms",
        "> OPTIONS sip:x SIP/2.0",
        "> Max-Forwards: 10",
        "< SIP/2.0 200 \\x1b[31mOK",
    ]
    assert cockpit.asked[0] == ("ping_now", {"destination": "sip:x", "wait": True})


@pytest.mark.parametrize("alive", [False, None])
def test_a_ping_that_is_not_answered(alive: object, cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """It ends with 1, and says that there was no reply."""
    lost = {"result": "timeout", "code": 0, "reason": "no reply in 3062 ms", "alive": alive, "reply": ""}
    cockpit.answers["ping_now"] = {**SEEN, **lost}
    done = keepalivectl("ping", "-v", "sip:x")
    assert done.returncode == 1
    assert done.stdout.splitlines()[0] == "sip:x: no reply in 3062 ms"
    assert done.stdout.splitlines()[-1] == "< nothing"


@pytest.mark.parametrize("name", ["pause", "resume"])
def test_pausing(name: str, cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """It says what was, and what is."""
    cockpit.answers[name] = {"before": "pinging", "after": "paused"}
    assert keepalivectl(name).stdout == "pinging -> paused\n"


def test_reload(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """What is added, removed and changed, and how many."""
    cockpit.answers["reload"] = {
        "added": {"count": 102, "first": ["sip:a", "sip:b"]},
        "removed": {"count": 1, "first": ["sip:c"]},
        "changed": {"count": 0, "first": []},
    }
    done = keepalivectl("reload", "--dry-run")
    assert done.stdout.splitlines() == [
        *("+ sip:a", "+ sip:b", "+ and 100 more", "- sip:c"),
        "102 would be added, 1 would be removed, 0 would be changed",
    ]
    assert keepalivectl("reload", "--force").stdout.splitlines()[-1] == "102 added, 1 removed, 0 changed"
    assert cockpit.asked == [
        ("reload", {"force": False, "dry_run": True}),
        ("reload", {"force": True, "dry_run": False}),
    ]


def test_the_server_itself(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """Drained for a time, ready again, or asked what it is."""
    ready, drained = {"mode": "ready"}, {"mode": "drain", "until": 86400, "by": "anna", "why": "upgrade"}
    cockpit.answers["self"] = {"before": ready, "after": drained}
    done = keepalivectl("self", "drain", "--for", "1h", "--why", "upgrade")
    assert done.stdout == "this server: ready -> drain until 1970-01-02 00:00:00 by anna (upgrade)\n"
    cockpit.answers["self"] = {"before": drained, "after": drained}
    assert keepalivectl("self").stdout == "this server: drain until 1970-01-02 00:00:00 by anna (upgrade)\n"
    assert json.loads(keepalivectl("self", "--json").stdout)["after"] == drained
    assert cockpit.asked[:2] == [
        ("self", {"mode": "drain", "until": 3600, "why": "upgrade"}),
        ("self", {"mode": ""}),
    ]
    assert keepalivectl("self", "maint").returncode == 2
