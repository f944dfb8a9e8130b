"""Dispatcher's sets obey, whoever else changes them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from conftest import FakeServer
from fake_dispatcher import FakeDispatcher

ONE, OTHER = "sip:192.168.10.20", "sip:192.168.10.21"


@pytest.fixture
def dispatcher(server: FakeServer) -> FakeDispatcher:
    """A dispatcher with two destinations in its set 1."""
    found = FakeDispatcher(server)
    found.add(ONE)
    found.add(OTHER)
    return found


def look(server: FakeServer, seconds: float = 2.1) -> None:
    """Let time pass until the sets are looked at again."""
    server.now += round(seconds * 1_000_000)
    server.ksr.handlers.ksr_keepalive_dispatcher(None, "rtimer")


def report(count: Callable[[str], int]) -> None:
    """Report as often as rise and fall are."""
    for _ in range(3):
        assert count(ONE) == 0


def known(keepalive: ModuleType, server: FakeServer, code: int = 200) -> None:
    """Have all of the sets monitored, and their first pings answered."""
    keepalive.modparam("fall", 3)
    keepalive.modparam("rise", 3)
    server.tick()
    look(server)
    server.answer(code, seconds=1)
    look(server)


def test_all_sets_obey(keepalive: ModuleType, server: FakeServer, dispatcher: FakeDispatcher) -> None:
    """They are monitored without a script, and what is down is inactive in each set that it is in."""
    dispatcher.add(ONE, 2)
    known(keepalive, server)
    assert [set(each["owners"]) for each in keepalive.list()] == [
        {"dispatcher 1", "dispatcher 2"},
        {"dispatcher 1"},
    ]
    assert dispatcher.set == []
    report(keepalive.report_failure)
    # At once: is_alive has changed.
    look(server, 0.05)
    assert dispatcher.set == [("i", 1, ONE), ("i", 2, ONE)]
    report(keepalive.report_success)
    look(server, 0.05)
    assert dispatcher.set[2:] == [("a", 1, ONE), ("a", 2, ONE)]


def test_nothing_is_asked_while_nothing_changes(
    keepalive: ModuleType, server: FakeServer, dispatcher: FakeDispatcher
) -> None:
    """A list of 10,000 takes 0.2 s: it is read each two seconds, or if is_alive has changed."""
    known(keepalive, server)
    dispatcher.mark(ONE, "IX")
    look(server, 1)
    assert dispatcher.flags(ONE) == "IX"
    look(server, 1.1)
    assert dispatcher.flags(ONE) == "AX"


@pytest.mark.parametrize("code", [200, 503])
def test_what_is_disabled_is_left_alone(
    keepalive: ModuleType, server: FakeServer, dispatcher: FakeDispatcher, code: int
) -> None:
    """By flags or by dispatcher.set_state d, whatever is_alive says."""
    dispatcher.mark(ONE, "DX")
    known(keepalive, server, code)
    server.answer(code, 100)
    look(server)
    assert dispatcher.flags(ONE) == "DX"
    assert {uri for _, _, uri in dispatcher.set} <= {OTHER}


def test_a_mark_counts_as_a_failure(
    keepalive: ModuleType, server: FakeServer, dispatcher: FakeDispatcher
) -> None:
    """Once for each, and the state is set again; as many as fall take it down."""
    known(keepalive, server)
    dispatcher.add(ONE, 2)
    look(server)
    for failures in (1, 2):
        # In two sets at once it is one failure.
        for number in (1, 2):
            dispatcher.mark(ONE, "IP", number)
        look(server)
        assert (dispatcher.flags(ONE), dispatcher.flags(ONE, 2)) == ("AX", "AX")
        assert keepalive.info(ONE)["consecutive"] == -failures
    dispatcher.mark(ONE, "TX")
    look(server)
    assert keepalive.state(ONE) == keepalive.DOWN
    assert dispatcher.flags(ONE) == "IX"


def test_a_reload_revives_nobody_and_buries_nobody(
    keepalive: ModuleType, server: FakeServer, dispatcher: FakeDispatcher
) -> None:
    """All are as the list has them, for two seconds at the most; and no failure is counted."""
    dispatcher.mark(OTHER, "IX")
    known(keepalive, server)
    report(keepalive.report_failure)
    look(server)
    assert (dispatcher.flags(ONE), dispatcher.flags(OTHER)) == ("IX", "AX")
    dispatcher.mark(ONE, "AX")
    dispatcher.mark(OTHER, "IX")
    look(server)
    assert (dispatcher.flags(ONE), dispatcher.flags(OTHER)) == ("IX", "AX")
    assert keepalive.state(OTHER) == keepalive.UP


def test_a_second_pinger_is_told(
    keepalive: ModuleType, server: FakeServer, dispatcher: FakeDispatcher
) -> None:
    """From the fourth time on, once a minute, with the cure."""
    known(keepalive, server)
    keepalive.set_admin(ONE, "drain")
    look(server)
    for _ in range(10):
        assert dispatcher.flags(ONE) == "IX"
        dispatcher.mark(ONE, "AP")
        look(server)
    [line] = [each for each in server.ksr.lines("warn") if "dispatcher" in each]
    assert f"dispatcher set 1: somebody else makes {ONE} A again and again, while it is down here" in line
    assert "ds_ping_interval to 0" in line


def test_no_answer_changes_nothing(
    keepalive: ModuleType, server: FakeServer, dispatcher: FakeDispatcher
) -> None:
    """As of an empty list; it is told once a minute, and followed again when there is one."""
    known(keepalive, server)
    rows, dispatcher.rows = dispatcher.rows, []
    for _ in range(10):
        look(server)
    [line] = server.ksr.lines("err")
    assert "dispatcher's sets are not followed, nothing changes: dispatcher.list is refused: " in line
    assert [keepalive.is_alive(uri) for uri in (ONE, OTHER)] == [1, 1]
    dispatcher.rows = rows
    dispatcher.mark(ONE, "IX")
    look(server)
    assert dispatcher.flags(ONE) == "AX"
    server.ksr.logged.clear()


def test_a_state_that_is_refused_is_tried_again(
    keepalive: ModuleType, server: FakeServer, dispatcher: FakeDispatcher
) -> None:
    """It is one line a minute, and one failure, however often it is tried."""
    known(keepalive, server)
    dispatcher.refuses = True
    dispatcher.mark(ONE, "IX")
    for _ in range(5):
        look(server)
    [line] = server.ksr.lines("err")
    assert f"dispatcher set 1: {ONE} is not set to A: " in line
    assert keepalive.info(ONE)["consecutive"] == -1
    dispatcher.refuses = False
    look(server)
    assert dispatcher.flags(ONE) == "AX"
    server.ksr.logged.clear()


def test_a_uri_twice_in_a_set_is_told(
    keepalive: ModuleType, server: FakeServer, dispatcher: FakeDispatcher
) -> None:
    """Only the first can be set; the other one is no second pinger."""
    dispatcher.add(ONE, SOCKET="udp:192.168.10.1:5060")
    known(keepalive, server)
    keepalive.set_admin(ONE, "maint")
    for _ in range(6):
        look(server)
    assert dispatcher.set == [("i", 1, ONE)]
    [line] = [each for each in server.ksr.lines("warn") if "dispatcher" in each]
    assert f"dispatcher set 1: {ONE} is there more than once" in line


def test_one_destination_is_set_for_a_callback(
    keepalive: ModuleType, server: FakeServer, dispatcher: FakeDispatcher
) -> None:
    """For dispatcher_bridge; what is in no set is refused, and what is disabled left alone."""
    from keepalive_core.services.dispatcher_sets import Unanswered, the_sets

    known(keepalive, server)
    keepalive.set_admin(ONE, "drain")
    the_sets.set_one(1, ONE)
    assert dispatcher.set == [("i", 1, ONE)]
    with pytest.raises(Unanswered, match=f"it has no {ONE} in set 2"):
        the_sets.set_one(2, ONE)
    dispatcher.mark(OTHER, "DX")
    the_sets.set_one(1, OTHER)
    assert dispatcher.flags(OTHER) == "DX"


def test_a_list_that_takes_long_is_not_read_for_each_callback(
    keepalive: ModuleType, server: FakeServer, dispatcher: FakeDispatcher
) -> None:
    """What this process has set since is known without it."""
    from keepalive_core.services.dispatcher_sets import the_sets

    known(keepalive, server)
    the_sets._took = 1_000_000
    keepalive.set_admin(ONE, "drain")
    the_sets.set_one(1, ONE)
    the_sets.set_one(1, ONE)
    assert dispatcher.set == [("i", 1, ONE)]


def test_sync_sets_what_is_owned(
    keepalive: ModuleType, server: FakeServer, dispatcher: FakeDispatcher
) -> None:
    """Those that are monitored for their sets, and no others."""
    from keepalive_core.services.dispatcher_sets import the_sets

    keepalive.add_destination(ONE, "dispatcher 1")
    keepalive.add_destination(OTHER, "somebody")
    dispatcher.add("sip:[")
    for uri in (ONE, OTHER):
        keepalive.set_admin(uri, "drain")
    the_sets.sync()
    assert dispatcher.set == [("i", 1, ONE)]
    [line] = server.ksr.lines("err")
    assert "'sip:['" in line
    server.ksr.logged.clear()


def test_the_bridge_obeys_by_the_same_mechanism(
    keepalive: ModuleType,
    server: FakeServer,
    dispatcher: FakeDispatcher,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """obey_list, its callback and sync; it says how its own are monitored, and enables nothing disabled."""
    monkeypatch.delitem(sys.modules, "dispatcher_bridge", raising=False)
    bridge = importlib.import_module("dispatcher_bridge")
    file = tmp_path / "dispatcher.list"
    file.write_text(f"# sets\n1 {ONE} 0 20\n1 {OTHER}\nx y\n")
    assert bridge.obey_list(str(file), fall=1) == 2
    server.answer(503, seconds=2)
    assert sorted(dispatcher.set) == [("i", 1, ONE), ("i", 1, OTHER)]
    dispatcher.mark(ONE, "AX")
    dispatcher.mark(OTHER, "DX")
    assert bridge.sync() == 0
    assert (dispatcher.flags(ONE), dispatcher.flags(OTHER)) == ("IX", "DX")
    dispatcher.rows.clear()
    assert bridge.sync() == -1
    bridge.set_state(ONE, keepalive.UP, {"uri": ONE, "group": 1})
    assert ["dispatcher is not told of" in line for line in server.ksr.lines("err")] == [False, True]
    server.ksr.logged.clear()
