"""Rows of what gains its weight."""

from types import ModuleType

import pytest

from conftest import FakeServer
from keepalive_core.rules.ramp import Ramp

ONE, TWO = Ramp(1_000_000, 5_000_000), Ramp(2_000_000, 1)


@pytest.fixture
def ramp_rows(keepalive: ModuleType) -> ModuleType:
    import keepalive_core.kamailio.ramp_rows

    return keepalive_core.kamailio.ramp_rows


def test_what_came_up_is_read_once(ramp_rows: ModuleType) -> None:
    """In the order in which it did, what did so twice at its last place."""
    assert ramp_rows.newest() == 0
    for uri, ramp in (("sip:a", ONE), ("sip:b", ONE), ("sip:a", TWO)):
        ramp_rows.store_ramp(uri, ramp)
    assert ramp_rows.newest() == 3
    assert [*ramp_rows.ramps(0, 3).items()] == [("sip:b", ONE), ("sip:a", TWO)]
    assert ramp_rows.ramps(2, 3) == {"sip:a": TWO}
    assert ramp_rows.ramps(3, 3) == {}


def test_the_ring_goes_round(
    ramp_rows: ModuleType, monkeypatch: pytest.MonkeyPatch, server: FakeServer
) -> None:
    """The last ones are kept, and whoever comes late reads these; so after the numbers have begun anew."""
    monkeypatch.setattr(ramp_rows, "KEPT", 4)
    for number in range(10):
        ramp_rows.store_ramp(f"sip:{number}", ONE)
    assert list(ramp_rows.ramps(0, 10)) == [f"sip:{number}" for number in range(6, 10)]
    assert len(server.ksr.tables["keepalive_ramp"]) == 4
    server.ksr.tables["keepalive"]["ramps"] = 0x7FFFFFFF
    ramp_rows.store_ramp("sip:zero", ONE)
    ramp_rows.store_ramp("sip:one", ONE)
    assert ramp_rows.newest() == 1
    assert list(ramp_rows.ramps(0x7FFFFFFF, 1)) == ["sip:one"]


@pytest.mark.parametrize("row", ["nonsense", "1 2 3", "x 1 2 sip:a", "1 1 0 sip:a", "1 2 3 4 5"])
def test_nonsense_is_dropped(ramp_rows: ModuleType, server: FakeServer, row: str) -> None:
    """The others are read all the same."""
    ramp_rows.store_ramp("sip:a", ONE)
    ramp_rows.store_ramp("sip:b", ONE)
    server.ksr.tables["keepalive_ramp"]["1"] = row
    assert ramp_rows.ramps(0, 2) == {"sip:b": ONE}
    assert "1" not in server.ksr.tables["keepalive_ramp"]


def test_without_memory_nothing_is_counted(
    ramp_rows: ModuleType, keepalive: ModuleType, server: FakeServer
) -> None:
    """So no process waits for a row that is not there."""
    server.ksr.room_left = 0
    with pytest.raises(Exception, match="shared memory"):
        ramp_rows.store_ramp("sip:a", ONE)
    server.ksr.room_left = None
    assert ramp_rows.newest() == 0
