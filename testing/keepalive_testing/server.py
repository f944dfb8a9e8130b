"""Keepalive on the fake of KSR: its tables and settings, its processes, and a clock that a test turns."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from keepalive_core.rules.parameters import PARAMETERS
from keepalive_testing.ksr import FakeKSR, Transaction

_CFG = (Path(__file__).parent / "kemi" / "keepalive-settings.cfg").read_text()
TABLES: dict[str, int | None] = {
    name: 0 if "initval=0;" in rest else None
    for name, rest in re.findall(r'"htable", "htable", "(\w+)=>(\S+)"', _CFG)
}
"""The tables that keepalive.cfg makes, each with the value of a row that is not there."""
QUEUES: dict[str, int] = {
    name: int(size or 0)
    for name, size in re.findall(r'"mqueue", "mqueue", "name=(\w+)(?:;size=(\d+))?"', _CFG)
}
"""The queues that it makes, each with the most that it keeps, 0 for any number."""

# Rules keep nothing in memory, so processes may share them.
RULES = "keepalive_core.rules"


class FakeServer:
    """A fake Kamailio with keepalive.cfg included, and a clock that the test turns."""

    def __init__(self, ksr: FakeKSR, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ksr = ksr
        self._monkeypatch = monkeypatch
        self.missing_addresses: set[str] = set()
        """of those at which it listens the ones that the host does not have now"""
        self.unreachable: set[str] = set()
        """addresses to which the host has no route"""
        self.refusals: dict[str, str] = {}
        """why the host sends nothing from an address of its own, "" for any, or to a peer"""
        self.has_descriptors = True
        self.has_connections = True
        """whether Kamailio has one with each peer that is silent"""
        self.now = 1_000_000_000
        """us"""
        self.said_at_import: list[tuple[str, str]] = []
        """what the last process logged when it imported keepalive"""
        # To which each process adds a finder of its own.
        self._meta_path = sys.meta_path.copy()
        for name, initial in TABLES.items():
            ksr.add_table(name, initial=initial)
        # Whoever holds the lock of a destination reads its other rows without theirs.
        for table in ("destination", "health", "history", "news", "admin"):
            ksr.written_under[f"keepalive_{table}"] = "keepalive_health"
        ksr.written_under["keepalive_group_availability"] = "keepalive_group"
        for name, size in QUEUES.items():
            ksr.add_queue(name, size)
        for name, parameter in PARAMETERS.items():
            self.define(name, parameter.defined)
        self.define("destinations", "")
        self.define("enabled", "1")
        self.ksr.settings["reload"] = "0"
        self.define("probers", "1")
        self.define("table_size", "12")
        # Pings come when they are due; a test of jitter turns it on.
        self.define("ping_jitter", "0")

    def define(self, name: str, value: str) -> None:
        """Give a setting in kamailio.cfg."""
        setting = {"destinations": "destination"}.get(name, name)
        self.ksr.defines[f"KEEPALIVE_{name.upper()}"] = value if value.isdigit() else f'"{value}"'
        self.ksr.settings[setting] = value

    def process(self) -> ModuleType:
        """Start another process: an interpreter of its own, on the same shared memory; its keepalive."""
        for name in list(sys.modules):
            if name == "keepalive" or (name.startswith("keepalive_core.") and not name.startswith(RULES)):
                del sys.modules[name]
                # A package has its modules as attributes too.
                parent, _, module = name.rpartition(".")
                if parent in sys.modules and hasattr(sys.modules[parent], module):
                    delattr(sys.modules[parent], module)
        self._monkeypatch.setattr(sys, "meta_path", self._meta_path.copy())
        logged = len(self.ksr.logged)
        keepalive = importlib.import_module("keepalive")
        # Kamailio imports it once, here each process does: what that says is apart.
        self.said_at_import = self.ksr.logged[logged:]
        del self.ksr.logged[logged:]
        clock = importlib.import_module("keepalive_core.kamailio.clock")
        prober = importlib.import_module("keepalive_core.services.prober")
        self._monkeypatch.setattr(clock, "now", lambda: self.now)
        host = importlib.import_module("keepalive_core.kamailio.host")
        self._monkeypatch.setattr(host, "has_address", lambda address: address not in self.missing_addresses)
        self._monkeypatch.setattr(host, "has_route", lambda address: address not in self.unreachable)
        self._monkeypatch.setattr(host, "has_descriptors", lambda: self.has_descriptors)
        self._monkeypatch.setattr(host, "refusal", self._refusal)
        connections = importlib.import_module("keepalive_core.services.watch").connections
        self._monkeypatch.setattr(connections, "is_established", lambda *peer: self.has_connections)
        self._monkeypatch.setattr(prober.Prober, "_ping_itself", lambda *_: None)
        self._monkeypatch.setattr(prober, "the_prober", prober.Prober(lambda: self.now))
        # A test calls what it is about: that is no server without the rest (tests/services/test_adoption.py).
        importlib.import_module("keepalive_core.services.adoption").the_adoption.is_sound = True
        self.ksr.handlers = keepalive.Handlers()
        return keepalive

    def _refusal(self, source: str, peer: str, port: int, sends: bool) -> str:
        return self.refusals.get(source, "") or (self.refusals.get(peer, "") if sends else "")

    def tick(self, seconds: float = 0.05) -> None:
        """Let time pass, in the steps of the real timer."""
        for _ in range(max(1, round(seconds * 20))):
            self.now += 50_000
            self.ksr.handlers.ksr_keepalive_tick(None, "rtimer")
            self.ksr.update_settings()

    def answer(self, code: int = 200, seconds: float = 31) -> None:
        """Let time pass, in which every ping is answered at once, and callbacks run."""
        for _ in range(round(seconds * 20)):
            before = len(self.ksr.sent)
            self.tick()
            for ping in self.ksr.sent[before:]:
                self.ksr.reply(ping, code, "Reason")
        self.run_callbacks()

    def sent_times(self, seconds: float, code: int | None = None) -> list[float]:
        """Let time pass, and answer pings if a code is given; return when they left, in seconds from now."""
        began = self.now
        times = []
        for _ in range(round(seconds * 20)):
            before = len(self.ksr.sent)
            self.tick()
            for ping in self.ksr.sent[before:]:
                times.append((self.now - began) / 1_000_000)
                if code:
                    self.ksr.reply(ping, code, "Reason")
        return times

    def next_ping(self) -> Transaction:
        """Let time pass until the next ping leaves; return it."""
        before = len(self.ksr.sent)
        for _ in range(800):
            self.tick()
            if len(self.ksr.sent) > before:
                return self.ksr.sent[-1]
        raise AssertionError("no ping")

    def first_ping(self, keepalive: ModuleType, uri: str, targets: int = 1, **options: Any) -> Transaction:
        """Add a destination; return its first ping, which is under way. Arguments: targets, of its name."""
        assert keepalive.add_destination(uri, "me", **options) == 0
        self.tick(1)
        [sent] = [each for each in self.ksr.sent if each.uri == uri]
        sent.targets = targets
        return sent

    def run_callbacks(self) -> None:
        """Let the process that runs callbacks do its work."""
        self.ksr.handlers.ksr_keepalive_callbacks(None, "rtimer")
