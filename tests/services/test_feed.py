"""What the process that serves HTTP is told of, if there is one."""

import sys
import time
from types import ModuleType
from typing import Any

import pytest

from conftest import FakeServer

A = "sip:192.168.10.20"


def of(process: str) -> Any:
    return sys.modules[f"keepalive_core.services.{process}"]


def start(server: FakeServer) -> ModuleType:
    """A server with a cockpit, and its one destination, up."""
    server.define("cockpit", "1")
    keepalive = server.process()
    server.ksr.reply(server.first_ping(keepalive, A), 200)
    return keepalive


def test_nobody_is_told_without_http(up: ModuleType, server: FakeServer) -> None:
    """Nothing is queued, and nothing counted: the queue is not even there."""
    assert not of("feed").is_wanted()
    server.ksr.reply(server.next_ping(), 503)
    assert not server.ksr.queues["keepalive_feed"]
    assert "unfed" not in server.ksr.tables["keepalive"]


def test_changes_come_in_order(server: FakeServer) -> None:
    """Each with all that is told of it; what is taken is gone."""
    start(server)
    server.ksr.reply(server.next_ping(), 503, "Busy")
    first, last = of("feed").taken()
    assert (first["from"], first["to"]) == ("unknown", "up")
    assert (last["from"], last["to"], last["destination"]) == ("up", "down", f"{A}:5060")
    assert last["reason"].startswith("503 Busy in ")
    assert abs(last["at"] - time.time()) < 5
    assert list(of("feed").taken()) == []


def test_a_destination_that_is_removed_is_told(server: FakeServer) -> None:
    """remove_after ends it: the last change says so."""
    server.define("cockpit", "1")
    keepalive = server.process()
    server.first_ping(keepalive, A, remove_after=2, ping_interval=1)
    server.answer(503, 10)
    assert [each["to"] for each in of("feed").taken()] == ["down", "removed"]


def test_an_order_is_told(server: FakeServer) -> None:
    """As the book has it."""
    from keepalive_core.rules.operator import Operator

    server.define("cockpit", "1")
    server.process()
    import keepalive_core.services.order_book as order_book

    order_book.note(Operator("anna", "unix socket"), A, "ready", "maint (card swap)")
    [told] = of("feed").taken()
    assert told == {"event": "keepalive.order", **order_book.orders()[0]}


@pytest.mark.parametrize("room", [None, 0], ids=["the queue is full", "memory is full"])
def test_what_finds_no_room_is_counted(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch, room: int | None
) -> None:
    """The change stands all the same, and whoever reads the feed sees that something is missing."""
    keepalive = start(server)
    queues = sys.modules["keepalive_core.kamailio.queues"]
    queues.keep_count_of_unfed()
    before = queues.unfed()
    monkeypatch.setattr(queues, "MOST_IN_FEED", 1 if room is None else 100)
    server.ksr.room_left = room
    server.ksr.reply(server.next_ping(), 503)
    server.ksr.room_left = None
    assert keepalive.state(A) == keepalive.DOWN
    assert queues.unfed() == before + 1
    assert [each["to"] for each in of("feed").taken()] == ["up"]


def test_what_makes_no_sense_is_told_and_left_out(server: FakeServer) -> None:
    """Anybody may write into a queue by RPC."""
    start(server)
    server.ksr.queues["keepalive_feed"].insert(0, ("nonsense", ""))
    assert [each["to"] for each in of("feed").taken()] == ["up"]
    assert server.ksr.lines("err") == [
        "keepalive: what was to be told can't be read: Expecting value: line 1 column 1 (char 0)"
    ]
