"""A cluster of three nodes with 10,000 destinations: what it costs, and how soon it knows."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from real.lab import Lab, Node
from real.network import EVERYBODY, uri
from real.server import wait_for

pytestmark = pytest.mark.full

NUMBER = 10_000
INTERVAL = 30.0
PENDING = 1
TIMEOUT = 1.0
FALL = 2
DOWN = range(1000)
"""the destinations that fail at once"""
SETTINGS = {
    "KEEPALIVE_PING_INTERVAL": INTERVAL,
    "KEEPALIVE_PING_INTERVAL_PENDING": PENDING,
    "KEEPALIVE_PING_TIMEOUT": int(TIMEOUT * 1000),
    "KEEPALIVE_FALL": FALL,
}


@pytest.fixture(scope="module")
def lab(checked_kind: str, namespaces: None) -> Iterator[Lab]:
    """Three nodes, each of which has all of them, and all of which are alive."""
    running = Lab([checked_kind] * 3, NUMBER, memory=256, **SETTINGS)
    try:
        running.start()
        running.sharing(*running.nodes, seconds=4 * INTERVAL)
        for node in running.nodes:
            wait_for("all alive", lambda node=node: down_at(node) == 0, 2 * INTERVAL, step=1)
        yield running
    finally:
        running.close()


def down_at(node: Node) -> int:
    """Return for how many destinations is_alive does not say 1."""
    return NUMBER - node.alive().count("1")


def spent(nodes: list[Node], seconds: float) -> list[float]:
    """Return the share of a core that each node takes meanwhile."""
    before, since = [node.cpu() for node in nodes], time.monotonic()
    wait_for("the time to be measured", lambda: time.monotonic() - since > seconds, seconds + 5)
    return [
        (node.cpu() - then) / (time.monotonic() - since) for node, then in zip(nodes, before, strict=True)
    ]


def test_a_node_costs_less_than_one_alone(lab: Lab, checked_kind: str) -> None:
    """The CPU of each of three nodes is below that of a server without a cluster, which pings all alone.

    It is looked at beside them, once it has pinged each a second time: its first minute is another matter.
    """
    alone = Lab([checked_kind], NUMBER, memory=256, clustered=False, **SETTINGS)
    try:
        alone.start()
        wait_for("all alive", lambda: down_at(alone.nodes[0]) == 0, 3 * INTERVAL, step=1)
        since = time.monotonic()
        wait_for("its calm", lambda: time.monotonic() - since > 2 * INTERVAL, 3 * INTERVAL)
        *nodes, single = spent([*lab.nodes, *alone.nodes], 60)
    finally:
        alone.close()
    print(f"MEASURED: {' '.join(f'{each:.2%}' for each in nodes)} of a core, alone {single:.2%}")
    assert max(nodes) < single


def test_calm_messages_do_not_grow(lab: Lab, checked_kind: str) -> None:
    """As many packets pass between nodes with 10,000 destinations as with 10."""
    few = Lab([checked_kind] * 3, 10, **SETTINGS)
    try:
        few.start()
        few.sharing(*few.nodes, seconds=4 * INTERVAL)
        both = [lab.nodes[0], few.nodes[0]]
        before = [sum(node.network.heard(node.host).values()) for node in both]
        since = time.monotonic()
        wait_for("30 s", lambda: time.monotonic() - since > 30, 31)
        after = [sum(node.network.heard(node.host).values()) for node in both]
    finally:
        few.close()
    many, least = (now - then for now, then in zip(after, before, strict=True))
    print(f"MEASURED: {many} and {least} packets in 30 s")
    assert many <= least * 1.2


def test_a_thousand_go_down_at_once(lab: Lab) -> None:
    """All nodes know it an interval, the failed pings and the others' time later; no other is down."""
    lab.carriers.deny(EVERYBODY, *map(uri, DOWN))
    began = time.monotonic()
    detection = INTERVAL * 1.1 + FALL * (PENDING + TIMEOUT)
    for node in lab.nodes:
        left = detection + TIMEOUT * FALL + 1 - (time.monotonic() - began)
        wait_for("all of them down", lambda node=node: node.alive().count("2") == len(DOWN), left, step=1)
    print(f"MEASURED: all know after {time.monotonic() - began:.1f} s")
    assert all("2" not in node.alive()[len(DOWN) :] for node in lab.nodes)


def test_a_restarted_node_knows_all_within_5_s(lab: Lab) -> None:
    """With 1,000 of them down, of all of which its state file says that they are up."""
    node = lab.nodes[2]
    lab.carriers.allow_all()
    wait_for("all alive", lambda: down_at(node) == 0, 2 * INTERVAL, step=1)
    since = time.time()
    states = node.share / "states"
    wait_for("a file of that", lambda: states.exists() and states.stat().st_mtime > since + 1, 90, step=1)
    of_better_days = states.read_bytes()
    try:
        lab.carriers.deny(EVERYBODY, *map(uri, DOWN))
        for each in lab.nodes:
            wait_for(
                "all of them down",
                lambda each=each: each.alive().count("2") == len(DOWN),
                2 * INTERVAL,
                step=1,
            )
        node.end(crash=True)
        states.write_bytes(of_better_days)
        node.start()
        began = time.monotonic()
        known = "2" * len(DOWN) + "1" * (NUMBER - len(DOWN))
        seen = []

        def knows_all(step: int) -> bool:
            found = node.states(step)
            wrong = sum(one != other for one, other in zip(found, known[::step], strict=True))
            seen.append(f"{wrong * step} wrong after {time.monotonic() - began:.1f} s")
            return not wrong

        # To look at all of them takes a worker half a second.
        wait_for("it knows", lambda: knows_all(40), 20, step=0.2)
        print(
            f"MEASURED: it knows all {time.monotonic() - began:.1f} s after its start: {'; '.join(seen[::4])}"
        )
        within = time.monotonic() - began
        wait_for("the rest", lambda: knows_all(1), 1)
        assert within < 5
    finally:
        lab.carriers.allow_all()
    for each in lab.nodes:
        wait_for("all alive", lambda each=each: down_at(each) == 0, 2 * INTERVAL, step=1)


def test_a_dead_nodes_share_is_taken_over(lab: Lab) -> None:
    """Each of some 3,300 destinations is pinged by another node within 10 s; no state changes."""
    lab.sharing(*lab.nodes, seconds=4 * INTERVAL)
    dead, *others = lab.nodes
    span = time.monotonic() - 1.5 * INTERVAL
    lost = {each for node, each, _ in lab.carriers.pings(span) if node == dead.address}
    with lab.watched(*others) as watch:
        since = time.monotonic()
        dead.end(crash=True)

        def left() -> int:
            return len(lost - {each for node, each, _ in lab.carriers.pings(since) if node != dead.address})

        wait_for("all taken over", lambda: left() == 0, 10 - (time.monotonic() - since), step=0.5)
        print(f"MEASURED: {len(lost)} taken over {time.monotonic() - since:.1f} s after its death")
    assert all(set(said) == {"1"} for looks in watch.looks.values() for _, said in looks)
    dead.start()
    lab.sharing(*lab.nodes, seconds=4 * INTERVAL)
