"""Kamailio's RPC commands, asked from within."""

from __future__ import annotations

import importlib
from types import ModuleType

import pytest

from conftest import FakeServer


@pytest.fixture
def rpc(server: FakeServer) -> ModuleType:
    """The module, in a process of the server."""
    server.process()
    return importlib.import_module("keepalive_core.kamailio.rpc")


def test_what_is_answered(rpc: ModuleType, server: FakeServer) -> None:
    """The method gets its parameters, and its result comes back."""
    server.ksr.rpc = lambda method, parameters: {"asked": [method, *parameters]}
    assert rpc.ask("core.info", "a", 2) == {"asked": ["core.info", "a", 2]}


def test_a_command_that_is_none_is_refused(rpc: ModuleType) -> None:
    """With the reason that Kamailio gives."""
    with pytest.raises(rpc.Unanswered, match=r"core.none is refused: .*Method Not Found"):
        rpc.ask("core.none")


def test_without_jsonrpcs_nothing_is_answered(rpc: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason names the module that is missing."""
    monkeypatch.setattr(rpc, "KSR", ModuleType("KSR"))
    with pytest.raises(rpc.Unanswered, match=r"core.info can't be asked: load jsonrpcs.so"):
        rpc.ask("core.info")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "is not answered: "),
        (None, "is not answered: "),
        ('{"error": {"code": 500, "message": "no"}}', "is refused: .*'no'"),
    ],
)
def test_what_is_no_answer(
    rpc: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch, text: str | None, why: str
) -> None:
    """A text that is no JSON, none at all, or an error: one reason that names the method."""
    server.ksr.rpc = lambda method, parameters: 1
    monkeypatch.setattr(rpc.KSR.pv, "get", lambda name: text, raising=False)
    with pytest.raises(rpc.Unanswered, match=f"core.info {why}"):
        rpc.ask("core.info")
