"""A change of state is announced: to the log, and to the process that runs callbacks."""

import sys
from types import ModuleType

import pytest

from conftest import FakeServer

A = "sip:192.168.10.20"


def test_a_change_has_one_line(up: ModuleType, server: FakeServer) -> None:
    """At NOTICE, with the state before, the new one, and why; a success more has none."""
    server.ksr.reply(server.next_ping(), 200)
    server.ksr.reply(server.next_ping(), 503, "Busy")
    first, last = server.ksr.lines("notice")
    assert first.startswith(f"keepalive: {A} unknown -> up: 200")
    assert last.startswith(f"keepalive: {A} up -> down: 503 Busy in ")


def test_a_change_without_room_is_kept_as_news(
    up: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It needs no room to be kept, the queue is left as it is, and the callbacks are to look for it."""
    server.run_callbacks()
    assert up.info(A)["callbacks"] == {"waiting": 0, "merged": 0}
    queues = sys.modules["keepalive_core.kamailio.queues"]
    monkeypatch.setattr(queues, "MOST_EVENTS", 0)
    server.ksr.room_left = 0
    server.ksr.reply(server.next_ping(), 503)
    assert up.state(A) == up.DOWN
    assert up.info(A)["callbacks"] == {"waiting": 1, "merged": 0}
    assert queues.waiting_events() == 0
    assert server.ksr.tables["keepalive"]["untold"] == 1
