"""What the words of nodes make of a destination, for all words of three nodes, and case by case."""

from __future__ import annotations

from itertools import product

import pytest

from cluster_nodes import A, B, C, case, said, seen_by
from keepalive_core.rules import states
from keepalive_core.rules.cluster_verdict import Case, Outcome, Terms, find, has_to_ping, reason
from keepalive_core.rules.cluster_word import DOWN, DRAIN, KINDS, LACKS, NO_WORD, NONE, UNSENT, UP, Word

EVERY = [
    case(me, a, b, c, seen_by(me, frozenset(live)), quorum=quorum)
    for a, b, c in product(KINDS, repeat=3)
    for live in ((A,), (A, B), (A, B, C))
    for me in live
    for quorum in (1, 2, 3)
]


@pytest.mark.parametrize("waited", [False, True])
def test_what_is_true_of_all_words(waited: bool) -> None:
    """Of three nodes, each of which may say anything, as each of them sees it, with one to three who live."""
    for each in EVERY:
        words = {node: each.words.get(node, NO_WORD) for node in each.view.live}
        counted = {node for node, word in words.items() if word.kind not in (LACKS, UNSENT)}
        down = {node for node in counted if words[node].kind == DOWN}
        up = {node for node in counted if words[node].answers}
        found = find(each, waited)
        assert found.down == len(down)
        assert isinstance(reason(each, found), str)
        if found.outcome is Outcome.DOWN:
            # No node alone takes anything down elsewhere.
            assert each.view.me in down or len(down) >= min(each.terms.quorum, len(counted))
        if found.outcome in (Outcome.ALONE, Outcome.HOLD):
            assert each.view.me in down
            assert len(down) < each.terms.quorum
        if found.outcome is Outcome.HOLD:
            assert not waited
            assert found.silent
        if found.outcome is Outcome.UP:
            assert up
            assert each.view.me not in down
        if found.outcome is Outcome.STANDS:
            assert not up
        if not down and up:
            assert found.outcome is Outcome.UP
        assert found.text()


def test_somebody_pings_whatever_is_said() -> None:
    """Of nodes that see each other at least one does, unless none of them has it; in calm it is one."""
    for a, b, c in product(KINDS, repeat=3):
        cases = [case(me, a, b, c) for me in (A, B, C)]
        having = [each for each in cases if each.mine.kind != LACKS]
        pinging = [each for each in having if has_to_ping(each)]
        assert pinging or not having
        speaking = [each.view.me for each in having if each.mine.answers]
        if DOWN not in (a, b, c) and len(speaking) <= 1:
            trying = [each.view.me for each in having if each.mine.kind == UNSENT]
            owners = {each.owner() for each in having} - {""}
            assert {each.view.me for each in pinging} == {*owners, *speaking, *trying}


def test_an_owner_that_cannot_reach_it_is_passed_over() -> None:
    """As long as it answers somebody."""
    assert case().owner() == A
    assert case(a=DOWN).owner() == A
    assert case(a=DOWN, c=UP).owner() == B
    assert case(a=DOWN, b=DOWN, c=DRAIN).owner() == C
    assert case(a=DOWN, c=UP).owner_if_up() == A
    assert case(a=LACKS).owner() == B
    assert case(a=LACKS, b=LACKS, c=LACKS).owner() == ""


def test_who_is_not_ready_owns_if_nobody_is() -> None:
    """Else nobody would."""
    assert case(view=seen_by(ready=frozenset((B, C)))).owner() == B
    nobody = case(c=LACKS, view=seen_by(ready=frozenset()))
    assert (nobody.owner(), nobody.may_own()) == (A, {A, B})


def test_some_nodes_only() -> None:
    """A carrier that knows the address of one node is that node's, and nobody else is asked."""
    alone = case(b=DOWN, only=frozenset((B,)))
    assert (alone.owner(), alone.asked()) == (B, (B,))
    assert find(alone) == (Outcome.DOWN, 1, 1, (B,), frozenset(), False)
    assert not has_to_ping(alone)
    assert has_to_ping(alone._replace(view=seen_by(B)))
    nobody = case(only=frozenset(("sip:gone:5060",)))
    assert (nobody.owner(), find(nobody).outcome) == ("", Outcome.STANDS)


