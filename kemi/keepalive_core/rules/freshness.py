"""How long a state stands without fresh evidence (pure). Times are microseconds of one monotonic clock."""

from collections.abc import Iterable
from typing import Final

from .evidence import NO_VERDICT
from .policy import Policy
from .record import Health, last_evidence
from .times import SECOND

# After nothing but void pings for this number of intervals, and for this time in us, a state is unknown.
VOID_INTERVALS: Final = 10
VOID_AT_LEAST: Final = 300 * SECOND
# Without any result for this number of the intervals of the one that it tracks, a tracker's state is unknown:
# that one may be asked for no ping for ten, it may be in maintenance, or gone.
TRACKED_INTERVALS: Final = 20
# The number of a prober's last standstills that do not count against a state. If all did not, a prober that
# waits for a name's records again and again would keep a state for ever.
STANDSTILLS: Final = 10


def limit(known: Health, policy: Policy, interval: int, apart: int = 0) -> int:
    """Return for how long a state stands without evidence, in us; 0 for any time.

    Arguments: known, of the destination; policy, in force for it; interval, of its pings at its pace, in us;
    apart, how far apart the pings are of the one that it tracks, in us, 0 if it tracks none.
    """
    limits = []
    if policy.stale_after:
        limits.append(int(policy.stale_after * SECOND))
    if known.voids:
        limits.append(_void_limit(apart or interval))
    if apart:
        limits.append(max(TRACKED_INTERVALS * apart, VOID_AT_LEAST))
    return min(limits, default=0)


def _void_limit(interval: int) -> int:
    return max(VOID_INTERVALS * interval, VOID_AT_LEAST)


def stands_unasked(known: Health, policy: Policy, wall: float) -> bool:
    """Say whether the state of a name stands of which nobody can be asked, as after void pings.

    Arguments: known, of the name; policy, in force for it; wall, epoch seconds.
    """
    return wall - known.checked < _void_limit(int(policy.interval * SECOND)) / SECOND


def is_in_vain(known: Health, policy: Policy) -> bool:
    """Say whether a target was asked for so long, and so often, without a verdict that no state stands."""
    interval = int(policy.interval * SECOND)
    return known.voids * interval > _void_limit(interval)


def end(known: Health, stands: int, asked: int, answered: int, standstills: Iterable[tuple[int, int]]) -> int:
    """Return when a state ends, in us, unless there is evidence before.

    Times in which it was not asked do not count.

    Arguments: known, of the destination; stands, its limit(), in us; asked, when the first ping left after
    the last time without any, in us; answered, how long a ping takes at the most, in us; standstills, the
    last ones of its prober: when each was over, and how long it was, in us.
    """
    last = last_evidence(known)
    stood = sum(length for over, length in standstills if over > last)
    return max(stood + max(last + stands, asked + max(stands, answered)), known.not_before + stands)


def why(known: Health, stands: int) -> str:
    """Say why a state ends that stood for its limit, in us."""
    reason = f"no fresh result for {stands / SECOND:g} s"
    if known.voids:
        witness = known.reason.removeprefix(NO_VERDICT)
        reason += f", its last {known.voids} pings had no verdict, the last one: {witness}"
    return reason
