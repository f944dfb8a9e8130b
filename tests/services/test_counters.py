"""What was counted, as the process that serves HTTP reads it: it never gets less."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import Any

import pytest

from conftest import FakeServer
from keepalive_core.rules.counted import set_of


@pytest.fixture
def rows(server: FakeServer, keepalive: ModuleType) -> dict[str, int]:
    """The table of counters."""
    found: dict[str, int] = server.ksr.tables["keepalive_metrics"]
    return found


class Reader:
    """A process that reads them."""

    def __init__(self) -> None:
        from keepalive_core.services.counters import Counters

        self.counters = Counters()

    def read(self, sets: Iterable[tuple[str, ...]] = ()) -> dict[str, dict[str, int]]:
        """Read; return what each group has, and all together under ""."""
        for _ in self.counters.read(sets):
            pass
        sums = self.sums()
        found = {name: dict(tally.words) for name, tally in sums.groups.items()}
        return {**found, "": dict(sums.all.words)}

    def sums(self) -> Any:
        """What was read so far."""
        task = self.counters.sums()
        while True:
            try:
                next(task)
            except StopIteration as end:
                return end.value


def test_a_set_counts_in_each_of_its_groups(rows: dict[str, int]) -> None:
    """And once in all."""
    rows |= {"ok/3 a,b": 5, "ok/4 a": 2, "timeout *": 1}
    reader = Reader()
    assert reader.read() == {"a": {"ok": 7}, "b": {"ok": 5}, "": {"ok": 7, "timeout": 1}}
    assert reader.sums().groups["a"].cells == {3: 5, 4: 2}
    assert reader.sums().all.cells == {3: 5, 4: 2}


def test_rows_that_go_away_or_begin_again_take_nothing_back(rows: dict[str, int]) -> None:
    """An operator may remove one, or all; what comes then is counted on top."""
    reader = Reader()
    rows |= {"ok/3 a": 5, "ok/4 a": 2}
    assert reader.read()[""] == {"ok": 7}
    del rows["ok/3 a"]
    assert reader.read()[""] == {"ok": 7}
    rows["ok/3 a"] = 1
    assert reader.read()[""] == {"ok": 8}
    rows["ok/4 a"] = 1  # removed and counted again between two looks
    assert reader.read()[""] == {"ok": 9}
    rows.clear()
    assert reader.read() == {"a": {"ok": 9}, "": {"ok": 9}}


def test_a_number_of_32_bits_is_at_its_end(rows: dict[str, int]) -> None:
    """In 5.6 it goes on below zero, and begins again behind that."""
    reader = Reader()
    rows["ok/3 a"] = 2**31 - 1
    assert reader.read()[""] == {"ok": 2**31 - 1}
    rows["ok/3 a"] = -(2**31)
    assert reader.read()[""] == {"ok": 2**31}
    rows["ok/3 a"] = -1
    assert reader.read()[""] == {"ok": 2**32 - 1}
    rows["ok/3 a"] = 7
    assert reader.read()[""] == {"ok": 2**32 + 6}


def test_a_hashed_set_is_told_of_as_soon_as_it_is_known(rows: dict[str, int]) -> None:
    """Of one that nobody knows only the total is told; when it is known, all that it counted."""
    groups = tuple("g" * 200 + str(number) for number in range(3))
    rows[f"timeout {set_of(groups)}"] = 4
    reader = Reader()
    assert reader.read() == {"": {"timeout": 4}}
    assert reader.read([groups]) == {name: {"timeout": 4} for name in (*groups, "")}
    rows.clear()
    assert groups[0] in reader.read(), "who is gone is not forgotten"


def test_who_gives_up_between_two_slices_counts_nothing_twice(rows: dict[str, int]) -> None:
    """A client may go away while it is read."""
    rows |= {f"timeout g{number}": 1 for number in range(2000)}
    reader = Reader()
    task = reader.counters.read([])
    next(task)
    next(task)
    assert 0 < reader.sums().all.words["timeout"] < 2000
    task.close()  # type: ignore[attr-defined]
    assert reader.read()[""] == {"timeout": 2000}


def test_nonsense_in_the_table_is_left_out(rows: dict[str, int]) -> None:
    """Whoever may use RPC can write into it."""
    rows |= {"foo": 3, "ok/3 b,a": 1, "": 2, "ok/9999 a": 1}
    assert Reader().read() == {"": {}}


def test_too_many_rows_have_one_line(
    rows: dict[str, int], server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told once, as long as it is so."""
    from keepalive_core.kamailio import counter_rows

    monkeypatch.setattr(counter_rows, "MOST_ROWS", 2)
    rows |= {"ok/3 a": 5, "ok/4 a": 2}
    reader = Reader()
    reader.read()
    reader.read()
    [line] = server.ksr.lines("warn")
    assert "there are 2 counters" in line
    assert reader.counters.rows == 2