@pytest.mark.parametrize("me", [A, C])
def test_an_old_word_is_no_answer(me: str) -> None:
    """Those who said that it answers before they were asked are waited for, unless another has answered."""
    mine, other = ("a", "c") if me == A else ("c", "a")
    kinds = {mine: DOWN, "b": UP, other: UP}
    known = case(me, **kinds)
    old = known._replace(words=said(**kinds, old=f"b{other}"))
    found = find(old)
    assert (found.outcome, found.silent) == (Outcome.HOLD, {A, B, C} - {me})
    assert find(old, waited=True).outcome is Outcome.ALONE
    assert find(known._replace(words=said(**kinds, old="b"))).outcome is Outcome.ALONE
    degraded = old._replace(view=seen_by(me, degraded=True))
    assert find(degraded).outcome is Outcome.ALONE, "as nobody answers it"
    others = frozenset({A, B, C}) - {me}
    paused = old._replace(view=seen_by(me, fit=others, ready=others, counted=others, pings=False))
    assert find(paused).outcome is Outcome.ALONE, "nor one that is paused"
    lost_twice = known._replace(
        words={**said(b=UP), me: Word(DOWN), ({A, C} - {me}).pop(): Word(DOWN)}, terms=Terms(3)
    )
    for fresh, outcome in ((1, Outcome.HOLD), (2, Outcome.ALONE)):
        answered = lost_twice._replace(words={**lost_twice.words, B: Word(UP, fresh=fresh)})
        assert find(answered).outcome is outcome, "it has answered the first one that asked, or both"
    drained = known._replace(words=said(**{**kinds, "b": DRAIN}, old=other))
    assert find(drained).outcome is Outcome.ALONE, "it is told each time"


def test_one_asks_the_others_and_then_knows() -> None:
    """Down for all at two, down here alone at one, and down if nobody has anything to say."""
    asking = find(case(a=DOWN))
    assert asking == (Outcome.HOLD, 1, 2, (A, B, C), {B, C}, False)
    assert asking.outcome.state is None
    assert asking.text() == f"{', '.join(sorted((B, C)))} asked, as this node can't reach it"
    assert find(case(a=DOWN, b=UP)).outcome is Outcome.HOLD
    alone = find(case(a=DOWN, b=UP, c=UP))
    assert (alone.outcome, alone.outcome.state) == (Outcome.ALONE, states.DOWN)
    assert alone.text() == "down here: only this node can't reach it (1 of 3)"
    assert find(case(a=DOWN, b=UP), waited=True).outcome is Outcome.ALONE
    assert find(case(B, a=DOWN, b=UP)).text() == "up: 1 of 3 nodes can't reach it, 2 are needed"
    assert find(case(C, a=DOWN, b=DOWN)).text() == "down: 2 of 3 nodes can't reach it, 2 are needed"
    assert find(case(a=DOWN, b=DOWN, c=UP, quorum=3)).text() == (
        "alone: 2 of 3 nodes can't reach it, 3 are needed"
    )
    assert find(case(a=DOWN), waited=True).outcome is Outcome.DOWN
    assert find(case(B, a=DOWN), waited=True).outcome is Outcome.STANDS
    assert find(case(B, a=DOWN)).text() == "no node has said anything"


def test_why_a_state_becomes_another_one() -> None:
    """With the reason of whoever can't reach it, this node first; "" if this node's evidence says it."""

    def why(known: Case, waited: bool = False) -> str:
        words = {
            node: Word(word.kind, f"no reply at {node[-6]}" if word.kind == DOWN else "")
            for node, word in known.words.items()
        }
        return reason(known._replace(words=words), find(known, waited))

    assert why(case(a=DOWN, b=UP, c=UP)) == f"only this node can't reach it: no reply at {A[-6]}"
    assert why(case(a=DOWN), waited=True) == f"only this node can't reach it: no reply at {A[-6]}"
    assert why(case(a=DOWN, b=DOWN)) == f"2 of 3 nodes can't reach it: no reply at {A[-6]}"
    assert why(case(C, a=DOWN, b=DOWN)).startswith("2 of 3 nodes can't reach it: no reply at ")
    assert why(case(a=DOWN, b=DOWN, c=UP, quorum=3)).startswith("2 of 3 nodes can't reach it: ")
    assert why(case(B, a=DOWN, quorum=1)) == f"1 of 3 nodes can't reach it: no reply at {A[-6]}"
    paused = seen_by(A, fit=frozenset((B, C)), counted=frozenset((B, C)), pings=False)
    assert why(case(a=DOWN, b=UP, view=paused)) == f"only this node can't reach it: no reply at {A[-6]}"
    assert why(case(a=DOWN, b=DOWN, view=paused), True) == f"1 of 2 nodes can't reach it: no reply at {B[-6]}"
    assert why(case(a=UP)) == ""
    assert why(case(a=UP, c=DOWN)) == f"it answers {A}, and 1 of 3 nodes can't reach it"
    assert why(case(b=UP)) == f"it answers {B}"
    assert why(case(b=DRAIN)) == f"it answers {B}"
    unsaid = case(a=DOWN)
    assert reason(unsaid, find(unsaid, True)) == "only this node can't reach it"


def test_until_when_it_is_drained() -> None:
    """As long as any node heard that it asks for, whose word counts."""
    words = {A: Word(DRAIN, ends=5), B: Word(DRAIN, ends=9), C: Word(UP, ends=99)}
    drained = case()._replace(words=words)
    assert [drained.drain_until(now) for now in (1, 5, 9)] == [9, 9, 0]
    assert case(view=seen_by(counted=frozenset((A,))))._replace(words=words).drain_until(1) == 5


