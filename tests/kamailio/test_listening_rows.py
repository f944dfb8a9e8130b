"""At which sockets this server listens, and whether it was awake."""

from types import ModuleType

import pytest

from conftest import FakeServer
from keepalive_core.rules.listening import Gap, Pulse, Queue
from keepalive_core.rules.sockets import Listener


@pytest.fixture
def listening_rows(keepalive: ModuleType) -> ModuleType:
    import keepalive_core.kamailio.listening_rows

    return keepalive_core.kamailio.listening_rows


def test_what_the_watch_saw_comes_back(listening_rows: ModuleType, server: FakeServer) -> None:
    """Nothing is known at first; each later text takes the place of the first one, and needs no memory."""
    assert (listening_rows.pulse(), listening_rows.gaps(), listening_rows.queue("s")) == (Pulse(), [], None)
    assert listening_rows.listeners() is None
    listening_rows.store_pulse(Pulse(1, 2))
    listening_rows.store_gaps([Gap(1, 2, 3)])
    listening_rows.store_queue("s", Queue(1, 2, 3))
    listening_rows.store_listeners([Listener("udp", "127.0.0.1", 5060, ("a",))])
    server.ksr.room_left = 0
    listening_rows.store_pulse(Pulse(10**15, -(10**15)))
    listening_rows.store_queue("s", Queue(10**15, 2**399, 10**15))
    assert listening_rows.pulse() == Pulse(10**15, -(10**15))
    assert listening_rows.gaps() == [Gap(1, 2, 3)]
    assert listening_rows.queue("s") == Queue(10**15, 2**399, 10**15)
    assert listening_rows.listeners() == [Listener("udp", "127.0.0.1", 5060, ("a",))]
