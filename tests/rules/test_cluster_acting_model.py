"""Nodes on a network: of each change one of them acts for all, whoever can reach what, and since when."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

import cluster_model
from keepalive_core.rules.cluster_acting import Acting, acting_after, actor, is_held
from keepalive_core.rules.cluster_calm import is_calm
from keepalive_core.rules.cluster_row_text import CaseRow
from keepalive_core.rules.states import DOWN, UP


class Node(cluster_model.Node):
    """One that notes for which changes it acts, as cluster_cases and shown_cluster have it."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.told: list[tuple[str, int, bool]] = []
        """what has changed, and whether this node acts for all then"""
        self._acting: dict[str, Acting] = {}

    def _look(self, key: str, now: int) -> None:
        before = len(self.states)
        super()._look(key, now)
        found = self.keys[key].finding
        if found is None:
            return
        case, row = self.case(key), None
        known = self._acting.pop(key, None) or Acting(case.may_own())
        acting = acting_after(known, case, found, now, cluster_model.ASK_TIME)
        if not is_calm(case) or is_held(acting, case, now):
            self._acting[key] = acting
            row = CaseRow(outcome=found.outcome.name, acting=(*acting.nodes,), acting_until=acting.until)
        self.told += [
            (key, state, actor(case, row, now) == self.name) for _, _, state in self.states[before:]
        ]


def take(network: cluster_model.Network) -> tuple[Counter[tuple[str, int]], Counter[tuple[str, int]]]:
    """Return how many nodes acted for each change since the last time, and how many had it."""
    acted, had = Counter[tuple[str, int]](), Counter[tuple[str, int]]()
    for node in network.nodes.values():
        assert isinstance(node, Node)
        had.update((key, state) for key, state, _ in node.told)
        acted.update((key, state) for key, state, mine in node.told if mine)
        node.told = []
    return acted, had


@pytest.mark.parametrize("seed", range(30))
def test_one_acts(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some node may be wounded before all lose it, and some node may reach it late again."""
    monkeypatch.setattr(cluster_model, "Node", Node)
    rng = random.Random(seed)
    keys = [f"sip:192.0.2.{at}:5060" for at in range(rng.choice((1, 3, 8)))]
    network = cluster_model.Network(3, keys, seed)
    network.delay = rng.choice((0, 300_000))
    network.run(15)
    take(network)

    def lose(name: str) -> None:
        network.unreachable |= {(name, key) for key in keys}

    def mend(name: str) -> None:
        network.unreachable -= {(name, key) for key in keys}

    wounded, late = (rng.choice((None, *network.names)) for _ in range(2))
    if wounded:
        lose(wounded)
        network.run(rng.choice((1, 2, 4, 8, 30)))
    for name in rng.sample(network.names, 3):
        lose(name)
        network.run(rng.choice((0, 0.2, 1, 3)))
    network.run(30)
    acted, _ = take(network)
    assert acted == Counter({(key, DOWN): 1 for key in keys})
    for name in rng.sample([name for name in network.names if name != late], 2 + (late is None)):
        mend(name)
        network.run(rng.choice((0, 0.2, 1, 3)))
    network.run(rng.choice((1, 2, 5, 10, 30)))
    if late:
        mend(late)
    network.run(30)
    acted, had = take(network)
    for key in keys:
        # At one of them it may come and go for a moment, as the word of one that is degraded no more counts.
        assert acted[key, UP] == 1 or had[key, UP] > 3
        assert acted[key, UP] >= 1
