"""What evidence means for a destination: a result or a report comes in, a verdict goes out (pure).

No clock, no Kamailio, no memory of its own: all a rule needs is in its arguments, all it decides is in
what it returns. Times are microseconds of one monotonic clock that all processes share.
"""

from enum import Enum
from typing import Final, NamedTuple

from .criteria import Criteria
from .evidence import NO_VERDICT, Kind, OfTargets, Report, Result
from .latency import LOSS, average, sample, with_sample
from .pace import is_kept_down
from .record import Health, last_evidence
from .reply_codes import has_code
from .states import DOWN, UNKNOWN, UP
from .times import SECOND

# RFC 3261 section 21.5.4: the one code whose Retry-After speaks of the server itself.
SERVICE_UNAVAILABLE: Final = 503


class Transition(Enum):
    """What a result did."""

    STALE = "stale"
    """nothing: it is for another registration, or a result as new or newer was judged before"""
    UNCHANGED = "unchanged"
    PENDING = "pending"
    """it speaks against the state, but there are not enough of its kind in a row yet"""
    CHANGED = "changed"
    VOID = "void"
    """no verdict, by our own fault"""
    DRAINED = "drained"
    """the destination itself asked for no calls: neither a success nor a failure"""
    FROZEN = "frozen"
    """it would go down, but so many others do that it waits for one more round"""
    DAMPED = "damped"
    """it would come up, but changed too often: it is kept down"""
    SHADOW = "shadow"
    """calls would have taken it down, but may only be counted"""
    HELD = "held"
    """this node would say something else of it from now on: the nodes of its cluster decide together"""


class Verdict(NamedTuple):
    """A rule's answer."""

    health: Health
    transition: Transition
    remark: str = ""
    """what to log beside, if anything"""


def is_success(result: Result, criteria: Criteria) -> bool:
    """Say whether a result is a sign of life: a reply of a listed code. A local timeout never is."""
    return result.kind is Kind.REPLY and has_code(criteria.codes, result.code)


def is_void(result: Result) -> bool:
    """Say whether a result is no verdict: this server could not send, or could not hear.

    A reply is evidence whenever it is read. Silence is none if it was not listened to: then a whole fleet
    would go down with each stall of the server (Envoy's issue 28699). That takes a witness; that a time limit
    ended early or late is none.
    """
    return result.kind.is_our_fault


def asks_to_drain(result: Result, criteria: Criteria) -> int:
    """Return for how many seconds a reply asks for no calls, 0 for not at all."""
    if result.kind is not Kind.REPLY:
        return 0
    listed = has_code(criteria.drain_codes, result.code)
    if (listed or result.code == SERVICE_UNAVAILABLE) and result.retry_after and criteria.most_drain:
        return min(result.retry_after, criteria.most_drain)
    return criteria.drain_time if listed else 0


def judge(health: Health, result: Result, criteria: Criteria, wall: int) -> Verdict:
    """Decide what a ping's result means for a destination.

    Arguments: health, as known before; result, what came in; criteria, of the destination; wall, epoch
    seconds.
    Returns: the health from now on, and what kind of step that was. A stale result changes nothing.
    """
    if result.generation != health.generation or result.sent <= health.newest_sent:
        return Verdict(health, Transition.STALE)
    if is_void(result):
        return _voided(health, result)
    after = _measured(health, result, criteria)._replace(
        newest_sent=result.sent,
        voids=0,
        not_before=0,
        checked=wall,
        code=result.code,
        result=result.kind.word,
        reason=result.why(),
    )
    drain = asks_to_drain(result, criteria)
    if drain:
        return _drained(after, result, criteria, drain)
    if is_success(result, criteria):
        state, streak, transition = _step(health, True, criteria, result.at)
        after = after._replace(state=state, streak=streak, ok=health.ok + 1, last_up=wall, drain_until=0)
    else:
        state, streak, transition = _step(health, False, criteria, result.at)
        after = after._replace(
            state=state,
            streak=streak,
            failed=health.failed + 1,
            timeouts=health.timeouts + result.kind.is_silent,
            last_down=wall,
        )
    return Verdict(after._replace(since=wall) if transition is Transition.CHANGED else after, transition)


