"""How many destinations are how, by groups."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from conftest import FakeServer
from counted_calls import Calls, fleet

A, B, C = (f"sip:192.168.10.{number}" for number in (20, 21, 22))


def census(directory: Any) -> Any:
    """Follow, and count, to the end."""
    for _ in directory.follow():
        pass
    task = directory.census()
    while True:
        try:
            next(task)
        except StopIteration as end:
            return end.value


@pytest.fixture
def directory(keepalive: ModuleType) -> Any:
    from keepalive_core.services.census import Directory

    return Directory()


def test_those_that_are_held_are_counted(keepalive: ModuleType, server: FakeServer, directory: Any) -> None:
    """A group that keeps one answering has it down, alive and held."""
    for uri in (A, B):
        assert keepalive.add_destination(uri, "me", group="g", group_min_alive=1) == 0
    server.answer(404, 40)
    found = census(directory)
    assert dict(found.groups["g"].shown) == {"down": 2}
    assert (found.groups["g"].alive, found.groups["g"].held) == (1, 1)
    assert (found.all.alive, found.all.held) == (1, 1)


def test_what_changes_is_followed(keepalive: ModuleType, server: FakeServer, directory: Any) -> None:
    """Who comes, who goes, and who is in another group; one that is in two counts in both."""
    assert census(directory).groups == {}
    assert keepalive.add_destination(A, "me", group="g") == keepalive.add_destination(B, "me") == 0
    assert set(census(directory).groups) == {"g"}
    assert keepalive.add_destination(A, "me", group="h") == 0
    assert keepalive.add_destination(A, "other", group="g") == 0
    found = census(directory)
    assert {name: sum(count.shown.values()) for name, count in found.groups.items()} == {"g": 1, "h": 1}
    assert sum(found.all.shown.values()) == 2
    assert directory.members("g") == [f"{A}:5060"]
    assert keepalive.del_destination(A, "me") == keepalive.del_destination(A, "other") == 0
    assert census(directory).groups == {}
    assert directory.members("g") == []


def test_rows_that_are_lost_break_nothing(keepalive: ModuleType, server: FakeServer, directory: Any) -> None:
    """One whose rows are gone, or make no sense, is left out."""
    for uri in (A, B, C):
        assert keepalive.add_destination(uri, "me") == 0
    server.ksr.tables["keepalive_state"][f"{A}:5060"] = 77
    server.ksr.tables["keepalive_destination"][f"{B}:5060"] = "nonsense"
    assert sum(census(directory).all.shown.values()) == 1
    del server.ksr.tables["keepalive_state"][f"{C}:5060"]
    assert sum(census(directory).all.shown.values()) == 0


def test_a_census_without_changes_reads_one_number_each(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as no registration changes, which groups there are is not read again."""
    calls = Calls(server, monkeypatch)
    for uri in fleet(20):
        assert calls.api.add_destination(uri, "me", group="g") == 0
    from keepalive_core.services.census import Directory

    directory = Directory()
    census(directory)
    assert calls.of(census, directory) <= 20 + 1
