"""From which socket a ping leaves, and what can't be sent at all. What is in the table was seen on real
servers of 5.6.3, 6.0.1 and 6.1.5; tests/real/test_sockets.py asks them again.
"""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest

from conftest import FakeServer

# --- what is refused --------------------------------------------------------------------------------------

GONE = "udp:192.168.10.9:5060"
HERE = "udp:192.168.10.1:5060"


@pytest.fixture
def running(keepalive: ModuleType, server: FakeServer) -> ModuleType:
    """A server that runs, so that its listeners are known."""
    server.tick(1)
    return keepalive


@pytest.mark.parametrize(
    ("uri", "options", "part"),
    [
        ("sip:a", {"ping_socket": GONE}, GONE),
        ("sip:a;transport=sctp", {}, "SCTP socket"),
        ("sip:a;transport=ws", {}, "transport=ws"),
        ("sip:a", {"outbound_proxy": "sip:b;transport=sctp"}, "SCTP socket"),
    ],
)
def test_a_destination_that_cannot_be_pinged(
    running: ModuleType, server: FakeServer, uri: str, options: dict[str, str], part: str
) -> None:
    """It is refused with one ERROR that names it and the reason, and nothing has changed."""
    assert running.add_destination(uri, "test", **options) == -1
    [line] = server.ksr.lines("err")
    assert repr(uri) in line
    assert part in line
    assert running.is_alive(uri) == -1


def test_a_proxy_carries_what_this_server_can_not(running: ModuleType, server: FakeServer) -> None:
    """What is sent through a proxy has to reach the proxy only, be it the destination's or everybody's."""
    assert running.add_destination("sip:a;transport=sctp", "test", outbound_proxy="sip:b") == 0
    server.ksr.settings["outbound_proxy"] = "sip:b"
    server.tick(1.1)
    assert running.add_destination("sip:c;transport=sctp", "test") == 0


@pytest.mark.parametrize("bad", [f"sip:b ping_socket={GONE}", "sip:b;transport=sctp"])
def test_a_line_of_the_list_file(keepalive: ModuleType, server: FakeServer, tmp_path: Path, bad: str) -> None:
    """At a reload a line that can't be pinged is a bad line, with which nothing changes."""
    file = tmp_path / "list"
    server.define("list_file", str(file))
    file.write_text("sip:a\n")
    server.tick(2)
    file.write_text(f"sip:a\n{bad}\nsip:c ping_socket={HERE}\n")
    assert keepalive.reload() == -1
    line, *_ = server.ksr.lines("err")
    assert re.search(f"line 2: .*({GONE}|SCTP)", line)
    assert keepalive.is_alive("sip:c") == -1
    file.write_text(f"sip:a\nsip:c ping_socket={HERE}\n")
    assert keepalive.reload() == 0
    assert keepalive.is_alive("sip:c") == 1


def test_the_list_in_kamailio_cfg(running: ModuleType, server: FakeServer) -> None:
    """Set at run time, with a destination that can't be pinged, it changes nothing."""
    server.ksr.settings["destination"] = "sip:a sip:b;transport=ws"
    server.tick(2)
    [line] = server.ksr.lines("err")
    assert "transport=ws" in line
    assert running.is_alive("sip:a") == -1


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [("ping_socket", HERE, GONE), ("outbound_proxy", "sip:b", "sip:b;transport=sctp")],
)
def test_a_setting_with_which_nothing_could_be_sent(
    running: ModuleType, server: FakeServer, name: str, good: str, bad: str
) -> None:
    """At run time one ERROR names value and reason, and the old value stays in force."""
    running.add_destination("sip:a", "test")
    for value in (good, bad):
        server.ksr.settings[name] = value
        server.tick(3)
    [line] = server.ksr.lines("err")
    assert bad in line
    assert "it is ignored" in line
    server.answer(seconds=31)
    last = server.ksr.sent[-1]
    assert good in (last.socket, last.hop)
    assert running.modparam(name, bad) == -1
    assert running.modparam(name, good) == 0


def test_nothing_is_refused_where_the_listeners_are_not_known(
    keepalive: ModuleType, server: FakeServer
) -> None:
    """In mod_init nobody may ask Kamailio, and a Kamailio that does not tell hinders nothing."""
    server.ksr.phase = "mod_init"
    assert keepalive.modparam("ping_socket", GONE) == 0
    assert keepalive.add_destination("sip:a;transport=sctp", "test") == 0
    server.ksr.phase = "route"
    server.ksr.listening = []
    server.tick(2)
    assert keepalive.add_destination("sip:b;transport=sctp", "test") == 0
    assert server.ksr.lines("err") == []


def test_the_listeners_are_asked_for_once(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """One prober asks Kamailio, and what it is told all processes know."""
    asked: list[str] = []
    answer = server.ksr._jsonrpcs_exec
    monkeypatch.setattr(server.ksr, "_jsonrpcs_exec", lambda text: (asked.append(text), answer(text))[1])
    for _ in range(2):
        keepalive = server.process()
        server.tick(5)
        assert keepalive.add_destination("sip:a", "test", ping_socket=GONE) == -1
    assert len(asked) == 1
