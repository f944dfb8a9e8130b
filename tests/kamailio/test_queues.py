"""Queues between processes: each entry is taken once."""

from types import ModuleType

import pytest

from conftest import FakeServer
from keepalive_core.rules.schedule import Wish


@pytest.fixture
def queues(keepalive: ModuleType) -> ModuleType:
    import keepalive_core.kamailio.queues

    return keepalive_core.kamailio.queues


def test_queues_give_each_entry_once(queues: ModuleType) -> None:
    """Entries come in their order, each to one taker."""
    for key in ("a", "b"):
        queues.announce_change(key)
    assert list(queues.announced_changes(0)) == [("a", Wish.REGULARLY), ("b", Wish.REGULARLY)]
    assert list(queues.announced_changes(0)) == []


def test_full_memory_is_said(queues: ModuleType, server: FakeServer) -> None:
    """What a queue has no room for raises, naming the queue."""
    server.ksr.room_left = 0
    with pytest.raises(queues.SharedMemoryFull, match="an entry of queue keepalive_changes"):
        queues.announce_change("sip:a:5060")


def test_the_resolver_is_told_of_names(queues: ModuleType, server: FakeServer) -> None:
    """A name to look at, and one to ask for at once; what there is no room for it finds by itself."""
    queues.announce_name("sip:a.com")
    queues.announce_name("sip:b.com", at_once=True)
    assert list(queues.announced_names()) == [("sip:a.com", False), ("sip:b.com", True)]
    server.ksr.room_left = 0
    queues.announce_name("sip:a.com")
    server.ksr.room_left = None
    queues._MOST_NAMES = 1
    for name in ("sip:a.com", "sip:b.com"):
        queues.announce_name(name)
    assert list(queues.announced_names()) == [("sip:a.com", False)]
