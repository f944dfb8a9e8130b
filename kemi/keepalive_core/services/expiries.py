"""What ends by itself in its time: an administrator's mode, a drain, and a state without fresh evidence."""

import time
from collections.abc import Callable
from typing import Final

from ..kamailio import cluster_defines, destination_rows
from ..rules import freshness
from ..rules.evidence import GRACE
from ..rules.fleet import Fleet
from ..rules.pinged import Pinged, Seen
from ..rules.record import Health
from ..rules.schedule import Timetable, first_ping
from ..rules.states import UNKNOWN
from ..rules.times import SECOND
from ..rules.wall_clock import WallClock
from . import intake, orders
from .bulkhead import Bulkhead
from .interruptions import Pause, Stalls

_LOOK: Final = SECOND // 1000
"""us between two looks at modes when the wall clock was set"""
_AT_ONCE: Final = 200
"""The most of each kind that end in one tick: what tracks the same destination ends at the same time"""


class Expiries:
    """The times at which something of a prober's destinations ends.

    Arguments: fleet, pause and stalls, the prober's; clock, returns the time in us.
    """

    def __init__(self, fleet: Fleet, pause: Pause, stalls: Stalls, clock: Callable[[], int]) -> None:
        self._fleet = fleet
        self._pause = pause
        self._stalls = stalls
        self._clock = clock
        self._of_admin = Timetable()
        self._of_drain = Timetable()
        self._of_state = Timetable()
        self._ends: tuple[tuple[Timetable, Callable[[str], None]], ...] = (
            (self._of_admin, orders.end_admin),
            (self._of_drain, intake.end_drain),
            (self._of_state, self._check_state),
        )
        self._wall_clock = WallClock()

    def follow(self, key: str, pinged: Pinged, seen: Seen, now: int) -> None:
        """See when something ends of a destination, as it is now."""
        self._follow_state(key, pinged, seen.health, now)
        # A name is drained as long as its targets are.
        if seen.health.drain_until and not pinged.way.is_name:
            self._of_drain.put(key, seen.health.drain_until)
        if seen.admin is not None and seen.admin.until:
            self._of_admin.put(key, now + max(0, int((seen.admin.until - time.time()) * SECOND)))
        else:
            self._of_admin.remove(key)

    def follow_policy(self, key: str, pinged: Pinged, now: int) -> None:
        """See soon when its state ends, as another policy is in force for a destination."""
        if pinged.policy.stale_after or pinged.apart or key in self._of_state:
            self._of_state.bring_forward(key, first_ping(now, pinged.place))

    def forget(self, key: str) -> None:
        """Nothing of a destination is to end any more."""
        for timetable in (self._of_admin, self._of_drain, self._of_state):
            timetable.remove(key)

    def end_what_is_over(self, now: int, bulkhead: Bulkhead) -> None:
        """End what is to end; what fails is tried again a second later."""
        if len(self._of_admin) and self._wall_clock.was_set(time.time(), now):
            self._look_at_modes(now)
        for times, end in self._ends:
            if len(times):
                bulkhead.for_each(times.take(now, _AT_ONCE), end, times)

    def _look_at_modes(self, now: int) -> None:
        """Look at all modes soon, as they end by the wall clock."""
        # What holds in a cluster its process gives another end first.
        first = now + SECOND if cluster_defines.is_on() else now
        for number, key in enumerate(self._of_admin.keys()):
            self._of_admin.bring_forward(key, first + number * _LOOK)

    def _check_state(self, key: str) -> None:
        known = destination_rows.health(key)
        if known is not None:
            self._follow_state(key, self._fleet[key], known, self._clock())

    def _follow_state(self, key: str, pinged: Pinged, known: Health, now: int) -> None:
        """Forget a state that stood for too long without evidence, or see when to look at it again."""
        # The evidence of a name is that of its targets.
        stands = 0
        if not pinged.way.is_name:
            stands = freshness.limit(known, pinged.policy, pinged.interval, pinged.apart)
        if not stands:
            self._of_state.remove(key)
            return
        again = now + stands
        # What nobody was to ask is not stale.
        if known.state != UNKNOWN and pinged.asked and not pinged.in_maintenance and not self._pause.is_on:
            answered = pinged.way.longest + GRACE
            end = freshness.end(known, stands, pinged.asked, answered, self._stalls.last)
            if end > now:
                again = end
            else:
                intake.expire(key, freshness.why(known, stands))
        self._of_state.put(key, again)
