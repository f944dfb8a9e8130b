"""What holds for the whole server."""

from types import ModuleType

import pytest

from conftest import FakeServer
from keepalive_core.rules.parameters import PARAMETERS
from keepalive_core.rules.schedule import SECOND


@pytest.fixture
def server_rows(keepalive: ModuleType) -> ModuleType:
    import keepalive_core.kamailio.server_rows

    return keepalive_core.kamailio.server_rows


def test_whether_pings_are_paused(server_rows: ModuleType, server: FakeServer) -> None:
    """Nobody has said so at first, which is not the same as that they go on."""
    assert (server_rows.is_paused(), server_rows.is_pause_lost()) == (False, True)
    for paused in (True, False):
        server_rows.store_paused(paused)
        assert (server_rows.is_paused(), server_rows.is_pause_lost()) == (paused, False)
    server_rows.store_disabled(True)
    assert server_rows.is_disabled()


def test_one_process_tells_of_what_all_see(server_rows: ModuleType, server: FakeServer) -> None:
    """Once within the given seconds, each thing by itself."""
    assert server_rows.may_tell("one", 7 * SECOND)
    assert not server_rows.may_tell("one", 66 * SECOND)
    assert server_rows.may_tell("another", 66 * SECOND, 5)
    assert not server_rows.may_tell("another", 70 * SECOND, 5)
    assert server_rows.may_tell("another", 71 * SECOND, 5)
    assert server_rows.may_tell("one", 67 * SECOND)


def test_the_settings_in_force_come_back(server_rows: ModuleType, server: FakeServer) -> None:
    """As one dictionary as long as they stay; what is none of ours is dropped."""
    values = {name: parameter.default for name, parameter in PARAMETERS.items()}
    assert server_rows.published_settings() is None
    server_rows.publish_settings(values)
    assert server_rows.published_settings() == values
    assert server_rows.published_settings() is server_rows.published_settings()
    server.ksr.tables["keepalive"]["settings"] = '{"ping_interval": 5}'
    assert server_rows.published_settings() is None
