"""Which node acts for all if something becomes of a destination, or of what follows some."""

from __future__ import annotations

import pytest

from keepalive_core.rules.cluster_acting import (
    actor,
    actor_of_follower,
    down_before,
    early_after,
    late_after,
    passed_over_by,
)
from keepalive_core.rules.cluster_owner import rank
from keepalive_core.rules.cluster_row_text import CaseRow
from keepalive_core.rules.cluster_verdict import Case, Outcome
from keepalive_core.rules.cluster_view import View
from keepalive_core.rules.cluster_word import DOWN, LACKS, NONE, UP, Word
from keepalive_core.rules.times import SECOND

KEY = "sip:192.0.2.1:5060"
A, B, C = rank(KEY, ["sip:10.0.0.1:5060", "sip:10.0.0.2:5060", "sip:10.0.0.3:5060"])
"""as they want it"""
ALL = frozenset((A, B, C))
ANSWER_US = 2 * SECOND


def seen(words: dict[str, tuple[str, int]], outcome: Outcome = Outcome.DOWN, alone: bool = False) -> CaseRow:
    """A row with words, each since so many s."""
    row = {node: (kind, "", 1000 + at) for node, (kind, at) in words.items()}
    return CaseRow(row, outcome.name, alone=alone)


def case_of(row: CaseRow | None, me: str = A) -> Case:
    """The same as a case."""
    words = row.words if row else {}
    view = View(me, ALL, ALL, ALL, ALL)
    return Case(KEY, view, {node: Word(kind) for node, (kind, _, _) in words.items()})


@pytest.mark.parametrize("me", [A, B, C])
@pytest.mark.parametrize(
    ("words", "outcome", "acts"),
    [
        ({}, Outcome.STANDS, A),
        ({A: (DOWN, 0), B: (DOWN, 2), C: (DOWN, 2)}, Outcome.DOWN, A),
        ({A: (DOWN, 0), B: (DOWN, 5), C: (DOWN, 5)}, Outcome.DOWN, A),
        ({A: (DOWN, 0), B: (DOWN, 6), C: (DOWN, 6)}, Outcome.DOWN, B),
        ({A: (DOWN, 0), B: (DOWN, 0), C: (DOWN, 60)}, Outcome.DOWN, C),
        ({A: (DOWN, 0), B: (UP, 60), C: (UP, 60)}, Outcome.UP, B),
        ({A: (DOWN, 0), B: (LACKS, 60), C: (DOWN, 60)}, Outcome.DOWN, C),
        ({A: (LACKS, 0), B: (NONE, 0)}, Outcome.STANDS, B),
    ],
    ids=[
        "calm",
        "all at once",
        "within the time of two answers and a second",
        "the owner was down before",
        "two were down before",
        "only the owner can't reach it",
        "the owner was down before and the next one does not have it",
        "the owner does not have it",
    ],
)
def test_who_acts_for_all(words: dict[str, tuple[str, int]], outcome: Outcome, acts: str, me: str) -> None:
    """All nodes that know the same say the same one: one to whom the change is news."""
    row = seen(words, outcome) if words else None
    assert actor(case_of(row, me), row, ANSWER_US, 1060) == acts


@pytest.mark.parametrize("me", [A, B, C])
@pytest.mark.parametrize("last", [DOWN, UP])
def test_who_acts_for_all_when_it_comes_back(last: str, me: str) -> None:
    """Its owner, who may see that a moment later than others; whoever pings it if that takes longer."""
    down = seen({A: (DOWN, 0), B: (DOWN, 0), C: (DOWN, 2)})
    row = seen({A: (DOWN, 0), B: (UP, 60), C: (last, 60)}, Outcome.UP)
    row = row._replace(late=late_after(down, row, ANSWER_US, ALL))
    assert actor(case_of(row, me), row, ANSWER_US, 1062) == A
    assert actor(case_of(row, me), row, ANSWER_US, 1066) == B


