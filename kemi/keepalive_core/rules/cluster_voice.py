"""How a node's own evidence counts if the nodes of its cluster decide together (pure).

A destination has two states then. The one that holds, which is_alive reads, is what the words of the nodes
make. The own one is what this node's evidence alone makes, judged as on any server, with rise, fall, damping
and mass_failure; what comes of it is this node's word. Mostly both are the same. The field ``voice`` of a
record says what the own one is if they differ, and whether the cluster's process waits for evidence that
would be no news else: then no fast path may swallow it.
"""

from typing import Final

from .cluster_own_word import Judged
from .evidence import Call, Evidence, Expiry, Kind, OfCluster, OfTargets, OfTracked, Report, Result
from .judging import Transition, Verdict
from .record import Health
from .states import DOWN, UNKNOWN, UP

_ASKED: Final = 1
_OWN_UNIT: Final = 2
"""Behind that flag: 0 if the own state is the one that holds, else one more than the own state"""


def own_state(health: Health) -> int:
    """Return what this node's own evidence makes of a destination."""
    own = health.voice // _OWN_UNIT
    return own - 1 if own else health.state


def _voice(state: int, own: int, is_asked: int) -> int:
    return is_asked | (0 if own == state else (own + 1) * _OWN_UNIT)


def tell_again(health: Health) -> Health:
    """Return what is known of a destination if the cluster's process is still to hear of its own state."""
    return health._replace(voice=health.voice | _ASKED)


def is_own(evidence: Evidence) -> bool:
    """Say whether evidence is this node's own, and not derived from what the words of all have made."""
    if isinstance(evidence, OfTracked):
        return isinstance(evidence.shown, Result)
    return not isinstance(evidence, OfCluster | OfTargets)


def as_own(health: Health) -> Health:
    """Return what is known of a destination, as its own evidence is to judge it."""
    return health._replace(state=own_state(health)) if health.voice else health


def hold(before: Health, own: Verdict) -> Verdict:
    """Return a verdict by own evidence with the state that holds, and the own one beside it.

    Arguments: before, what was known; own, the verdict on as_own() of that.
    """
    after = own.health
    voice = _voice(before.state, after.state, before.voice & _ASKED)
    held = after._replace(state=before.state, since=before.since, voice=voice)
    is_news = own.transition in (Transition.CHANGED, Transition.DAMPED)
    return own._replace(health=held, transition=Transition.HELD if is_news else own.transition)


def judged(before: Health, verdict: Verdict, evidence: Evidence) -> Judged | None:
    """Return what the cluster's process is to hear of a piece of own evidence; None for nothing.

    Arguments: before, what was known; verdict, as hold() returned it; evidence.
    """
    after, transition = verdict.health, verdict.transition
    if not isinstance(evidence, Result | Report | Call | Expiry) or transition is Transition.FROZEN:
        return None
    if isinstance(evidence, Result) and evidence.kind is Kind.UNSENT and transition is Transition.VOID:
        # Of what it says no ping is behind any more: others may be able to ask.
        is_again = before.result == Kind.UNSENT.word
        said = Judged(UNKNOWN, 0, after.state, stands=True, cannot_ask=is_again)
        return said if before.voice or not is_again else None
    is_counted = (after.ok, after.failed, after.drained) != (before.ok, before.failed, before.drained)
    is_news = transition is Transition.HELD or (before.drain_until > 0) != (after.drain_until > 0)
    if not is_news and not (is_counted and before.voice):
        return None
    # What is drained answers, whatever the pings before it did.
    streak = max(1, after.streak) if transition is Transition.DRAINED else after.streak
    own, is_old = own_state(after), isinstance(evidence, Expiry)
    return Judged(own, streak, after.state, after.reason, after.drain_until, cannot_ask=is_old)


def follow_cluster(health: Health, found: OfCluster, wall: int) -> Verdict:
    """Decide what the words of a cluster's nodes mean for a destination at this node.

    Its streak goes on if the own state is another one; else what speaks against the new state is too old.
    Arguments: health, as known before; found; wall, epoch seconds.
    """
    state = health.state if found.state is None else found.state
    drain = found.drain_until if found.state == UP else health.drain_until
    voice = _voice(state, state if found.own == UNKNOWN else found.own, int(found.is_asked))
    if (state, drain, voice) == (health.state, health.drain_until, health.voice):
        return Verdict(health, Transition.STALE)
    after = health._replace(state=state, drain_until=drain, voice=voice)
    if state == health.state:
        return Verdict(after, Transition.UNCHANGED)
    is_too_old = own_state(after) == state and _speaks_against(state, after.streak)
    after = after._replace(since=wall, heard=found.at, reason=found.reason or health.reason)
    # A state file has no state without a result that says so: another node had one.
    if state == UP:
        after = after._replace(ok=max(1, after.ok), last_up=wall)
    elif state == DOWN:
        after = after._replace(failed=max(1, after.failed), last_down=wall)
    return Verdict(after._replace(streak=0) if is_too_old else after, Transition.CHANGED)


def _speaks_against(state: int, streak: int) -> bool:
    return state == UNKNOWN or (state == UP and streak < 0) or (state == DOWN and streak > 0)
