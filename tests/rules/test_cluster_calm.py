"""Which destinations are calm, and what one that is not means for a node."""

from __future__ import annotations

from cluster_nodes import ALL, KEY, A, B, said, seen_by
from keepalive_core.rules.cluster_acting import Acting
from keepalive_core.rules.cluster_calm import is_alone, is_at_fault, is_calm, when_to_ping
from keepalive_core.rules.cluster_verdict import Case, Outcome, find
from keepalive_core.rules.cluster_view import View
from keepalive_core.rules.cluster_word import DOWN, KINDS, NONE, UP
from keepalive_core.rules.schedule import Wish


def case(a: str = NONE, b: str = NONE, c: str = NONE, view: View | None = None) -> Case:
    """A destination of which three nodes say something, as A sees it."""
    return Case(KEY, view or seen_by(A), said(a, b, c))


def test_when_it_is_pinged() -> None:
    """At once if a word calls for another look, or if nobody speaks of it and this node begins to ping it."""
    for known in (case(b=DOWN), case(a=DOWN)):
        assert when_to_ping(known, pings=True, has_pinged=True, is_news=True) is Wish.NOW
        assert when_to_ping(known, pings=True, has_pinged=True, is_news=False) is Wish.REGULARLY
        assert when_to_ping(known, pings=False, has_pinged=True, is_news=True) is Wish.REGULARLY
    assert when_to_ping(case(a=UP), pings=True, has_pinged=True, is_news=True) is Wish.REGULARLY
    assert when_to_ping(case(a=UP), pings=True, has_pinged=False, is_news=False) is Wish.REGULARLY
    assert when_to_ping(case(), pings=True, has_pinged=False, is_news=False) is Wish.NOW
    assert when_to_ping(case(), pings=False, has_pinged=False, is_news=False) is Wish.REGULARLY


def test_what_is_calm() -> None:
    """Of what is not the nodes say anything but that it answers, as far as their words count."""
    assert is_calm(case())
    assert is_calm(case(a=UP, c=UP))
    for kind in {*KINDS} - {NONE, UP}:
        assert not is_calm(case(b=kind))
        assert is_calm(case(b=kind, view=seen_by(counted=ALL - {B})))
        assert not is_calm(case(a=kind, view=seen_by(counted=ALL - {A}))), "at a node that is paused"


def test_what_a_node_is_alone_with() -> None:
    """Not what comes back: that it may reach a moment later, if it was lost to all of them."""
    back, alone = Acting(ALL, outcome=Outcome.ALONE, until=5), case(a=DOWN, b=UP, c=UP)
    assert [is_alone(back, alone, find(alone), now) for now in (4, 5)] == [False, True]
    assert is_alone(back._replace(nodes=ALL - {A}), alone, find(alone), 4)
    down = case(a=DOWN, b=DOWN, c=UP)
    assert not is_alone(back, down, find(down), 5)


def test_whose_fault_it_is() -> None:
    """As long as a node is degraded, and has not reached it, whatever others say of it."""
    degraded = seen_by(ready=ALL - {A}, degraded=True)
    for known, was_at_fault, is_so in (
        (case(a=DOWN, b=DOWN, view=degraded), True, True),
        (case(a=DOWN, view=degraded), True, True),
        (case(a=DOWN, view=degraded), False, False),
        (case(a=DOWN, b=DOWN), True, False),
        (case(a=UP, b=DOWN, view=degraded), True, False),
    ):
        assert is_at_fault(known, False, was_at_fault) is is_so
    assert is_at_fault(case(a=DOWN), True, False)
