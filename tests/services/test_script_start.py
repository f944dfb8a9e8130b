"""What the script's mod_init returns is looked at before Kamailio has it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from conftest import FakeServer

SCRIPT = "a_script"


@pytest.fixture
def script(
    server: FakeServer, keepalive: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ModuleType]:
    """A script that Kamailio executes, and that has imported keepalive."""
    module = ModuleType(SCRIPT)
    monkeypatch.setitem(sys.modules, SCRIPT, module)
    script_start: Any = importlib.import_module("keepalive_core.services.script_start")
    monkeypatch.setattr(script_start.reloads, "script", lambda: SCRIPT)
    known = importlib.import_module("keepalive_core.services.adoption").the_adoption
    known.engine = "python"
    script_start.look_at_mod_init()
    yield module
    assert type(sys.modules["__main__"]) is ModuleType


def test_a_handler_is_looked_at_once(script: ModuleType, server: FakeServer) -> None:
    """Kamailio gets what mod_init returns, and the module is as any other behind that."""
    handler = object()
    script.mod_init = lambda: handler if type(script) is ModuleType else None
    assert script.mod_init() is handler
    assert type(script) is ModuleType
    [line] = [text for level, text in server.ksr.logged if level == "err"]
    assert "wrongly adopted: what your script's mod_init returns has no ksr_keepalive_tick" in line
    assert script.mod_init() is handler
    assert len([level for level, _ in server.ksr.logged if level == "err"]) == 1


def test_a_right_one_is_returned_without_a_word(
    script: ModuleType, server: FakeServer, keepalive: ModuleType
) -> None:
    """Made of keepalive.Handlers."""

    class Router(keepalive.Handlers):  # type: ignore[misc, name-defined]
        pass

    vars(script)["mod_init"] = Router
    assert isinstance(script.mod_init(), Router)
    assert not server.ksr.logged


def test_a_mod_init_that_raises_does(script: ModuleType) -> None:
    """Kamailio says so, and does not start."""

    def mod_init() -> object:
        raise RuntimeError("none")

    vars(script)["mod_init"] = mod_init
    with pytest.raises(RuntimeError, match="none"):
        script.mod_init()


def test_a_script_without_mod_init_has_none(script: ModuleType) -> None:
    """As Kamailio would see it."""
    with pytest.raises(AttributeError, match="mod_init"):
        script.mod_init  # noqa: B018 - it is asked for, as Kamailio does


def test_a_module_of_another_kind_is_left_alone(
    server: FakeServer, keepalive: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is no plain module is what it is."""
    script_start: Any = importlib.import_module("keepalive_core.services.script_start")
    monkeypatch.setattr(script_start.reloads, "script", lambda: SCRIPT)
    module: Any = type("Kind", (), {"__slots__": (), "__name__": SCRIPT})()
    monkeypatch.setitem(sys.modules, SCRIPT, module)
    script_start.look_at_mod_init()
    assert type(module).__name__ == "Kind"
