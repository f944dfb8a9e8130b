"""The state file is written a few destinations at a time, and at once if an operator has ordered something.

What is in it, and what is not written over: see test_state_file.py.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from conftest import FakeServer
from keepalive_core.rules.operator import Operator

MANY = [f"sip:d{number}" for number in range(1000)]


@pytest.fixture
def file(server: FakeServer, tmp_path: Path) -> Path:
    """Where a server with a thousand destinations has its state file."""
    server.define("state_file", str(tmp_path / "keepalive.state"))
    server.define("destinations", " ".join(MANY))
    server.process().state(MANY[0])
    return tmp_path / "keepalive.state"


@pytest.fixture
def writer(file: Path) -> Any:
    """The one that writes it."""
    return sys.modules["keepalive_core.services.state_writer"].Writer()


def finish(writer: Any) -> int:
    """Let a write come to its end; how many steps that took."""
    steps = 1
    while writer.go_on():
        steps += 1
    return steps


def note_an_order() -> None:
    import keepalive_core.services.order_book as order_book

    order_book.note(Operator("anna", "kamcmd"), MANY[0], "ready", "drain")


def test_a_write_has_many_steps(writer: Any, file: Path, server: FakeServer) -> None:
    """A hundred destinations in each, and nothing is at the name before the last one."""
    assert writer.go_on()
    assert not file.exists()
    assert finish(writer) > 20
    assert file.read_text().count("destination") == 1000
    assert not writer.go_on(), "it rests now"


def test_what_comes_back_meanwhile_is_in_it(writer: Any, file: Path, server: FakeServer) -> None:
    """Once, as it is then; what is removed meanwhile is not."""
    server.ksr.tables["keepalive_restored"]["sip:zz"] = '{"destination":"sip:zz"}'
    writer.go_on()
    keepalive = sys.modules["keepalive"]
    assert keepalive.add_destination("sip:zz", "me") == 0
    assert keepalive.set_admin("sip:zz", "drain") == 0
    assert keepalive.del_destination(MANY[999], "kamailio.cfg") == 0
    finish(writer)
    lines = [line for line in file.read_text().splitlines() if "destination" in line]
    assert len(lines) == 1000
    [line] = [line for line in lines if "sip:zz" in line]
    assert "drain" in line
    assert "left" not in line
    assert MANY[999] not in file.read_text()


def test_all_keys_are_read_once(
    writer: Any, file: Path, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That takes long, and is done again for what is new alone; the states are of each write."""
    finish(writer)
    walks: list[int] = []
    rows = sys.modules["keepalive_core.kamailio.destination_rows"]
    true = rows.monitored_keys
    monkeypatch.setattr(rows, "monitored_keys", lambda: (walks.append(1), true())[1])
    keepalive = sys.modules["keepalive"]
    keepalive.set_admin(MANY[0], "drain")
    writer._not_before = 0
    finish(writer)
    assert walks == []
    assert '"drain"' in file.read_text()
    keepalive.add_destination("sip:new", "me")
    keepalive.del_destination(MANY[1], "kamailio.cfg")
    writer._not_before = 0
    finish(writer)
    assert walks == [1]
    assert "sip:new" in file.read_text()
    assert f'"{MANY[1]}"' not in file.read_text()


def test_an_order_is_written_at_once(writer: Any, file: Path, server: FakeServer) -> None:
    """The file does not rest then; if nothing was ordered it does, for ten times as long as it took."""
    finish(writer)
    written = file.stat().st_ino
    keepalive = sys.modules["keepalive"]
    keepalive.set_admin(MANY[0], "drain")
    assert not writer.go_on()
    note_an_order()
    finish(writer)
    assert file.stat().st_ino != written
    assert '"drain"' in file.read_text()
    assert not writer.go_on()


def test_an_order_amid_a_write_has_one_more(writer: Any, file: Path, server: FakeServer) -> None:
    """What was written of its destination may be older than the order."""
    for _ in range(5):
        writer.go_on()
    sys.modules["keepalive"].set_admin(MANY[0], "drain")
    note_an_order()
    finish(writer)
    finish(writer)
    assert '"drain"' in file.read_text()


def test_a_full_disk_is_not_asked_each_tick(
    writer: Any, file: Path, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not for an order either: it is tried once, and then after the rest."""
    file.with_name("keepalive.state.new").mkdir()
    note_an_order()
    finish(writer)
    assert not writer.go_on()
    [line] = [line for line in server.ksr.lines("err") if "state_file" in line]
    assert "is in the way" in line


def test_a_surprise_does_not_stop_it(
    writer: Any, file: Path, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever comes out of a step, the next write begins anew."""
    with monkeypatch.context() as patch:
        patch.setattr(writer, "_is_as_written", lambda path: [][0])
        with pytest.raises(IndexError):
            finish(writer)
    finish(writer)
    assert file.exists()
