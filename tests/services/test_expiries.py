"""What ends in its time: after long without a verdict nobody knows whether a destination answers."""

from types import ModuleType
from typing import Any

import pytest

from conftest import FakeServer
from keepalive_core.rules.schedule import SECOND
from keepalive_core.rules.states import UNKNOWN, UP

A = "sip:192.168.10.20"
B = "sip:192.168.10.21"
WITNESS = "the test covered its ears"


@pytest.fixture
def deaf(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What keeps the server from hearing; empty for nothing."""
    heard: list[str] = []
    server.process()
    import keepalive_core.services.watch as watch

    monkeypatch.setattr(watch, "server_witness", lambda *_: "".join(heard))
    return heard


@pytest.fixture
def keepalive(deaf: list[str]) -> ModuleType:
    """The API, of a process that can be made deaf."""
    import keepalive

    return keepalive


def void_until_unknown(keepalive: ModuleType, server: FakeServer, seconds: int) -> float:
    """Let pings be void for a time at the most; return after how many seconds the state was unknown."""
    for passed in range(seconds):
        if keepalive.state(A) == UNKNOWN:
            return passed
        server.tick(1)
    raise AssertionError(f"known after {seconds} s")


@pytest.mark.parametrize(
    ("options", "least", "most"),
    [
        ({"ping_interval": 1}, 300, 306),
        ({"ping_interval": 60}, 600, 670),
        ({"ping_interval": 60, "ping_interval_pending": 2}, 600, 670),
        ({"ping_interval": 5, "fall": 1000}, 300, 312),
        ({"ping_interval": 5, "stale_after": 20}, 20, 30),
        ({"ping_interval": 5, "stale_after": 4000}, 300, 312),
    ],
    ids=str,
)
@pytest.mark.parametrize("code", [200, 503])
def test_nothing_but_void_pings_end_a_state(
    keepalive: ModuleType,
    server: FakeServer,
    deaf: list[str],
    options: dict[str, Any],
    least: int,
    most: int,
    code: int,
) -> None:
    """After ten intervals, five minutes at the least, or stale_after; told once, as each change is."""
    keepalive.add_destination(A, "me", **options)
    server.answer(code, 2)
    was = keepalive.state(A)
    deaf.append(WITNESS)
    assert least - 1 <= void_until_unknown(keepalive, server, most) <= most
    [*_, line] = server.ksr.lines("notice")
    assert f"{keepalive.info(A)['history'][-1]['reason']}" in line
    assert WITNESS in line
    assert keepalive.info(A)["history"][-1]["from"] == ("up", "down")[was - 1]
    changes = len(server.ksr.lines("notice"))
    server.tick(400)
    assert len(server.ksr.lines("notice")) == changes
    deaf.clear()
    server.answer(code, 70)
    assert keepalive.state(A) == was


@pytest.mark.parametrize("evidence", ["a reply", "silence", "a good call", "a failed call", "a report"])
def test_evidence_begins_the_count_anew(
    keepalive: ModuleType, server: FakeServer, deaf: list[str], evidence: str
) -> None:
    """One verdict, or a call, among the void pings, and the state stands for as long again."""
    keepalive.add_destination(A, "me", ping_interval=5, ping_timeout=1000, fall=3, passive_min=100)
    server.answer(200, 2)
    deaf.append(WITNESS)
    server.tick(250)
    if evidence == "a reply":
        server.answer(200, 6)
    elif evidence == "silence":
        deaf.clear()
        server.tick(7)
        deaf.append(WITNESS)
    elif evidence == "a good call":
        keepalive.report_reply(A, 200)
    elif evidence == "a failed call":
        keepalive.report_reply(A, 503)
    else:
        keepalive.report_failure(A, "a script")
    server.tick(280)
    assert keepalive.state(A) == UP
    assert void_until_unknown(keepalive, server, 40)


def test_void_pings_beyond_fall_are_told_once_a_minute(
    keepalive: ModuleType, server: FakeServer, deaf: list[str]
) -> None:
    """Not before there are more than fall, then with the witness, and no more when there is a verdict."""
    keepalive.add_destination(A, "me", ping_interval=5, ping_timeout=1000, fall=3)
    server.answer(200, 2)
    deaf.append(WITNESS)
    server.tick(18)
    assert server.ksr.lines("warn") == []
    server.tick(5)
    [line] = server.ksr.lines("warn")
    assert line.startswith(f"keepalive: {A}:5060 had no verdict on its last 4 pings: no reply in ")
    assert line.endswith(WITNESS)
    server.tick(120)
    assert len(server.ksr.lines("warn")) == 3
    deaf.clear()
    server.answer(200, 120)
    assert len(server.ksr.lines("warn")) == 3


def test_a_fleet_without_a_verdict_is_one_line(
    keepalive: ModuleType, server: FakeServer, deaf: list[str]
) -> None:
    """However many have no verdict, one line a minute says how many, and names one."""
    for number in range(500):
        keepalive.add_destination(f"10.0.{number // 250}.{number % 250 + 1}", "me", ping_interval=5)
    server.answer(200, 2)
    deaf.append(WITNESS)
    server.tick(60)
    assert [line for line in server.ksr.lines("warn") if "more destinations" not in line][1:] == []
    server.tick(60)
    assert "and 499 more destinations on more than fall of theirs" in server.ksr.lines("warn")[-1]
    assert len(server.ksr.lines("warn")) <= 3


@pytest.mark.parametrize("reason", ["pause", "enabled", "maintenance"])
@pytest.mark.parametrize("afterwards", ["answers", "void"])
def test_what_is_not_to_be_asked_does_not_go_stale(
    keepalive: ModuleType, server: FakeServer, deaf: list[str], reason: str, afterwards: str
) -> None:
    """States stay for as long as it takes; then there is time for answers before anything expires."""
    keepalive.add_destination(A, "me", ping_interval=5, ping_timeout=1000, stale_after=12)
    server.answer(200, 7)
    deaf.append(WITNESS)
    server.tick(4)

    def ask(asked: bool) -> None:
        if reason == "pause":
            (keepalive.resume if asked else keepalive.pause)()
        elif reason == "enabled":
            server.ksr.settings["enabled"] = str(int(asked))
        else:
            keepalive.set_admin(A, "ready" if asked else "maint")

    ask(False)
    server.tick(1000)
    assert keepalive.state(A) == UP
    ask(True)
    if afterwards == "answers":
        deaf.clear()
        server.answer(200, 300)
        assert len([line for line in server.ksr.lines("notice") if f": {A} " in line]) == 1
    else:
        assert void_until_unknown(keepalive, server, 20) >= 12


def test_a_prober_that_begins_asks_before_it_forgets(server: FakeServer, deaf: list[str]) -> None:
    """What a prober finds is as old as it may be: there is time for an answer first."""
    import keepalive

    keepalive.add_destination(A, "me", ping_interval=5, ping_timeout=1000, stale_after=7)
    server.answer(200, 7)
    server.now += 3600 * SECOND
    server.process()
    server.answer(200, 30)
    assert len(server.ksr.lines("notice")) == 1


def test_a_limit_that_is_shortened_at_run_time_holds_soon(
    keepalive: ModuleType, server: FakeServer, deaf: list[str]
) -> None:
    """Ten intervals of an hour are no time to wait for when the interval is five seconds."""
    server.ksr.settings["ping_interval"] = "3600"
    server.tick(1)
    keepalive.add_destination(A, "me")
    server.answer(200, 2)
    deaf.append(WITNESS)
    for _ in range(3):
        keepalive.ping_now(A)
        server.tick(5)
    server.ksr.settings["ping_interval"] = "5"
    assert void_until_unknown(keepalive, server, 310) > 280


@pytest.mark.parametrize(("stale_after", "most"), [(0, 340), (20, 60)])
def test_a_prober_that_waits_time_and_again_keeps_no_state(
    keepalive: ModuleType, server: FakeServer, deaf: list[str], stale_after: int, most: int
) -> None:
    """A name without a DNS server's answer holds the prober up; the void pings of others end all the same."""
    keepalive.add_destination(A, "me", ping_interval=5, stale_after=stale_after)
    server.answer(200, 6)
    deaf.append(WITNESS)
    began = server.now
    while keepalive.state(A) == UP:
        assert server.now - began < most * SECOND
        server.now += 2 * SECOND
        server.tick()
    assert server.now - began > (stale_after or 300) * SECOND
