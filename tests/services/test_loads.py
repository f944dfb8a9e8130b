"""A reload of the script: what mod_init no longer says of parameters and groups is in force no more."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from conftest import FakeServer

A = "sip:192.168.10.20"

SCRIPT = """
import keepalive

def mod_init():
    {}
    return keepalive.Handlers()
"""
SAID = "keepalive.modparam('fall', 4); keepalive.modparam('rise', 2); keepalive.configure_group('g', rise=5)"


@pytest.fixture
def load(
    server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], ModuleType]]:
    """Loads a script with a mod_init, the first time and again, as Kamailio does; returns keepalive."""
    monkeypatch.syspath_prepend(str(tmp_path))
    file = tmp_path / "a_script_of_loads.py"
    keepalive = server.process()
    sys.modules["keepalive_core.services.reloads"]._process.script = file.stem  # type: ignore[attr-defined]

    def load_script(mod_init: str) -> ModuleType:
        file.write_text(SCRIPT.format(mod_init))
        known = sys.modules.get(file.stem)
        script = importlib.reload(known) if known else importlib.import_module(file.stem)
        server.ksr.handlers = script.mod_init()
        assert server.ksr.handlers.child_init(1) >= 0
        server.tick(2)
        return keepalive

    yield load_script
    sys.modules.pop(file.stem, None)


def criteria(keepalive: ModuleType) -> tuple[int, int]:
    known = keepalive.info(A)
    return known["fall"], known["rise"]


def test_what_a_reloaded_script_says_no_more_goes(
    load: Callable[[str], ModuleType], server: FakeServer
) -> None:
    """Parameters and groups' options; what it says still holds, and cfg.get shows what is in force."""
    keepalive = load(SAID)
    keepalive.add_destination(A, "me", group="g")
    assert criteria(keepalive) == (4, 5)
    load(SAID)
    assert criteria(keepalive) == (4, 5)
    load("keepalive.modparam('rise', 2)")
    assert criteria(keepalive) == (1, 2)
    assert (server.ksr.settings["fall"], server.ksr.settings["rise"]) == ("", "2")
    load(SAID)
    assert criteria(keepalive) == (4, 5)
    assert server.ksr.lines("err") == server.ksr.lines("warn") == []


def test_a_refused_reload_takes_nothing_away(load: Callable[[str], ModuleType], server: FakeServer) -> None:
    """The next one that is taken does, and knows what the script that runs has said."""
    keepalive = load(SAID)
    keepalive.add_destination(A, "me", group="g")
    load("1 / 0")
    assert criteria(keepalive) == (4, 5)
    assert "is refused, the script that runs goes on" in server.ksr.lines("err")[0]
    load("pass")
    assert criteria(keepalive) == (1, 1)


def test_what_was_said_since_stays(load: Callable[[str], ModuleType], server: FakeServer) -> None:
    """A route's word of a group is no load's, an operator's word of a parameter neither."""
    keepalive = load(SAID + "; keepalive.configure_group('h', fall=7)")
    keepalive.add_destination(A, "me", group="g")
    keepalive.configure_group("g", rise=6)
    keepalive.configure_group("i", rise=7)
    keepalive.add_destination("sip:i", "me", group="i")
    server.ksr.settings["fall"] = "9"
    server.tick(2)
    load("pass")
    assert criteria(keepalive) == (9, 6)
    assert keepalive.info("sip:i")["rise"] == 7


def test_without_memory_a_group_keeps_its_options(
    load: Callable[[str], ModuleType], server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One ERROR names it, and the reload goes on."""
    keepalive = load(SAID)
    keepalive.add_destination(A, "me", group="g")
    room = sys.modules["keepalive_core.services.group_options"]
    full = sys.modules["keepalive_core.kamailio.tables"].SharedMemoryFull

    def refuse(*_: object) -> None:
        raise full("no room")

    monkeypatch.setattr(room, "configure", refuse)
    load("pass")
    assert criteria(keepalive) == (1, 5)
    assert [
        "group g keeps what the script no longer says of it: no room" in line
        for line in server.ksr.lines("err")
    ]
