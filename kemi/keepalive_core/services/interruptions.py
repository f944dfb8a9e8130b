"""What interrupts a prober: its process stands still, or its pings are paused."""

import logging
from collections import deque

from ..kamailio import server_rows
from ..rules import freshness
from ..rules.fleet import Fleet
from ..rules.listening import LATE
from ..rules.minutely import Minutely
from ..rules.schedule import TICK
from ..rules.times import SECOND
from . import availability, cfg_group
from .share import Share

log = logging.getLogger("keepalive")


class Stalls:
    """The times in which the process of a prober stood still."""

    def __init__(self) -> None:
        self.last: deque[tuple[int, int]] = deque(maxlen=freshness.STANDSTILLS)
        """of each standstill, when it was over and how long it was, in us"""
        self._untold = 0
        """how long it stood still since that was told, in us"""
        self._minutely = Minutely()

    def notice(self, last_tick: int, now: int) -> None:
        """See whether it stood still since its last tick: it asked nobody meanwhile, so no state is older.

        Arguments: last_tick, when that began, in us; 0 before the first; now, in us.
        """
        if not last_tick or now - last_tick <= TICK + LATE:
            return
        self.last.append((now, now - last_tick))
        self._untold += now - last_tick
        if self._minutely.may_tell("stood still", now):
            log.warning("a prober stood still for %.1f s: it sent no pings meanwhile", self._untold / SECOND)
            self._untold = 0


class Pause:
    """Whether pings are sent: nobody is asked after pause(), nor if the setting ``enabled`` is 0.

    Arguments: fleet and share, of the prober.
    """

    def __init__(self, fleet: Fleet, share: Share) -> None:
        self.is_on = False
        self._began = 0
        """us"""
        self._fleet = fleet
        self._share = share

    def pause_or_resume(self, now: int) -> None:
        """Follow what was ordered, for once a second. Raises: SharedMemoryFull."""
        is_enabled = cfg_group.is_enabled(shows=self._share.is_first)
        is_on = server_rows.is_paused() or not is_enabled
        if is_on != self.is_on:
            self.is_on = is_on
            log.info("pings are %s", "paused" if is_on else "sent again")
            if is_on:
                self._began = now
            else:
                # A standby that takes over: what it knows is old, so it asks all anew.
                self._fleet.resume(self._began, now)
        if self._share.is_first:
            # Other processes can't read the setting.
            if is_enabled == server_rows.is_disabled():
                server_rows.store_disabled(not is_enabled)
            # Last: that row may be a new one, or a longer one, for which there is no memory.
            availability.follow_pause(not is_on)
