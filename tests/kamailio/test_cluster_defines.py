"""Which cluster this server is in, as kamailio.cfg defines it."""

import importlib

import pytest

from conftest import FakeServer
from counted_calls import Calls


def test_it_is_read_once(server: FakeServer) -> None:
    """By each process, when it begins."""
    server.define("node", "sip:10.0.0.1:5060")
    server.define("peer2", "sip:10.0.0.3")
    server.define("cluster_secret_file", "/etc/key")
    server.process()
    defines = importlib.import_module("keepalive_core.kamailio.cluster_defines")
    assert defines.is_on()
    assert defines.me() == "sip:10.0.0.1:5060"
    assert defines.peers() == {"sip:10.0.0.3:5060": "sip:10.0.0.3"}
    assert defines.secret_file() == "/etc/key"
    assert defines.read()[1] == []


def test_without_a_node_nobody_is_asked_again(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is known from the start, and no request, event or ping asks Kamailio for it."""
    server.define("peer1", "sip:10.0.0.3")
    calls = Calls(server, monkeypatch)
    defines = importlib.import_module("keepalive_core.kamailio.cluster_defines")
    assert not defines.is_on()
    assert (defines.me(), defines.peers()) == ("", {})
    assert [name for name, arguments in calls.made if "KEEPALIVE_PEER1" in str(arguments)] == []
    calls.made.clear()
    assert not calls.api.on_dmq()
    assert not calls.api.on_tm_event("tm:local-request")
    server.ksr.handlers.ksr_keepalive_tick(None)
    server.ksr.handlers.ksr_keepalive_tick(None)
    asked = [arguments for _, arguments in calls.made if "KEEPALIVE_NODE" in str(arguments)]
    assert asked == []
    assert not [name for name, _ in calls.made if name.startswith("dmq.")]


def test_what_can_not_be_read(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is as if it were not there, and the reason is kept."""
    server.define("node", "sip:10.0.0.1:5060")
    server.process()
    defines = importlib.import_module("keepalive_core.kamailio.cluster_defines")
    read = defines.variables.defined

    def defined(name: str) -> str | None:
        if name == "peer3":
            raise defines.variables.Unreadable("x")
        return read(name)

    monkeypatch.setattr(defines.variables, "defined", defined)
    defines.read.cache_clear()
    found, refused = defines.read()
    assert (found.node, refused) == ("sip:10.0.0.1:5060", ["KEEPALIVE_PEER3 is ignored: x"])
