"""One destination is registered, or no more: all its rows, or none."""

from types import ModuleType

import pytest

from conftest import FakeServer
from keepalive_core.rules import uris
from keepalive_core.rules.record import Health
from keepalive_core.rules.rows import Owner, Registration
from keepalive_core.rules.states import DOWN, UNKNOWN

A = "sip:192.168.10.20"
KEY = f"{A}:5060"
WANTED = Owner(0, "", None, {}, "g", 1, 2)


@pytest.fixture
def registrations(keepalive: ModuleType, server: FakeServer) -> ModuleType:
    import keepalive_core.services.registrations

    server.tick(1)
    return keepalive_core.services.registrations


def rows_of(server: FakeServer) -> dict[str, object]:
    """Return what the tables of destinations and groups have, but for what only counts."""
    return {name: dict(rows) for name, rows in server.ksr.tables.items() if name != "keepalive" and rows}


def test_the_last_owner_to_go_takes_all_rows_along(registrations: ModuleType, server: FakeServer) -> None:
    """Until then it stays, with what the others want."""
    before = rows_of(server)
    for name in ("me", "you"):
        registrations.register(uris.parse(A), name, WANTED)
    assert registrations.is_there(KEY)
    assert registrations.disown(KEY, "me")
    assert not registrations.disown(KEY, "me")
    assert registrations.is_there(KEY)
    assert registrations.disown(KEY, "you")
    assert not registrations.disown(KEY, "you")
    assert not registrations.is_there(KEY)
    assert rows_of(server) == before


@pytest.mark.parametrize("room", range(9))
def test_without_memory_nothing_of_it_stays(registrations: ModuleType, server: FakeServer, room: int) -> None:
    """Wherever memory ends, all rows are there or none, and none is left of a page or a group."""
    before = rows_of(server)
    server.ksr.room_left = room
    try:
        registrations.register(uris.parse(A), "me", WANTED)
    except registrations.tables.SharedMemoryFull:
        assert rows_of(server) == before
    else:
        assert room >= 8
        assert registrations.is_there(KEY)


@pytest.mark.parametrize("missing", ["destination", "health", "news"])
def test_a_missing_row_is_made_of_the_others(
    registrations: ModuleType, server: FakeServer, missing: str
) -> None:
    """The state is what is_alive reads, and the registration what its prober remembers."""
    registrations.register(uris.parse(A), "me", WANTED)
    rows = registrations.destination_rows
    was = rows.registration(KEY)
    with rows.locked(KEY):
        rows.store_health(KEY, Health(was.generation, DOWN))
    rows.store_service_code(KEY, DOWN)
    del server.ksr.tables[f"keepalive_{missing}"][KEY]
    registrations.mend(KEY, was, None)
    assert rows.registration(KEY) == was
    assert rows.health(KEY) == Health(was.generation, DOWN)
    assert rows.news(KEY) is not None


def test_without_any_row_it_is_made_anew(registrations: ModuleType) -> None:
    """It is unknown then, and has the generation that its prober remembers."""
    was = Registration(77, A, {"me": WANTED})
    registrations.mend(KEY, was, None)
    assert registrations.destination_rows.registration(KEY) == was
    assert registrations.destination_rows.health(KEY) == Health(77, UNKNOWN)
