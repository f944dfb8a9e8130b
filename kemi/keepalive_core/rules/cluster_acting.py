"""Which node of a cluster acts for all if something becomes of a destination (pure).

It is the owner, but for those to whom a change is none, or who see another one than all others.
"""

from collections.abc import Collection

from .cluster_row_text import CaseRow
from .cluster_verdict import Case, Outcome
from .cluster_word import DOWN, DRAIN, LACKS, UNSENT, UP, Word
from .times import SECOND


def actor(case: Case, row: CaseRow | None, answer_us: int, wall: int) -> str:
    """Return who pings a destination, or would, and acts for all; "" if no node may.

    Of what nobody reaches any more it is none that could not before: nothing changes there. Of what
    has just come back it is its owner in calm, who may see that a moment later: two would act otherwise.
    Arguments: case; row, if it is not calm; answer_us, how long an answer takes at most, in us; wall, the
    time in epoch seconds.
    """
    if row is None:
        return case.owner()
    if before := down_before(row, answer_us):
        return actor_of_follower(case, before)
    case = given_what_is_left(case, row)
    came_back = max((at for kind, _, at in row.words.values() if kind in (UP, DRAIN)), default=0)
    late = row.late if wall <= came_back + _together(answer_us) else ()
    return case._replace(words={**case.words, **dict.fromkeys(late, Word(UP))}).owner()


def given_what_is_left(case: Case, row: CaseRow) -> Case:
    """Return a case in which this node may act if others left that to it: it may be degraded by now.

    Arguments: case; row, of the destination, or of one that it follows.
    """
    view = case.view
    return case._replace(view=view._replace(ready=view.ready | {view.me})) if row.left else case


def early_after(before: CaseRow, row: CaseRow) -> tuple[str, ...]:
    """Return which nodes can't reach what others can, or could not when others still could.

    Arguments: before, the row of a destination until now; row, its next one.
    """
    are_alone = row.outcome == Outcome.ALONE.name or (
        row.outcome == Outcome.UP.name and all(node in row.words for node in row.asked)
    )
    down = (node for node, (kind, _, _) in row.words.items() if kind == DOWN)
    return tuple(node for node in down if are_alone or node in before.early)


def late_after(before: CaseRow, row: CaseRow, answer_us: int, ready: Collection[str]) -> tuple[str, ...]:
    """Return which nodes still can't reach what others can again, but for those that could not long before.

    Arguments: before, the row of a destination until now; row, its next one; answer_us, as for actor();
    ready, nodes that may own it: to another one nothing is left.
    """
    if row.outcome == Outcome.DOWN.name:
        return ()
    was_down = before.outcome == Outcome.DOWN.name
    known = {*before.words} & {*ready} - _long_before(before, answer_us) if was_down else {*before.late}
    return tuple(node for node, (kind, _, _) in row.words.items() if kind == DOWN and node in known)


def actor_of_follower(case: Case, passed_over: Collection[str]) -> str:
    """Return who acts for all if something becomes of what follows other destinations; "" if no node may.

    Arguments: case, of which no node has a word; passed_over, nodes that do not act.
    """
    lacking = {node: word for node, word in case.words.items() if word.kind in (LACKS, UNSENT)}
    words = {node: Word(DOWN if node in passed_over else UP) for node in case.view.live}
    return case._replace(words={**words, **lacking}).owner()


def passed_over_by(row: CaseRow, me: str, answer_us: int) -> set[str]:
    """Return which nodes do not act for what follows a destination: it is no news to them, or theirs alone.

    Arguments: row, of that destination; me, this node; answer_us, as for actor().
    """
    return {me} if row.alone else down_before(row, answer_us)


def down_before(row: CaseRow, answer_us: int) -> set[str]:
    """Return which nodes could not reach a destination for a while, or alone, when others could not either.

    Arguments: as for actor().
    """
    return {*row.early, *_long_before(row, answer_us)} if row.outcome == Outcome.DOWN.name else set()


def _long_before(row: CaseRow, answer_us: int) -> set[str]:
    since = {node: at for node, (kind, _, at) in row.words.items() if kind == DOWN}
    return {node for node, at in since.items() if at + _together(answer_us) < max(since.values())}


def together_us(answer_us: int) -> int:
    """Return within how many us all nodes see the same change that is one of the destination itself.

    Arguments: as for actor().
    """
    # Epoch seconds: two of the same moment may be one apart.
    return SECOND + 2 * answer_us


def _together(answer_us: int) -> float:
    return together_us(answer_us) / SECOND
