"""What this server says of itself."""

from __future__ import annotations

import time
from types import ModuleType
from typing import Any

import pytest

from conftest import FakeServer
from restarting import stop, write_state_file

A, B, C = "sip:192.168.10.20", "sip:192.168.10.21", "sip:[2001:db8::1]:5070"


def answered(
    keepalive: ModuleType, server: FakeServer, address: str = "192.168.10.99", group: str = ""
) -> int:
    """The code that an OPTIONS from an address gets."""
    server.ksr.options(address)
    assert keepalive.answer_options(group) == 1
    server.ksr.request = {}
    return server.ksr.replied[-1][0]


def test_it_answers_what_asks_for_it(keepalive: ModuleType, server: FakeServer) -> None:
    """200, and no header; what is none to this server is left to the script."""
    assert answered(keepalive, server) == 200
    assert server.ksr.replied == [(200, "OK", "")]
    for other in ({"rm": "INVITE"}, {"rU": "alice"}, {"is ours": False}):
        server.ksr.options(**other)
        assert keepalive.answer_options() == -1
    assert len(server.ksr.replied) == 1


def test_a_drain_is_told(keepalive: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """503, and when to ask again; until its time is over, or it is ready again."""
    wall = [1_800_000_000.0]
    monkeypatch.setattr(time, "time", lambda: wall[0])
    assert keepalive.set_self("drain", 30, "anna", "card swap") == 0
    assert answered(keepalive, server) == 503
    assert server.ksr.replied[-1] == (503, "Drained", "Retry-After: 30\r\n")
    assert "this server is set to drain for 30 s by anna: card swap" in server.ksr.lines("info")[-1]
    wall[0] += 30
    assert answered(keepalive, server) == 200
    keepalive.set_self("drain")
    assert answered(keepalive, server) == 503
    keepalive.set_self("ready")
    assert answered(keepalive, server) == 200
    for bad in (("maint",), ("drain", -1), ("drain", "soon"), ("drain", 0, "x" * 999)):
        assert keepalive.set_self(*bad) == -1
    assert answered(keepalive, server) == 200


def test_a_drain_outlives_a_restart(keepalive: ModuleType, server: FakeServer, tmp_path: Any) -> None:
    """With its end, its author and its reason, in the state file; what was ordered since is newer."""
    server.define("state_file", str(tmp_path / "state"))
    keepalive = server.process()
    keepalive.add_destination(A, "me")
    keepalive.set_self("drain", 3600, "anna", "card swap")
    server.answer(200, 2)
    write_state_file(server)
    stop(server)
    again = server.process()
    again.state(A)
    assert answered(again, server) == 503
    again.set_self("ready")
    write_state_file(server)
    stop(server)
    again = server.process()
    again.state(A)
    assert answered(again, server) == 200


def test_enough_members_have_to_be_up(keepalive: ModuleType, server: FakeServer) -> None:
    """As many as answer_min_up says; one that its group keeps answering is not up."""
    for uri in (A, B, C):
        keepalive.add_destination(uri, "me", group="carriers", group_min_alive=1, ping_interval=1)
    assert answered(keepalive, server, group="carriers") == 200, "not known yet: as unknown_as says"
    server.answer(503, 5)
    assert keepalive.is_group_alive("carriers") == 1
    assert answered(keepalive, server, group="carriers") == 503
    assert server.ksr.replied[-1] == (503, "Too Few Members Are Up", "Retry-After: 10\r\n")
    server.answer(200, 5)
    assert answered(keepalive, server, group="carriers") == 200
    keepalive.set_admin(A, "maint")
    keepalive.set_admin(B, "drain")
    assert answered(keepalive, server, group="carriers") == 200
    server.ksr.settings["answer_min_up"] = "2"
    server.answer(200, 2)
    assert answered(keepalive, server, group="carriers") == 503


@pytest.mark.parametrize(("uri", "address"), [(A, "192.168.10.20"), (C, "2001:db8:0:0:0:0:0:1")])
def test_the_peer_that_asks_is_not_counted(
    keepalive: ModuleType, server: FakeServer, uri: str, address: str
) -> None:
    """By its address, from whatever port: else two that watch each other never come up again."""
    keepalive.add_destination(uri, "me", group="peers", ping_interval=1)
    server.answer(503, 5)
    assert answered(keepalive, server, address, "peers") == 200
    assert answered(keepalive, server, "192.168.10.99", "peers") == 503
    keepalive.add_destination(B, "me", group="peers", ping_interval=1)
    server.answer(503, 5)
    assert answered(keepalive, server, address, "peers") == 503
    server.answer(200, 5)
    keepalive.set_admin(B, "maint")
    assert answered(keepalive, server, address, "peers") == 503
    assert answered(keepalive, server, "192.168.10.21", "peers") == 200


def test_a_group_that_is_not_there(keepalive: ModuleType, server: FakeServer) -> None:
    """It keeps nobody from calling: 200, and one line a minute."""
    for _ in range(3):
        assert answered(keepalive, server, group="carriors") == 200
    assert [line for line in server.ksr.lines("err") if "answer_options" in line] == [
        "keepalive: answer_options: there is no group 'carriors', and this server answers 200"
    ]


def test_members_come_and_go(keepalive: ModuleType, server: FakeServer) -> None:
    """A group of several pages, whose members at one address are all the peer's."""
    for number in range(150):
        keepalive.add_destination(
            f"sip:u{number}@192.168.10.{20 + number % 2}", "me", group="many", ping_interval=1
        )
    server.answer(503, 5)
    assert answered(keepalive, server, group="many") == 503
    assert answered(keepalive, server, "192.168.10.20", "many") == 503
    for number in range(1, 150, 2):
        keepalive.del_destination(f"sip:u{number}@192.168.10.21", "me")
    assert answered(keepalive, server, "192.168.10.20", "many") == 200
    assert answered(keepalive, server, "192.168.10.21", "many") == 503


def test_without_textops(keepalive: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no Retry-After: the 503 is a failure to the peer, and one ERROR says what to load."""
    from keepalive_core.kamailio import requests

    monkeypatch.setattr(requests, "can_add_headers", lambda: False)
    keepalive.set_self("drain")
    assert answered(keepalive, server) == answered(keepalive, server) == 503
    assert server.ksr.replied[-1] == (503, "Drained", "")
    [line] = server.ksr.lines("err")
    assert "load textops" in line


def test_the_state_file_is_read_first(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may say that this server is drained: until then, 503 for a second; without one nobody waits."""
    for path, code in (("", 200), ("/nowhere/state", 503)):
        server.define("state_file", path)
        keepalive = server.process()
        from keepalive_core.services import startup

        monkeypatch.setattr(startup, "start", lambda: False)
        assert answered(keepalive, server) == code
    assert server.ksr.replied[-1] == (503, "Starting", "Retry-After: 1\r\n")


def test_nothing_is_ordered_before_the_tables_exist(server: FakeServer) -> None:
    """In mod_init of some configurations there is nowhere to keep it, and one line says so."""
    server.ksr.tables_exist = False
    keepalive = server.process()
    assert keepalive.set_self("drain") == -1
    assert "can't be drained in mod_init yet" in server.ksr.lines("err")[-1]
