"""Counters of the whole server: one row for one thing of one set of groups."""

from types import ModuleType
from typing import Any

import pytest

from conftest import FakeServer

TABLE = "keepalive_metrics"


@pytest.fixture
def counter_rows(keepalive: ModuleType) -> ModuleType:
    import keepalive_core.kamailio.counter_rows

    return keepalive_core.kamailio.counter_rows


@pytest.mark.parametrize(("defined", "counts"), [(None, False), ("", True), ("127.0.0.1:8060", True)])
def test_it_is_counted_with_http_alone(
    counter_rows: ModuleType, server: FakeServer, defined: str | None, counts: bool
) -> None:
    """The define says it, and is asked once in a process."""
    if defined is not None:
        server.define("http", defined)
    assert counter_rows.is_counting() is counts
    server.ksr.defines.clear()
    assert counter_rows.is_counting() is counts


def test_what_is_counted_is_read(counter_rows: ModuleType, server: FakeServer) -> None:
    """One more is one more; what is no number, or no UTF-8, is left out."""
    for _ in range(3):
        counter_rows.count("ok/3", "a,b")
    counter_rows.count("timeout", "*")
    server.ksr.tables[TABLE]["ok/4 a"] = "text"
    assert counter_rows.counted() == {"ok/3 a,b": 3, "timeout *": 1}


def test_the_rows_have_a_bound(
    counter_rows: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What would make one row more is counted as of no group; rows that are there go on."""
    monkeypatch.setattr(counter_rows, "MOST_ROWS", 3)
    for number in range(6):
        counter_rows.count("timeout", f"g{number}")
    for _ in range(2):
        counter_rows.count("timeout", "g1")
    assert counter_rows.counted() == {"timeout g0": 1, "timeout g1": 3, "timeout g2": 1, "timeout *": 3}
    # An operator removes some, and whoever counts them says so.
    del server.ksr.tables[TABLE]["timeout g0"]
    counter_rows.store_number_of_rows(2)
    counter_rows.count("timeout", "g9")
    assert counter_rows.counted()["timeout g9"] == 1


@pytest.mark.parametrize("answer", [-255, False, None, SystemError("no memory")])
def test_without_memory_nothing_is_counted(counter_rows: ModuleType, server: FakeServer, answer: Any) -> None:
    """That is no reason to lose what the ping said."""

    def full(*_: object) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    server.ksr._htable_sht_inc = full  # type: ignore[method-assign]
    counter_rows.count("ok/3", "a")
    assert server.ksr.lines("err") == []


def test_a_prober_says_that_it_is_at_work(counter_rows: ModuleType, server: FakeServer) -> None:
    """When it last was, and what it has to do; of one that has not begun nothing is known."""
    server.define("probers", "2")
    counter_rows.store_tick(1, 1234, 0.5)
    assert counter_rows.work() == [(0, 0.0), (1234, 0.5)]
