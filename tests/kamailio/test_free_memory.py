"""Whether there is shared memory left to go on."""

from types import ModuleType

import pytest

from conftest import FakeServer


@pytest.fixture
def free_memory(keepalive: ModuleType) -> ModuleType:
    import keepalive_core.kamailio.free_memory

    return keepalive_core.kamailio.free_memory


@pytest.mark.parametrize(("percent", "is_short"), [(100, False), (16, False), (14, True), (0, True)])
def test_below_a_part_of_it_memory_is_short(
    free_memory: ModuleType, server: FakeServer, percent: int, is_short: bool
) -> None:
    """Of shared memory LEAST_FREE percent are left for calls."""
    assert 14 < free_memory.LEAST_FREE < 16
    server.ksr.memory["free_size"] = server.ksr.memory["total_size"] * percent // 100
    assert free_memory.is_short() == is_short


@pytest.mark.parametrize("room", [0, 1])
def test_room_for_a_ping(free_memory: ModuleType, server: FakeServer, room: int) -> None:
    """It is tried with a row as large as a transaction, which does not stay."""
    before = dict(server.ksr.tables["keepalive"])
    server.ksr.room_left = room
    assert free_memory.has_room_for_a_ping() == bool(room)
    assert server.ksr.tables["keepalive"] == before
