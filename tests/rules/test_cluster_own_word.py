"""What a node says itself of a destination, after a ping and while others speak."""

from __future__ import annotations

import pytest

from cluster_nodes import A, B, C, case, said, seen_by
from keepalive_core.rules import states
from keepalive_core.rules.cluster_own_word import Judged, waits_for_evidence, word_after, word_kept
from keepalive_core.rules.cluster_verdict import Case
from keepalive_core.rules.cluster_word import DOWN, DRAIN, KINDS, LACKS, MUTE, NO_WORD, NONE, UNSENT, UP, Word


def test_what_is_judged_comes_through_a_queue() -> None:
    """As a text."""
    judged = Judged(states.DOWN, -3, states.UP, 'no "reply"', 7)
    assert Judged.from_text(judged.text()) == judged


UP_AGAIN = Judged(states.UP, 1, states.UP)
CAN_NOT_ASK = Judged(states.UNKNOWN, 0, states.UP, stands=True, cannot_ask=True)
FAILED = Judged(states.UP, -1, states.UP, reason="no reply")
FAILED_OFTEN = Judged(states.DOWN, -3, states.UP, reason="no reply")


@pytest.mark.parametrize(
    ("judged", "before", "after"),
    [
        (FAILED, case(B, a=DOWN, c=UP), DOWN),
        (FAILED, case(B, a=DOWN, c=UP)._replace(late=frozenset({B})), NONE),  # it has just come back
        (FAILED_OFTEN, case(B, a=DOWN, c=UP)._replace(late=frozenset({B})), DOWN),
        (UP_AGAIN, case(), UP),  # the owner
        (UP_AGAIN, case(B, a=UP), NONE),  # not the owner, and nobody doubts
        (UP_AGAIN, case(B, a=DOWN), UP),  # asked
        (UP_AGAIN, case(B, c=DOWN), UP),
        (UP_AGAIN, case(B), UP),  # nobody has a word: it stands in
        (UP_AGAIN._replace(own=states.DOWN), case(a=DOWN), DOWN),  # one success is too few
        (UP_AGAIN, case(a=DOWN), UP),
        (UP_AGAIN, case(B, b=DOWN, a=UP), NONE),
        (UP_AGAIN, case(a=DOWN, b=UP, c=UP), UP),  # it owns it again
        (UP_AGAIN._replace(own=states.DOWN, state=states.DOWN), case(), DOWN),  # it was down, and still is
        (UP_AGAIN._replace(own=states.DOWN), case(b=UP), NONE),  # a success begins no doubt
        (UP_AGAIN._replace(own=states.DOWN), case(b=DRAIN), NONE),
        (UP_AGAIN._replace(own=states.DOWN), case(a=DOWN, b=UP), DOWN),
        (UP_AGAIN._replace(state=states.DOWN), case(a=UP), UP),
        (UP_AGAIN._replace(drain_until=9), case(), DRAIN),
        (UP_AGAIN, case(a=LACKS, b=UP), UP),  # it has it now
        (UP_AGAIN._replace(own=states.UNKNOWN), case(a=UP), NONE),  # nothing fresh stands behind it
        (UP_AGAIN._replace(own=states.UNKNOWN), case(a=DOWN), NONE),
        (CAN_NOT_ASK, case(), NONE),
        (CAN_NOT_ASK, case(B, a=UP), NONE),
        (CAN_NOT_ASK, case(B, a=DOWN), UNSENT),  # whoever asks it does not wait
        (CAN_NOT_ASK._replace(cannot_ask=False), case(B, a=DOWN), NONE),  # for the first time
        (FAILED, case(a=UP), UP),
        (FAILED_OFTEN, case(a=UP), DOWN),
        (FAILED_OFTEN, case(), DOWN),
        (FAILED, case(), NONE),
        (FAILED, case(a=DOWN), DOWN),
        (FAILED, case(B, a=DOWN), DOWN),  # one that is asked confirms with one
        (FAILED, case(B, a=DOWN, b=UP), UP),  # but not one that has said that it answers
        (FAILED._replace(state=states.DOWN), case(), DOWN),  # it was down: one that takes over confirms it
    ],
)
def test_a_word_after_a_ping(judged: Judged, before: Case, after: str) -> None:
    """Whether there were enough in a row is said by the own state."""
    assert word_after(before, judged).kind == after


def test_who_may_not_ping_it_says_nothing() -> None:
    """Else its failed calls would keep it down there, as it never asks whether it is back."""
    assert word_after(case(only=frozenset((B,))), FAILED_OFTEN) == NO_WORD
    assert word_after(case(b=DOWN, only=frozenset((B,))), CAN_NOT_ASK) == NO_WORD
    assert word_after(case(B, only=frozenset((B,))), FAILED_OFTEN).kind == DOWN


