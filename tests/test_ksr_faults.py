"""Whatever one read of KSR gives: other destinations, settings and rows are none of its trouble."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import FakeServer
from keepalive_testing.ksr import FakeKSR

# What writes fails if memory is full, of which other tests are.
READS = {
    "get",
    "sht_get",
    "sht_iterator_start",
    "sht_iterator_next",
    "mq_fetch",
    "mq_size",
    "mqk_get",
    "mqv_get",
}
WANTED = {"sip:a", "sip:b", "sip:d", "sip:l1", "sip:l2"}


class Faulty(FakeKSR):
    """A KSR one of whose reads raises."""

    def __init__(self) -> None:
        super().__init__("5.6")
        self.reads = 0
        self.fails_at = 0
        self.error: Exception = SystemError("no error was set")
        self.failed = ""

    def checked(self, name: str, signature: Any) -> Callable[..., Any]:
        function = super().checked(name, signature)
        if name.rpartition(".")[2] not in READS:
            return function

        def counted(*arguments: Any) -> Any:
            self.reads += 1
            if self.reads == self.fails_at:
                self.failed = f"{name}{arguments[:2]}"
                raise self.error
            return function(*arguments)

        return counted


def history(ksr: Faulty, tmp_path: Path, patch: pytest.MonkeyPatch) -> FakeServer:
    """Let a server start, ping, and follow what its operator, its script and its peers do."""
    patch.setitem(sys.modules, "KSR", ksr.module)
    server = FakeServer(ksr, patch)
    (tmp_path / "list").write_text("sip:l1 group=g\nsip:l2 group=g\n")
    (tmp_path / "state").unlink(missing_ok=True)
    for name, value in {
        "destinations": "sip:a sip:b",
        "list_file": str(tmp_path / "list"),
        "state_file": str(tmp_path / "state"),
        "group_min_alive": "1",
        "mass_failure": "50",
        "ping_interval": "2",
    }.items():
        server.define(name, value)
    keepalive = server.process()
    patch.setattr(sys.modules["keepalive_core.services.housekeeping"], "REPLACE_AGAIN", 5_000_000)
    keepalive.add_destination("sip:c", "me", group="g")
    keepalive.is_alive("sip:a")
    live(server, 3)
    ksr.settings |= {"unknown_as": "down", "ping_interval": "3", "rise": "2"}
    keepalive.set_admin("sip:l1", "drain")
    keepalive.report_failure("sip:c", "x")
    for ask in (keepalive.ping_now, keepalive.info, keepalive.is_alive):
        ask("sip:a")
    keepalive.alive("g")
    keepalive.list()
    live(server, 2)
    ksr.settings["destination"] = "sip:a sip:b sip:d"
    keepalive.reload()
    live(server, 2)
    return server


def live(server: FakeServer, seconds: float) -> None:
    """Let time pass, in which all timers run and pings are answered."""
    writer = sys.modules["keepalive_core.services.state_writer"].the_writer
    for _ in range(round(seconds * 10)):
        before = len(server.ksr.sent)
        server.tick(0.1)
        server.ksr.handlers.ksr_keepalive_watch(None)
        for ping in server.ksr.sent[before:]:
            if ping.on_reply:
                server.ksr.reply(ping, 503 if ping.uri == "sip:b" else 200, "x")
        server.run_callbacks()
    writer._not_before = 0
    server.ksr.handlers.ksr_keepalive_state_file(None)


def trouble_after(fails_at: int, error: Exception, tmp_path: Path) -> str:
    """Return what is wrong forty seconds after one read failed, "" for nothing."""
    with pytest.MonkeyPatch.context() as patch:
        ksr = Faulty()
        ksr.fails_at, ksr.error = fails_at, error
        server = history(ksr, tmp_path, patch)
        ksr.fails_at = 0
        # tm's longest time for a ping, and what is tried again after seconds.
        live(server, 36)
        before = len(ksr.sent)
        live(server, 4)
        settings = sys.modules["keepalive_core.services.configuration"].values()
        written = (tmp_path / "state").read_text()
        wrong = {
            "not pinged": WANTED - {ping.uri for ping in ksr.sent[before:]},
            "not in the state file": [uri for uri in WANTED if f'"{uri}"' not in written],
            "settings": [name for name in ("unknown_as", "rise") if str(settings[name]) not in ("down", "2")],
            "misuse": ksr.violations,
            "locks": ksr.locks,
        }
        return ", ".join(f"{what} {which} after {ksr.failed}" for what, which in wrong.items() if which)


def all_reads(tmp_path: Path) -> int:
    """How many reads such a history takes."""
    with pytest.MonkeyPatch.context() as patch:
        ksr = Faulty()
        history(ksr, tmp_path, patch)
        return ksr.reads


ERRORS = [SystemError("no error was set"), UnicodeDecodeError("utf-8", b"\xe4", 0, 1, "invalid start byte")]


def test_a_read_that_fails_is_its_own_trouble(tmp_path: Path) -> None:
    """Some fifteen of the reads of a history, each in its turn."""
    for turn, fails_at in enumerate(range(5, all_reads(tmp_path), 97)):
        assert trouble_after(fails_at, ERRORS[turn % 2], tmp_path) == ""


@pytest.mark.full
def test_each_read_that_fails_is_its_own_trouble(tmp_path: Path) -> None:
    """All of the reads of a history, each in its turn."""
    for fails_at in range(1, all_reads(tmp_path)):
        for error in ERRORS:
            assert trouble_after(fails_at, error, tmp_path) == ""
