"""Lines of the log: their level, their length, and how often a complaint is made."""

import logging
import sys
from types import ModuleType

import pytest

from conftest import FakeServer
from keepalive_testing.ksr import FakeKSR

A = "sip:192.168.10.20"


@pytest.fixture
def log(keepalive: ModuleType) -> logging.Logger:
    """The logger of a process."""
    return logging.getLogger("keepalive")


def test_a_password_is_in_no_line(keepalive: ModuleType, server: FakeServer) -> None:
    """What is logged of a destination with a password bears no password; alive() and info() have it whole."""
    uri = "sip:bob:secret@192.168.10.20"
    server.ksr.settings["debug"] = "3"
    keepalive.add_destination(uri, "me", group="g")
    server.answer(200, seconds=31)
    keepalive.set_admin(uri, "maint", by="me")
    keepalive.add_destination("bob:secret@192.168.10.20:x", "me")
    assert server.ksr.lines("dbg")
    assert server.ksr.lines("notice")
    assert server.ksr.lines("err")
    assert not any("secret" in line for _, line in server.ksr.logged)
    assert any("sip:bob:***@192.168.10.20" in line for line in server.ksr.lines("notice"))
    keepalive.set_admin(uri, "ready")
    assert keepalive.alive("g") == [uri]
    assert keepalive.info(uri)["uri"] == uri


def test_a_peers_words_have_a_length(keepalive: ModuleType, server: FakeServer) -> None:
    """A reason phrase of 60 kB costs 200 characters of it, in the record, the history and the log."""
    keepalive.add_destination(A, "me")
    server.tick(1)
    server.ksr.reply(server.ksr.sent[-1], 503, "\x01rude " * 10_000)
    server.run_callbacks()
    assert keepalive.info(A)["state"] == "down"
    key = keepalive.info(A)["destination"]
    for table in ("keepalive_health", "keepalive_history"):
        assert len(server.ksr.tables[table][key]) < 1000
    assert max(len(line) for _, line in server.ksr.logged) < 400


@pytest.mark.parametrize("phrase", ["\N{GRINNING FACE}", "x", "\xe9", '"', "\\", "\x01", "\ud800"])
def test_rows_and_their_cells_get_shorter_again(
    keepalive: ModuleType, server: FakeServer, phrase: str
) -> None:
    """Whatever characters a peer's long words have, they cost a bounded memory, and later none."""
    keepalive.add_destination(A, "me", fall=1, rise=1)
    key = "sip:192.168.10.20:5060"

    def cells(words: str) -> int:
        for turn in range(24):
            keepalive.report_failure(A, words) if turn % 2 else keepalive.report_success(A, words)
        return sum(server.ksr.cells[table, key] for table in ("keepalive_health", "keepalive_history"))

    before = cells("why")
    assert cells(phrase * 10_000) < before + 11 * 4 * 200 + 256
    assert cells("why") < before + 256
    assert keepalive.info(A)["history"][-1]["reason"] == "reported failing: why"


def test_a_registration_gets_shorter_again(keepalive: ModuleType, server: FakeServer) -> None:
    """What an owner said at length, and says no more, takes no memory."""
    cell = "keepalive_destination", "sip:192.168.10.20:5060"
    keepalive.add_destination(A, "me", user_attr="why")
    before = server.ksr.cells[cell]
    keepalive.add_destination(A, "me", user_attr="x" * 8000)
    keepalive.add_destination(A, "me", user_attr="why")
    assert server.ksr.cells[cell] < before + 128
    server.tick(20)
    assert not server.ksr.lines("warn")


def test_a_row_gets_shorter_again(keepalive: ModuleType, server: FakeServer) -> None:
    """Once a long reason is gone, the record is as short as it was, but for what is kept for counters."""
    keepalive.add_destination(A, "me")
    key = "sip:192.168.10.20:5060"
    server.answer(200, seconds=31)
    before = len(server.ksr.tables["keepalive_health"][key])
    sent = len(server.ksr.sent)
    while len(server.ksr.sent) == sent:
        server.tick()
    server.ksr.reply(server.ksr.sent[-1], 503, "x" * 200)
    longest = len(server.ksr.tables["keepalive_health"][key])
    server.answer(200, seconds=61)
    assert before + 128 < longest
    assert len(server.ksr.tables["keepalive_health"][key]) < before + 128


