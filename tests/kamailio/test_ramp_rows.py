"""Rows of what gains its weight."""

from types import ModuleType

import pytest

from conftest import FakeServer
from keepalive_core.rules.ramp import Ramp
from keepalive_core.rules.times import SECOND


@pytest.fixture
def ramp_rows(keepalive: ModuleType) -> ModuleType:
    import keepalive_core.kamailio.ramp_rows

    return keepalive_core.kamailio.ramp_rows


def test_a_ramp_comes_back(ramp_rows: ModuleType, server: FakeServer) -> None:
    """Until it is written there is none; what makes no sense is none either, and is dropped."""
    assert ramp_rows.ramp("sip:a:5060") is None
    ramp_rows.store_ramp("sip:a:5060", Ramp(SECOND, 5 * SECOND))
    assert ramp_rows.ramp("sip:a:5060") == Ramp(SECOND, 5 * SECOND)
    server.ksr.tables["keepalive_ramp"]["sip:a:5060"] = "nonsense"
    assert ramp_rows.ramp("sip:a:5060") is None
    assert "sip:a:5060" not in server.ksr.tables["keepalive_ramp"]


def test_the_end_of_all_ramps(ramp_rows: ModuleType) -> None:
    """It is known by one number, which a shorter ramp does not bring forward."""
    assert not ramp_rows.any_at(0)
    ramp_rows.store_ramp("sip:a:5060", Ramp(100 * SECOND, 20 * SECOND))
    ramp_rows.store_ramp("sip:b:5060", Ramp(101 * SECOND, SECOND))
    assert ramp_rows.any_at(120 * SECOND - 1)
    assert not ramp_rows.any_at(121 * SECOND)
