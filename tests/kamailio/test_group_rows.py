"""Rows of groups: a change is written behind what has changed, and pages never change."""

from types import ModuleType

import pytest

from conftest import FakeServer


@pytest.fixture
def group_rows(keepalive: ModuleType) -> ModuleType:
    import keepalive_core.kamailio.group_rows

    return keepalive_core.kamailio.group_rows


def test_each_change_of_a_group_has_a_number_of_its_own(group_rows: ModuleType) -> None:
    """One that is gone and comes back is another one, and has no number that it had."""
    assert group_rows.group_change("g") is group_rows.roster("g") is None
    numbers = []
    for text in ("a", "b", None, "a"):
        group_rows.store_roster("g", text)
        assert group_rows.roster("g") == text
        numbers.append(group_rows.group_change("g"))
        assert group_rows.groups() == (["g"] if text else [])
    assert numbers[2] is None
    assert len(set(numbers)) == 4


def test_pages_have_numbers_that_none_had(group_rows: ModuleType) -> None:
    """A page that is dropped leaves its number to nobody."""
    first = group_rows.store_page("one")
    group_rows.drop_page(first)
    second = group_rows.store_page("two")
    assert (len(first), len(second)) == (8, 8)
    assert first != second
    assert (group_rows.page(first), group_rows.page(second)) == (None, "two")


@pytest.mark.parametrize("room", [0, 1])
def test_without_memory_there_is_no_group(group_rows: ModuleType, server: FakeServer, room: int) -> None:
    """A group has both of its rows, or none."""
    server.ksr.room_left = room
    with pytest.raises(group_rows.SharedMemoryFull):
        group_rows.store_roster("g", "text")
    assert group_rows.roster("g") is group_rows.group_change("g") is None
    server.ksr.room_left = None
    group_rows.store_roster("g", "text")
    server.ksr.room_left = 0
    group_rows.store_roster("g", "TEXT")
    assert group_rows.roster("g") == "TEXT", "one as long as before needs none"