@pytest.mark.parametrize("me", [A, B, C])
def test_who_acts_for_all_when_it_breaks_bit_by_bit(me: str) -> None:
    """Not who was alone with it a moment before: down it is there already."""
    asked = seen({A: (DOWN, 0), B: (UP, 0)}, Outcome.UP)._replace(asked=(A, B, C))
    down = seen({A: (DOWN, 0), B: (DOWN, 2), C: (UP, 0)})
    assert early_after(CaseRow(), asked) == (), "C has not answered yet"
    assert actor(case_of(down, me), down._replace(early=early_after(asked, down)), ANSWER_US, 1060) == C
    waited = asked._replace(outcome=Outcome.ALONE.name)
    answered = asked._replace(words={**asked.words, C: (UP, "", 1000)})
    for before in (waited, answered):
        known = before._replace(early=early_after(CaseRow(), before))
        assert known.early == (A,)
        row = seen({A: (DOWN, 0), B: (DOWN, 2), C: (DOWN, 2)})
        row = row._replace(early=early_after(known, row))
        assert row.early == (A,)
        assert actor(case_of(row, me), row, ANSWER_US, 1060) == B
    assert early_after(known, seen({A: (UP, 3)}, Outcome.UP)) == ()


def test_who_is_late() -> None:
    """Whoever could not reach it when nobody could, and still can't; not who was alone with that before."""
    down = seen({A: (DOWN, 0), B: (DOWN, 60), C: (DOWN, 60)})
    assert late_after(down, down, ANSWER_US, ALL) == ()
    up = seen({A: (DOWN, 0), B: (DOWN, 60), C: (UP, 90)}, Outcome.UP)
    assert late_after(down, up, ANSWER_US, ALL) == (B,)
    assert late_after(up, up, ANSWER_US, ALL) == ()
    later = seen({A: (DOWN, 0), B: (DOWN, 60), C: (UP, 90)}, Outcome.ALONE)
    assert late_after(up._replace(late=(B,)), later, ANSWER_US, ALL) == (B,)
    assert late_after(later._replace(late=(B,)), seen({B: (UP, 91)}, Outcome.UP), ANSWER_US, ALL) == ()


def test_what_was_left_to_who_is_degraded_by_now() -> None:
    """It acts for all when it can reach it at last; to one that was degraded already nothing is left."""
    down = seen({A: (DOWN, 0), B: (DOWN, 0), C: (DOWN, 2)})
    later = seen({A: (DOWN, 0), B: (UP, 60), C: (UP, 60)}, Outcome.ALONE)
    assert late_after(down, later, ANSWER_US, ALL) == (A,)
    assert late_after(down, later, ANSWER_US, ALL - {A}) == ()
    row = seen({A: (UP, 90), B: (UP, 60)}, Outcome.UP)
    degraded = case_of(row)._replace(view=View(A, ALL, ALL, ALL - {A}, ALL, degraded=True))
    assert actor(degraded, row, ANSWER_US, 1090) == B
    assert actor(degraded, row._replace(left=True), ANSWER_US, 1090) == A


def test_who_was_down_before() -> None:
    """Nobody was as long as it is not down for all, whatever single nodes say."""
    words = {A: (DOWN, 0), B: (DOWN, 60), C: (UP, 0)}
    assert down_before(seen(words), ANSWER_US) == {A}
    assert down_before(seen(words, Outcome.HOLD), ANSWER_US) == set()
    assert down_before(seen({}), ANSWER_US) == set()


def test_who_acts_for_what_follows_others() -> None:
    """Neither who is alone with one of them, nor who was down before, unless all are."""
    alone = seen({A: (DOWN, 0), B: (UP, 0)}, Outcome.ALONE, alone=True)
    before = seen({A: (DOWN, 60), B: (DOWN, 0), C: (DOWN, 60)})
    assert passed_over_by(alone, A, ANSWER_US) == {A}
    assert passed_over_by(before, A, ANSWER_US) == {B}
    calm = case_of(None)
    assert actor_of_follower(calm, set()) == A
    assert actor_of_follower(calm, {A}) == B
    assert actor_of_follower(calm, {A, B}) == C
    assert actor_of_follower(calm, ALL) == A