def may_be_asked_again(health: Health, criteria: Criteria) -> bool:
    """Say whether a destination goes down by one failure behind a success, so that it may be asked once more.

    With another ``fall`` it is asked again anyway.
    """
    return health.state == UP and health.streak > 0 and not health.voids and criteria.fall == 1


def _voided(health: Health, result: Result) -> Verdict:
    void = health._replace(
        newest_sent=result.sent,
        void=health.void + 1,
        voids=health.voids + 1,
        heard=last_evidence(health),
        result=result.kind.word,
        reason=NO_VERDICT + result.why(),
    )
    return Verdict(void, Transition.VOID)


def _drained(health: Health, result: Result, criteria: Criteria, seconds: int) -> Verdict:
    end = result.ended + seconds * SECOND
    return Verdict(
        health._replace(
            # A Retry-After says when to ask again, and the ping that asks is to find the drain still there.
            not_before=end if result.retry_after and criteria.most_drain else 0,
            drain_until=end + criteria.timeout * 1000,
            drained=health.drained + 1,
        ),
        Transition.DRAINED,
    )


def _was_resent(result: Result, criteria: Criteria) -> bool:
    return 0 < criteria.resent_after * 1000 <= result.ended - result.sent


def _measured(health: Health, result: Result, criteria: Criteria) -> Health:
    """Count a ping's latency, or its loss.

    A reply to a ping that was sent more than once says nothing of latency, as nobody knows which one it
    answers (Karn's rule), but something of loss.
    """
    if result.kind is Kind.SEND_FAILED:
        return health
    if result.kind is not Kind.REPLY:
        return health._replace(samples=with_sample(health.samples, LOSS))
    if _was_resent(result, criteria):
        return health._replace(resent=health.resent + 1, samples=with_sample(health.samples, LOSS))
    latency = result.ended - result.sent
    samples = with_sample(health.samples, sample(latency))
    if not health.latency_max:
        return health._replace(
            latency=latency,
            latency_ewma=latency,
            latency_min=latency,
            latency_max=latency,
            samples=samples,
        )
    return health._replace(
        latency=latency,
        latency_ewma=average(health.latency_ewma, latency),
        latency_min=min(health.latency_min, latency),
        latency_max=max(health.latency_max, latency),
        samples=samples,
    )


def judge_report(health: Health, report: Report, criteria: Criteria, wall: int) -> Verdict:
    """Decide what a report means for a destination: it counts as a ping's result would."""
    verdict = count_call(health, report.success, criteria, report.at, wall)
    return verdict._replace(health=verdict.health._replace(reason=report.why()))


def count_call(health: Health, success: bool, criteria: Criteria, at: int, wall: int) -> Verdict:
    """Count one more success or failure that traffic showed, at a time in us."""
    state, streak, transition = _step(health, success, criteria, at)
    after = health._replace(state=state, streak=streak, voids=0)
    if success:
        after = after._replace(ok=health.ok + 1, last_up=wall, traffic=at)
    else:
        after = after._replace(failed=health.failed + 1, last_down=wall, heard=at)
    return Verdict(after._replace(since=wall) if transition is Transition.CHANGED else after, transition)


def count_mismatch(health: Health) -> Verdict:
    """Count a reply that belongs to none of its pings."""
    return Verdict(health._replace(mismatched=health.mismatched + 1), Transition.UNCHANGED)


def expire(health: Health, reason: str, wall: int) -> Verdict:
    """Forget a state that no fresh result stands behind."""
    if health.state == UNKNOWN:
        return Verdict(health, Transition.UNCHANGED)
    forgotten = health._replace(state=UNKNOWN, streak=0, since=wall, reason=reason)
    return Verdict(forgotten, Transition.CHANGED)


