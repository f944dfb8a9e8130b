"""What stands in dispatcher's sets is monitored, and what has left them no more."""

from __future__ import annotations

from types import ModuleType

import pytest

from conftest import FakeServer
from fake_dispatcher import FakeDispatcher
from keepalive_core.rules import uris

ONE, OTHER = "sip:192.168.10.20", "sip:192.168.10.21"


@pytest.fixture
def dispatcher(server: FakeServer) -> FakeDispatcher:
    """A dispatcher without destinations."""
    return FakeDispatcher(server)


def look(server: FakeServer) -> None:
    server.tick()
    server.now += 2_100_000
    server.ksr.handlers.ksr_keepalive_dispatcher(None, "rtimer")


def options_of(uri: str, owner: str) -> dict[str, object]:
    from keepalive_core.kamailio import destination_rows

    return destination_rows.registration(uris.parse(uri).key).owners[owner].options


def monitored(keepalive: ModuleType) -> list[str]:
    return [each["uri"] for each in keepalive.list()]


def test_attributes_are_options(
    keepalive: ModuleType, server: FakeServer, dispatcher: FakeDispatcher
) -> None:
    """A ping has the destination's socket, From and proxy; when they change it has the new ones."""
    said = {"SOCKET": "udp:10.0.0.1:5060", "OBPROXY": "sip:10.0.0.9", "BODY": "ping_from=sip:a@b.c"}
    dispatcher.add(ONE, **said)
    look(server)
    ping = server.next_ping()
    assert (ping.socket, ping.hop) == ("udp:10.0.0.1:5060", "sip:10.0.0.9")
    assert "From: <sip:a@b.c>" in ping.headers
    dispatcher.rows.clear()
    dispatcher.add(ONE)
    look(server)
    assert options_of(ONE, "dispatcher 1") == {}


def test_they_come_and_go(keepalive: ModuleType, server: FakeServer, dispatcher: FakeDispatcher) -> None:
    """With the set: another set, or another owner, may want it still."""
    dispatcher.add(ONE)
    dispatcher.add(ONE, 2)
    look(server)
    keepalive.add_destination(ONE, "me")
    dispatcher.rows = [row for row in dispatcher.rows if row["number"] == 2]
    look(server)
    assert set(keepalive.info(ONE)["owners"]) == {"dispatcher 2", "me"}
    dispatcher.rows.clear()
    dispatcher.add(OTHER)
    look(server)
    assert set(keepalive.info(ONE)["owners"]) == {"me"}
    assert monitored(keepalive) == [ONE, OTHER]


def test_half_a_list_removes_nobody(
    keepalive: ModuleType, server: FakeServer, dispatcher: FakeDispatcher
) -> None:
    """More than half of ten or more would go: one line a minute, until the list is whole again."""
    for number in range(10, 22):
        dispatcher.add(f"sip:192.168.10.{number}")
    look(server)
    rows, dispatcher.rows = dispatcher.rows, dispatcher.rows[:4]
    for _ in range(5):
        look(server)
    [line] = server.ksr.lines("err")
    assert "dispatcher's sets: nothing has changed: 8 of 12 destinations would go, more than half" in line
    assert len(monitored(keepalive)) == 12
    dispatcher.rows = rows[:8]
    look(server)
    assert len(monitored(keepalive)) == 8
    server.ksr.logged.clear()


@pytest.mark.parametrize(
    ("uri", "attributes", "fault"),
    [
        ("sip:[::", {}, "sip:\\[::"),
        (ONE, {"BODY": "ping_from=sip:["}, "ping_from"),
        (ONE, {"SOCKET": "udp:10.9.9.9:5060"}, "can't be pinged from here"),
    ],
)
def test_what_can_not_be_pinged_is_told(
    keepalive: ModuleType,
    server: FakeServer,
    dispatcher: FakeDispatcher,
    uri: str,
    attributes: dict[str, str],
    fault: str,
) -> None:
    """With its set, once; the others are monitored, and its state in the set stays as it is."""
    dispatcher.add(OTHER)
    dispatcher.add(uri, flags="IX", **attributes)
    server.tick()
    for _ in range(3):
        look(server)
    # A URI that is none is_alive complains of, too.
    line, *_ = server.ksr.lines("err")
    assert "dispatcher set 1: " in line
    assert fault.replace("\\", "") in line
    assert monitored(keepalive) == [OTHER]
    assert dispatcher.flags(uri) == "IX"
    server.ksr.logged.clear()


def test_a_fault_that_comes_later_removes_nobody(
    keepalive: ModuleType, server: FakeServer, dispatcher: FakeDispatcher
) -> None:
    """It is pinged as before."""
    dispatcher.add(ONE)
    look(server)
    dispatcher.rows.clear()
    dispatcher.add(ONE, BODY="ping_from=sip:[")
    look(server)
    assert monitored(keepalive) == [ONE]
    assert len(server.ksr.lines("err")) == 1
    server.ksr.logged.clear()


def test_what_a_script_wants_is_the_scripts(
    keepalive: ModuleType, server: FakeServer, dispatcher: FakeDispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """dispatcher_bridge says how its own are monitored, and takes them away itself."""
    import event_log

    keepalive.add_destination(ONE, "dispatcher 1", 0, event_log.with_event, fall=7)
    keepalive.add_destination(OTHER, "dispatcher 2", 0, event_log.with_event)
    dispatcher.add(ONE)
    look(server)
    assert options_of(ONE, "dispatcher 1") == {"fall": 7}
    assert monitored(keepalive) == [ONE, OTHER]


def test_without_memory_it_is_tried_again(
    keepalive: ModuleType, server: FakeServer, dispatcher: FakeDispatcher
) -> None:
    """Nobody goes meanwhile."""
    dispatcher.add(ONE)
    look(server)
    dispatcher.rows.clear()
    dispatcher.add(OTHER)
    server.ksr.room_left = 0
    look(server)
    assert monitored(keepalive) == [ONE]
    server.ksr.room_left = None
    look(server)
    assert monitored(keepalive) == [OTHER]
    server.ksr.logged.clear()


def test_a_name_is_one_thing_with_a_port_and_another_without(
    keepalive: ModuleType, server: FakeServer, dispatcher: FakeDispatcher
) -> None:
    """Each line has a key of its own; what a script has in the set's name is meant by the other one too."""
    dispatcher.add("sip:p.example")
    dispatcher.add("sip:p.example:5060")
    dispatcher.add("sip:q.example;transport=tcp")
    keepalive.add_destination("sip:q.example:5060;transport=tcp", "dispatcher 1", 0, on_change)
    look(server)
    assert sorted(each["destination"] for each in keepalive.list()) == [
        "sip:p.example",
        "sip:p.example:5060",
        "sip:q.example:5060;transport=tcp",
    ]
    keepalive.set_admin("sip:p.example", "maint")
    keepalive.set_admin("sip:q.example:5060;transport=tcp", "maint")
    look(server)
    assert [row["FLAGS"][0] for row in dispatcher.rows] == ["I", "A", "I"]


def on_change(uri: str, state: int, user_attr: object) -> None: ...
