"""The commands that wait for changes."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ctl.conftest import COMMAND, Keepalivectl
from fake_cockpit import Cockpit, Refusal
from keepalive_ctl.waiting import words_of
from real.server import wait_for


def information(state: str, mode: str = "ready", drained_until: int = 0) -> dict[str, object]:
    """What wait looks at."""
    admin = (
        {"mode": mode, "until": 0, "by": "anna", "why": "card swap"} if mode != "ready" else {"mode": mode}
    )
    return {
        "destination": "sip:x",
        "state": state,
        "admin": admin,
        "drained_until": drained_until,
        "last_reason": "no reply in 3062 ms",
    }


@pytest.mark.parametrize(
    ("info", "words"),
    [
        (information("up"), {"up", "ready"}),
        (information("down"), {"down", "ready"}),
        (information("up", "maint"), {"maint"}),
        (information("down", "drain"), {"drain"}),
        (information("up", drained_until=9), {"drain", "ready"}),
    ],
)
def test_how_a_destination_is(info: dict[str, object], words: set[str]) -> None:
    """It is up only if calls go there: an administrator's mode, and a reply's drain, go before its health."""
    assert words_of(info) == words


def test_wait_says_how_it_is(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """And so it does if it waited in vain."""
    cockpit.answers["info"] = information("up", "maint")
    done = keepalivectl("wait", "sip:x", "up", "--timeout", "10ms")
    assert done.returncode == 1
    assert done.stdout == "sip:x is up, maint by anna (card swap): no reply in 3062 ms\n"


def test_wait_ends_with_the_change(cockpit: Cockpit, environment: dict[str, str]) -> None:
    """Within a second of it."""
    cockpit.answers["info"] = information("down")
    command = [sys.executable, COMMAND, "wait", "sip:x", "up", "--timeout", "20"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as process:
        wait_for("two looks", lambda: len(cockpit.asked) >= 2)
        assert process.poll() is None
        cockpit.answers["info"] = information("up")
        began = time.monotonic()
        assert process.wait(10) == 0
        assert time.monotonic() - began < 1


def test_what_is_not_monitored_is_not_waited_for(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """It will not come by itself."""

    def refuse(**_: object) -> None:
        raise Refusal(-32001, "sip:x is not monitored")

    cockpit.answers["info"] = refuse
    done = keepalivectl("wait", "sip:x", "up")
    assert (done.returncode, done.stderr) == (1, "keepalivectl: sip:x is not monitored\n")


def test_wait_outlives_a_restart(folder: Path, environment: dict[str, str]) -> None:
    """That there is no server is told once, and it is tried again."""
    command = [sys.executable, COMMAND, "wait", "sip:x", "up", "--timeout", "20"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stderr
        assert b"is not there" in process.stderr.readline()
        cockpit = Cockpit(folder / "keepalive.sock")
        cockpit.answers["info"] = information("up")
        try:
            assert process.wait(10) == 0
            assert process.stderr.read() == b""
        finally:
            cockpit.close()


def test_wait_without_a_server(keepalivectl: Keepalivectl) -> None:
    """If none comes it ends with 3."""
    done = keepalivectl("wait", "sip:x", "up", "--timeout", "300ms")
    assert (done.returncode, done.stdout) == (3, "")


def change(number: int, destination: str, **others: object) -> dict[str, object]:
    """A change of a destination."""
    told = {
        "number": number,
        "at": 86400,
        "destination": destination,
        "uri": destination,
        "from": "up",
        "to": "down",
        "reason": "r",
    }
    return {**told, **others}


def test_watch(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """Changes as they come, each once, none of those that were before."""
    every = [
        change(1, "sip:old"),
        change(2, "sip:a"),
        change(3, "sip:b", reason="\x1b[2J"),
        change(4, "sip:c"),
    ]

    def changes(since: int = 0, count: int = 100) -> dict[str, object]:
        newest = 1 if since == 0 else min(since + 2, 4)
        told = [each for each in every if since < int(str(each["number"])) <= newest]
        return {"number": newest, "gap": 3 if since == 3 else 0, "changes": told[-count:]}

    cockpit.answers["changes"] = changes
    done = keepalivectl("watch", "--count", "3")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "1970-01-02 00:00:00 sip:a up -> down (r)",
        "1970-01-02 00:00:00 sip:b up -> down (\\x1b[2J)",
        "1970-01-02 00:00:00 sip:c up -> down (r)",
    ]
    done = keepalivectl("watch", "--count", "2", "--json")
    assert [json.loads(line)["number"] for line in done.stdout.splitlines()] == [2, 3]


def test_watch_some(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """Those that are named, by any spelling; that changes were lost is said."""
    news = {"number": 9, "gap": 8, "changes": [change(8, "sip:a"), change(9, "sip:b")]}
    cockpit.answers |= {
        "info": lambda destination: {"destination": destination.lower()},
        "changes": lambda since=0, count=1: news if since else {"number": 7, "gap": 0, "changes": []},
    }
    done = keepalivectl("watch", "--count", "1", "SIP:B")
    assert done.stdout == "1970-01-02 00:00:00 sip:b up -> down (r)\n"
    assert done.stderr == "keepalivectl: changes are missing here: more came than are kept\n"


def test_watch_over_a_restart(cockpit: Cockpit, keepalivectl: Keepalivectl) -> None:
    """What was told before has other numbers then, and is told no second time."""
    before = [change(1, "sip:old"), change(2, "sip:a")]
    after = [change(1001, "sip:a"), change(1002, "sip:old"), change(2001, "sip:b", at=86401)]

    def changes(since: int = 0, count: int = 100) -> dict[str, object]:
        told = before[:1] if since == 0 else before[1:] if since == 1 else after if since == 2 else []
        return {
            "number": max([since, *(int(str(each["number"])) for each in told)]),
            "gap": 0,
            "changes": told,
        }

    cockpit.answers["changes"] = changes
    done = keepalivectl("watch", "--count", "2")
    assert [line.split()[2] for line in done.stdout.splitlines()] == ["sip:a", "sip:b"]
