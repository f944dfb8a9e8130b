"""A trunk that flaps is kept down for a while (pure). Times are microseconds of one monotonic clock."""

from .criteria import Criteria
from .judging import Transition, Verdict
from .record import Health
from .states import DOWN, UNKNOWN, UP
from .times import SECOND


def damp(before: Health, verdict: Verdict, now: int, criteria: Criteria) -> Verdict:
    """Keep a destination down for a while that changed too often within a time.

    The time for which it is kept down doubles each time, up to a limit, and halves after each calm
    flap_window: RFC 2439's damping, with a count instead of a penalty. Meanwhile there are no changes, and so
    no events.

    Arguments: before, what was known; verdict, a rule's; now, in us; criteria, of the destination.
    Returns: the verdict, or the one that keeps it down.
    """
    if not criteria.flap_limit or verdict.transition is not Transition.CHANGED:
        return verdict
    # What became unknown, or was, has not flapped: nothing was heard of it, which may be our own fault.
    if UNKNOWN in (before.state, verdict.health.state):
        return verdict
    after = verdict.health
    window = criteria.flap_window * SECOND
    counting = before.flap_changes and now - before.flap_since <= window
    since, changes = (before.flap_since, before.flap_changes + 1) if counting else (now, 1)
    if changes < criteria.flap_limit:
        return verdict._replace(health=after._replace(flap_since=since, flap_changes=changes))
    level = max(0, before.flap_level - max(0, now - before.kept_down) // window)
    seconds = min(criteria.flap_hold << level, criteria.flap_hold_max)
    flapping = after._replace(
        state=DOWN,
        since=after.since if before.state == UP else before.since,
        kept_down=max(before.kept_down, now + seconds * SECOND),
        flap_since=0,
        flap_changes=0,
        # One more doubling would change nothing, but take longer to be forgotten.
        flap_level=level + 1 if seconds < criteria.flap_hold_max else level,
        reason=f"flapping: {changes} changes within {criteria.flap_window} s, kept down for {seconds} s: "
        f"{after.reason}",
    )
    return Verdict(flapping, Transition.CHANGED if before.state == UP else Transition.DAMPED)