def test_fewer_can_be_asked() -> None:
    """Those that want it most, but no fewer than have to say that it is down."""
    assert case(vantage=2).asked() == (A, B)
    assert case(vantage=1).asked() == (A, B), (
        "never fewer than have to say it: no vantage makes one node right"
    )
    assert find(case(a=DOWN, vantage=1)).outcome is Outcome.HOLD
    assert find(case(a=DOWN, vantage=1, quorum=1)).outcome is Outcome.DOWN
    assert find(case(C, a=DOWN, b=DOWN, vantage=2)).outcome is Outcome.DOWN


def test_a_degraded_node_counts_at_home_only() -> None:
    """Its view has it among the fit, the others' have not: it asks nobody, and waits for nobody's answer."""
    others = seen_by(B, fit=frozenset((B, C)), ready=frozenset((B, C)), counted=frozenset((B, C)))
    said = case(B, a=DOWN, view=others)
    assert (find(said).outcome, said.is_doubted(), said.owner()) == (Outcome.STANDS, False, B)
    home = seen_by(A, ready=frozenset((B, C)), degraded=True)
    assert find(case(a=DOWN, b=UP, view=home)).outcome is Outcome.ALONE
    assert find(case(a=DOWN, view=home)).outcome is Outcome.HOLD
    assert find(case(b=DOWN, view=home)).outcome is Outcome.STANDS
    assert find(case(a=UP, b=DOWN, view=home)).outcome is Outcome.UP
    assert has_to_ping(case(b=UP, view=home))
    # Were all degraded, each would know what it sees itself.
    nobody = seen_by(B, fit=frozenset((B,)), ready=frozenset(), counted=frozenset((B,)), degraded=True)
    assert find(case(B, a=DOWN, c=DOWN, view=nobody)).outcome is Outcome.STANDS


def test_who_pings() -> None:
    """The owner; who can't reach it; who is asked; who holds the last word; whoever stands in."""
    assert [has_to_ping(case(me)) for me in (A, B, C)] == [True, False, False]
    assert [has_to_ping(case(me, c=DOWN)) for me in (A, B, C)] == [True, True, True]
    assert [has_to_ping(case(me, a=DOWN, vantage=2)) for me in (A, B, C)] == [True, True, False]
    assert [has_to_ping(case(me, c=DOWN, quorum=1)) for me in (A, B, C)] == [True, False, True]
    assert [has_to_ping(case(me, c=UP)) for me in (A, B, C)] == [True, False, True]
    assert has_to_ping(case(B, a=DOWN, b=UNSENT)), "it may be able to ask it again"
    assert [has_to_ping(case(me), turns_unspoken=1) for me in (A, B, C)] == [True, True, True]
    assert [has_to_ping(case(me, b=UP), turns_unspoken=1) for me in (A, B, C)] == [True, True, False]
    assert not has_to_ping(case(a=DOWN, view=seen_by(pings=False)))


def test_of_what_nobody_says_anything() -> None:
    """The word of one that is dead, or not known as a whole, is none, nor is that somebody lacks it."""
    assert case().is_unspoken()
    assert case(b=LACKS).is_unspoken()
    assert not case(b=DOWN).is_unspoken()
    assert case(b=UP, view=seen_by(counted=frozenset((A, C)))).is_unspoken()


def test_when_it_may_be_given_up() -> None:
    """If others can't reach it either, or have given it up: one that can't ask, or is mute, does not know."""
    assert case(a=DOWN, b=DOWN).is_agreed()
    assert case(a=DOWN, b=LACKS).is_agreed()
    assert case(a=DOWN, b=DOWN, c=UNSENT).is_agreed()
    assert case(a=DOWN, quorum=1).is_agreed()
    assert case(a=DOWN, only=frozenset((A,))).is_agreed()
    assert not case(a=DOWN, quorum=1, view=seen_by(live=frozenset((A,)))).is_agreed(), "it may be cut off"
    assert not case(a=DOWN, b=UNSENT, c=UNSENT).is_agreed()
    for kind in (NONE, UP, DRAIN, UNSENT):
        assert not case(a=DOWN, b=kind, view=seen_by(live=frozenset((A, B)))).is_agreed()
    assert not case(a=DOWN, b=DOWN, quorum=3).is_agreed()
    paused = seen_by(fit=frozenset((A,)), counted=frozenset((A,)))
    assert not case(a=DOWN, b=DOWN, view=paused).is_agreed(), "nobody else could look"


def test_whose_word_is_late_counts_for_nothing() -> None:
    """Nor does this node's own one: the others have heard that it answers."""
    assert find(case(a=DOWN, b=DOWN, c=UP)._replace(late=frozenset({B}))).outcome is Outcome.ALONE
    assert find(case(C, a=DOWN, b=DOWN, c=UP)._replace(late=frozenset({B}))).outcome is Outcome.UP
    assert find(case(B, a=DOWN, b=DOWN, c=UP)._replace(late=frozenset({B}))).outcome is Outcome.UP
