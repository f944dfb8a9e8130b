"""What administrators say at one node of a cluster, and what is added at run time, is so at all of them."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from real.clustering import NUMBER, alike
from real.lab import Lab, Node
from real.network import uri
from real.server import wait_for

EXTRA = "sip:198.19.9.1"


@pytest.fixture
def ruled(cluster: Lab) -> Iterator[Lab]:
    """A cluster in which nothing is left of what was said, whatever the test found."""
    yield cluster
    cluster.network.mend()
    for node in cluster.nodes:
        node.server.turn_clock(0)
    one = cluster.nodes[0]
    one.server.call("del_destination", EXTRA, "test")
    # Of what is said at two nodes at once either may win: nothing of this test is to meet the next one.
    alike(cluster.nodes, mode, 10)
    # That all have heard of it is seen of a change alone, and it may be ready already.
    for said in ("drain", "ready"):
        one.server.call("set_admin", uri(1), said)
        wait_for(f"all {said}", lambda said=said: [*map(mode, cluster.nodes)] == [said] * 3)


def mode(node: Node) -> str:
    """Return a destination's admin mode at a node."""
    return str(node.info(uri(1))["admin"]["mode"])


def test_what_one_administrator_says_counts_everywhere(ruled: Lab) -> None:
    """Modes and run-time destinations are everywhere within half a second; time left is so by each clock."""
    one, other, third = ruled.nodes
    one.server.turn_clock(3600)
    third.server.turn_clock(-86400)
    began = time.monotonic()
    other.server.call("add_destination", EXTRA, "test")
    one.server.call("set_admin", uri(1), "drain", until=6)
    wait_for("the mode", lambda: [*map(mode, ruled.nodes)] == ["drain"] * 3, 0.5)
    wait_for("the destination", lambda: all(node.server.state(EXTRA) >= 0 for node in ruled.nodes), 0.5)
    ends: dict[str, float] = {}

    def all_over() -> bool:
        over = [node.name for node in ruled.nodes if node.name not in ends and mode(node) == "ready"]
        ends.update(dict.fromkeys(over, time.monotonic() - began))
        return len(ends) == len(ruled.nodes)

    wait_for("its end", all_over, 12)
    assert all(abs(end - 6) < 1.5 for end in ends.values()), ends
    one.server.call("del_destination", EXTRA, "test")
    wait_for("no destination", lambda: all(node.server.state(EXTRA) == -1 for node in ruled.nodes), 0.5)
    assert all(node.alive() == "1" * NUMBER for node in ruled.nodes)


def test_a_restarted_node_knows_what_was_said(ruled: Lab) -> None:
    """Within 5 s of its start it has the modes and run-time destinations that it has not heard of."""
    one, other, third = ruled.nodes
    third.end(crash=True)
    one.server.call("add_destination", EXTRA, "test")
    other.server.call("set_admin", uri(1), "maint")
    third.start()
    up = time.monotonic()
    wait_for("the mode", lambda: mode(third) == "maint", 5)
    wait_for("the destination", lambda: third.server.state(EXTRA) == 1, 5 - (time.monotonic() - up))


def test_two_administrators_in_a_cut(ruled: Lab) -> None:
    """What was said on both sides of a cut is the same everywhere 5 s after it has healed."""
    one, other, third = ruled.nodes
    ruled.cut_off(third)
    one.server.call("set_admin", uri(1), "drain")
    third.server.call("set_admin", uri(1), "maint")
    wait_for("two truths", lambda: [*map(mode, ruled.nodes)] == ["drain", "drain", "maint"], 2)
    ruled.network.mend()
    alike([one, other, third], mode, 5)
