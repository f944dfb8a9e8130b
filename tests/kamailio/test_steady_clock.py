"""A clock that never jumps."""

import importlib
import time
from types import ModuleType

import pytest

from conftest import FakeServer

WALL = 1_800_000_000
SINCE_2020 = WALL - 1_577_836_800


@pytest.fixture
def steady_clock(keepalive: ModuleType, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(time, "time", lambda: float(WALL))
    return importlib.import_module("keepalive_core.kamailio.steady_clock")


def test_it_goes_on_whatever_is_done_to_the_wall_clock(
    steady_clock: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An hour forward, ten years back: for this process, and for one that begins later."""
    assert steady_clock.now() == SINCE_2020
    for wall in (WALL + 3600, WALL - 10 * 365 * 86_400):
        monkeypatch.setattr(time, "time", lambda wall=wall: float(wall))
        assert steady_clock.now() == SINCE_2020
    server.now += 60_000_000
    assert steady_clock.now() == SINCE_2020 + 60
    server.process()
    assert importlib.import_module("keepalive_core.kamailio.steady_clock").now() == SINCE_2020 + 60


def test_it_begins_no_earlier_than_it_stopped(steady_clock: ModuleType, server: FakeServer) -> None:
    """If the wall clock was set back before a restart; who begins it again changes nothing."""
    assert steady_clock.begin(SINCE_2020 + 500) == SINCE_2020 + 500
    assert steady_clock.begin(SINCE_2020 + 900) == SINCE_2020 + 500


def test_a_row_is_a_number_that_a_table_has_room_for(steady_clock: ModuleType, server: FakeServer) -> None:
    """It has 31 bits, which is enough until 2088."""
    steady_clock.now()
    assert 0 < server.ksr.tables["keepalive"]["steady"] < 2**31
