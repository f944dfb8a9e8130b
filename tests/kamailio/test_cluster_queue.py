"""What waits to be told to the other nodes."""

import importlib
from types import ModuleType

import pytest

from conftest import FakeServer


@pytest.fixture
def queue(keepalive: ModuleType) -> ModuleType:
    return importlib.import_module("keepalive_core.kamailio.cluster_queue")


def test_orders_wait_in_their_order(queue: ModuleType) -> None:
    """So many are taken at a time."""
    assert queue.say("a")
    assert queue.say("b")
    assert queue.say("c")
    assert list(queue.said(2)) == ["a", "b"]
    assert list(queue.said(2)) == ["c"]


def test_without_room(queue: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of memory, or as too many wait: that is said."""
    monkeypatch.setattr(queue, "MOST_SAID", 1)
    assert queue.say("a")
    assert not queue.say("b")
    assert list(queue.said(9)) == ["a"]
    server.ksr.room_left = 0
    assert not queue.say("b")
