"""What is written of destinations and groups is put right if it is not true."""

from types import ModuleType

import pytest

from conftest import FakeServer
from counted_calls import Calls, fleet
from keepalive_core.rules.states import DOWN, UP

A = "sip:192.168.10.20"
KEY = f"{A}:5060"
OTHER = "sip:192.168.10.21:5060"


@pytest.fixture
def inspection(keepalive: ModuleType, server: FakeServer) -> ModuleType:
    import keepalive_core.services.inspection

    assert keepalive.add_destination(A, "me", group="g", group_min_alive=1) == 0
    server.answer(503, 2)
    return keepalive_core.services.inspection


def test_what_is_true_stays(inspection: ModuleType, server: FakeServer) -> None:
    """Nothing is written then."""
    before = {name: dict(rows) for name, rows in server.ksr.tables.items()}
    assert not inspection.put_right(KEY)
    assert not inspection.put_right("sip:nobody:5060")
    assert {name: dict(rows) for name, rows in server.ksr.tables.items()} == before


@pytest.mark.parametrize("code", [UP, DOWN, 200 + DOWN, 100 + UP, 21, 100 + 31])
def test_another_code_is_put_right(inspection: ModuleType, server: FakeServer, code: int) -> None:
    """It is down, and one group keeps it answering."""
    assert server.ksr.tables["keepalive_state"][KEY] == 100 + DOWN
    server.ksr.tables["keepalive_state"][KEY] = code
    assert inspection.put_right(KEY)
    assert server.ksr.tables["keepalive_state"][KEY] == 100 + DOWN
    assert not inspection.put_right(KEY)


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
    assert not inspection.put_page_right("g", 0)
    assert keepalive.alive("g") == []
    assert server.ksr.tables["keepalive_group"] == {}


def test_who_is_well_is_seen_at_a_glance(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look takes the rows of one destination, each read once; its group's roster is read for many."""
    calls = Calls(server, monkeypatch)
    uris = fleet(40)
    for uri in uris:
        assert calls.api.add_destination(uri, "me", group="g") == 0
    server.answer(200, 12)

    from keepalive_core.services import inspection, prober

    destinations = [(f"{uri}:5060", prober.the_prober._fleet[f"{uri}:5060"]) for uri in uris]
    rosters: inspection.Rosters = {}
    asked = [calls.of(inspection.is_sound, key, pinged, server.now, rosters) for key, pinged in destinations]
    assert rosters
    assert max(asked[1:]) <= 20
    assert all(inspection.is_sound(key, pinged, server.now, {}) for key, pinged in destinations)


@pytest.mark.parametrize("table", ["state", "health", "destination", "news", "admin"])
def test_whatever_is_not_well_takes_a_closer_look(
    keepalive: ModuleType, server: FakeServer, table: str
) -> None:
    """A row that is gone, is nonsense or is another one's."""
    assert keepalive.add_destination(A, "me") == 0
    assert keepalive.add_destination(OTHER, "me") == 0
    server.answer(200, 12)

    from keepalive_core.services import inspection, prober

    pinged = prober.the_prober._fleet[KEY]
    rows = server.ksr.tables[f"keepalive_{table}"]
    before = rows.get(KEY)
    assert inspection.is_sound(KEY, pinged, server.now, {})
    values = {"state": [7, DOWN], "health": [7, rows.get(OTHER)], "destination": [7, rows.get(OTHER)]}
    for value in ("nonsense", *values.get(table, [])):
        rows[KEY] = value
        assert not inspection.is_sound(KEY, pinged, server.now, {}), value
    rows.pop(KEY, None) if before is None else rows.update({KEY: before})
    assert inspection.is_sound(KEY, pinged, server.now, {})
    assert not inspection.is_sound(KEY, pinged, 0, {}), "its last ping is in the future"
