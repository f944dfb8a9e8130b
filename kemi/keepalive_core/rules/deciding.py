"""All that one piece of evidence does to a destination, as one decision (pure).

First the evidence is judged by itself. Then the guards may say "not yet": a mass failure freezes the state,
and what flaps is kept down.
"""

from typing import NamedTuple

from .calls import ON, CallCriteria, is_call_success, judge_call
from .cluster_own_word import Judged
from .cluster_voice import as_own, follow_cluster, hold, is_own, judged
from .criteria import Criteria
from .damping import damp
from .evidence import (
    Call,
    EndOfDrain,
    Evidence,
    Expiry,
    Mismatch,
    OfCluster,
    OfTargets,
    OfTracked,
    Report,
    Result,
)
from .judging import (
    Transition,
    Verdict,
    asks_to_drain,
    count_mismatch,
    end_drain,
    expire,
    follow_targets,
    is_spent,
    is_success,
    is_void,
    judge,
    judge_name,
    judge_report,
)
from .mass_failure import Threshold, Uplink, count_failure, freeze
from .pace import pace
from .record import Health
from .states import UP


class Facts(NamedTuple):
    """What a decision rests on, besides the evidence and what is known of the destination."""

    criteria: Criteria
    calls: CallCriteria = CallCriteria()
    wall: int = 0
    """epoch seconds"""
    uplink: Uplink | None = None
    """the socket that the pings leave from; None if mass_failure is off, or nothing fails"""
    threshold: Threshold = Threshold(1, 0, 0)
    """of that socket"""
    clustered: bool = False
    """whether the nodes of a cluster decide together how it is"""


class Decision(NamedTuple):
    """What is to be written down."""

    health: Health
    transition: Transition
    remark: str = ""
    """what to log beside, if anything"""
    uplink: Uplink | None = None
    """as it is from now on; None if it has not changed"""
    judged: Judged | None = None
    """what the cluster's process is to hear of it, if anything"""


def decide(before: Health, evidence: Evidence, facts: Facts) -> Decision:
    """Decide what a piece of evidence does to a destination.

    Arguments: before, what was known; evidence; facts, all else that matters.
    Returns: what is known from now on, and the step that was.
    """
    if facts.clustered and is_own(evidence):
        own = _decide(as_own(before), evidence, facts)
        if own.transition is Transition.STALE:
            return own._replace(health=before)
        held = hold(before, Verdict(own.health, own.transition, own.remark))
        return Decision(*held, own.uplink, judged(before, held, evidence))
    return _decide(before, evidence, facts)


def _decide(before: Health, evidence: Evidence, facts: Facts) -> Decision:
    """Decide it by the evidence alone."""
    verdict = _judge(before, evidence, facts)
    # A name's targets have their guards, and it follows them; so has what a node says to others, which is
    # told once: whoever tracks it follows at once.
    shown = evidence.shown if isinstance(evidence, OfTracked) else evidence
    is_of_cluster = isinstance(shown, OfCluster)
    if verdict.transition is Transition.STALE or is_of_cluster or isinstance(evidence, OfTargets):
        return Decision(*verdict)
    uplink = facts.uplink
    if uplink is not None and before.state == UP and verdict.health.streak < 0:
        if before.streak >= 0:
            uplink = count_failure(uplink, evidence.at, facts.threshold)
        if verdict.transition is Transition.CHANGED and uplink.is_frozen(evidence.at):
            verdict = freeze(before, verdict)
    elif isinstance(evidence, OfTracked) and evidence.is_frozen and _goes_down(before, verdict):
        # It is one failure, whoever tracks it: the tracked one alone is counted.
        verdict = freeze(before, verdict)
    verdict = damp(before, verdict, evidence.at, facts.criteria)
    return Decision(*verdict, uplink=None if uplink == facts.uplink else uplink)


def _goes_down(before: Health, verdict: Verdict) -> bool:
    return before.state == UP and verdict.transition is Transition.CHANGED


def _judge(before: Health, evidence: Evidence, facts: Facts) -> Verdict:
    match evidence:
        case OfTracked():
            return _judge_shown(before, evidence.shown, facts)
        case Result():
            return judge(before, evidence, facts.criteria, facts.wall)
        case Report():
            return judge_report(before, evidence, facts.criteria, facts.wall)
        case Call():
            return judge_call(before, evidence, facts.criteria, facts.calls, facts.wall)
        case Expiry():
            return expire(before, evidence.reason, facts.wall)
        case EndOfDrain():
            return end_drain(before, evidence.at)
        case OfTargets():
            return follow_targets(before, evidence, facts.wall)
        case OfCluster():
            return follow_cluster(before, evidence, facts.wall)
        case Mismatch():  # pragma: no branch - there is no other kind, as mypy sees
            return count_mismatch(before)


def _judge_shown(before: Health, shown: Result | OfTargets | OfCluster, facts: Facts) -> Verdict:
    if isinstance(shown, OfTargets):
        return judge_name(before, shown, facts.criteria, facts.wall)
    if isinstance(shown, OfCluster):
        return follow_cluster(before, shown, facts.wall)
    # Of another destination's registration.
    return judge(before, shown._replace(generation=before.generation), facts.criteria, facts.wall)


def is_failure(evidence: Evidence, criteria: Criteria, calls: CallCriteria) -> bool:
    """Say whether a piece of evidence, if it is fresh, speaks against its destination."""
    match evidence:
        case Result():
            return not (
                is_void(evidence) or is_success(evidence, criteria) or asks_to_drain(evidence, criteria)
            )
        case Report():
            return not evidence.success
        case Call():
            return calls.mode == ON and is_call_success(evidence.code) is False
        case _:
            return False


def concerns_prober(before: Health, after: Health, criteria: Criteria, evidence: Evidence) -> bool:
    """Say whether the next ping is not simply the one of the schedule; in the steady case it is.

    Who tracks another one has no pings of its own, but is drained, has no verdict, and is given up likewise.
    """
    return (
        (not isinstance(evidence, OfTracked) and _asks_for_another_time(before, after, evidence.at))
        or after.drain_until != before.drain_until
        or min(after.voids, criteria.fall + 1) != min(before.voids, criteria.fall + 1)
        or is_spent(after, criteria)
    )


def _asks_for_another_time(before: Health, after: Health, now: int) -> bool:
    return after.not_before != before.not_before or pace(after, now) != pace(before, now)