def test_a_ping_with_no_verdict_changes_no_word() -> None:
    """Whatever it was, if it says anything of the destination."""
    for kind in KINDS:
        own = states.DOWN if kind == DOWN else states.UP
        said = NO_WORD if kind in MUTE else Word(kind)
        assert word_after(case(a=kind), Judged(own, 0, states.UP)) == said
    assert word_after(case(B, a=DOWN), Judged(states.UP, 0, states.UP)) == NO_WORD
    assert word_after(case(a=UP, b=UP), Judged(states.DOWN, 0, states.UP)).kind == DOWN, "it was down before"


def test_words_have_reasons_and_ends() -> None:
    """What a log line and info() say of them."""
    assert word_after(case(), FAILED_OFTEN) == Word(DOWN, "no reply")
    refused = case()._replace(words={A: Word(DOWN, "refused")})
    assert word_after(refused, FAILED_OFTEN) == Word(DOWN, "refused"), "what it began with"
    assert word_after(case(), UP_AGAIN._replace(drain_until=9, reason="503")) == Word(DRAIN, "503", 9)


def test_old_words_go_when_nobody_doubts() -> None:
    """All but that of whoever wants it most of those that it answers, until the owner has spoken."""
    assert word_kept(case(b=UP, me=B)) == Word(UP)
    assert word_kept(case(a=UP, b=UP, me=B)) == NO_WORD
    assert word_kept(case(a=UP, b=UP)) == Word(UP)
    assert word_kept(case(a=UP, b=UP, c=DOWN, me=B)) == Word(UP, fresh=1)
    fresh = case(B)._replace(words={B: Word(UP, fresh=1)})
    assert word_kept(fresh) == Word(UP), "for the next one that can't reach it"
    assert word_kept(case(a=UP, b=DOWN, me=B)) == Word(DOWN)
    assert word_kept(case(a=DOWN, b=LACKS, me=B)) == NO_WORD, "it has it now"
    assert word_kept(case(a=UP, b=UNSENT, me=B)) == NO_WORD
    assert word_kept(case(a=DOWN, b=UNSENT, me=B)) == Word(UNSENT)
    assert word_kept(case(a=UP, b=DRAIN, me=B)) == NO_WORD


def test_who_pings_nothing_leaves_to_the_others_what_is_down() -> None:
    """When it is back they see it; what it was alone with none of them sees."""
    paused = seen_by(A, fit=frozenset((B, C)), counted=frozenset((B, C)), pings=False)
    assert word_kept(case(a=DOWN, b=DOWN, c=DOWN, view=paused)) == NO_WORD
    assert word_kept(case(a=DOWN, view=paused)) == NO_WORD
    assert word_kept(case(a=DOWN, b=UP, view=paused)) == Word(DOWN)
    assert word_kept(case(a=DOWN, b=DRAIN, view=paused)) == Word(DOWN)
    assert word_kept(case(a=UP, b=DOWN, view=paused)) == NO_WORD
    assert word_kept(case(a=UP, view=paused)) == Word(UP)


@pytest.mark.parametrize("kind", [UP, DOWN, DRAIN])
def test_who_may_ping_it_no_more_says_nothing_more(kind: str) -> None:
    """As cluster_nodes is another one now: what it said would never be said anew, and hold for ever."""
    assert word_kept(case(a=kind, c=DOWN, only=frozenset((B,)))) == NO_WORD
    assert word_kept(case(a=kind, c=DOWN, only=frozenset((A, B)))) == Word(kind)


def test_an_answer_is_told_though_it_is_the_same_word() -> None:
    """Whoever can't reach it waits for that, and not for one of before."""
    for known in (case(a=UP, b=DOWN), case(b=DOWN)):
        answered = word_after(known._replace(words={**known.words, A: Word(UP)}), UP_AGAIN)
        assert answered == Word(UP, fresh=1)
        assert answered.is_news(Word(UP))
    assert word_after(case(a=UP), UP_AGAIN) == Word(UP)


def test_what_changes_no_state_may_change_a_word() -> None:
    """Of whoever has said nothing, or has to answer anew."""
    waiting = (
        case(),
        case(a=UNSENT, b=DOWN),
        case(a=DRAIN),
        case(b=DOWN)._replace(words=said(UP, DOWN, old="a")),
    )
    assert all(waits_for_evidence(known) for known in waiting)
    for known in (case(a=DOWN), case(a=UP), case(a=UP, b=DOWN)):
        assert not waits_for_evidence(known)


def test_each_one_that_asks_is_answered() -> None:
    """A second one is not told of an answer that came before it asked."""
    for doubting, fresh in ((case(a=UP, b=DOWN), 1), (case(a=UP, b=DOWN, c=DOWN), 2)):
        assert word_after(doubting, UP_AGAIN) == Word(UP, fresh=fresh)
    asked_again = case(b=DOWN, c=DOWN)._replace(words=said(UP, DOWN, DOWN, old="a"))
    first = asked_again._replace(words={**asked_again.words, A: Word(UP, fresh=1)})
    assert waits_for_evidence(first)
    assert word_kept(first) == Word(UP, fresh=1)
    assert word_kept(case(a=UP, b=DOWN)._replace(words={A: Word(UP, fresh=2), B: Word(DOWN)})) == Word(
        UP, fresh=1
    )
