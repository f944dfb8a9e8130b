"""Who starts what is configured, and what may only rise."""

from types import ModuleType

import pytest

from conftest import FakeServer


@pytest.fixture
def startup_rows(keepalive: ModuleType) -> ModuleType:
    import keepalive_core.kamailio.startup_rows

    return keepalive_core.kamailio.startup_rows


def test_one_process_does_the_start_up(startup_rows: ModuleType) -> None:
    """The first one that asks."""
    assert [startup_rows.claim_startup() for _ in range(3)] == [True, False, False]


def test_each_prober_has_a_number(startup_rows: ModuleType, server: FakeServer) -> None:
    """One that is begun anew has that of one that ended."""
    server.define("probers", "2")
    assert [startup_rows.claim_prober() for _ in range(4)] == [0, 1, 0, 1]


def test_what_is_said_of_the_start_up_comes_back(startup_rows: ModuleType, server: FakeServer) -> None:
    """Nothing is said at first; a number that means nothing says nothing."""
    sources, state_read = startup_rows.Source, startup_rows.StateRead
    assert (startup_rows.is_started(), startup_rows.is_complete()) == (False, False)
    assert startup_rows.state_read() is state_read.NOTHING
    startup_rows.mark_started()
    startup_rows.store_state_read(state_read.IN_PART)
    startup_rows.store_brought_in(sources.SCRIPT | sources.LIST_FILE)
    assert (startup_rows.is_started(), startup_rows.is_complete()) == (True, False)
    assert startup_rows.state_read() is state_read.IN_PART
    startup_rows.store_brought_in(sources.SCRIPT | sources.LIST_FILE | sources.KAMAILIO_CFG)
    assert startup_rows.is_complete()
    server.ksr.tables["keepalive"]["state_read"] = 99
    assert startup_rows.state_read() is state_read.NOTHING


def test_rows_that_are_needed_later_are_there_before(startup_rows: ModuleType, server: FakeServer) -> None:
    """With no memory left, all of them can still be written."""
    startup_rows.reserve_rows()
    server.ksr.room_left = 0
    startup_rows.mark_started()
    startup_rows.store_state_read(startup_rows.StateRead.WHOLE)
    startup_rows.store_brought_in(startup_rows.Source.SCRIPT)
    startup_rows.store_paused(True)
    startup_rows.store_disabled(True)


@pytest.mark.parametrize("damage", [None, 0, "foo", -7])
def test_what_may_only_rise_does_not_fall_back(
    startup_rows: ModuleType, server: FakeServer, damage: object
) -> None:
    """A counter goes on far behind what was seen of it; a mark comes back as it was."""
    for _ in range(5):
        startup_rows.next_reload()
    startup_rows.store_brought_in(startup_rows.Source.SCRIPT)
    seen: dict[str, int] = {}
    startup_rows.keep_rising(seen)
    assert startup_rows.keep_rising(seen) == []
    rows = server.ksr.tables["keepalive"]
    for name in ("reloads", "brought_in"):
        rows[name] = damage
        if damage is None:
            del rows[name]
    assert startup_rows.keep_rising(seen) == ["reloads", "brought_in"]
    assert rows["reloads"] > 1000
    assert startup_rows.brought_in() is startup_rows.Source.SCRIPT
