"""The last orders of operators."""

from types import ModuleType

import pytest

from conftest import FakeServer
from keepalive_core.rules.order import Order


@pytest.fixture
def order_rows(keepalive: ModuleType) -> ModuleType:
    import keepalive_core.kamailio.order_rows

    return keepalive_core.kamailio.order_rows


def order(at: int) -> Order:
    return Order(at, "anna", "kamcmd", "pings", "on", "paused")


def test_the_last_hundred_are_kept(order_rows: ModuleType, server: FakeServer) -> None:
    """The newest comes first, and the table has no more rows."""
    assert (order_rows.newest(), order_rows.counted()) == ([], 0)
    for at in range(250):
        order_rows.add(order(at))
    assert [each.at for each in order_rows.newest()] == [*range(249, 149, -1)]
    assert [each.at for each in order_rows.newest(3)] == [249, 248, 247]
    assert order_rows.newest(0) == order_rows.newest(-1) == []
    assert len(order_rows.newest(10**30)) == len(server.ksr.tables["keepalive_order"]) == 100
    assert order_rows.counted() == 250


def test_older_ones_come_before(order_rows: ModuleType) -> None:
    """As those of the state file that was read late, in their order."""
    order_rows.add(order(8))
    order_rows.add(order(9))
    order_rows.add_older([order(3), order(4)])
    order_rows.add(order(10))
    assert [each.at for each in order_rows.newest()] == [10, 9, 8, 4, 3]
    order_rows.add_older(map(order, range(200)))
    assert [each.at for each in order_rows.newest()] == [10, 9, 8, 4, 3, *range(199, 104, -1)]
    assert order_rows.counted() == 100


def test_a_row_of_somebody_else_is_dropped(order_rows: ModuleType, server: FakeServer) -> None:
    """Whatever it says, and whatever its key is; the others are there."""
    order_rows.add(order(8))
    for key, value in (("7", "nonsense"), ("x", "[1]"), ("8", 5)):
        server.ksr.tables["keepalive_order"][key] = value
    assert [each.at for each in order_rows.newest()] == [8]
    assert "nonsense" in "".join(server.ksr.lines("warn") + server.ksr.lines("err"))
    server.ksr.tables["keepalive"]["orders"] = "nonsense"
    order_rows.add(order(9))
    assert [each.at for each in order_rows.newest()] == [9, 8]
