"""A ping of this server to itself, at its start: does all that follows a ping come to keepalive?

A destination would be asked only after its interval, and what it says has many reasons; here there is one.
"""

from typing import Final

from ..kamailio import rehearsal, startup_rows, tm
from ..kamailio.rehearsal import Rehearsal
from ..rules import adoption_faults
from ..rules.adoption_faults import Fault
from ..rules.times import MINUTE, SECOND
from . import policies, selftest, watch
from .adoption import the_adoption

# When it leaves after the prober's begin, in us.
_FIRST: Final = 2 * SECOND
# What is found this number of times in a row is so.
_TIMES: Final = 3
_URI: Final = "sip:self-test@127.0.0.1"
_LOST: Final = {
    rehearsal.DROPPED: adoption_faults.DROPPED,
    rehearsal.TAKEN: adoption_faults.REPLY,
    rehearsal.ENDLESS: adoption_faults.FAILURE,
}


class SelfPing:
    """For the first prober, until one comes back as it should."""

    def __init__(self) -> None:
        self._is_over = False
        self._is_asked = False
        """whether an operator waits for what it shows"""
        self._next = 0
        """when the next one leaves, in us"""
        self.under_way: Rehearsal | None = None
        self._began = 0
        """when the last one left, in us"""
        self._times = 0
        """how often in a row the last finding was found"""
        self._last = ""

    def begin(self, now: int) -> None:
        """Send one, if it is time for that: once a second; now, in us. Raises: SharedMemoryFull."""
        self._next = self._next or now + _FIRST
        if not self._is_asked and startup_rows.is_selftest_asked():
            self._is_asked, self._is_over, self._next = True, False, now
        if self._is_over or self.under_way is not None or now < self._next:
            return
        self._began = now
        try:
            self.under_way = rehearsal.begin(_URI, policies.policy({}), to_its_end=True)
        except tm.EventNotSeen:
            if tm.was_event_seen:
                # That of other pings comes: it is this one alone that a route drops before keepalive sees it.
                self._conclude(rehearsal.DROPPED, now)
                return
            self._show(selftest.EVENT_NOT_SEEN, now, event_not_seen())
            return
        if self.under_way is None:
            self._show(selftest.NOT_POSSIBLE, now)

    def go_on(self, now: int) -> None:
        """Answer the one under way, or see what became of it, at each tick. Raises: SharedMemoryFull."""
        found = self.under_way.fault() if self.under_way is not None else None
        if found is not None and self.under_way is not None:
            self.under_way.end()
            self.under_way = None
            self._conclude(found, now)

    def _conclude(self, found: str, now: int) -> None:
        if not found:
            self._show(selftest.WELL, now)
            return
        if watch.was_unread(self._began, now):
            # All workers wait for something, and its answer for them: the next one may tell.
            self._times, self._next = 0, now + SECOND
            return
        self._times = self._times + 1 if found == self._last else 1
        self._last = found
        if self._times >= _TIMES:
            lost = _LOST[found]
            self._show(selftest.LOST[lost], now, adoption_faults.of_self_ping(the_adoption.engine, lost))

    def _show(self, shown: int, now: int, fault: Fault | None = None) -> None:
        """Write what one has shown, tell of a fault, and answer whoever has asked."""
        self._next = now + MINUTE
        self._is_over = fault is None
        startup_rows.store_self_ping(shown)
        if self._is_asked:
            self._is_asked = False
            selftest.answer()
        if fault is not None:
            the_adoption.tell(fault)


def event_not_seen() -> Fault:
    """Return that tm's event does not come to keepalive."""
    return adoption_faults.of_event(the_adoption.engine)
