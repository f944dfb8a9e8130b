"""Many destinations behind one socket that fail at the same time: whose fault is it (pure)?

Times are microseconds of one monotonic clock.
"""

from typing import NamedTuple

from .judging import Transition, Verdict
from .record import Health


class Threshold(NamedTuple):
    """How many destinations behind a socket are too many to fail at the same time."""

    interval_us: int
    """of their pings"""
    behind: int
    """the number of destinations that use the socket"""
    percent: int
    """of them, that may fail within one interval"""


class Uplink(NamedTuple):
    """What is known of one socket: how many destinations behind it began to fail, and when."""

    began: int = 0
    """when the interval began that is being counted, in us"""
    failed: int = 0
    """how many began to fail in this interval"""
    before: int = 0
    """how many did in the one before"""
    frozen_until: int = 0
    """no destination behind it goes down before, in us; 0 for none"""

    def failing(self, now: int, interval: int) -> float:
        """Return the number that began to fail within the last interval, in us."""
        # The interval before counts by the fraction of it that is still within the last interval.
        return self.failed + self.before * max(0.0, 1 - (now - self.began) / interval)

    def is_frozen(self, now: int) -> bool:
        """Say whether the destinations behind it have to stay as they are."""
        return now < self.frozen_until


def count_failure(known: Uplink, now: int, threshold: Threshold) -> Uplink:
    """Count a destination that begins to fail, and freeze all behind its socket if too many do.

    That lasts an interval, so that each of them is asked once more; what fails then is down. For another
    interval they are not frozen again, as those that were frozen are going down.

    Arguments: known, of the socket; now, in us; threshold, of the socket.
    """
    interval_us, behind, percent = threshold
    passed = now - known.began
    if passed >= 2 * interval_us:
        known = known._replace(began=now, failed=1, before=0)
    elif passed >= interval_us:
        known = known._replace(began=known.began + interval_us, failed=1, before=known.failed)
    else:
        known = known._replace(failed=known.failed + 1)
    failing = known.failing(now, interval_us)
    # One alone is its own trouble, whatever percentage it is.
    too_many = failing >= 2 and failing * 100 > percent * behind
    if too_many and now >= known.frozen_until + interval_us:
        return known._replace(frozen_until=now + interval_us)
    return known


def freeze(before: Health, verdict: Verdict) -> Verdict:
    """Return the verdict that a destination stays up, although it failed often enough."""
    kept = verdict.health._replace(state=before.state, since=before.since, kept_down=before.kept_down)
    return Verdict(kept, Transition.FROZEN)
