"""A ping of this server to itself; that it comes back through tm real servers show (test_adoption.py)."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from conftest import FakeServer

SECOND = 1_000_000


class Begun:
    """One that is under way, and how it ends."""

    def __init__(self, found: str | None) -> None:
        self.found = found
        self.is_open = True

    def fault(self) -> str | None:
        """Return how it ends."""
        return self.found

    def end(self) -> None:
        """Be over."""
        assert self.is_open
        self.is_open = False


class Pinged:
    """A server that pings itself, and what is found."""

    def __init__(self, server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
        self.finding: Any = ""
        """how each ends, None if there can be none, or what is raised"""
        self.begun: list[Begun] = []
        self.module = importlib.import_module("keepalive_core.services.self_ping")
        monkeypatch.setattr(self.module.rehearsal, "begin", self._begin)
        self._server = server
        self._self_ping = self.module.SelfPing()

    def _begin(self, uri: str, policy: object, to_its_end: bool) -> Begun | None:
        assert to_its_end
        if isinstance(self.finding, Exception):
            raise self.finding
        if self.finding is not None:
            self.begun.append(Begun(self.finding))
        return None if self.finding is None else self.begun[-1]

    def run(self, seconds: int) -> None:
        """Let time pass."""
        for _ in range(seconds):
            self._server.now += SECOND
            self._self_ping.begin(self._server.now)
            self._self_ping.go_on(self._server.now)

    @property
    def told(self) -> list[str]:
        """What was told."""
        return [text for level, text in self._server.ksr.logged if level == "err"]


@pytest.fixture
def pinged(server: FakeServer, keepalive: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pinged]:
    """A server that pings itself."""
    found = Pinged(server, monkeypatch)
    yield found
    assert not any(begun.is_open for begun in found.begun)


def test_one_that_comes_back_is_the_last(pinged: Pinged) -> None:
    """There is no other in the life of the server."""
    pinged.run(200)
    assert len(pinged.begun) == 1
    assert not pinged.told


def test_one_that_can_not_be_is_none(pinged: Pinged) -> None:
    """As without a UDP socket: then pings of destinations have to show it."""
    pinged.finding = None
    pinged.run(100)
    assert not pinged.begun
    assert not pinged.told


@pytest.mark.parametrize(
    ("word", "named"),
    [("TAKEN", "ksr_keepalive_reply"), ("ENDLESS", "ksr_keepalive_failure"), ("DROPPED", "drops")],
)
def test_what_is_found_three_times_is_told_once_a_minute(pinged: Pinged, word: str, named: str) -> None:
    """A worker may be busy once, or twice."""
    pinged.finding = getattr(pinged.module.rehearsal, word)
    pinged.run(3)
    assert not pinged.told
    pinged.run(9)
    [line] = pinged.told
    assert f"wrongly adopted: {named}" in line.replace(
        "a route of this server, such as tm:local-request, ", ""
    )
    pinged.run(125)
    assert len(pinged.told) == 3


def test_what_is_found_in_turns_is_not_told(pinged: Pinged) -> None:
    """Nothing was found three times in a row."""
    for word in ("TAKEN", "TAKEN", "ENDLESS", "TAKEN", "ENDLESS"):
        pinged.finding = getattr(pinged.module.rehearsal, word)
        pinged.run(3 if not pinged.begun else 1)
    pinged.finding = ""
    pinged.run(100)
    assert not pinged.told


def test_busy_workers_are_no_lost_route(pinged: Pinged, server: FakeServer) -> None:
    """While nobody reads what arrives, an answer that has not come says nothing; later it does."""
    rows, rules = (
        importlib.import_module(f"keepalive_core.{name}")
        for name in ("kamailio.listening_rows", "rules.listening")
    )
    rows.store_queue("any", rules.Queue(unread_since=server.now))
    pinged.finding = pinged.module.rehearsal.TAKEN
    for _ in range(20):
        rows.store_pulse(rules.Pulse(beat=server.now))
        pinged.run(1)
    assert len(pinged.begun) > 5
    assert not pinged.told
    rows.store_queue("any", rules.Queue())
    pinged.run(6)
    [line] = pinged.told
    assert "ksr_keepalive_reply is not called" in line


def test_an_event_that_goes_elsewhere_is_told_once_a_minute(pinged: Pinged) -> None:
    """At once, as no busy worker takes it; when it comes, the rest is looked at."""
    pinged.finding = pinged.module.tm.EventNotSeen()
    pinged.run(4)
    [line] = pinged.told
    assert "tm's local-request event did not reach keepalive" in line
    pinged.run(60)
    assert len(pinged.told) == 2
    pinged.finding = ""
    pinged.run(60)
    assert len(pinged.told) == 2
    assert len(pinged.begun) == 1


def test_a_route_that_drops_this_one_alone(pinged: Pinged, monkeypatch: pytest.MonkeyPatch) -> None:
    """The event of other pings comes, so is_alive is right of those: that is what is told."""
    monkeypatch.setattr(pinged.module.tm, "was_event_seen", True)
    pinged.finding = pinged.module.tm.EventNotSeen()
    pinged.run(6)
    [line] = pinged.told
    assert "drops what it sends to itself" in line
    assert "is_alive is right of those whose pings leave" in line


def test_who_asks_for_a_test_has_another_ping(pinged: Pinged, server: FakeServer) -> None:
    """The answer is behind it, and once."""
    pinged.run(10)
    assert len(pinged.begun) == 1
    server.ksr.module.htable.sht_sets("keepalive", "selftest", "ask")
    pinged.run(3)
    assert len(pinged.begun) == 2
    assert server.ksr.tables["keepalive"]["selftest"] != "ask"
    pinged.run(100)
    assert len(pinged.begun) == 2
