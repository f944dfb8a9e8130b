"""Nodes on a network: of each change one of them acts for all, whoever can reach what, and since when."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

import cluster_model
from keepalive_core.rules.cluster_acting import actor
from keepalive_core.rules.cluster_row_text import CaseRow
from keepalive_core.rules.cluster_verdict import Terms
from keepalive_core.rules.states import DOWN, UP
from keepalive_core.rules.times import SECOND


class Node(cluster_model.Node):
    """One that notes for which changes it acts, as cluster_cases and shown_cluster have it."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.told: list[tuple[str, int, bool]] = []
        """what has changed, and whether this node acts for all then"""

    def _look(self, key: str, now: int) -> None:
        before = len(self.states)
        super()._look(key, now)
        known = self.keys[key]
        if known.finding is None:
            return
        row, acting = None, self.acting.get(key)
        if acting is not None:
            outcome = known.finding.outcome.name
            row = CaseRow(outcome=outcome, acting=(*acting.nodes,), acting_until=acting.until)
        case = self.case(key)
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


KEYS = [f"sip:192.0.2.{at}:5060" for at in range(8)]


@pytest.mark.parametrize("seed", range(12))
def test_one_acts_for_what_flaps_and_goes(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each time that it is down for all, and when it is back, though some were alone with it in between."""
    monkeypatch.setattr(cluster_model, "Node", Node)
    ping_us, ask_us = 400_000, Terms(ping_us=400_000, fall=cluster_model.FALL).answer_us
    for name, value in {"INTERVAL": SECOND, "PING_TIMEOUT": ping_us, "ASK_TIME": ask_us}.items():
        monkeypatch.setattr(cluster_model, name, value)
    rng = random.Random(seed)
    network = cluster_model.Network(rng.choice((2, 3)), KEYS, seed)
    network.delay = rng.choice((0, 150_000))
    network.run(15)
    take(network)
    lost = {(name, key) for name in network.names for key in KEYS}
    gone, back = rng.choice(((2, 2), (2, 1), (1.6, 2.4)))
    for _ in range(4):
        network.unreachable = {*lost}
        network.run(gone)
        network.unreachable = set()
        network.run(back)
    network.unreachable = {*lost}
    network.run(20)
    acted, _ = take(network)
    assert {acted[key, DOWN] - acted[key, UP] for key in KEYS} == {1}


def begin_anew(network: cluster_model.Network, name: str) -> None:
    """A node that was killed begins, with its state file; what it told before stays told."""
    before = network.nodes[name]
    network.start(name)
    after = network.nodes[name]
    assert isinstance(before, Node)
    assert isinstance(after, Node)
    after.told = before.told
    for key in KEYS:
        after.keys[key].state = before.keys[key].state


def assert_one_acts(network: cluster_model.Network, state: int) -> None:
    """Each destination has got another state since the last time, nowhere twice, and one acted for it."""
    acted, had = take(network)
    assert acted == Counter({(key, state): 1 for key in KEYS})
    assert {changed for _, changed in had} == {state}
    assert max(had.values()) <= len(network.names)


@pytest.mark.parametrize("seed", range(60))
def test_one_acts_though_nodes_begin(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """One or two are killed and begin, and meanwhile or a moment later all destinations go, or are back.

    In one of a hundred such cases two act: if it is back within the tenths of a second in which the first
    word of a node that has begun is under way.
    """
    monkeypatch.setattr(cluster_model, "Node", Node)
    rng = random.Random(seed)
    network = cluster_model.Network(rng.choice((2, 3, 5)), KEYS, seed)
    network.delay = rng.choice((0, 150_000))
    network.run(15)
    take(network)
    lost = {(name, key) for name in network.names for key in KEYS}
    is_lost_first, away = rng.random() < 0.5, rng.choice((0.2, 1, 3, 7))
    # Of what comes back while the one is dead that is to act, and nobody knows it yet, nobody does.
    change = rng.randrange(30) / 5 + (away if is_lost_first else rng.choice((0, away)))
    if is_lost_first:
        network.unreachable = {*lost}
        network.run(15)
        assert_one_acts(network, DOWN)
    killed = rng.sample(network.names, 1 if len(network.names) == 2 else rng.choice((1, 2)))
    for name in killed:
        network.kill(name)
    network.run(min(change, away))
    if change < away:
        network.unreachable = set() if is_lost_first else {*lost}
        network.run(away - change)
    for name in killed:
        begin_anew(network, name)
    if change >= away:
        network.run(change - away)
        network.unreachable = set() if is_lost_first else {*lost}
    network.run(20)
    assert_one_acts(network, UP if is_lost_first else DOWN)
    network.unreachable = {*lost} if is_lost_first else set()
    network.run(20)
    assert_one_acts(network, DOWN if is_lost_first else UP)
