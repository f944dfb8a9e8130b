"""A node of a cluster on the fake server, and another one beside it that a test speaks for."""

from __future__ import annotations

import importlib
from contextlib import suppress
from typing import Any

from conftest import FakeServer
from keepalive_core.rules import cluster_lines
from keepalive_core.rules.cluster_talk import Talk

ME, OTHER = "sip:10.0.0.1:5060", "sip:10.0.0.2:5060"


class Lab:
    """A node on the fake server, and the talk of another one beside it."""

    def __init__(self, server: FakeServer, **defines: str) -> None:
        self.server = server
        for name, value in {"node": ME, "peer1": OTHER, **defines}.items():
            server.define(name, value)
        self.keepalive = server.process()
        self.rows = importlib.import_module("keepalive_core.kamailio.cluster_rows")
        server.tick(0.1)  # the first prober says where this server listens
        self.other = Talk(OTHER, [ME], iter(range(100, 10**6)).__next__)
        self.is_cut = False

    @property
    def process(self) -> Any:
        return importlib.import_module("keepalive_core.services.cluster_process").the_cluster

    def tick(self, seconds: float = 0.1) -> None:
        """Let time pass for both, and what they say arrive."""
        for _ in range(round(seconds * 10)):
            self.server.now += 100_000
            self.server.ksr.handlers.ksr_keepalive_cluster(None, "rtimer")
            for address, body, _ in self.take():
                if address == OTHER and not self.is_cut:
                    with suppress(cluster_lines.Unreadable):
                        self.other.hear(body, self.server.now)
            for _, body in self.other.tick(self.server.now):
                if not self.is_cut:
                    self.say(body)

    def take(self) -> list[tuple[str, str, int]]:
        told, self.server.ksr.told = self.server.ksr.told, []
        return told

    def say(self, body: str) -> None:
        self.server.ksr.queues["keepalive_heard"].append((body, ""))

    def lines(self, level: str) -> list[str]:
        return [line for line in self.server.ksr.lines(level) if "cluster" in line]
