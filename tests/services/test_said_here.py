"""What was ordered here, and the other nodes are told."""

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from cluster_pair import Lab
from conftest import FakeServer
from counted_calls import Calls

URI, KEY = "sip:192.168.10.20", "sip:192.168.10.20:5060"


@pytest.fixture
def lab(server: FakeServer) -> Callable[..., Lab]:
    return lambda **defines: Lab(server, **defines)


def waiting(server: FakeServer) -> list[Any]:
    return [json.loads(text) for text, _ in server.ksr.queues["keepalive_said"]]


def test_what_is_told(lab: Callable[..., Lab]) -> None:
    """Modes, interests that are new or changed, and their ends; nothing that says what was so already."""
    one = lab()
    one.tick(0.2)
    api = one.keepalive
    for _ in range(2):
        assert api.add_destination(URI, "me", fall=3) == 0
    assert api.set_admin(URI, "maint", 0, "anna", "why") == 0
    assert api.set_admin(URI, "ready") == 0
    assert api.add_destination(URI, "me", fall=4) == 0
    assert api.del_destination(URI, "me") == 0
    assert api.del_destination(URI, "me") == -1
    kinds = [(kind, key, value[:8]) for kind, key, value, _ in waiting(one.server)]
    interest = ("destination", "me@" + KEY)
    assert kinds == [
        (*interest, '["sip:19'),
        ("admin", KEY, '["maint"'),
        ("admin", KEY, ""),
        (*interest, '["sip:19'),
        (*interest, "deleted"),
    ]


def test_nothing_is_told_before_the_cluster_has_begun(lab: Callable[..., Lab]) -> None:
    """What mod_init says each node says for itself."""
    one = lab()
    assert one.keepalive.add_destination(URI, "me") == 0
    assert waiting(one.server) == []


def test_without_a_cluster_nothing_more_is_asked(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """No table, no queue of a cluster's."""
    calls = Calls(server, monkeypatch)
    server.tick(0.1)
    api = calls.api
    calls.made.clear()
    assert api.add_destination(URI, "me") == 0
    assert api.set_admin(URI, "drain") == 0
    assert api.del_destination(URI, "me") == 0
    touched = {arguments[0] for _, arguments in calls.made if arguments}
    assert not touched & {"keepalive_cluster", "keepalive_said"}


def test_what_can_not_be_told(lab: Callable[..., Lab], monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds here, and the log says so."""
    one = lab()
    one.tick(0.2)
    api = one.keepalive
    assert api.add_destination(URI, "ä" * 120) == 0
    [line] = one.server.ksr.lines("err")
    assert "the other nodes are not told: it is too long for a message" in line
    module: ModuleType = __import__("keepalive_core.kamailio.cluster_queue", fromlist=["x"])
    monkeypatch.setattr(module, "MOST_SAID", 0)
    assert api.add_destination(URI, "me") == 0
    assert "the other nodes are not told: too much waits to be told" in one.server.ksr.lines("err")[1]
    assert api.state(URI) == api.UNKNOWN
