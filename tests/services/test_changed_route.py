"""The native route that runs for each change."""

from types import ModuleType

import pytest

from conftest import FakeServer

A = "sip:192.168.10.20"


class Routes:
    """The routes of a kamailio.cfg that has one for changes."""

    def __init__(self, server: FakeServer) -> None:
        self.server = server
        self.seen: list[tuple[object, ...]] = []
        server.ksr.routes["ksr_keepalive_has_route"] = self.has_route
        server.ksr.routes["GW_CHANGED"] = self.changed

    def has_route(self) -> int:
        return 1 if self.server.ksr.variables["keepalive_route"] in self.server.ksr.routes else -1

    def changed(self) -> int:
        names = ("uri", "state", "old", "reason")
        self.seen.append(tuple(self.server.ksr.variables[f"keepalive_{name}"] for name in names))
        return -1


@pytest.fixture
def routes(server: FakeServer) -> Routes:
    """What kamailio.cfg has."""
    server.ksr.defines["KEEPALIVE_CHANGED_ROUTE"] = '"GW_CHANGED"'
    return Routes(server)


def test_the_route_runs_once_for_each_change(routes: Routes, server: FakeServer) -> None:
    """It knows what the change is, in words, each with its own state before and its own reason."""
    keepalive = server.process()
    keepalive.add_destination(A, "me")
    server.answer(200, 2)
    assert routes.seen == [(A, "up", "unknown", "200 Reason in 0.0 ms")]
    for reason in ("first", "second"):
        keepalive.report_failure(A, reason)
        keepalive.report_success(A, "sip:me:secret@host\udcff\0")
    server.run_callbacks()
    assert [each[1:3] for each in routes.seen[1:]] == [("down", "up"), ("up", "down")] * 2
    reasons = [str(each[3]) for each in routes.seen[1:]]
    assert "first" in reasons[0]
    assert "second" in reasons[2]
    assert "***" in reasons[1]
    assert "secret" not in reasons[1]
    server.run_callbacks()
    assert len(routes.seen) == 5


def test_a_destination_that_is_given_up_is_told(routes: Routes, server: FakeServer) -> None:
    """Its state is "removed": it is monitored no more."""
    keepalive = server.process()
    keepalive.add_destination(A, "me", remove_after=1)
    server.tick(1)
    server.ksr.reply(server.ksr.sent[-1], 503, "No")
    server.tick(1)
    server.run_callbacks()
    assert routes.seen[-1] == (A, "removed", "down", "1 failures in a row")


def test_what_was_not_told_in_time_is_told_by_the_newest_state(routes: Routes, server: FakeServer) -> None:
    """Without room for an event the route runs for the state that there is now, with the state it knew."""
    keepalive = server.process()
    keepalive.add_destination(A, "me")
    server.answer(200, 2)
    server.ksr.room_left = 0
    for _ in range(3):
        keepalive.report_failure(A, "no room")
        keepalive.report_success(A)
    keepalive.report_failure(A, "no room")
    server.run_callbacks()
    assert [each[:3] for each in routes.seen] == [(A, "up", "unknown"), (A, "down", "up")]
    assert "no room" in str(routes.seen[-1][3])


def test_a_route_that_is_not_there_is_told_once(server: FakeServer, routes: Routes) -> None:
    """At the start, before anything changes; then callbacks run as ever."""
    server.define("changed_route", "x" * 500)
    keepalive = server.process()
    keepalive.add_destination(A, "me")
    server.run_callbacks()
    server.answer(200, 2)
    server.run_callbacks()
    [line] = server.ksr.lines("err")
    assert "has no route[xxxxx" in line
    assert len(line) < 250
    assert routes.seen == []
    assert keepalive.is_alive(A) == 1


@pytest.mark.parametrize("defined", [None, "", '""'])
def test_no_route_is_asked_for(server: FakeServer, defined: str | None) -> None:
    """Without a name nothing is run, nor looked for, nor told."""
    if defined is not None:
        server.ksr.defines["KEEPALIVE_CHANGED_ROUTE"] = defined
    keepalive = server.process()
    keepalive.add_destination(A, "me")
    server.answer(200, 2)
    assert server.ksr.lines("err") == []
    assert "keepalive_route" not in server.ksr.variables


def test_a_route_that_takes_long_is_named(
    routes: Routes, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a callback is: it holds up the changes behind it, and an operator has to know which route it is."""
    keepalive = server.process()
    keepalive.add_destination(A, "me")

    def takes_long() -> int:
        server.now += 6_000_000
        server.ksr.handlers.ksr_keepalive_watch(None, "rtimer")
        return 1

    server.ksr.routes["GW_CHANGED"] = takes_long
    server.answer(200, 2)
    lines = server.ksr.lines("warn")
    assert any(f"callback route[GW_CHANGED] for {A} runs for 6 s already" in line for line in lines)
    assert any(f"callback route[GW_CHANGED] for {A} took 6.0 s" in line for line in lines)


def test_the_state_that_a_callback_sees_is_the_routes(routes: Routes, server: FakeServer) -> None:
    """is_alive answers by the new state already when the route runs."""
    keepalive: ModuleType = server.process()
    keepalive.add_destination(A, "me")
    answers = []
    server.ksr.routes["GW_CHANGED"] = lambda: answers.append(keepalive.is_alive(A)) or 1
    server.answer(200, 2)
    keepalive.report_failure(A)
    server.run_callbacks()
    assert answers == [1, 2]
