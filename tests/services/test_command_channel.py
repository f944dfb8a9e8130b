"""The channel for kamcmd: what is typed there is done, and answered under the same key."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from conftest import FakeServer
from counted_calls import Calls

A = "sip:192.168.10.20"


class Kamcmd:
    """An operator with nothing but htable.sets and htable.get."""

    def __init__(self, server: FakeServer) -> None:
        self.server = server
        self.commands = server.ksr.tables["keepalive_commands"]
        self.answers = server.ksr.tables["keepalive_answers"]

    def tick(self) -> None:
        self.server.ksr.handlers.ksr_keepalive_state_file(None, "rtimer")

    def ask(self, command: Any, key: str = "anna") -> list[str]:
        """What is answered at once; its first line is what was asked."""
        self.commands[key] = command
        self.tick()
        first, *rest = self.answers[key].split("\n")
        assert first == f"> {command}"
        return rest


@pytest.fixture
def kamcmd(server: FakeServer) -> Kamcmd:
    """A server with two destinations, of which nobody knows anything."""
    server.define("destinations", f"{A} sip:b")
    server.process().state(A)
    return Kamcmd(server)


def test_an_order_is_done_and_noted(kamcmd: Kamcmd, server: FakeServer) -> None:
    """By the name that is its key."""
    lines = kamcmd.ask(f"set_admin {A} maint 3600 card swap")
    assert lines[0] == f"destination: {A}:5060"
    said = sys.modules["keepalive"].info(A)["admin"]
    assert (said["mode"], said["by"], said["why"]) == ("maint", "anna", "card swap")
    [line] = server.ksr.lines("notice")
    assert f"anna (kamcmd): {A} ready -> maint until " in line
    assert line.endswith("(card swap)")
    [order] = kamcmd.ask("orders")
    assert f" anna (kamcmd): {A} ready -> maint until " in order


def test_what_is_seen(kamcmd: Kamcmd, server: FakeServer) -> None:
    """The counts, and each destination in a line."""
    assert kamcmd.ask("summary")[1] == "2 destinations: 0 up, 0 down, 2 unknown, 0 drain, 0 maint"
    assert kamcmd.ask("list") == ["unknown sip:b  never pinged", f"unknown {A}  never pinged"][::-1]
    assert kamcmd.ask("list 2") == ["unknown sip:b  never pinged"]
    assert kamcmd.ask(f"info {A} state") == ["unknown"]
    assert kamcmd.ask(f"info {A} nonsense") == [
        "error: there is no 'nonsense' in what is known of a destination"
    ]
    assert "summary" in kamcmd.ask("help")


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        ("nonsense", "error: unknown command 'nonsense'; help shows those that there are"),
        ("set_admin sip:z maint", "error: 'sip:z' is not monitored"),
        (f"set_admin {A} off", "error: mode 'off': one of ready, drain, maint is needed"),
        (f"set_admin {A} drain -5", "error: until"),
        ("info sip:10.0.0.256", "error: bad destination 'sip:10.0.0.256'"),
        ("orders 101", "error: count"),
        ("list 1 -1", "error: count"),
        ("reload", "error: no list_file is set"),
        ("add_destination sip:a:b", "error: bad destination"),
        ("report_reply sip:b 7", "error: code"),
    ],
)
def test_what_is_refused_is_a_sentence(kamcmd: Kamcmd, server: FakeServer, command: str, fault: str) -> None:
    """It changes nothing, and the log has nothing to say."""
    [line] = kamcmd.ask(command)
    assert line.startswith(fault)
    assert server.ksr.lines("notice") == server.ksr.lines("err") == []


def test_what_is_no_text_is_answered(kamcmd: Kamcmd, server: FakeServer) -> None:
    """As htable.seti leaves it."""
    kamcmd.commands["anna"] = 5
    kamcmd.tick()
    assert kamcmd.answers["anna"] == "> \nerror: a command is text in UTF-8, such as summary"


def test_any_key_is_answered(kamcmd: Kamcmd, server: FakeServer) -> None:
    """Number, white space, a text that nobody can print: no line of the log has it as it is."""
    for key in ("7", " ", "a\nb", "x" * 300, "\x1b[2J"):
        assert kamcmd.ask("pause", key) == ["before: pinging", "after: paused"]
        assert kamcmd.ask("resume", key) == ["before: paused", "after: pinging"]
        if not key.isprintable() or len(key) > 255:
            assert kamcmd.ask(f"set_admin {A} drain", key)[0].startswith("error: by is text of one line")
    assert all(line.isprintable() and len(line) < 500 for line in server.ksr.lines("notice"))


def test_thousands_at_once_are_all_answered(kamcmd: Kamcmd, server: FakeServer) -> None:
    """And each is done once."""
    for number in range(3000):
        kamcmd.commands[f"k{number}"] = f"is_alive {A}" if number % 10 else f"add_destination sip:x{number}"
    for _ in range(40):
        kamcmd.tick()
    assert kamcmd.commands == {}
    assert len(kamcmd.answers) == 3000
    assert sum("monitored for rpc" in line for line in server.ksr.lines("notice")) == 300


def test_of_two_with_one_key_the_later_is_answered(
    kamcmd: Kamcmd, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The former sees by the first line that it is not his, even if his own was on its way."""
    operators = sys.modules["keepalive_core.services.operators"]

    def endless(*_: object) -> Any:
        while True:
            yield None

    with monkeypatch.context() as patch:
        patch.setattr(operators, "call", endless)
        kamcmd.commands["anna"] = "summary"
        kamcmd.tick()
    assert "anna" not in kamcmd.answers
    assert kamcmd.ask(f"is_alive {A}") == ["1"]
    kamcmd.tick()
    assert kamcmd.answers["anna"] == f"> is_alive {A}\n1"


