"""The face: what users call."""

from types import ModuleType

import pytest
from conftest import FakeServer

CALLED: list[tuple[object, ...]] = []


@pytest.fixture(autouse=True)
def _forget_calls():
    CALLED.clear()


def on_change(uri, state, user_attr):
    CALLED.append((uri, state, user_attr))


def test_a_destination_is_unknown_then_up(keepalive: ModuleType, server: FakeServer) -> None:
    """A destination is unknown until its first reply, up from then on."""
    assert keepalive.add_destination("192.168.10.20", "test", 0, on_change, {"a": 1}) == 0
    assert keepalive.state("192.168.10.20") == keepalive.UNKNOWN
    assert keepalive.is_alive("192.168.10.20") == 1
    server.tick(1)
    [ping] = server.ksr.sent
    server.ksr.reply(ping, 200)
    assert keepalive.state("sip:192.168.10.20:5060") == keepalive.UP
    server.run_callbacks()
    assert CALLED == [("sip:192.168.10.20", 1, {"a": 1})]
