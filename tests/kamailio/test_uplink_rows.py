"""Rows of sockets: what is counted behind each, by which prober."""

from types import ModuleType

import pytest

from conftest import FakeServer
from keepalive_core.rules.mass_failure import Uplink


@pytest.fixture
def uplink_rows(keepalive: ModuleType) -> ModuleType:
    import keepalive_core.kamailio.uplink_rows

    return keepalive_core.kamailio.uplink_rows


def test_each_prober_says_how_many_it_has(uplink_rows: ModuleType, server: FakeServer) -> None:
    """Together they are those behind a socket; a socket that has no name is one of its own."""
    server.define("probers", "3")
    for prober in range(3):
        uplink_rows.store_behind("udp:192.168.10.1:5060", prober, 10 + prober)
    uplink_rows.store_behind("", 1, 5)
    assert [uplink_rows.behind_of("udp:192.168.10.1:5060", prober) for prober in range(3)] == [10, 11, 12]
    assert (uplink_rows.behind("udp:192.168.10.1:5060"), uplink_rows.behind("")) == (33, 5)


def test_an_uplink_comes_back(uplink_rows: ModuleType, server: FakeServer) -> None:
    """One of which nothing is known is a new one; nonsense is none."""
    known = Uplink(*range(1, 1 + len(Uplink._fields)))
    assert uplink_rows.uplink("s") == Uplink()
    with uplink_rows.uplink_lock("s"):
        uplink_rows.store_uplink("s", known)
        assert server.ksr.locks == [("keepalive_uplink", "s")]
    assert uplink_rows.uplink("s") == known
    server.ksr.tables["keepalive_uplink"]["s"] = "nonsense"
    assert uplink_rows.uplink("s") == Uplink()
    assert len(server.ksr.lines("err")) == 1
