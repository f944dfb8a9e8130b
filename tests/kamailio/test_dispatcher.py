"""Kamailio's dispatcher, asked by RPC."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

import pytest

from conftest import FakeServer
from keepalive_core.rules.dispatcher_list import Entry

ENTRY = Entry(1, "sip:192.168.10.20", "A", {})


@pytest.fixture
def dispatcher(server: FakeServer) -> ModuleType:
    """The module, in a process of the server."""
    server.process()
    return importlib.import_module("keepalive_core.kamailio.dispatcher")


def test_states_are_set_by_their_words(dispatcher: ModuleType, server: FakeServer) -> None:
    """As kamcmd dispatcher.set_state takes them: the state, the set, the URI."""
    asked: list[Any] = []
    server.ksr.rpc = lambda method, parameters: asked.append((method, parameters))
    dispatcher.set_state(ENTRY, "I")
    assert asked == [("dispatcher.set_state", ["i", 1, "sip:192.168.10.20"])]


@pytest.mark.parametrize("answer", [None, {"RECORDS": 1}])
def test_what_is_no_list_is_no_answer(dispatcher: ModuleType, server: FakeServer, answer: Any) -> None:
    """And an error of dispatcher is none either, as "No Destination Sets"."""
    server.ksr.rpc = lambda method, parameters: answer
    rpc = importlib.import_module("keepalive_core.kamailio.rpc")
    with pytest.raises(rpc.Unanswered, match="dispatcher.list answers no list of sets"):
        dispatcher.entries()
