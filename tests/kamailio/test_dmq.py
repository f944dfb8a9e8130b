"""What nodes of a cluster send through Kamailio's dmq, and what comes."""

import importlib
from types import ModuleType

import pytest

from conftest import FakeServer


@pytest.fixture
def api(server: FakeServer) -> ModuleType:
    """The API of a server that is a node."""
    server.define("node", "sip:10.0.0.1:5060")
    return server.process()


@pytest.fixture
def dmq(api: ModuleType) -> ModuleType:
    return importlib.import_module("keepalive_core.kamailio.dmq")


def test_a_message_is_sent_again_for_a_moment_only(dmq: ModuleType, server: FakeServer) -> None:
    """tm's own limit stays the one of all else that Kamailio sends."""
    assert dmq.send("sip:10.0.0.2:5060", "body")
    assert server.ksr.told == [("sip:10.0.0.2:5060", "body", 1500)]
    assert not dmq.on_event()


def test_what_comes_waits_in_a_queue(api: ModuleType, dmq: ModuleType, server: FakeServer) -> None:
    """A KEMI request route hands it over; it has its reply, and the process of the cluster takes it."""
    for body in ("one", "two", "three"):
        server.ksr.request = {"rm": "KDMQ", "rU": "keepalive", "rb": body}
        assert api.on_dmq()
    assert server.ksr.replied == [(200, "OK", "")] * 3
    assert list(dmq.heard(2)) == ["one", "two"]
    assert list(dmq.heard(2)) == ["three"]
    assert list(dmq.heard(2)) == []


@pytest.mark.parametrize("body", ["x" * 8001, None, 0])
def test_what_is_no_message_is_not_kept(
    api: ModuleType, dmq: ModuleType, server: FakeServer, body: object
) -> None:
    """It has its reply, so that it is not sent again."""
    server.ksr.request = {"rm": "KDMQ", "rU": "keepalive", "rb": body}
    assert api.on_dmq()
    assert server.ksr.replied == [(200, "OK", "")]
    assert list(dmq.heard(9)) == []


def test_a_stranger(api: ModuleType, dmq: ModuleType, server: FakeServer) -> None:
    """What no node of dmq sends is not taken."""
    server.ksr.is_from_node = False
    server.ksr.request = {"rm": "KDMQ", "rU": "keepalive", "rb": "one"}
    assert api.on_dmq()
    assert server.ksr.replied == [(403, "Forbidden", "")]
    assert list(dmq.heard(9)) == []


def test_what_else_there_is_of_dmq(api: ModuleType, server: FakeServer) -> None:
    """It has it; and what is no KDMQ is the request route's."""
    server.ksr.request = {"rm": "KDMQ", "rU": "htable", "rb": "{}"}
    assert api.on_dmq()
    assert (server.ksr.handed_to_dmq, server.ksr.replied) == (1, [])
    server.ksr.request = {"rm": "INVITE", "rU": "keepalive", "rb": "v=0"}
    assert not api.on_dmq()
    assert (server.ksr.handed_to_dmq, server.ksr.replied) == (1, [])


def test_without_a_cluster_all_is_left_alone(server: FakeServer) -> None:
    """Whoever has dmq for something else has it as before."""
    api = server.process()
    server.ksr.request = {"rm": "KDMQ", "rU": "keepalive", "rb": "one"}
    assert not api.on_dmq()
    assert (server.ksr.handed_to_dmq, server.ksr.replied) == (0, [])


def test_a_body_that_is_no_text(dmq: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is taken as one that can't be read."""

    def fails(queue: str) -> str:
        raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")

    server.ksr.queues["keepalive_heard"].append(("x", ""))
    monkeypatch.setattr(server.ksr, "_mqueue_mqk_get", fails)
    monkeypatch.setattr(server.ksr.module.mqueue, "mqk_get", fails, raising=False)
    assert list(dmq.heard(9)) == [dmq.UNREADABLE]


def test_a_bus_of_our_own_is_for_nodes_alone(server: FakeServer) -> None:
    """If the include brings dmq, which would let anybody join; the user's own stays as it was."""
    for is_ours, expected in ((False, (1, [])), (True, (1, [(403, "Forbidden", "")]))):
        server.define("node", "sip:10.0.0.1:5060")
        if is_ours:
            server.define("brings_dmq", "1")
        api = server.process()
        server.ksr.is_from_node = False
        server.ksr.request = {"rm": "KDMQ", "rU": "notification_peer", "rb": "x"}
        assert api.on_dmq()
        assert (server.ksr.handed_to_dmq, server.ksr.replied) == expected
