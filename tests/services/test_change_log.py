"""The last changes, numbered: what comes, what was missed, and what is asked."""

import sys
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from cockpit_calls import NAME, ONE, Desk
from conftest import FakeServer

A = "sip:192.168.10.20"
KEY = f"{A}:5060"


class Cockpit:
    """The process that serves HTTP, on a server whose one destination is up."""

    def __init__(self, server: FakeServer) -> None:
        server.define("cockpit", "1")
        self.server = server
        self.keepalive = server.process()
        server.ksr.reply(server.first_ping(self.keepalive, A), 200)
        from keepalive_core.services import change_log

        self.now = time.time()
        self.module = change_log
        self.log = change_log.ChangeLog(lambda: self.now)

    def change(self, *codes: int) -> None:
        """Let the destination's next pings be answered so."""
        for code in codes:
            self.server.ksr.reply(self.server.next_ping(), code)

    def look_back(self) -> None:
        for _ in self.log.look_back():
            pass

    def told(self, since: int = 0) -> list[str]:
        """What is told behind a number."""
        return [each.notice.get("to", each.notice["event"]) for each in self.log.since(since)]

    def lose(self, change: Callable[[], object]) -> None:
        """Have something happen while the feed has no room."""
        queues: Any = sys.modules["keepalive_core.kamailio.queues"]
        most, queues.MOST_IN_FEED = queues.MOST_IN_FEED, 0
        change()
        queues.MOST_IN_FEED = most


@pytest.fixture
def cockpit(server: FakeServer) -> Cockpit:
    return Cockpit(server)


def test_changes_are_numbered(cockpit: Cockpit) -> None:
    """In their order; whoever asks with the number of the last answer gets what is new, and that alone."""
    cockpit.change(503)
    cockpit.log.take()
    first = cockpit.log.changes()
    assert [each["to"] for each in first["changes"]] == ["up", "down"]
    up, down = first["changes"]
    assert first["number"] == down["number"] == up["number"] + 1
    assert (down["destination"], down["uri"], down["from"]) == (KEY, A, "up")
    assert first["gap"] == 0
    assert cockpit.log.changes(first["number"])["changes"] == []
    cockpit.change(200)
    cockpit.log.take()
    assert [each["to"] for each in cockpit.log.changes(first["number"])["changes"]] == ["up"]
    assert [each["to"] for each in cockpit.log.changes(0, 1)["changes"]] == ["up"]
    assert cockpit.log.changes(0, 0)["changes"] == []


def test_numbers_go_on_over_a_restart(cockpit: Cockpit) -> None:
    """A later process begins behind the numbers of an earlier one."""
    cockpit.change(*[503, 200] * 20)
    cockpit.log.take()
    cockpit.now += 2
    later = cockpit.module.ChangeLog(lambda: cockpit.now)
    assert later.number > cockpit.log.number


def test_what_was_before_is_found_in_the_histories(cockpit: Cockpit) -> None:
    """In front of what came meanwhile, each once, and nobody is told of it as of news."""
    cockpit.change(503)
    list(cockpit.server.ksr.queues["keepalive_feed"])
    cockpit.server.ksr.queues["keepalive_feed"].clear()
    begun = cockpit.log.number
    cockpit.change(200)
    cockpit.log.take()
    assert cockpit.log.is_behind
    assert cockpit.told() == ["up"]
    cockpit.look_back()
    assert cockpit.told() == ["up", "down", "up"]
    assert cockpit.told(begun) == ["up"]
    numbers = [each.number for each in cockpit.log.since(0)]
    assert numbers == sorted(set(numbers))
    assert not cockpit.log.is_behind


def with_a_change_lost(cockpit: Cockpit) -> int:
    """Let a change find no room in the queue of news; return the number of the last one before it."""
    cockpit.log.take()
    cockpit.look_back()
    cockpit.now += 100
    before = cockpit.log.number
    cockpit.lose(lambda: cockpit.change(503))
    cockpit.log.take()
    return before


def test_what_was_missed_is_told_late(cockpit: Cockpit) -> None:
    """A gap marks that something is missing; what the histories show comes behind it, and nothing twice."""
    before = with_a_change_lost(cockpit)
    assert cockpit.told(before) == ["keepalive.gap"]
    assert cockpit.log.changes()["gap"] == before + 1
    cockpit.look_back()
    assert cockpit.told(before) == ["keepalive.gap", "down"]
    cockpit.log.take()
    assert not cockpit.log.is_behind


