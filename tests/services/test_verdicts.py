"""A verdict is written down in one place: in which order, and with how many calls of Kamailio."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from conftest import FakeServer
from counted_calls import Calls
from keepalive_testing.ksr import Transaction

A, B, C = (f"sip:192.168.10.{number}" for number in (20, 21, 22))
LOG = {"notice", "warn", "err", "info", "dbg"}


class Counted:
    """Three destinations that are up, and a process whose calls are counted."""

    def __init__(self, server: FakeServer, calls: Calls, **options: Any) -> None:
        self.server = server
        self.calls = calls
        for uri in (A, B, C):
            assert calls.api.add_destination(uri, "me", **options) == 0
        server.answer(200, 70)

    def ping(self) -> Transaction:
        """Let time pass until A is pinged; the others answer."""
        while True:
            before = len(self.server.ksr.sent)
            self.server.tick()
            found = None
            for ping in self.server.ksr.sent[before:]:
                if ping.uri == A:
                    found = ping
                else:
                    self.server.ksr.reply(ping)
            if found:
                self.server.now += 5000
                return found

    def of(self, function: Callable[..., Any], *args: Any) -> tuple[int, int]:
        """Return how many calls a function makes, and how many of them write to the log."""
        before = len(self.calls.made)
        function(*args)
        made = [name for name, _ in self.calls.made[before:]]
        logged = [name for name in made if name in LOG]
        return len(made) - len(logged), len(logged)

    def reply(self, code: int) -> tuple[int, int]:
        """Return the calls for one more reply."""
        return self.of(self.server.ksr.reply, self.ping(), code, "Reason")

    def silence(self) -> tuple[int, int]:
        """Return the calls for one more ping without a reply."""
        return self.of(self.server.ksr.time_out, self.ping())


GUARDED = {"group": "g", "group_min_alive": 1}


@pytest.mark.parametrize(
    ("guards", "down", "up", "silent"), [(False, 19, 17, 29), (True, 34, 27, 44)], ids=["alone", "guarded"]
)
def test_how_many_calls_a_verdict_takes(
    server: FakeServer,
    monkeypatch: pytest.MonkeyPatch,
    guards: bool,
    down: int,
    up: int,
    silent: int,
) -> None:
    """The calls of KSR, and the log lines, for each kind of result; guarded is in a group of three."""
    if guards:
        server.define("mass_failure", "40")
    counted = Counted(server, Calls(server, monkeypatch), **(GUARDED if guards else {}))
    report = counted.calls.api.report_reply
    counted.reply(200)
    report(A, 200)
    # What is at hand, whose ping it was and its Call-ID; lock, read, write and unlock.
    assert counted.reply(200) == (7, 0)
    assert counted.of(report, A, 200) == (6, 0), "what was tried; lock, read twice, write, unlock"
    assert counted.reply(503) == (down, 1)
    assert counted.reply(503) == (11, 0)
    assert counted.reply(200) == (up, 1)
    assert counted.reply(200) == (7, 0)
    # The record is read twice: what is asked of the host meanwhile is asked under no lock.
    assert counted.silence() == (silent, 1)
    assert counted.silence() == (21, 0)
    assert counted.reply(200) == (up, 1)
    assert down + 1 <= (36 if guards else 20)


def test_each_row_is_read_once(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the guards ask, no row of a table is read twice for a verdict, but the one of is_alive."""
    server.define("mass_failure", "40")
    counted = Counted(server, Calls(server, monkeypatch), **GUARDED)
    counted.reply(200)
    for function, args in (
        (server.ksr.reply, (counted.ping(), 503, "Reason")),
        (server.ksr.reply, (counted.ping(), 200, "OK")),
        (counted.calls.api.report_failure, (A,)),
        (counted.calls.api.report_success, (A,)),
    ):
        before = len(counted.calls.made)
        function(*args)
        made = counted.calls.made[before:]
        read = [args for name, args in made if name == "htable.sht_get" and args[0] != "keepalive_state"]
        assert len(read) == len(set(read)), read
        locked = [args[0] for name, args in made if name == "htable.sht_lock"]
        assert locked.count("keepalive_health") == 1


def test_the_order_of_what_is_written(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record, what is_alive reads with its groups, the history, the news, the prober's queue."""
    counted = Counted(server, Calls(server, monkeypatch), **GUARDED)
    ping = counted.ping()
    before = len(counted.calls.made)
    server.ksr.reply(ping, 503, "Busy")
    writing = ("htable.sht_sets", "htable.sht_seti", "mqueue.mq_add")
    written = [args[0] for name, args in counted.calls.made[before:] if name in writing]
    assert written == [
        "keepalive_health",
        "keepalive_group",
        "keepalive_group_change",
        "keepalive_state",
        "keepalive_history",
        "keepalive_news",
        "keepalive_events",
        "keepalive_changes_0",
    ]


def test_metrics_cost_one_call_more(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """With HTTP each ping, and each call, is counted once, and a change too."""
    server.define("http", "127.0.0.1:8060")
    counted = Counted(server, Calls(server, monkeypatch), group="g")
    report = counted.calls.api.report_reply
    counted.reply(200)
    report(A, 200)

    def counters(act: Callable[..., Any], *args: Any) -> list[str]:
        before = len(counted.calls.made)
        act(*args)
        return [name for name, args in counted.calls.made[before:] if args[:1] == ("keepalive_metrics",)]

    assert counted.reply(200) == (8, 0)
    assert counted.of(report, A, 200) == (7, 0)
    assert counters(server.ksr.reply, counted.ping(), 200, "OK") == ["htable.sht_inc"]
    assert counters(report, A, 200) == ["htable.sht_inc"]
    assert counters(server.ksr.reply, counted.ping(), 503, "Reason") == ["htable.sht_inc"] * 2
    assert counters(server.ksr.time_out, counted.ping()) == ["htable.sht_inc"]
    by_word: dict[str, int] = {}
    for key, number in server.ksr.tables["keepalive_metrics"].items():
        word = key.partition(" ")[0].partition("/")[0]
        by_word[word] = by_word.get(word, 0) + number
    sent = len(server.ksr.sent)
    assert by_word == {"ok": sent - 2, "failed": 1, "timeout": 1, "to_up": 3, "to_down": 1, "call_ok": 3}
