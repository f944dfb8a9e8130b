"""What all tests share: a fake server, and processes on it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Generator
from types import ModuleType
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import RuleBasedStateMachine

import places  # noqa: F401 - it may choose another folder for temporary files
from event_log import EVENTS
from keepalive_testing.ksr import FakeKSR
from keepalive_testing.server import FakeServer as Server
from open_sockets import connection, pair, stamps, unread  # noqa: F401 - fixtures of all tests

pytest_plugins = ["keepalive_testing.plugin"]

# Processes import their modules again and again: without stored bytecode that takes most of the time.
sys.dont_write_bytecode = False

# A few seconds for all tests on the fake. The same examples each time, so that what fails is what was
# changed; others, and more, are had by `make unit EXPLORE=1`, as often as one likes.
settings.register_profile("quick", max_examples=40, deadline=None, derandomize=not os.environ.get("EXPLORE"))
settings.load_profile("quick")
# The same examples each time: what a changed rule is caught by is no matter of luck (scripts/mutants.py).
# And no simpler example is looked for: that took minutes, and nobody reads it.
settings.register_profile(
    "mutants",
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    report_multiple_bugs=False,
)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, Any]:
    """What a test has printed or logged gets from its worker to pytest, half characters too."""
    report = yield
    report.sections = [
        (name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections
    ]
    return report


class FakeServer(Server):
    """The same for tests that are not about names: one is a destination like any other."""

    def __init__(self, ksr: FakeKSR, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(ksr, monkeypatch)
        self.define("dns_expand", "0")


class ServerMachine(RuleBasedStateMachine):
    """Random histories of a fake server; whatever happens, KSR is used as it has to be and nothing breaks."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.ksr = FakeKSR("5.6")
        self.patch.setitem(sys.modules, "KSR", self.ksr.module)
        self.server = FakeServer(self.ksr, self.patch)
        self.processes: list[Any] = []

    def teardown(self) -> None:
        self.patch.undo()
        assert self.ksr.violations == []
        assert self.ksr.locks == []
        assert self.ksr.lines("err") == []


@pytest.fixture
def ksr(ksr: FakeKSR, monkeypatch: pytest.MonkeyPatch) -> FakeKSR:
    """The kit's fake KSR. Of 5.6: what that has, later versions have too (see test_fake_ksr)."""
    monkeypatch.setitem(sys.modules, "KSR", ksr.module)
    return ksr


@pytest.fixture
def server(ksr: FakeKSR, monkeypatch: pytest.MonkeyPatch) -> FakeServer:
    """A fake server with keepalive in it."""
    return FakeServer(ksr, monkeypatch)


@pytest.fixture
def keepalive(server: FakeServer) -> ModuleType:
    """The API, in one process of the fake server."""
    return server.process()


@pytest.fixture
def wall(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The wall clock, which goes with the server's; what is added to it is a jump."""
    at_start = [1_800_000_000.0]
    monkeypatch.setattr(time, "time", lambda: at_start[0] + server.now / 1_000_000)
    return at_start


@pytest.fixture
def up(keepalive: ModuleType, server: FakeServer) -> ModuleType:
    """A server whose one destination, sip:192.168.10.20, is up."""
    uri = "sip:192.168.10.20"
    server.ksr.reply(server.first_ping(keepalive, uri), 200)
    assert keepalive.state(uri) == keepalive.UP
    return keepalive


@pytest.fixture
def events() -> list[dict[str, object]]:
    """What ``event_log.with_event`` is told in this test."""
    EVENTS.clear()
    return EVENTS
