"""Three nodes of a cluster, and a destination: rules and services are tested with the same ones."""

from __future__ import annotations

from keepalive_core.rules.cluster_owner import rank
from keepalive_core.rules.cluster_verdict import Case, Terms
from keepalive_core.rules.cluster_view import View
from keepalive_core.rules.cluster_word import DOWN, NONE, UP, Word

NODES = ("sip:10.0.0.1:5060", "sip:10.0.0.2:5060", "sip:10.0.0.3:5060")
ALL = frozenset(NODES)
KEY = "sip:192.0.2.1:5060"
A, B, C = rank(KEY, NODES)
"""as they want it"""


def seen_by(me: str = A, live: frozenset[str] = ALL, **changes: object) -> View:
    """Return how a node sees its cluster: all that live are fit, ready, and count."""
    return View(me, live, live, live, live)._replace(**changes)


def case(
    me: str = A, a: str = NONE, b: str = NONE, c: str = NONE, view: View | None = None, **terms: object
) -> Case:
    """A destination of which three nodes say something."""
    return Case(KEY, view or seen_by(me), said(a, b, c), Terms(**terms))


def said(a: str = NONE, b: str = NONE, c: str = NONE, old: str = "") -> dict[str, Word]:
    """Return what A, B and C say: a node that says nothing is not there.

    Whoever says "up" has been answered since another one said "down", but for those that are old.
    """
    kinds = {A: a, B: b, C: c}
    lost = [*kinds.values()].count(DOWN)
    not_fresh = {node for node, name in ((A, "a"), (B, "b"), (C, "c")) if name in old}
    return {
        node: Word(kind, fresh=lost if kind == UP and node not in not_fresh else 0)
        for node, kind in kinds.items()
        if kind != NONE
    }
