"""Which node of a cluster acts for all if something becomes of a destination (pure).

It is the owner, but for those to whom that is no news: they could not reach it before nobody could any more,
or they alone can't. Each node remembers to whom it is news, and all of them come to the same.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

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
    outcome: Outcome = Outcome.STANDS
    """the last one that made a state"""
    until: int = 0
    """until when it may be told here that it came back, or be seen by others; 0 if it did not"""


def acting_after(before: Acting, case: Case, found: Finding, now: int, answer_us: int) -> Acting:
    """Return to whom it is news what becomes of a destination, once a node has looked at it again.

    Arguments: before, as it was until now; case; found, what was made of it; now, in us; answer_us, how long
    an answer takes at most, in us.
    """
    was, outcome = before.outcome, found.outcome
    says_down = (node for node, word in case.words.items() if word.kind == DOWN)
    down_since = {node: before.down_since.get(node, now) for node in says_down}
    until = 0 if outcome is Outcome.DOWN else before.until
    if (was, outcome) in _COMES_BACK:
        until = now + together_us(answer_us)
    if outcome is Outcome.UP and now < until:
        # To whom it was no news that nobody could reach it any more, it is none that all can again.
        nodes = before.nodes & case.view.live
    else:
        old = _to_whom_it_is_old(was, case, found, down_since, answer_us)
        nodes = case.may_own() - {node for node in down_since if node in old or node not in before.nodes}
        if outcome is Outcome.ALONE and was in _IS_DOWN_HERE:
            # The others have left it to this node, however late it can reach it, and may be degraded by then.
            nodes |= before.nodes & {case.view.me}
    return Acting(nodes, down_since, was if outcome.state is None else outcome, until)


_IS_DOWN_HERE = (Outcome.DOWN, Outcome.ALONE)
_COMES_BACK = (
    (Outcome.DOWN, Outcome.UP),
    (Outcome.DOWN, Outcome.ALONE),  # to others; this node may be late
    (Outcome.ALONE, Outcome.UP),
)


def _to_whom_it_is_old(
    was: Outcome, case: Case, found: Finding, down_since: Mapping[str, int], answer_us: int
) -> set[str]:
    """Return which nodes can't reach what others can, or could not long before these.

    Arguments: was, the last outcome that made a state; down_since, as of Acting; else as of acting_after().
    """
    if found.outcome is Outcome.DOWN:
        newest = max(down_since.values(), default=0) if was is not Outcome.DOWN else 0
        return {node for node, at in down_since.items() if at + together_us(answer_us) < newest}
    have_all_said = all(case.words.get(node, NO_WORD).kind != NONE for node in found.asked)
    are_alone = found.outcome is Outcome.ALONE or (found.outcome is Outcome.UP and have_all_said)
    return {*down_since} if are_alone else set()


def together_us(answer_us: int) -> int:
    """Return within how many us all nodes see the same change that is one of the destination itself.

    Arguments: answer_us, how long an answer takes at most, in us.
    """
    # One may have asked it just before, and wait for that before it asks again; words are under way, too.
    return SECOND + 2 * answer_us


def is_held(acting: Acting, case: Case, now: int) -> bool:
    """Say whether it is to be remembered of a calm destination who acts: for a while that is not its owner.

    Arguments: acting; case; now, in us.
    """
    return now < acting.until and acting.nodes != case.may_own()


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
