"""Callbacks: how they are run, and what each of them hears."""

import json
import sys
from types import ModuleType, SimpleNamespace

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from conftest import FakeServer, ServerMachine

CALLED: list[tuple[object, ...]] = []
A = "sip:192.168.10.20"
B = "sip:192.168.10.21"
UP = 1
DOWN = 2


@pytest.fixture(autouse=True)
def _forget_calls():
    CALLED.clear()


def on_change(uri, state, user_attr):
    CALLED.append((uri, state, user_attr))


def on_any_change(uri, state, user_attr):
    CALLED.append(("any", uri, state, user_attr))


def fails(uri, state, user_attr):
    raise RuntimeError("this callback fails")


def fails_oddly(uri, state, user_attr):
    raise ValueError("bad\0thing \udcff")


def exits(uri, state, user_attr):
    raise SystemExit


def test_once_per_change_in_order_with_the_state_visible(keepalive: ModuleType, server: FakeServer) -> None:
    """Each change is told once, the first result as a change from unknown; no change is not told."""
    keepalive.register_callback(on_any_change, "all")
    keepalive.add_destination(A, "me", 0, on_change, [1, {"two": None}])
    for code in (200, 200, 404, 503, 200):
        server.answer(code)
    expected = []
    for state in (1, 2, 1):
        expected += [(A, state, [1, {"two": None}]), ("any", A, state, "all")]
    assert expected == CALLED


def test_the_changes_of_a_destination_are_told_to_its_owners_alone(
    keepalive: ModuleType, server: FakeServer
) -> None:
    """Owners hear of their own destinations only, each with its own user_attr."""
    keepalive.add_destination(A, "one", 0, on_change, 1)
    keepalive.add_destination(A, "two", 0, on_change, 2)
    keepalive.add_destination(B, "three", 0, on_change, 3)
    keepalive.add_destination(B, "silent")
    server.answer()
    assert sorted(CALLED) == [(A, 1, 1), (A, 1, 2), (B, 1, 3)]


@pytest.mark.parametrize("bad", [fails, fails_oddly, exits])
def test_a_failing_callback_disturbs_nobody(keepalive: ModuleType, server: FakeServer, bad: object) -> None:
    """An exception, even sys.exit, is logged with its traceback; the other callbacks are run."""
    keepalive.add_destination(A, "a", 0, bad)
    keepalive.add_destination(A, "b", 0, on_change)
    keepalive.register_callback(bad)
    keepalive.register_callback(on_any_change)
    server.answer()
    assert CALLED == [(A, 1, None), ("any", A, 1, None)]
    errors = server.ksr.lines("err")
    assert sum("failed for sip:192.168.10.20" in line for line in errors) == 2
    assert sum("Traceback" in line for line in errors) == 2


