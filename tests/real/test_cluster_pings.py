"""Each destination is pinged by one node of three; what a node leaves behind others take over."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from real.lab import Lab, Node, uri
from real.server import wait_for

NUMBER = 200
INTERVAL = 4
DOWN = 2
EVERY = {uri(at) for at in range(NUMBER)}


@pytest.fixture
def lab(checked_kind: str, namespaces: None) -> Iterator[Lab]:
    """Three nodes that have just begun."""
    running = Lab([checked_kind] * 3, NUMBER, KEEPALIVE_PING_INTERVAL=INTERVAL, KEEPALIVE_PING_JITTER=0)
    try:
        running.start()
        yield running
    finally:
        running.close()


def shares(lab: Lab, since: float) -> dict[str, set[str]]:
    """Return which destinations each node has pinged since a time."""
    found: dict[str, set[str]] = {node.address: set() for node in lab.nodes}
    for node, destination, _ in lab.carriers.pings(since):
        found[node].add(destination)
    return found


def settle(lab: Lab) -> dict[str, set[str]]:
    """Wait until each destination has one node; return their shares."""

    def is_dealt(found: dict[str, Any]) -> bool:
        return len(found) == NUMBER and all(len(nodes) == 1 for nodes in found.values())

    lab.wait_for_pingers("one node for each", is_dealt, INTERVAL + 1, 30)
    return shares(lab, time.monotonic() - INTERVAL - 1)


def taken_over(lab: Lab, lost: set[str], gone: Node, since: float, seconds: float = 11) -> float:
    """Wait until others have pinged all that a node has left; return how long it took."""

    def last() -> list[float]:
        first: dict[str, float] = {}
        for node, destination, at in lab.carriers.pings(since):
            if node != gone.address and destination in lost:
                first[destination] = min(at, first.get(destination, at))
        return [max(first.values())] if len(first) == len(lost) else []

    found: list[float] = wait_for("all of its share pinged by others", last, seconds)
    return found[0] - since


def test_each_is_pinged_by_one_node(lab: Lab) -> None:
    """Three intervals long, with as many pings as of one node alone."""
    of_nodes = settle(lab)
    began = time.monotonic()
    wait_for("three intervals", lambda: time.monotonic() - began > 3 * INTERVAL, 20)
    pings = [ping for ping in lab.carriers.pings(began) if ping[2] <= began + 3 * INTERVAL]
    by_node = shares(lab, began)
    assert by_node == of_nodes
    assert abs(len(pings) - 3 * NUMBER) <= NUMBER // 20
    assert all(len(share) > NUMBER // 5 for share in by_node.values())


@pytest.mark.parametrize("way", ["kill", "freeze", "cut"])
def test_a_share_is_taken_over_within_ten_seconds(lab: Lab, way: str) -> None:
    """Of a node that dies, stands still, or is cut off; nothing goes down. Back, it has its own."""
    before = settle(lab)
    gone = lab.nodes[2]
    do: dict[str, Callable[[], None]] = {
        "kill": lambda: gone.end(crash=True),
        "freeze": gone.freeze,
        "cut": lambda: lab.cut_off(gone),
    }
    began = time.monotonic()
    do[way]()
    took = taken_over(lab, before[gone.address], gone, began)
    print(f"{way}: all of {len(before[gone.address])} after {took:.1f} s")
    assert took < 10
    assert [event for node in lab.nodes[:2] for event in node.events if event[2] == DOWN] == []
    began = time.monotonic()
    if way == "kill":
        gone.start()
    elif way == "freeze":
        gone.go_on()
    else:
        lab.network.mend()
    wait_for("the shares of before", lambda: shares(lab, time.monotonic() - INTERVAL - 1) == before, 30)
    if way == "kill":
        assert shares(lab, began)[gone.address] == before[gone.address], "it has pinged nothing else"
