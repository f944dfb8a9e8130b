"""What is read of Kamailio's modules; here of the interpreter's own files, which are loaded likewise."""

import _ctypes
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from conftest import FakeServer

# a file that this process has loaded
LOADED = Path(_ctypes.__file__).name.removesuffix(".so")


@pytest.fixture
def modules(server: FakeServer) -> Any:
    """The module, on a fake Kamailio."""
    return import_module("keepalive_core.kamailio.modules")


def test_the_order_is_the_one_of_loading(modules: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kamailio adds a module to KSR when it loads it; functions of KSR itself are none."""
    order = modules.loaded()
    assert {"tm", "htable", "pv"} <= set(order)
    assert "info" not in order
    monkeypatch.delattr(modules.KSR, "tm")
    vars(modules.KSR)["tm"] = ModuleType("KSR.tm")
    assert modules.loaded() == [*(name for name in order if name != "tm"), "tm"]


def test_a_variable_is_read(modules: Any) -> None:
    """Of the program, and of a file that it has loaded; what is not there is None."""
    assert modules.variable("Py_Version") == sys.hexversion
    assert modules.variable("PyInit__ctypes", LOADED) is not None
    assert modules.variable("no_such_variable") is None
    assert modules.variable("no_such_variable", LOADED) is None
    assert modules.variable("Py_Version", "no_such_module") is None


def test_without_ctypes_nothing_is_known(modules: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some systems come without it."""
    monkeypatch.setitem(sys.modules, "ctypes", None)
    assert modules.variable("Py_Version") is None


def test_a_text_is_found(modules: Any) -> None:
    """In the file of what is loaded, and nowhere else."""
    assert modules.has_text(LOADED, b"PyInit__ctypes")
    assert not modules.has_text(LOADED, b"no such text" * 2)
    assert not modules.has_text("no_such_module", b"")


def test_a_file_that_is_gone_has_no_text(
    modules: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package was upgraded after the process had loaded it."""
    maps = tmp_path / "maps"
    maps.write_text(f"7f00-7f01 r-xp 0000 08:01 5 {tmp_path}/a folder/gone_module.so\n")
    monkeypatch.setattr(modules, "MAPS", maps)
    assert not modules.has_text("gone_module", b"")


@pytest.mark.parametrize(("name", "engine"), [(b"python", "python"), (b"lua", "lua"), (None, "")])
def test_what_routes_is_asked_of_kamailio(
    modules: Any, monkeypatch: pytest.MonkeyPatch, name: bytes | None, engine: str
) -> None:
    """A script by its language's name, native routes by none."""
    import ctypes

    structure = ctypes.create_string_buffer(name or b"", 64)
    get = ctypes.CFUNCTYPE(ctypes.c_void_p)(lambda: ctypes.addressof(structure) if name else None)
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace(sr_kemi_eng_get=get))
    assert modules.engine() == engine


def test_what_routes_is_not_known_of_another_program(modules: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor without ctypes."""
    assert modules.engine() is None
    monkeypatch.setitem(sys.modules, "ctypes", None)
    assert modules.engine() is None