# What pings of a name as a whole have left, before its targets were pinged, is true of none of these.
_OF_PINGS: Final = ("code", "result", "samples", "latency", "latency_ewma", "latency_min", "latency_max")
_OF_MANY_PINGS: Final = ("voids", "kept_down", "flap_since", "flap_changes", "flap_level")
_OF_NONE: Final = {name: Health._field_defaults[name] for name in _OF_PINGS + _OF_MANY_PINGS}


def follow_targets(health: Health, found: OfTargets, wall: int) -> Verdict:
    """Decide what its targets mean for a name; rise, fall and damping are theirs."""
    is_changed = found.state != health.state
    drain = found.drain_until and (health.drain_until or found.drain_until)
    if not is_changed and not found.is_turn and drain == health.drain_until:
        return Verdict(health, Transition.STALE)
    after = health._replace(
        state=found.state, reason=found.reason, drain_until=drain, checked=wall, **_OF_NONE
    )
    if is_changed:
        after = after._replace(since=wall, streak=0)
    if is_changed or found.is_turn:
        if found.state == UP:
            after = after._replace(streak=max(1, after.streak + 1), ok=health.ok + 1, last_up=wall)
        elif found.state == DOWN:
            after = after._replace(streak=min(-1, after.streak - 1), failed=health.failed + 1, last_down=wall)
    return Verdict(after, Transition.CHANGED if is_changed else Transition.UNCHANGED)


def judge_name(health: Health, found: OfTargets, criteria: Criteria, wall: int) -> Verdict:
    """Decide what is found of a name for a destination that tracks it: rise and fall are its own.

    A look between two turns is news to who knows otherwise, as whoever has just come.
    """
    drain = found.drain_until and (health.drain_until or found.drain_until)
    is_news = found.is_turn or found.state != health.state or drain != health.drain_until
    if found.at <= health.newest_sent or not is_news:
        return Verdict(health, Transition.STALE)
    if found.state == UNKNOWN:
        return expire(health._replace(newest_sent=found.at), found.reason, wall)
    success = found.state == UP
    state, streak, transition = _step(health, success, criteria, found.at)
    after = health._replace(
        newest_sent=found.at,
        checked=wall,
        state=state,
        streak=streak,
        reason=found.reason,
        voids=0,
        drain_until=drain,
    )
    if success:
        after = after._replace(ok=health.ok + 1, last_up=wall)
    else:
        after = after._replace(failed=health.failed + 1, last_down=wall)
    return Verdict(after._replace(since=wall) if transition is Transition.CHANGED else after, transition)


def end_drain(health: Health, now: int) -> Verdict:
    """End a drain if its end is reached now, in us."""
    if not health.drain_until or now < health.drain_until:
        return Verdict(health, Transition.STALE)
    return Verdict(health._replace(drain_until=0), Transition.UNCHANGED)


def _step(health: Health, success: bool, criteria: Criteria, now: int) -> tuple[int, int, Transition]:
    """Count one more success or failure; return state, streak and step. Rise and fall are HAProxy's."""
    state, streak = health.state, health.streak
    if success:
        streak = streak + 1 if streak > 0 else 1
        if state == UP or is_kept_down(health, now):
            return state, streak, Transition.UNCHANGED
        # The first result ever decides at once.
        if state == UNKNOWN or streak >= criteria.rise:
            return UP, streak, Transition.CHANGED
    else:
        streak = streak - 1 if streak < 0 else -1
        if state == DOWN:
            return DOWN, streak, Transition.UNCHANGED
        if state == UNKNOWN or -streak >= criteria.fall:
            return DOWN, streak, Transition.CHANGED
    return state, streak, Transition.PENDING


def is_spent(health: Health, criteria: Criteria) -> bool:
    """Say whether a destination failed so often in a row that it is to be given up."""
    return 0 < criteria.remove_after <= -health.streak
