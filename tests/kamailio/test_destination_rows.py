"""Rows of a destination: what is written by one process is read by all."""

from types import ModuleType

import pytest

from keepalive_core.rules.record import Health
from keepalive_core.rules.rows import Owner, Registration

A = "sip:a"


@pytest.fixture
def destination_rows(keepalive: ModuleType) -> ModuleType:
    import keepalive_core.kamailio.destination_rows

    return keepalive_core.kamailio.destination_rows


def test_rows_come_back_as_they_were(destination_rows: ModuleType) -> None:
    """A registration and a health are read as they were written."""
    registered = Registration(3, "sip:a", {"me": Owner(0, "m:f", {"x": [1, None, "ü"]})})
    with destination_rows.locked(A):
        destination_rows.store_registration(A, registered)
        destination_rows.store_health(A, Health(3, 2, 12345))
    destination_rows.store_service_code(A, 2)
    assert destination_rows.registration(A) == registered
    assert destination_rows.health(A) == Health(3, 2, 12345)
    assert destination_rows.service_code(A) == 2
    assert destination_rows.monitored_keys() == [A]
    destination_rows.remove(A)
    assert destination_rows.registration(A) is destination_rows.health(A) is None
    assert destination_rows.service_code(A) is None
    assert destination_rows.monitored_keys() == []
