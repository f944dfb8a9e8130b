"""A cluster of real Kamailios of which some nodes hear, or ask, no more: the others lose nothing by it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from real.clustering import CONFIRMED, INTERVAL, NUMBER, TAKE_OVER, owned_by, state_at
from real.lab import Lab
from real.network import uri
from real.server import wait_for

LONG = 40
"""seconds between two pings: so old is what a node said that was cut off"""


@pytest.fixture
def slow(cluster: Lab) -> Iterator[Lab]:
    """A cluster whose pings can be made rare; they are not any more behind the test."""
    yield cluster
    for node in cluster.nodes:
        node.server.rpc("cfg.sets", "keepalive", "ping_interval", f"{INTERVAL:g}")


_EACH = pytest.param(True, marks=pytest.mark.full, id="each by itself")


@pytest.mark.parametrize("is_whole", [_EACH, pytest.param(False, id="together")])
def test_a_switch_that_was_dead(slow: Lab, is_whole: bool) -> None:
    """With two nodes behind it, and their way to the carriers: when it goes on nothing is down anywhere."""
    *two, third = slow.nodes
    for node in two:
        slow.network.cut_uplink(node.host)
        for other in slow.nodes if is_whole else [third]:
            if other is not node:
                slow.network.cut(node.host, other.host)
                slow.network.cut(other.host, node.host)
    for node in two:
        wait_for("all down there", lambda node=node: node.alive() == "2" * NUMBER, 15 + CONFIRMED)
    for node in slow.nodes:
        node.server.rpc("cfg.sets", "keepalive", "ping_interval", str(LONG))
    began = time.monotonic()
    wait_for("it is in force", lambda: time.monotonic() - began > 2, 3)
    with slow.watched(third) as watch:
        slow.network.mend()
        for node in two:
            wait_for("all up there", lambda node=node: node.alive() == "1" * NUMBER, 9)
    assert all(set(said) == {"1"} for _, said in watch.looks[third.address])
    assert third.events == []


def test_a_prober_that_stands_still(cluster: Lab) -> None:
    """Though its node is heard: the others ping its share, and what they say holds there."""
    node, *others = cluster.nodes
    number, *_ = share = owned_by(cluster, node)
    probers = node.server.process_numbers("timer=keepalive_tick")
    assert probers
    since = time.monotonic()
    node.server.signal("STOP", probers[0])
    try:
        wait_for(
            "its share is asked",
            lambda: {uri(at) for at in share} <= {each for _, each, _ in cluster.carriers.pings(since + 2)},
            10 + TAKE_OVER,
        )
        cluster.carriers.deny("*", uri(number))
        wait_for("down at all", lambda: state_at(cluster.nodes, number) == [2, 2, 2], 10)
    finally:
        node.server.signal("CONT", probers[0])
    cluster.carriers.allow_all()
    wait_for("up at all", lambda: state_at(cluster.nodes, number) == [1, 1, 1], 10)
    cluster.sharing(*cluster.nodes)
    assert [each.events for each in others] != []
