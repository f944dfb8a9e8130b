"""Which destinations are calm in the cluster, and what one that is not means for this node (pure)."""

from .cluster_acting import Acting
from .cluster_verdict import Case, Finding, Outcome
from .cluster_word import DOWN, NO_WORD, NONE, UP
from .schedule import Wish


def is_calm(case: Case) -> bool:
    """Say whether no node whose word counts says anything but that it answers."""
    return all(case.words.get(node, NO_WORD).kind in (NONE, UP) for node in case.view.counted)


def when_to_ping(case: Case, pings: bool, has_pinged: bool, is_news: bool) -> Wish:
    """Return when a destination is to be pinged: at once if a word calls for another look, or nobody looks.

    Arguments: case; pings, whether this node pings it; has_pinged, whether it did until now; is_news, whether
    other nodes say anything else than until now.
    """
    is_called = is_news and (case.is_doubted() or case.mine.kind == DOWN)
    stands_in = not has_pinged and case.is_unspoken()
    return Wish.NOW if pings and (is_called or stands_in) else Wish.REGULARLY


def is_alone(acting: Acting, case: Case, found: Finding, was_alone: bool, now: int) -> bool:
    """Say whether it is a fault of this node's own that it can't reach a destination, as far as it knows.

    What comes back it may reach a moment later than others. And nobody answers one that is degraded, and it
    may not hear who pings for it: that nobody says anything then is no new finding.
    Arguments: acting; case; found, what was made of it; was_alone, what was said before; now, in us.
    """
    is_unanswered = case.view.degraded and case.mine.kind == DOWN and found.down == 1 and bool(found.silent)
    is_late = now < acting.until and case.view.me in acting.nodes
    return (found.outcome is Outcome.ALONE or (was_alone and is_unanswered)) and not is_late