def test_a_line_has_a_length(log: logging.Logger, ksr: FakeKSR) -> None:
    """No line is longer than 1,500 characters, and the cut is seen."""
    log.warning("of %s", "y" * 100_000)
    [line] = ksr.lines("warn")
    assert len(line) < 1_550
    assert line.endswith("...")


def test_a_complaint_has_a_limit_of_its_own(log: logging.Logger, ksr: FakeKSR) -> None:
    """Of one kind twenty a minute are written, another kind is heard beside it, and the rest is counted."""
    for number in range(1000):
        log.error("bad thing %d", number)
    log.error("another thing")
    assert len(ksr.lines("err")) == 21
    log.handlers[0]._minute -= 61  # type: ignore[attr-defined]
    log.error("bad thing %d", 1000)
    assert ksr.lines("warn") == ["keepalive: 980 more lines like those of the last minute were left out"]
    assert len(ksr.lines("err")) == 22


def test_one_functions_refusals_hide_no_others(keepalive: ModuleType, ksr: FakeKSR) -> None:
    """A script that calls one function wrongly all the time hides what other functions refuse."""
    for _ in range(1000):
        keepalive.report_reply(A, 0)
        keepalive.set_admin(A, "nonsense")
    before = len(ksr.lines("err"))
    keepalive.reload()
    keepalive.add_destination(A, "")
    keepalive.register_callback(lambda: None)
    words = [line.split(":")[1].strip() for line in ksr.lines("err")[before:]]
    assert words == ["reload", "add_destination", "register_callback"]


def test_one_destinations_lines_hide_no_others(keepalive: ModuleType, server: FakeServer) -> None:
    """Of a hundred destinations that are given up within a minute each is named."""
    uris = [f"sip:192.168.10.{number}" for number in range(1, 101)]
    for uri in uris:
        keepalive.add_destination(uri, "me", fall=1, remove_after=2)
    for _ in range(2):
        for uri in uris:
            keepalive.report_failure(uri)
        server.tick(1)
    given_up = [line for line in server.ksr.lines("warn") if "is monitored no more" in line]
    assert len(given_up) == 100


def test_news_has_no_limit(keepalive: ModuleType, log: logging.Logger, ksr: FakeKSR) -> None:
    """A change of state is never left out."""
    for number in range(1000):
        log.log(sys.modules["keepalive_core.kamailio.kamailio_log"].NOTICE, "%d is down", number)
    assert len(ksr.lines("notice")) == 1000


def test_what_a_route_may_order_for_each_call_has_a_limit(keepalive: ModuleType, ksr: FakeKSR) -> None:
    """Of each destination that is set to a mode again and again twenty lines a minute."""
    for uri in (A, "sip:b"):
        keepalive.add_destination(uri, "me")
        for _ in range(100):
            assert keepalive.set_admin(uri, "drain") == 0
    assert len(ksr.lines("info")) == 40


def test_idle_timers_are_quiet(
    keepalive: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At debug level the timers' processes have a level of their own, and give it up when that is over."""
    log = sys.modules["keepalive_core.kamailio.kamailio_log"]
    handlers = server.ksr.handlers
    for name in ("tick", "callbacks", "watch", "state_file"):
        server.ksr.settings["debug"] = "3"
        log.look_at = 0
        getattr(handlers, f"ksr_keepalive_{name}")(None, "rtimer")
        assert server.ksr.debug_of_process == 2, name
        server.ksr.settings["debug"] = "2"
        log.look_at = 0
        getattr(handlers, f"ksr_keepalive_{name}")(None, "rtimer")
        assert server.ksr.debug_of_process is None, name


def test_a_ping_and_a_callback_are_heard(keepalive: ModuleType, server: FakeServer) -> None:
    """While a ping leaves, and while a callback runs, Kamailio's debug lines are let through."""
    heard = []
    server.ksr.settings["debug"] = "3"
    leave = server.ksr._tm_t_uac_send

    def send(*args: object) -> int:
        heard.append(server.ksr.debug_of_process)
        return leave(*args)  # type: ignore[arg-type]

    server.ksr._tm_t_uac_send = send  # type: ignore[method-assign]
    keepalive.add_destination(A, "me")
    server.tick(1)
    assert heard == [None]
    assert server.ksr.debug_of_process == 2
