"""A cluster of five real Kamailios, of which three have to say that a destination is down."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from real import clustering
from real.clustering import CONFIRMED, INTERVAL, NUMBER, TAKE_OVER, owned_by, state_at
from real.lab import Lab, Node
from real.network import uri
from real.server import wait_for

NODES = 5
QUORUM = 3


@pytest.fixture(scope="module")
def lab(checked_kind: str, namespaces: None) -> Iterator[Lab]:
    """Five nodes of a cluster, which do not run yet."""
    running = clustering.nodes(NODES, checked_kind, KEEPALIVE_CLUSTER_QUORUM=QUORUM)
    yield running
    running.close()


def pinged(lab: Lab, nodes: list[Node]) -> set[str]:
    """Return what some of the nodes have pinged within the last interval and a half."""
    addresses = {node.address for node in nodes}
    since = time.monotonic() - 1.5 * INTERVAL
    return {each for node, each, _ in lab.carriers.pings(since) if node in addresses}


def test_what_fewer_than_the_quorum_cant_reach_is_up(cluster: Lab) -> None:
    """It is down at those two alone; as soon as a third can't reach it, it is down at all five."""
    ours, others = cluster.nodes[:2], cluster.nodes[2:]
    number = owned_by(cluster, ours[0])[0]
    with cluster.watched(*others) as watch:
        for node in ours:
            cluster.carriers.deny(node.address, uri(number))
        wait_for("down at both", lambda: state_at(ours, number) == [2, 2], 15)
        assert all(node.info(uri(number))["cluster"]["alone"] for node in ours)
        since = time.monotonic()
        wait_for("the others had their time", lambda: time.monotonic() - since > CONFIRMED, CONFIRMED + 1)
    assert all(said[number] == "1" for looks in watch.looks.values() for _, said in looks)
    cluster.carriers.deny(others[0].address, uri(number))
    wait_for("down at all", lambda: state_at(cluster.nodes, number) == [2] * NODES, 15)
    cluster.carriers.allow_all()
    wait_for("up at all", lambda: state_at(cluster.nodes, number) == [1] * NODES, 15)


def test_two_nodes_die_at_once(cluster: Lab) -> None:
    """The others ping all that those two did within 10 s; no state changes, then or when they are back."""
    dead, others = cluster.nodes[:2], cluster.nodes[2:]
    owners = cluster.sharing(*cluster.nodes)
    lost = {uri(at) for at, node in owners.items() if node in dead}
    with cluster.watched(*others) as watch:
        since = time.monotonic()
        cluster.at_once([lambda node=node: node.end(crash=True) for node in dead])

        def left() -> set[str]:
            pings = cluster.carriers.pings(since)
            return lost - {each for node, each, _ in pings if node in {other.address for other in others}}

        wait_for("all taken over", lambda: not left(), TAKE_OVER - (time.monotonic() - since))
        cluster.at_once([node.start for node in dead])
        cluster.sharing(*cluster.nodes)
    assert all(said == "1" * NUMBER for looks in watch.looks.values() for _, said in looks)


def test_a_cut_between_two_and_three(cluster: Lab) -> None:
    """Each side pings all, and what all of a side can't reach is down there; healed, all share again."""
    left, right = cluster.nodes[:2], cluster.nodes[2:]
    for one in left:
        for other in right:
            cluster.network.cut(one.host, other.host)
            cluster.network.cut(other.host, one.host)
    for side in (left, right):
        wait_for("its own pings of all", lambda side=side: len(pinged(cluster, side)) == NUMBER, TAKE_OVER)
    for node in right:
        cluster.carriers.deny(node.address, uri(4))
    wait_for("down on one side", lambda: state_at(cluster.nodes, 4) == [1, 1, 2, 2, 2], 15)
    cluster.carriers.allow_all()
    for node in left:
        cluster.carriers.deny(node.address, uri(5))
    wait_for("down on the other", lambda: state_at(cluster.nodes, 5) == [2, 2, 1, 1, 1], 15)
    cluster.network.mend()
    cluster.carriers.allow_all()
    wait_for("up at all", lambda: state_at(cluster.nodes, 5) == [1] * NODES, 15)
    cluster.sharing(*cluster.nodes)
