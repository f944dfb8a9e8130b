"""When tm sends a ping again, and which copies of it have left when nothing was answered (pure)."""

from typing import Final

from .criteria import Criteria
from .listening import LATE

# tm's timers tick every 1/16 s and end up to one tick early (measured: 441 ms where 500 were asked for). A
# reply that comes in time must not be taken for a timeout, so one tick is added.
TICK_MS: Final = 63
# RFC 3261 section 17.1.2.2: the most that two copies of a request are apart, in ms.
T2_MS: Final = 4000


def copies(sent: int, ended: int, criteria: Criteria) -> list[int]:
    """Return when each copy of a ping left, in us, to one of tm's ticks; those alone that left for sure.

    Behind the time limit tm sends none. If it told of that late, its timers were late, and nobody knows when
    they sent another copy than the first, or whether they did.

    Arguments: sent, when the first copy left, in us; ended, when the ping timed out, in us; criteria, carried
    by the ping.
    From: RFC 3261 section 17.1.2.2.
    """
    times = [sent]
    limit = sent + (criteria.timeout + TICK_MS) * 1000
    if not criteria.resent_after or ended > limit + LATE:
        return times
    apart = (criteria.resent_after + TICK_MS) * 1000
    while times[-1] + apart < min(ended, limit):
        times.append(times[-1] + apart)
        apart = min(2 * apart, T2_MS * 1000)
    return times
