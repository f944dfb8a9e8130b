"""Real Kamailios of which one is killed and begins again while a cluster has lost destinations."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator

import pytest

from real import clustering
from real.clustering import NUMBER, owned_by
from real.lab import Lab, Node
from real.network import EVERYBODY, uri
from real.server import wait_for

DOWN, UP = 2, 1


@pytest.fixture(scope="module", params=[2, 3], ids=["two", "three"])
def lab(request: pytest.FixtureRequest, checked_kind: str, namespaces: None) -> Iterator[Lab]:
    """Nodes of a cluster, which do not run yet."""
    running = clustering.nodes(request.param, checked_kind, turned=False)
    yield running
    running.close()


class Outage:
    """Ten destinations that no node can reach: some that one node owns, and some of the others."""

    def __init__(self, cluster: Lab, node: Node) -> None:
        self._cluster = cluster
        self._before = self._acted()
        mine = owned_by(cluster, node)[:5]
        others = [at for at in range(NUMBER) if at not in owned_by(cluster, node)]
        self._lost = sorted([*mine, *others[: 10 - len(mine)]])
        self.uris = [uri(at) for at in self._lost]

    def begin(self) -> None:
        """Nothing reaches them."""
        self._cluster.carriers.deny(EVERYBODY, *self.uris)

    def end(self) -> None:
        """They answer again."""
        self._cluster.carriers.allow(EVERYBODY, *self.uris)

    def is_known(self, state: int, nodes: list[Node]) -> bool:
        """Say whether some nodes have them in a state, and all others up."""
        right = "".join(str(state if at in self._lost else UP) for at in range(NUMBER))
        return all(each.states() == right for each in nodes)

    def wait_for(self, state: int) -> None:
        """Wait until all nodes have them in a state, and one has acted for each; no other one does."""
        wait_for(f"state {state}", lambda: self.is_known(state, self._cluster.nodes), 15, 0.05)
        wanted = Counter({(state, each): 1 for each in self.uris})
        wait_for("somebody who acts", lambda: wanted <= self._acted() - self._before, 3)
        ended = time.monotonic() + 2
        wait_for("nobody else who acts", lambda: time.monotonic() > ended, 3)
        assert self._acted() - self._before == wanted
        self._before = self._acted()

    def _acted(self) -> Counter[tuple[int, str]]:
        said = (
            line.split("ACTS FOR ALL ")[1] for each in self._cluster.nodes for line in each.lines("ACTS FOR")
        )
        return Counter((int(state), at) for state, at in map(str.split, said))


def test_of_what_went_while_a_node_was_away_one_acts(cluster: Lab) -> None:
    """The node that begins finds it down, and acts for nothing that the others have decided without it."""
    node, *others = cluster.nodes
    outage = Outage(cluster, node)
    node.end(crash=True)
    outage.begin()
    wait_for("what they decide", lambda: outage.is_known(DOWN, others), 15)
    node.start()
    outage.wait_for(DOWN)
    outage.end()
    outage.wait_for(UP)


def test_of_what_comes_back_after_a_restart_one_acts(cluster: Lab) -> None:
    """It has gone before that, and nothing is down once more for a moment."""
    node = cluster.nodes[1]
    outage = Outage(cluster, node)
    outage.begin()
    outage.wait_for(DOWN)
    node.end(crash=True)
    node.start()
    began = time.monotonic()
    wait_for("it has joined", lambda: time.monotonic() - began > 6, 8)
    outage.end()
    outage.wait_for(UP)
    assert node.server.log_lines("up -> down") == []
