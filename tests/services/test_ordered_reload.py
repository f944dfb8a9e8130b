"""An operator has the list file read again by kamcmd cfg.seti."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from conftest import FakeServer


@pytest.fixture
def listed(server: FakeServer, tmp_path: Path) -> Path:
    """The list file of a server that has read it."""
    file = tmp_path / "keepalive.list"
    file.write_text("sip:a\nsip:b\n")
    server.define("list_file", str(file))
    server.process()
    server.tick(0.2)
    return file


def tick(server: FakeServer) -> None:
    server.ksr.handlers.ksr_keepalive_state_file(None, "rtimer")
    server.ksr.update_settings()


def destinations() -> list[str]:
    return [each["uri"] for each in sys.modules["keepalive"].list()]


def test_the_list_file_is_read_once(server: FakeServer, listed: Path) -> None:
    """The setting is 0 again when that is done, and may be set once more."""
    for text in ("sip:b\nsip:c\n", "sip:c\n"):
        listed.write_text(text)
        server.ksr.settings["reload"] = "1"
        tick(server)
        assert server.ksr.settings["reload"] == "0"
        assert destinations() == text.split()
        tick(server)
    assert server.ksr.lines("notice") == [
        "keepalive: operator (kamcmd cfg): reload of the list file: 1 added, 1 removed, 0 changed",
        "keepalive: operator (kamcmd cfg): reload of the list file: 0 added, 1 removed, 0 changed",
    ]
    assert server.ksr.lines("err") == []


def test_what_is_refused_is_told(server: FakeServer, listed: Path) -> None:
    """Nothing has changed; with 2 all may go. The setting is 0 again in each case."""
    listed.write_text("")
    server.ksr.settings["reload"] = "1"
    tick(server)
    assert destinations() == ["sip:a", "sip:b"]
    [line] = server.ksr.lines("err")
    assert "keepalive.reload: nothing has changed: all 2 destinations would go" in line
    assert server.ksr.settings["reload"] == "0"
    server.ksr.settings["reload"] = "2"
    tick(server)
    assert destinations() == []
    assert server.ksr.settings["reload"] == "0"


@pytest.mark.parametrize("text", ["3", "-1", "dry", "x" * 5000])
def test_another_value_is_no_reload(server: FakeServer, listed: Path, text: str) -> None:
    """It is told once, and taken out."""
    server.ksr.settings["reload"] = text
    tick(server)
    tick(server)
    [line] = server.ksr.lines("err")
    assert "1 is needed, or 2 to remove any number of destinations" in line
    assert len(line) < 300
    assert server.ksr.settings["reload"] == "0"


def test_a_surprise_ends_it(server: FakeServer, listed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log has the traceback; the setting is 0, and the next one is done."""
    lists = sys.modules["keepalive_core.services.lists"]
    with monkeypatch.context() as patch:
        patch.setattr(lists, "reload_in_steps", lambda *_: [][0])
        server.ksr.settings["reload"] = "1"
        tick(server)
    assert any("IndexError" in line for line in server.ksr.lines("err"))
    assert server.ksr.settings["reload"] == "0"
    tick(server)
    listed.write_text("sip:b\n")
    server.ksr.settings["reload"] = "1"
    tick(server)
    assert destinations() == ["sip:b"]


def test_it_is_done_once_if_it_cannot_be_set_back(server: FakeServer, listed: Path) -> None:
    """One line says so; another value is another order."""
    server.ksr.takes_settings = False
    listed.write_text("sip:b\n")
    server.ksr.settings["reload"] = "1"
    for _ in range(3):
        tick(server)
    assert destinations() == ["sip:b"]
    assert len(server.ksr.lines("notice")) == 1
    assert len([line for line in server.ksr.lines("warn") if "the reload is done" in line]) == 1


def test_without_a_setting_nothing_is_read(server: FakeServer, keepalive: ModuleType) -> None:
    """As with an include of an earlier version."""
    del server.ksr.settings["reload"]
    tick(server)
    assert server.ksr.lines("notice") == server.ksr.lines("err") == []
