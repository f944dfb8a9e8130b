"""What the tests of a cluster have in common: how its nodes are set, and what is asked of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from real.lab import Lab, Node
from real.network import uri
from real.server import wait_for

NUMBER = 40
INTERVAL = 1.0
TIMEOUT = 0.4
FALL = 2
SECRET = "none-but-the-lab-has-it"
TAKE_OVER = 10
"""seconds within which the share of a dead node is pinged by others"""
CONFIRMED = TIMEOUT * FALL + 1
"""seconds that the others have to say whether they can reach it too"""


def nodes(number: int, kind: str, turned: bool = True, **defines: object) -> Lab:
    """Return a lab of some nodes, which do not run yet.

    Arguments: number, of nodes; kind, of them all, or several with "+" between them; turned, whether their
    clocks can be turned, which has each look at a clock take longer; defines, of them all.
    """
    kinds = kind.split("+") * number
    return Lab(
        kinds[:number],
        NUMBER,
        turned=turned,
        secret=SECRET,
        KEEPALIVE_PING_INTERVAL=INTERVAL,
        KEEPALIVE_PING_TIMEOUT=int(TIMEOUT * 1000),
        KEEPALIVE_PING_INTERVAL_PENDING=0.5,
        KEEPALIVE_FALL=FALL,
        **defines,
    )


def settle(lab: Lab) -> None:
    """Wait until all nodes run, share all pings, and know all to be up; look at newer logs only."""
    lab.mend()
    lab.sharing(*lab.nodes)
    for node in lab.nodes:
        wait_for("all known to be up", lambda node=node: node.states() == "1" * NUMBER)
        node.server.begin_log()


def words(node: Node, number: int) -> dict[str, str]:
    """Return the kind of each node's word of a destination, as a node knows it."""
    said = node.info(uri(number))["cluster"]["words"]
    return {who: word["word"] for who, word in said.items() if word["word"] != "none"}


def alike(
    nodes: list[Node], look: Callable[[Node], Any], seconds: float, what: str = "the same at all"
) -> Any:
    """Wait until something is the same at all nodes; return it."""

    def ask() -> list[Any]:
        found = [look(node) for node in nodes]
        return found[:1] if all(each == found[0] for each in found) else []

    return wait_for(what, ask, seconds)[0]


def one_word(lab: Lab, number: int) -> None:
    """Wait until all nodes know one word of a destination at most, as if it is calm: that it is up."""
    said: list[Any] = []

    def ask() -> bool:
        said[:] = [words(node, number) for node in lab.nodes]
        return all([*each.values()] in ([], ["up"]) for each in said)

    wait_for("one word", ask, 10)


def state_at(nodes: list[Node], number: int) -> list[int]:
    """Return what is_alive says of a destination at each node."""
    return [int(node.server.call("is_alive", uri(number))) for node in nodes]


def owned_by(lab: Lab, node: Node) -> list[int]:
    """Return the numbers of the destinations that a node alone pings now."""
    return [at for at, who in lab.sharing(*lab.nodes).items() if who is node]
