"""What the process of the state file does."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

from conftest import FakeServer


@pytest.fixture
def office(keepalive: ModuleType) -> ModuleType:
    return sys.modules["keepalive_core.services.back_office"]


class Work:
    """A file that takes a number of pieces to write, each of some time."""

    def __init__(self, pieces: int, seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pieces = pieces
        self.seconds = seconds
        self.now = 1000.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)

    def go_on(self) -> bool:
        self.now += self.seconds
        self.pieces -= 1
        return self.pieces > 0


class Idle:
    """A channel without a command, or nobody who wants a reload."""

    turns = 0

    def turn(self) -> bool:
        self.turns += 1
        return False

    def look(self) -> None: ...

    def go_on(self) -> bool:
        return False


def test_a_command_is_answered_between_two_pieces(
    office: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long the work takes."""
    work, idle = Work(100, 0.005, monkeypatch), Idle()
    office.BackOffice(work, idle, Idle()).tick()
    assert idle.turns == 100


def test_a_turn_takes_a_second(office: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then Kamailio has the process, which reads its settings anew; the work is gone on with in the next."""
    work = Work(1000, 0.0078125, monkeypatch)
    back_office = office.BackOffice(work, Idle(), Idle())
    back_office.tick()
    assert work.pieces == 1000 - 128
    for _ in range(7):
        back_office.tick()
    assert 0 >= work.pieces > -8


def test_a_turn_with_nothing_to_do_is_short(office: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """One look at what there is."""
    work = Work(0, 0.005, monkeypatch)
    idle = Idle()
    office.BackOffice(work, idle, Idle()).tick()
    assert idle.turns == 1
    assert work.pieces == -1


def test_the_state_file_is_written_in_it(server: FakeServer, tmp_path: Path) -> None:
    """By the timer that is called like it."""
    file = tmp_path / "keepalive.state"
    server.define("state_file", str(file))
    server.define("destinations", "sip:a")
    server.process().state("sip:a")
    assert server.ksr.handlers.ksr_keepalive_state_file(None, "rtimer") == 1
    assert b'"sip:a"' in file.read_bytes()


def test_what_fails_keeps_nothing_else_from_its_turn(
    office: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A channel that always fails, or a setting that can't be read, leaves the state file to be written."""

    class Failing(Idle):
        def turn(self) -> bool:
            raise OSError("no such thing")

        def look(self) -> None:
            raise OSError("no such thing")

    work = Work(3, 0.005, monkeypatch)
    office.BackOffice(work, Failing(), Failing()).tick()
    assert work.pieces == 0
    assert any("what is done for operators failed" in line for line in server.ksr.lines("err"))
