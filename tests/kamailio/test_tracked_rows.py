"""Which destinations are tracked, by how many of which prober, and how these hear of it."""

from types import ModuleType

import pytest

from conftest import FakeServer
from keepalive_testing.server import QUEUES

A = "sip:192.168.10.20:5060"


@pytest.fixture
def rows(keepalive: ModuleType) -> ModuleType:
    import keepalive_core.kamailio.tracked_rows

    return keepalive_core.kamailio.tracked_rows


def test_each_prober_says_how_many_it_has(rows: ModuleType, server: FakeServer) -> None:
    """It learns whether the tracked one has to know; when nobody has any the row is gone."""
    assert rows.numbers(A) == {}
    assert rows.store_number(A, 0, 1) is True
    assert rows.store_number(A, 2, 17) is True
    assert rows.store_number(A, 0, 500) is False
    assert server.ksr.tables["keepalive_tracked"] == {A: "0:500,2:17"}
    assert rows.numbers(A) == {0: 500, 2: 17}
    assert rows.store_number(A, 2, 0) is True
    assert rows.store_number(A, 2, 0) is False
    assert rows.store_number(A, 0, 0) is True
    assert server.ksr.tables["keepalive_tracked"] == {}


def test_nonsense_is_nobody(rows: ModuleType, server: FakeServer) -> None:
    """A row that was not written here is dropped, with a line of the log."""
    server.ksr.tables["keepalive_tracked"][A] = "many"
    assert rows.numbers(A) == {}
    assert server.ksr.tables["keepalive_tracked"] == {}
    assert len(server.ksr.lines("err")) == 1


def test_without_memory_nothing_is_written(rows: ModuleType, server: FakeServer) -> None:
    """The first row and an entry of a queue need some."""
    server.ksr.room_left = 0
    for write in (lambda: rows.store_number(A, 0, 1), lambda: rows.tell("0", A, "")):
        with pytest.raises(rows.SharedMemoryFull):
            write()
    assert rows.numbers(A) == {}


def test_each_prober_that_has_trackers_is_told_in_order(rows: ModuleType, server: FakeServer) -> None:
    """What a ping showed goes to their queues and no other."""
    rows.tell("05", A, "first")
    rows.tell("5", A, "second")
    assert [len(server.ksr.queues[name]) for name in rows.SHOWN] == [1, 0, 0, 0, 0, 2, 0, 0]
    assert list(rows.told(5)) == [(A, "first"), (A, "second")]
    assert list(rows.told(5)) == list(rows.told(1)) == []


def test_who_stands_still_fills_no_memory(rows: ModuleType) -> None:
    """Its queue has an end, and what falls out of it is the oldest."""
    most = QUEUES[rows.SHOWN[0]]
    assert most == 10_000
    for number in range(most + 5):
        rows.tell("0", A, str(number))
    told = [text for _, text in rows.told(0)]
    assert (len(told), told[0], told[-1]) == (most, "5", str(most + 4))
