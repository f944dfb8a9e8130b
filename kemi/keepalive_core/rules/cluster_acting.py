"""Which node of a cluster acts for all if something becomes of a destination (pure).

It is the owner, but for those to whom that is no news: they could not reach it before nobody could any more,
or they alone can't. Each node remembers to whom it is news, and all of them come to the same. It remembers,
too, when a destination came back, as words that cross that one on their way are older.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from . import states
from .cluster_owner import first
from .cluster_row_text import CaseRow
from .cluster_verdict import Case, Finding, Outcome
from .cluster_word import DOWN, NO_WORD, NONE
from .times import SECOND


class Acting(NamedTuple):
    """What a node remembers of a destination that is not calm, so that it knows who acts for all.

    Times are microseconds of this machine's monotonic clock.
    """

    nodes: frozenset[str]
    """those to whom it is news if something becomes of it; the first one of them acts"""
    down_since: Mapping[str, int] = {}
    """since when each node can't reach it that says so"""
    down_before: frozenset[str] = frozenset()
    """those that could not reach it for a while, or were degraded, when nobody could any more"""
    no_news: frozenset[str] = frozenset()
    """those that can't reach it while others can: to them it is none if nobody can any more"""
    knowing: frozenset[str] = frozenset()
    """those that know that it is down: they took part when it went, or have said so since"""
    is_missed: bool = False
    """whether it was down for others before this node took part"""
    outcome: Outcome = Outcome.STANDS
    """the last one that made a state"""
    until: int = 0
    """until when it may be told here that it came back, or be seen by others; 0 if it did not"""
    back: int = 0
    """when it came back here; 0 if it did not"""


def begun(case: Case, state: int) -> Acting:
    """Return what a node remembers when it looks at a destination first. Arguments: case; state, here.

    What is down here was so before this node began, as far as it knows.
    """
    outcome, may_own = Outcome.DOWN if state == states.DOWN else Outcome.STANDS, case.may_own()
    return Acting(may_own, knowing=may_own, outcome=outcome)


def acting_after(before: Acting, case: Case, found: Finding, now: int) -> Acting:
    """Return to whom it is news what becomes of a destination, once a node has looked at it again.

    Arguments: before, as it was until now; case; found, what was made of it; now, in us.
    """
    was, outcome, together = before.outcome, found.outcome, _together_us(case)
    may_own, saying, me = case.may_own(), _saying_down(case), case.view.me
    if was is Outcome.ALONE and outcome is Outcome.DOWN and saying == {me}:
        outcome = was  # those that can reach it are gone for now
    since = {node: before.down_since.get(node, now) for node in saying}
    after = before._replace(
        down_since=since,
        knowing=before.knowing & may_own | saying & may_own,
        is_missed=outcome is not Outcome.UP
        and _is_decided(case)
        and (before.is_missed or not case.view.pings),
        outcome=was if outcome.state is None else outcome,
    )
    if (was, outcome) in _COMES_BACK:
        after = after._replace(until=now + together, back=now)
    may_act = may_own - {me} if after.is_missed else may_own
    no_news = frozenset(saying & (before.no_news | _alone(case, found) | (saying - may_own)))
    if outcome is Outcome.DOWN and was is not Outcome.DOWN:
        long_ago = {node for node, at in since.items() if at + together < now or node not in case.view.ready}
        nodes = may_act - long_ago - no_news
        after = after._replace(no_news=frozenset(), knowing=may_own, until=0, back=0)
        return after._replace(nodes=nodes, down_before=frozenset(long_ago))
    if was is Outcome.DOWN and outcome in (Outcome.UP, Outcome.ALONE):
        # To a node that has begun meanwhile it is no news: it may not even know that it was down.
        knowing = before.knowing & may_own
        nodes = (knowing or may_own) - before.down_before or knowing
        return after._replace(nodes=nodes, no_news=no_news - nodes)
    stays = (was, outcome) in _STAYS_DOWN_HERE and (was is Outcome.DOWN or me in before.nodes)
    if stays or (outcome is Outcome.UP and now < after.until):
        # What a node alone could not reach comes back to no other one. And if the others have left it to this
        # node, that holds however late it can reach it, and degraded as it may be by then.
        # Nor is it old news to that one, if it goes again before.
        return after._replace(nodes=before.nodes & case.view.live, no_news=no_news - before.nodes)
    return after._replace(nodes=may_act - no_news, no_news=no_news)