def test_what_is_being_changed_is_done_before_the_next_command(
    kamcmd: Kamcmd, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a flush would be no order of anybody; others are answered meanwhile."""
    driving = sys.modules["keepalive_core.services.driving"]
    channel = sys.modules["keepalive_core.services.command_channel"].the_channel
    monkeypatch.setattr(driving, "_AT_ONCE", 1)
    kamcmd.commands["anna"] = "flush all"
    assert channel.turn()
    kamcmd.commands["anna"] = f"is_alive {A}"
    kamcmd.commands["bob"] = "is_alive sip:c"
    assert channel.turn()
    assert kamcmd.answers["bob"] == "> is_alive sip:c\n-1"
    assert "anna" not in kamcmd.answers
    while channel.turn():
        pass
    assert kamcmd.answers["anna"] == f"> is_alive {A}\n-1"
    assert server.ksr.lines("notice") == ["keepalive: anna (kamcmd): all destinations 2 -> 0"]


def test_one_that_takes_long_holds_up_nobody(
    kamcmd: Kamcmd, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its steps come between others' commands; one that waits has its turn when its time is over."""
    operators = sys.modules["keepalive_core.services.operators"]
    module = sys.modules["keepalive_core.services.command_channel"]
    channel = module.the_channel
    # However long this machine takes for a turn.
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: 100.0))
    true, steps = operators.call, []

    def slow() -> Any:
        for wait in (None, None, 0.0, 3600.0):
            steps.append(wait)
            yield wait

    monkeypatch.setattr(
        operators, "call", lambda name, *rest: slow() if name == "groups" else true(name, *rest)
    )
    kamcmd.commands["bob"] = "groups"
    assert channel.turn()
    assert steps == [None]
    kamcmd.commands["anna"] = "pause"
    assert channel.turn()
    assert kamcmd.answers["anna"].startswith("> pause\nbefore: pinging")
    assert len(steps) == 2
    while channel.turn():
        pass
    assert len(steps) == 4


def test_a_surprise_is_answered_too(
    kamcmd: Kamcmd, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log has the traceback, and the next command is done."""
    operators = sys.modules["keepalive_core.services.operators"]

    def breaks(*_: object) -> Any:
        yield None
        raise RuntimeError("broken")

    for function in (breaks, lambda *_: [][0]):
        with monkeypatch.context() as patch:
            patch.setattr(operators, "call", function)
            assert kamcmd.ask("pause") == ["error: it failed, and the log says why"]
    assert sum("a command of kamcmd failed: pause" in line for line in server.ksr.lines("err")) == 2
    assert kamcmd.ask("pause")[1] == "after: paused"


def test_without_memory_for_the_answer(kamcmd: Kamcmd, server: FakeServer) -> None:
    """What was ordered is done, and the log says that nobody could be told."""
    kamcmd.commands["anna"] = "pause"
    server.ksr.room_left = 0
    kamcmd.tick()
    assert "a command of kamcmd has no answer: shared memory" in server.ksr.lines("err")[-1]
    assert sys.modules["keepalive"].pause() == 0


def test_without_a_command_it_costs_little(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """One walk over an empty table, ten times a second."""
    calls = Calls(server, monkeypatch)
    calls.api.state(A)
    kamcmd = Kamcmd(server)
    kamcmd.tick()
    calls.made.clear()
    kamcmd.tick()
    assert [name for name, _ in calls.made if "sht" in name][:3] == [
        *("htable.sht_iterator_start", "htable.sht_iterator_next", "htable.sht_iterator_end"),
    ]
    assert len(calls.made) <= 8
