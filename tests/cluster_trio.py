"""A node of a cluster on the fake server, beside two that are the pure rules alone (cluster_model)."""

from __future__ import annotations

import importlib
import random
from collections.abc import Collection, Sequence
from types import ModuleType
from typing import Any

from cluster_model import PING_TIMEOUT, Node
from cluster_nodes import NODES
from conftest import FakeServer
from keepalive_core.rules.cluster_owner import rank
from keepalive_core.rules.cluster_row_text import CaseRow
from keepalive_core.rules.cluster_verdict import Terms
from keepalive_core.rules.times import SECOND
from keepalive_testing.ksr import Transaction

ME, B, C = NODES
OPTIONS = {"ping_interval": 4, "ping_timeout": PING_TIMEOUT // 1000, "rise": 1, "fall": 2}
"""as the model has them"""
_STEP = SECOND // 20


def owned_by(*nodes: str, number: int = 1) -> list[str]:
    """Return URIs of destinations that nodes want in this order, the first one most."""
    uris = (f"sip:192.0.{at // 250}.{1 + at % 250}:5060" for at in range(10_000))
    fitting = (uri for uri in uris if rank(uri, NODES)[: len(nodes)] == [*nodes])
    return [next(fitting) for _ in range(number)]


class Trio:
    """Three nodes with the same destinations; nothing reaches a node from what it can't reach."""

    def __init__(
        self,
        server: FakeServer,
        uris: Sequence[str],
        lacking: Collection[str] = (),
        terms: Terms | None = None,
        seed: int = 7,
        **options: Any,
    ) -> None:
        self.server = server
        for name, value in {"node": ME, "peer1": B, "peer2": C}.items():
            server.define(name, value)
        self.keepalive: ModuleType = server.process()
        self.uris = [uri for uri in uris if uri not in lacking]
        for uri in self.uris:
            assert self.keepalive.add_destination(uri, "me", **{**OPTIONS, **options}) == 0
        rng, known = random.Random(seed), terms or Terms()
        self.others = {name: Node(name, NODES, uris, rng, server.now, lambda _: known) for name in (B, C)}
        self.unreachable: set[tuple[str, str]] = set()
        """which node can't reach which destination"""
        self.cut: set[str] = set()
        """nodes that nothing arrives at, and nothing from"""
        self.apart: set[frozenset[str]] = set()
        """pairs of nodes that do not hear each other"""
        self.codes: dict[str, int] = {}
        """with what destinations answer, if not with 200"""
        self.stands_still = False
        """whether the process of the cluster does nothing"""
        self.pings_stand_still = False
        """whether the prober does nothing"""
        self.sent: list[str] = []
        """the URIs that the node on the fake server has pinged"""
        self._silent: list[tuple[int, Transaction]] = []
        self.changes: list[tuple[str, int]] = []
        self._states: dict[str, int] = {}

    def state(self, uri: str) -> int:
        """Return how a destination is at the node on the fake server."""
        state: int = self.keepalive.state(uri)
        return state

    def at(self, node: str, uri: str) -> int:
        """Return how a destination is at a node."""
        return self.state(uri) if node == ME else self.others[node].keys[uri].state

    def case(self, uri: str) -> CaseRow | None:
        """Return what is written of a destination that is not calm."""
        found: CaseRow | None = importlib.import_module("keepalive_core.kamailio.cluster_rows").case_of(uri)
        return found

    def run(self, seconds: float) -> None:
        """Let time pass."""
        for at in range(round(seconds * SECOND / _STEP)):
            self._tick_probers()
            if at % 2 and not self.stands_still:
                self.server.ksr.handlers.ksr_keepalive_cluster(None, "rtimer")
                self._deliver(ME, [(to, body) for to, body, _ in self._told()])
            if at % 4 == 3:
                for name, node in self.others.items():
                    self._deliver(
                        name, node.tick(self.server.now, lambda key, name=name: self.reaches(name, key))
                    )
            for uri in self.uris:
                if (state := self.state(uri)) != self._states.get(uri, 0):
                    self._states[uri] = state
                    self.changes.append((uri, state))

    def begin_behind(self) -> None:
        """Have the others know all, and a former life of the node on the fake server, before it begins."""
        self.stands_still = True
        self.run(0.05)  # the first prober says where this server listens
        self.pings_stand_still = True
        self.run(16)
        for other in self.others.values():
            other.talk.peers[ME].life = 1
        self.stands_still = False

    def reaches(self, name: str, key: str) -> bool:
        """Say whether a node reaches a destination."""
        return (name, key) not in self.unreachable

    def _tick_probers(self) -> None:
        server = self.server
        before = len(server.ksr.sent)
        server.now += _STEP
        if not self.pings_stand_still:
            server.ksr.handlers.ksr_keepalive_tick(None, "rtimer")
        over = [ping for when, ping in self._silent if when <= server.now]
        self._silent = [each for each in self._silent if each[0] > server.now]
        for ping in over:
            server.ksr.time_out(ping)
        for ping in server.ksr.sent[before:]:
            self.sent.append(ping.uri)
            if self.reaches(ME, ping.uri):
                server.ksr.reply(ping, self.codes.get(ping.uri, 200), "Reason")
            else:
                self._silent.append((server.now + PING_TIMEOUT, ping))

    def _told(self) -> list[tuple[str, str, int]]:
        told, self.server.ksr.told = self.server.ksr.told, []
        return told

    def _deliver(self, sender: str, bodies: Sequence[tuple[str, str]]) -> None:
        for to, body in bodies:
            if sender in self.cut or to in self.cut or frozenset((sender, to)) in self.apart:
                continue
            if to == ME:
                self.server.ksr.queues["keepalive_heard"].append((body, ""))
            else:
                self.others[to].hear(body, self.server.now)
