"""What is written of destinations and groups is put right if it is not true."""

from types import ModuleType

import pytest

from conftest import FakeServer
from keepalive_core.rules.states import DOWN, UP

A = "sip:192.168.10.20"
KEY = f"{A}:5060"


@pytest.fixture
def inspection(keepalive: ModuleType, server: FakeServer) -> ModuleType:
    import keepalive_core.services.inspection

    assert keepalive.add_destination(A, "me", group="g", group_min_alive=1) == 0
    server.answer(503, 2)
    return keepalive_core.services.inspection


def test_what_is_true_stays(inspection: ModuleType, server: FakeServer) -> None:
    """Nothing is written then."""
    before = {name: dict(rows) for name, rows in server.ksr.tables.items()}
    assert not inspection.see_to(KEY)
    assert not inspection.see_to("sip:nobody:5060")
    assert {name: dict(rows) for name, rows in server.ksr.tables.items()} == before


@pytest.mark.parametrize("code", [UP, DOWN, 200 + DOWN, 100 + UP, 21, 100 + 31])
def test_another_code_is_put_right(inspection: ModuleType, server: FakeServer, code: int) -> None:
    """It is down, and one group keeps it answering."""
    assert server.ksr.tables["keepalive_state"][KEY] == 100 + DOWN
    server.ksr.tables["keepalive_state"][KEY] = code
    assert inspection.see_to(KEY)
    assert server.ksr.tables["keepalive_state"][KEY] == 100 + DOWN
    assert not inspection.see_to(KEY)


def test_who_does_not_belong_to_a_group_leaves_it(
    inspection: ModuleType, keepalive: ModuleType, server: FakeServer
) -> None:
    """A process was killed before it could say so."""
    from keepalive_core.kamailio import destination_rows, tables
    from keepalive_core.rules.rows import Owner

    with tables.locked(KEY):
        registered = destination_rows.registration(KEY)
        destination_rows.store_registration(KEY, registered._replace(owners={"me": Owner(0, "", None)}))
    assert keepalive.alive("g") == [A]
    assert not inspection.see_to_page("g", 0)
    assert keepalive.alive("g") == []
    assert server.ksr.tables["keepalive_group"] == {}
