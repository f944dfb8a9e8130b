"""What is said of a cluster to those who look: sentences of its nodes, and of one destination (pure)."""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from .cluster_lines import Beat
from .cluster_verdict import Case, Outcome, find
from .cluster_word import DOWN, NO_WORD

THIS_NODE: Final = "this node"
UNREACHED: Final = "can't reach it"
"""stands in each reason of a state that is the nodes', see cluster_verdict.reason()"""


class Node(NamedTuple):
    """A node of the cluster, as one of them sees it."""

    live: bool = False
    heard_ago: float | None = None
    """s since its last message that counts; None if there was none"""
    life: int = 0
    """a number that is another one after each restart; 0 before it has proved one"""
    behind: int = 0
    """how many of its words may be lacking here"""
    counts: bool = False
    """whether its words count: it is live and fit, and all that it has said is known here"""
    degraded: bool = False
    """whether it found that the fault is its own: it owns nothing, and its words count at no other node"""
    paused: bool = False
    joining: bool = False
    """whether it still listens, and pings nobody"""
    version: str = ""
    config_differs: bool = False
    """whether it has other settings or destinations than the node that looks"""
    two_lives: bool = False
    """whether two servers say that they are it"""

    def state(self) -> str:
        """Return how it is, in a word or two."""
        if not self.live:
            return "dead" if self.life else "never heard"
        return ", ".join(name for name in ("degraded", "paused", "joining") if getattr(self, name)) or "live"


def trouble(me: str, nodes: Mapping[str, Node], alone: int, is_keyless: bool = False) -> list[str]:
    """Return what is not as it should be in a cluster, a sentence each.

    Arguments: me, the node that looks; nodes, all of them; alone, how many destinations that node alone
    can't reach; is_keyless, whether it is to sign, and has no key.
    """
    found: list[str] = []
    if is_keyless:
        found.append(
            f"{THIS_NODE} says and hears nothing: KEEPALIVE_CLUSTER_SECRET_FILE has no key, see the log"
        )
    for name, node in nodes.items():
        found += _trouble_of_me(node) if name == me else _trouble_of(name, node, nodes[me])
    if alone:
        found.append(f"destinations that {THIS_NODE} alone can't reach: {alone}")
    return found


# What a node that has not said it yet has, see cluster_lines.Beat.
_UNSAID: Final = Beat().version


def _trouble_of_me(node: Node) -> Iterator[str]:
    if node.degraded:
        yield f"{THIS_NODE} is degraded: what it can't reach others do, so it owns nothing"
    if node.two_lives:
        yield f"another server says that it is {THIS_NODE}"


def _trouble_of(name: str, node: Node, me: Node) -> Iterator[str]:
    if node.heard_ago is None:
        yield f"{name} has never been heard"
    elif not node.live:
        yield f"{name} has not been heard for {node.heard_ago:.0f} s"
    if node.degraded:
        yield f"{name} is degraded: what it can't reach others do, so it owns nothing"
    if node.two_lives:
        yield f"two servers say that they are {name}"
    if node.config_differs:
        yield f"{name} has other settings or destinations than {THIS_NODE}"
    if node.life and node.version not in (_UNSAID, me.version):
        yield f"{name} has version {node.version} of keepalive, {THIS_NODE} {me.version}"


def decision(case: Case, outcome: Outcome | None, text: str) -> str:
    """Return what came of the words of a destination, and who can't reach it, in a sentence.

    Arguments: case; outcome, what was decided, None of a destination of which nobody says that it is down;
    text, the sentence of that decision.
    """
    if outcome is None:
        owner = case.owner()
        return f"{_called(owner, case)} pings it" if owner else "no node that may ping it is live"
    missing = sorted(node for node in case.having().counted if _says(case, node) == DOWN)
    if outcome not in (Outcome.UP, Outcome.ALONE) or not missing:
        return text
    names = " and ".join(_called(node, case) for node in missing)
    found = find(case, waited=True)
    return f"only {names} {UNREACHED}: {len(missing)} of {len(found.asked)} nodes, {found.need} are needed"


def _says(case: Case, node: str) -> str:
    return case.words.get(node, NO_WORD).kind


def _called(node: str, case: Case) -> str:
    return THIS_NODE if node == case.view.me else node