def test_a_look_back_has_its_rest(cockpit: Cockpit) -> None:
    """A memory that stays full does not have all histories read all the time."""
    cockpit.log.take()
    cockpit.look_back()
    cockpit.lose(lambda: cockpit.change(503))
    cockpit.log.take()
    assert not cockpit.log.is_behind
    cockpit.now += 11
    assert cockpit.log.is_behind


def test_pauses_are_told(cockpit: Cockpit) -> None:
    """By an order or by the setting, once each; what was so at the start is no news."""
    cockpit.log.take()
    before = cockpit.log.number
    assert cockpit.keepalive.pause() == 0
    cockpit.log.take()
    cockpit.log.take()
    assert cockpit.keepalive.resume() == 0
    cockpit.server.ksr.settings_to_come["enabled"] = "0"
    cockpit.server.tick(3)
    cockpit.log.take()
    notices = [each.notice for each in cockpit.log.since(before)]
    told = [(each["paused"], each["enabled"]) for each in notices if each["event"] == "keepalive.pause"]
    assert told == [(True, True), (False, False)]


def test_as_many_are_kept_as_are_promised(cockpit: Cockpit) -> None:
    """The oldest go; whoever has not read them can see that."""
    cockpit.log.take()
    before = cockpit.log.number
    assert cockpit.log.is_all_kept_since(before)
    notices = sys.modules["keepalive_core.rules.notices"]
    feed: ModuleType = sys.modules["keepalive_core.services.feed"]
    for at in range(cockpit.module.KEPT + 1):
        feed.put(notices.gap(at))
    for _ in range(3):
        cockpit.log.take()
    assert len(cockpit.log.since(0)) == cockpit.module.KEPT
    assert not cockpit.log.is_all_kept_since(before)
    assert cockpit.log.is_all_kept_since(before + 1)
    assert not cockpit.log.is_all_kept_since(cockpit.log.number + 1), "a number of some other server"


def test_whoever_asks_too_late_is_told_so(cockpit: Cockpit, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change that is kept no more is missing for him who asks behind one before it."""
    monkeypatch.setattr(cockpit.module, "KEPT", 2)
    before = cockpit.log.changes()["number"]
    for codes in ((503,), (200, 200), (503,)):
        cockpit.change(*codes)
        cockpit.log.take()
    found = cockpit.log.changes(before)
    assert len(found["changes"]) == 2
    assert found["gap"] > before
    cockpit.change(200)
    cockpit.log.take()
    assert cockpit.log.changes(found["number"])["gap"] <= found["number"]


def test_a_look_back_that_fails_is_done_again(cockpit: Cockpit, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it was to find is found by the next one."""
    before = with_a_change_lost(cockpit)
    rows: Any = sys.modules["keepalive_core.kamailio.destination_rows"]
    with monkeypatch.context() as broken, pytest.raises(OSError, match="no such thing"):
        broken.setattr(rows, "monitored_keys", _fails)
        cockpit.look_back()
    cockpit.now += 11
    assert cockpit.log.is_behind
    cockpit.look_back()
    assert cockpit.told(before) == ["keepalive.gap", "down"]


def _fails() -> list[str]:
    raise OSError("no such thing")


@pytest.mark.parametrize("callback_targets", [0, 1])
def test_targets_of_names_are_told_of_if_their_name_asks_for_it(
    server: FakeServer, callback_targets: int
) -> None:
    """Now, and from the histories: by their keys, with that of their name. Those of others are only shown."""
    desk = Desk(server)
    server.tick(1)
    key, *_ = desk.add_name(ONE, callback_targets=callback_targets)
    desk.ping(31)
    log = desk.part("services.change_log").ChangeLog()
    log.take()
    wanted = [(key, key, NAME)] * callback_targets
    assert targets_in(log) == wanted
    server.ksr.queues["keepalive_feed"].clear()
    later = desk.part("services.change_log").ChangeLog()
    for _ in later.look_back():
        pass
    assert targets_in(later) == wanted
    assert [each["destination"] for each in later.changes()["changes"] if "target_of" not in each] == [NAME]


def targets_in(log: Any) -> list[tuple[str, ...]]:
    """The keys, URIs and names of targets that a log tells of."""
    told = log.changes()["changes"]
    return [(each["destination"], each["uri"], each["target_of"]) for each in told if "target_of" in each]
