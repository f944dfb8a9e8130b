"""Guards: what keeps a whole fleet from going down by our own fault, or a trunk from flapping (pure).

They stand between a rule of health and what is written down: ``health`` says what a result means, a guard may
say "not yet". Times are microseconds of one monotonic clock.
"""

import math
import re
from typing import NamedTuple

from .health import DOWN, UNKNOWN, UP, Health, Rules, Transition, Verdict
from .schedule import SECOND

# --- flapping --------------------------------------------------------------------------------------------


def damp(before: Health, verdict: Verdict, now: int, rules: Rules) -> Verdict:
    """Keep a destination down for a while that changed too often within a time.

    The hold doubles each time, up to a limit, and halves again for each time of calm: RFC 2439's damping,
    with a count where that has a penalty. While it lasts there are no changes, and so no events.

    Arguments: before, what was known; verdict, a rule's; now, us; rules, of the destination.
    Returns: the verdict, or the one that keeps it down.
    """
    if not rules.flap_limit or verdict.transition is not Transition.CHANGED:
        return verdict
    # What became unknown, or was, has not flapped: nothing was heard of it, which may be our own fault.
    if UNKNOWN in (before.state, verdict.health.state):
        return verdict
    after = verdict.health
    window = rules.flap_window * SECOND
    counting = before.flap_changes and now - before.flap_since <= window
    since, changes = (before.flap_since, before.flap_changes + 1) if counting else (now, 1)
    if changes < rules.flap_limit:
        return verdict._replace(health=after._replace(flap_since=since, flap_changes=changes))
    level = max(0, before.flap_level - max(0, now - before.kept_down) // window)
    hold = min(rules.flap_hold << level, rules.flap_hold_max)
    flapping = after._replace(
        state=DOWN,
        since=after.since if before.state == UP else before.since,
        kept_down=max(before.kept_down, now + hold * SECOND),
        flap_since=0,
        flap_changes=0,
        # One more doubling would change nothing, but take longer to be forgotten.
        flap_level=level + 1 if hold < rules.flap_hold_max else level,
        reason=f"flapping: {changes} changes within {rules.flap_window} s, kept down for {hold} s: "
        f"{after.reason}",
    )
    return Verdict(flapping, Transition.CHANGED if before.state == UP else Transition.DAMPED)


# --- many destinations behind one socket -----------------------------------------------------------------


class Uplink(NamedTuple):
    """What is known of one socket: how many destinations behind it began to fail, and when."""

    began: int = 0
    """of the interval that is being counted, us"""
    failed: int = 0
    """in this interval"""
    before: int = 0
    """in the one before"""
    held_until: int = 0
    """no destination behind it goes down before, us; 0 for none"""

    def failing(self, now: int, interval: int) -> float:
        """Return how many began to fail within the last interval, us."""
        # The interval before counts by the part of it that is not an interval old yet.
        return self.failed + self.before * max(0.0, 1 - (now - self.began) / interval)

    def holds(self, now: int) -> bool:
        """Say whether the destinations behind it have to stay as they are."""
        return now < self.held_until


def one_more_fails(known: Uplink, now: int, interval: int, behind: int, percent: int) -> Uplink:
    """Count a destination that begins to fail, and hold all behind its socket if too many do.

    The hold lasts an interval, so that each of them is asked once more; what fails then is down. For another
    interval there is no new hold, as those that were held are going down.

    Arguments: known, of the socket; now, us; interval, of the pings, us; behind, how many destinations use
    the socket; percent, of them, that may fail within one interval.
    """
    passed = now - known.began
    if passed >= 2 * interval:
        known = known._replace(began=now, failed=1, before=0)
    elif passed >= interval:
        known = known._replace(began=known.began + interval, failed=1, before=known.failed)
    else:
        known = known._replace(failed=known.failed + 1)
    failing = known.failing(now, interval)
    # One alone is its own trouble, whatever percentage it is.
    too_many = failing >= 2 and failing * 100 > percent * behind
    if too_many and now >= known.held_until + interval:
        return known._replace(held_until=now + interval)
    return known


def hold(before: Health, verdict: Verdict) -> Verdict:
    """Return the verdict that a destination stays up, although it failed often enough."""
    return Verdict(verdict.health._replace(state=before.state, since=before.since), Transition.HELD)


# --- the last ones of a group ----------------------------------------------------------------------------


def least_alive(text: str, number: int) -> int:
    """Return how many members of a group have to answer.

    Arguments: text, ``2`` or ``50%``; number, of the members.
    """
    if text.endswith("%"):
        return math.ceil(number * int(text[:-1]) / 100)
    return min(int(text), number)


def is_least_alive(text: str) -> bool:
    """Say whether a text is a number or a percentage of members."""
    return bool(re.fullmatch(r"\d{1,6}|\d{1,2}%|100%", text))
