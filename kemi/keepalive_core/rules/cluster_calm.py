"""Which destinations are calm in the cluster, and what one that is not means for this node (pure)."""

from .cluster_acting import Acting
from .cluster_verdict import Case, Finding, Outcome
from .cluster_word import DOWN, NO_WORD, NONE, UP
from .schedule import Wish


def is_calm(case: Case) -> bool:
    """Say whether this node, and each whose word counts, says nothing, or that it answers."""
    said = (case.words.get(node, NO_WORD).kind for node in case.view.counted | {case.view.me})
    return all(kind in (NONE, UP) for kind in said)


def when_to_ping(case: Case, pings: bool, has_pinged: bool, is_news: bool) -> Wish:
    """Return when a destination is to be pinged: at once if a word calls for another look, or nobody looks.

    Arguments: case; pings, whether this node pings it; has_pinged, whether it did until now; is_news, whether
    other nodes say anything else than until now.
    """
    is_called = is_news and (case.is_doubted() or case.mine.kind == DOWN)
    stands_in = not has_pinged and case.is_unspoken()
    return Wish.NOW if pings and (is_called or stands_in) else Wish.REGULARLY


def is_alone(acting: Acting, case: Case, found: Finding, now: int) -> bool:
    """Say whether this node alone can't reach a destination. What comes back it may reach a moment later.

    Arguments: acting; case; found, what was made of it; now, in us.
    """
    is_late = now < acting.until and case.view.me in acting.nodes
    return found.outcome is Outcome.ALONE and not is_late


def is_at_fault(case: Case, is_alone: bool, was_at_fault: bool) -> bool:
    """Say whether a destination is one that this node can't reach by its own fault, as far as it knows.

    One that is degraded learns of no end of that when others can't reach it any more, either: it has to reach
    something. Nor is it a finding that none of them says anything: nobody answers one that is degraded.
    Arguments: case; is_alone, whether this node alone can't reach it; was_at_fault, what was said until now.
    """
    return is_alone or (was_at_fault and case.view.degraded and case.mine.kind == DOWN)
