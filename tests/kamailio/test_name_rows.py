"""Rows of names: what DNS said of each."""

from types import ModuleType

import pytest

from conftest import FakeServer
from keepalive_core.rules.resolution import Resolution, Target


@pytest.fixture
def name_rows(keepalive: ModuleType) -> ModuleType:
    import keepalive_core.kamailio.name_rows

    return keepalive_core.kamailio.name_rows


def test_a_resolution_comes_back(name_rows: ModuleType, server: FakeServer) -> None:
    """One that was never asked for is None, as is one that was dropped, or is nonsense."""
    target = Target("sip:p.com#192.0.2.1:5060", "sip:192.0.2.1:5060", 0, 0, "p.com A")
    assert name_rows.resolution("sip:p.com") is None
    for known in (Resolution(5, 5, "", (target,)), Resolution(9, 5, "no such name")):
        name_rows.store_resolution("sip:p.com", known)
        assert name_rows.resolution("sip:p.com") == known
    assert name_rows.resolved_keys() == ["sip:p.com"]
    name_rows.drop_resolution("sip:p.com")
    assert name_rows.resolution("sip:p.com") is None
    server.ksr.tables["keepalive_name"]["sip:p.com"] = "nonsense"
    assert name_rows.resolution("sip:p.com") is None
    assert len(server.ksr.lines("err")) == 1
    assert name_rows.resolved_keys() == []


def test_full_memory_is_said(name_rows: ModuleType, server: FakeServer) -> None:
    """What a row has no room for raises, naming the table."""
    server.ksr.room_left = 0
    from keepalive_core.kamailio.tables import SharedMemoryFull

    with pytest.raises(SharedMemoryFull, match="keepalive_name"):
        name_rows.store_resolution("sip:p.com", Resolution())
