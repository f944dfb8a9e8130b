"""What a node of a cluster says itself of one destination (pure)."""

import json
from typing import NamedTuple

from . import states
from .cluster_verdict import Case
from .cluster_word import DOWN, DRAIN, MUTE, NO_WORD, UNSENT, UP, Word


class Judged(NamedTuple):
    """What one node's own evidence makes of a destination."""

    own: int
    """the state that follows from it, with rise and fall; unknown if it is too old to say anything"""
    streak: int
    """successes in a row, or, below 0, failures in a row; 0 if the last one had no verdict"""
    state: int
    """the one that holds at this node"""
    reason: str = ""
    drain_until: int = 0
    """in us, if the destination asked for no calls"""
    stands: bool = False
    """whether its state stands though this node has nothing to say now: no ping left, or it decided alone"""
    cannot_ask: bool = False
    """whether that is so for longer than by chance: whoever can ask it decides without this node"""

    def text(self) -> str:
        """Return it as a text, for from_text()."""
        return json.dumps(self)

    @staticmethod
    def from_text(text: str) -> "Judged":
        """Return what a text() says."""
        return Judged(*json.loads(text))


def word_after(case: Case, judged: Judged) -> Word:
    """Return what this node says of a destination after evidence of its own.

    Whoever is asked, and has not said anything yet, confirms with one failed ping; whoever has said that it
    answers needs as many as ever, or each lost ping would take down what one node can't reach.
    """
    if not case.may_speak():
        return NO_WORD
    if judged.own == states.UNKNOWN:
        # Whoever asks this node would wait for it for ever, and it would go on with what it knew last.
        return Word(UNSENT) if judged.cannot_ask and case.is_doubted() else NO_WORD
    mine = NO_WORD if case.mine.kind in MUTE else case.mine
    is_in_question = case.is_doubted() or judged.state == states.DOWN
    confirms = mine == NO_WORD and is_in_question and case.view.me not in case.late
    if mine.kind != DOWN and judged.streak > 0 and judged.own == states.DOWN and case.speaker(UP, DRAIN):
        return mine  # it has just answered here, too, though not often enough: no doubt begins with that
    if judged.own == states.DOWN or (judged.streak < 0 and confirms):
        return mine if mine.kind == DOWN else Word(DOWN, judged.reason)
    if judged.streak <= 0:
        return mine
    answered = Word(UP, fresh=case.doubting())
    word = Word(DRAIN, judged.reason, judged.drain_until) if judged.drain_until else answered
    return word if case.owner_if_up() == case.view.me or _is_wanted(case) else NO_WORD


def waits_for_evidence(case: Case) -> bool:
    """Say whether what changes no state of a destination may change the word of a node that pings it."""
    is_asked_anew = case.mine.kind == UP and case.mine.fresh < case.doubting()
    return case.mine.kind not in (UP, DOWN) or is_asked_anew


def word_kept(case: Case) -> Word:
    """Return what this node goes on saying when the words of others, the view or the terms have changed.

    When nobody doubts any more, one word is left, of whoever goes on pinging: no old "up" outvotes a later
    "down".
    """
    if _is_left(case) or not case.may_speak():
        return NO_WORD
    if case.mine.kind == UNSENT:
        return case.mine if case.is_doubted() else NO_WORD
    if case.mine.kind == DOWN:
        return case.mine
    if not case.mine.answers or not _is_wanted(case):
        return NO_WORD
    return case.mine._replace(fresh=min(case.mine.fresh, case.doubting()))


def _is_left(case: Case) -> bool:
    """Say whether this node pings nothing, and leaves to the others how it is: they see whether that changes.

    What it is alone with stands, as calls fail there.
    """
    if case.view.pings:
        return False
    return not case.speaker(UP, DRAIN) if case.mine.kind == DOWN else case.is_doubted()


def _is_wanted(case: Case) -> bool:
    """Say whether others need to know that it answers this node: in doubt, or if no better one says so."""
    return case.is_doubted() or case.is_spokesman()