def test_a_callback_that_vanished_is_logged(
    keepalive: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a reload without the function, its name is logged and the others are run."""
    keepalive.add_destination(A, "a", 0, on_change)
    keepalive.register_callback(on_any_change)
    monkeypatch.delitem(globals(), "on_change")
    server.answer()
    assert CALLED == [("any", A, 1, None)]
    assert any("on_change failed" in line for line in server.ksr.lines("err"))


def test_registering_again_updates(keepalive: ModuleType, server: FakeServer) -> None:
    """A callback that is registered twice is called once, with the newer user_attr."""
    keepalive.register_callback(on_any_change, 1)
    keepalive.register_callback(on_any_change, 2)
    keepalive.add_destination(A, "me", 0, on_change, 1)
    keepalive.add_destination(A, "me", 0, on_change, 2)
    server.answer()
    assert CALLED == [(A, 1, 2), ("any", A, 1, 2)]


def test_the_owners_of_a_newer_registration_hear_nothing_old(
    keepalive: ModuleType, server: FakeServer
) -> None:
    """A change from before a destination was deleted and added again is not told to its new owner."""
    keepalive.add_destination(A, "me", 0, on_change, "old")
    server.tick(1)
    server.ksr.reply(server.ksr.sent[0], 200)
    keepalive.del_destination(A, "me")
    keepalive.add_destination(A, "me", 0, on_change, "new")
    server.run_callbacks()
    assert CALLED == []


def changes(keepalive: ModuleType, *states: int, uris: tuple[str, ...] = (A,)) -> None:
    """Have a worker report one state after the other; no callback runs meanwhile."""
    for state in states:
        for uri in uris:
            report = keepalive.report_success if state == UP else keepalive.report_failure
            assert report(uri) == 0


def told(keepalive: ModuleType, destination: str = A) -> tuple[int, int]:
    """How many of a destination's changes wait for the callbacks, and how many were merged."""
    found = keepalive.info(destination)["callbacks"]
    return found["waiting"], found["merged"]


def test_with_full_memory_they_wait_and_hear_the_newest_state(
    keepalive: ModuleType, server: FakeServer
) -> None:
    """No other process runs a callback; what has no room is merged, and counted."""
    keepalive.add_destination(A, "me", 0, on_change)
    keepalive.register_callback(on_any_change)
    server.ksr.room_left = 0
    changes(keepalive, UP, DOWN, UP, DOWN)
    assert CALLED == []
    assert told(keepalive) == (4, 0)
    server.ksr.room_left = None
    server.run_callbacks()
    assert CALLED == [(A, 2, None), ("any", A, 2, None)]
    assert told(keepalive) == (0, 3)
    [line] = [line for line in server.ksr.lines("warn") if "newer state" in line]
    assert line.startswith("keepalive: 3 changes were told")
    server.answer(200)
    server.run_callbacks()
    assert CALLED[2:] == [(A, 1, None), ("any", A, 1, None)]
    assert told(keepalive) == (0, 3)


def test_what_came_back_to_the_state_they_know_is_not_told(keepalive: ModuleType, server: FakeServer) -> None:
    """A gateway that went and came again while memory was full is up, as they know; both are merged."""
    keepalive.add_destination(A, "me", 0, on_change)
    server.answer(200)
    server.ksr.room_left = 0
    changes(keepalive, DOWN, UP)
    server.ksr.room_left = None
    server.run_callbacks()
    assert CALLED == [(A, 1, None)]
    assert told(keepalive) == (0, 2)


def test_what_is_queued_is_told_before_what_found_no_room(keepalive: ModuleType, server: FakeServer) -> None:
    """Each change that fits is told by itself, in order; the rest by the newest state, once."""
    keepalive.add_destination(A, "me", 0, on_change)
    changes(keepalive, UP, DOWN)
    server.ksr.room_left = 0
    changes(keepalive, UP, DOWN, UP)
    server.ksr.room_left = None
    changes(keepalive, DOWN)
    server.run_callbacks()
    server.run_callbacks()
    assert CALLED == [(A, 1, None), (A, 2, None), (A, 2, None)]
    assert told(keepalive) == (0, 3)


def test_their_queue_has_an_end(
    keepalive: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a callback hangs, any number of changes takes no more memory; then all hear the newest state."""
    monkeypatch.setattr("keepalive_core.kamailio.queues.MOST_EVENTS", 5)
    uris = tuple(f"sip:192.168.20.{number}" for number in range(4))
    for uri in uris:
        keepalive.add_destination(uri, "me", 0, on_change)
    changes(keepalive, *(UP, DOWN) * 20, uris=uris)
    assert len(server.ksr.queues["keepalive_events"]) == 5
    server.run_callbacks()
    last = {uri: state for uri, state, _ in CALLED}
    assert last == dict.fromkeys(uris, 2)
    assert len(CALLED) < 10
    assert sum(told(keepalive, uri)[1] for uri in uris) == 4 * 40 - len(CALLED)


def test_a_destination_stays_until_its_end_can_be_told(
    keepalive: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is given up has no row in which its last change could wait: it is given up when there is room."""
    keepalive.add_destination(A, "me", 0, on_change, remove_after=2)
    server.answer(200)
    server.answer(503)
    monkeypatch.setattr("keepalive_core.kamailio.queues.MOST_EVENTS", 0)
    changes(keepalive, DOWN)
    server.tick(1)
    assert keepalive.state(A) == DOWN
    assert "in which 0 wait for a callback" in server.ksr.lines("err")[0]
    monkeypatch.setattr("keepalive_core.kamailio.queues.MOST_EVENTS", 1)
    changes(keepalive, DOWN)
    server.tick(1)
    assert keepalive.state(A) == -1
    server.run_callbacks()
    assert CALLED == [(A, UP, None), (A, DOWN, None), (A, -1, None)]


def test_a_new_registration_has_news_of_its_own(keepalive: ModuleType, server: FakeServer) -> None:
    """Deleted and added again while memory is full: what its new owner hears is about the new one."""
    keepalive.add_destination(A, "me", 0, on_change)
    server.ksr.room_left = 0
    changes(keepalive, UP)
    server.ksr.room_left = None
    keepalive.del_destination(A, "me")
    keepalive.add_destination(A, "me", 0, on_change)
    server.run_callbacks()
    assert CALLED == []
    server.answer(200)
    assert CALLED == [(A, 1, None)]


def spoils(uri, state, user_attr, event):
    """Change all that it was given."""
    CALLED.append((uri, state, json.dumps(user_attr), event["state"]))
    user_attr["list"].append(1)
    user_attr.clear()
    event["owners"].clear()
    event["options"].clear()
    event.clear()


def test_what_a_callback_is_given_is_its_own(keepalive: ModuleType, server: FakeServer) -> None:
    """Whatever it does to user_attr and event, the next one is given what was registered; so is info()."""
    attr = {"list": [{"deep": []}]}
    keepalive.add_destination(A, "me", 0, spoils, attr, fall=1)
    keepalive.add_destination(A, "you", 0, spoils, attr)
    keepalive.register_callback(spoils, attr)
    for code in (200, 503):
        server.answer(code)
    assert [(A, 1, json.dumps(attr), "up")] * 3 + [(A, 2, json.dumps(attr), "down")] * 3 == CALLED
    for _ in range(2):
        known = keepalive.info(A)
        assert known["owners"]["me"]["user_attr"] == attr
        known["owners"]["me"]["user_attr"]["list"].clear()
        known["history"].clear()
        known["admin"].clear()
        keepalive.list()[0]["owners"].clear()


def test_a_callback_that_takes_long_is_named(
    keepalive: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it runs, by another process, once a minute; and at its end with its time."""
    watching = keepalive.Handlers()

    def hangs(uri, state, user_attr):
        for seconds in (4, 1.2, 0.1, 50, 9, 2, 59, 0.2):
            server.now += round(seconds * 1_000_000)
            watching.ksr_keepalive_watch(None)

    keepalive.add_destination(A, "me", 0, on_change)
    monkeypatch.setattr(sys.modules["keepalive_core.services.callbacks"], "find", lambda name: hangs)
    changes(keepalive, UP, DOWN)
    server.ksr.logged.clear()
    server.run_callbacks()
    lines = [line for line in server.ksr.lines("warn") if "callback" in line]
    named = "on_change for sip:192.168.10.20 runs for"
    assert [named in line for line in lines] == [True, True, False] * 2
    assert "runs for 5 s already: 1 changes wait behind it" in lines[0]
    assert "took 125.5 s" in lines[2]
    watching.ksr_keepalive_watch(None)
    server.now += 60_000_000
    watching.ksr_keepalive_watch(None)
    assert [line for line in server.ksr.lines("warn") if "callback" in line] == lines


def test_what_a_callback_forked_runs_no_callbacks(
    keepalive: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child that comes back from the callback ends; its parent goes on."""
    ended = []
    process = iter([1, 2, 3, 3])
    monkeypatch.setattr(
        sys.modules["keepalive_core.services.callbacks"],
        "os",
        SimpleNamespace(getpid=lambda: next(process), _exit=ended.append),
    )
    keepalive.add_destination(A, "me", 0, on_change)
    keepalive.register_callback(on_any_change)
    server.answer(200)
    assert ended == [0]


class Flapping(ServerMachine):
    """Random changes, deletions and callbacks with and without memory: what callbacks know is true."""

    def __init__(self) -> None:
        super().__init__()
        CALLED.clear()
        self.keepalive = self.server.process()
        self.uris = [A, B]
        for uri in self.uris:
            self.keepalive.add_destination(uri, "me", 0, on_change)

    @rule(states=st.lists(st.sampled_from((UP, DOWN)), min_size=1, max_size=4), uri=st.sampled_from((A, B)))
    def change(self, states: list[int], uri: str) -> None:
        before = len(CALLED)
        changes(self.keepalive, *states, uris=(uri,))
        assert len(CALLED) == before

    @rule(room=st.sampled_from((None, 0, 1, 3)))
    def memory(self, room: int | None) -> None:
        self.ksr.room_left = room

    @rule()
    def run(self) -> None:
        self.server.run_callbacks()

    @invariant()
    def each_knows_the_newest_state_if_there_is_room(self) -> None:
        if self.ksr.room_left is None:
            self.server.run_callbacks()
            known = {uri: state for uri, state, _ in CALLED}
            for uri in self.uris:
                state = self.keepalive.state(uri)
                assert known.get(uri, 0) == state
                assert told(self.keepalive, uri)[0] == 0

    def teardown(self) -> None:
        self.ksr.logged.clear()
        super().teardown()


test_callbacks_know_the_newest_state = Flapping.TestCase


@pytest.mark.parametrize("value", [{1, 2}, object(), float("nan"), b"x", {"x": {2}}])
def test_a_user_attr_that_is_no_json_is_refused(
    keepalive: ModuleType, server: FakeServer, value: object
) -> None:
    """Another process could not get such a value: refused, with the reason."""
    assert keepalive.add_destination(A, "me", 0, on_change, value) == -1
    assert keepalive.register_callback(on_change, value) == -1
    assert all("is no JSON value" in line for line in server.ksr.lines("err"))
    assert keepalive.state(A) == -1