_STAYS_DOWN_HERE = (
    (Outcome.DOWN, Outcome.DOWN),
    (Outcome.ALONE, Outcome.ALONE),
    (Outcome.ALONE, Outcome.HOLD),  # it asks once more, as a node that joins
)
_COMES_BACK = (
    (Outcome.DOWN, Outcome.UP),
    (Outcome.DOWN, Outcome.ALONE),  # to others; this node may be late
    (Outcome.ALONE, Outcome.UP),
)


def _alone(case: Case, found: Finding) -> set[str]:
    """Return which nodes can't reach it, if others can: all that are asked have said something."""
    have_all_said = all(case.words.get(node, NO_WORD).kind != NONE for node in found.asked)
    is_answer = found.outcome is Outcome.UP and found.is_fresh and have_all_said
    are_alone = found.outcome is Outcome.ALONE or is_answer
    return _saying_down(case) if are_alone else set()


def _is_decided(case: Case) -> bool:
    """Say whether another node says that it can't reach it, and that it is down for that node."""
    others = (word for node, word in case.words.items() if node != case.view.me)
    return any(word.decided for word in others)


def _saying_down(case: Case) -> set[str]:
    return {node for node, word in case.words.items() if word.kind == DOWN}


def _together_us(case: Case) -> int:
    """Return within how many us all nodes see the same change that is one of the destination itself."""
    # One may have asked it just before, and wait for that before it asks again; words are under way, too.
    return SECOND + 2 * case.terms.answer_us


def late(acting: Acting, case: Case, now: int) -> frozenset[str]:
    """Return whose "down" does not count yet of what came back a moment ago: who did not say so before.

    Such a node, or this one, may have asked before it came back, and another node has heard first that it
    answers: it would be down once more until they ask again. What stands when the moment is over counts.
    Arguments: acting; case; now, in us.
    """
    if now >= acting.back + case.terms.crossing_us:
        return frozenset()
    nodes = _saying_down(case) | {case.view.me}
    return frozenset(node for node in nodes if acting.down_since.get(node, now) >= acting.back)


def next_look(acting: Acting, case: Case, now: int) -> int:
    """Return when time alone makes another thing of a destination, in us; 0 for never.

    Arguments: acting; case; now, in us.
    """
    ends = (acting.back + case.terms.crossing_us, acting.until)
    return min((end for end in ends if acting.back and end > now), default=0)


def is_held(acting: Acting, case: Case, now: int) -> bool:
    """Say whether it is to be remembered of a calm destination who acts: that may not be its owner.

    A node that joins may own it in the next moment, before a callback has asked.
    Arguments: acting; case; now, in us.
    """
    return now < acting.until and (acting.nodes != case.may_own() or bool(case.having().joining))


def actor(case: Case, row: CaseRow | None, now: int) -> str:
    """Return who pings a destination, or would, and acts for all; "" if no node may.

    Arguments: case; row, if it is not calm; now, in us.
    """
    return first(case.key, _acting(row, now) if row else ()) or case.owner()


def actor_of_follower(case: Case, rows: Collection[CaseRow], now: int) -> str:
    """Return who acts for all if something becomes of what follows other destinations; "" if no node may.

    Arguments: case, of which no node has a word; rows, of those that it follows and that are not calm; now,
    in us.
    """
    told = [nodes for row in rows if (nodes := _acting(row, now))]
    acting = case.having().live.intersection(*told) if told else case.may_own()
    alone = {case.view.me} if any(row.alone for row in rows) else set()
    return first(case.key, acting - alone) or case.owner()


def _acting(row: CaseRow, now: int) -> frozenset[str]:
    """Return to whom a change is news that may be told now; none if there is none, or all are to act."""
    is_told = row.outcome == Outcome.DOWN.name or now < row.acting_until
    return frozenset(row.acting if is_told else ())
