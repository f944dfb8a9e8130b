"""Which destinations have changed, and are to be looked at by their prober.

A change is announced in the queue of the prober. If memory has no room for that, nobody knows which one has
changed: then all are looked at. A look that fails is repeated.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from ..kamailio import destination_rows, queues
from ..kamailio.tables import SharedMemoryFull
from ..rules.fleet import Fleet
from ..rules.schedule import TICK, Wish
from ..rules.times import SECOND
from .bulkhead import Bulkhead
from .share import Share

log = logging.getLogger("keepalive")

FLOOD_US: Final = TICK // 2
"""The most of the time between two ticks that changes may take"""
REST_US: Final = 10 * SECOND
"""The time between two looks at all destinations for what was not announced: a full memory never ends that"""


class Changes:
    """The destinations of one prober that it has not looked at since they changed.

    Arguments: look_at, takes over how one is now, given its key, the time in us, and a wish; fleet, share and
    bulkhead, the prober's; clock, returns the time in us.
    """

    def __init__(
        self,
        look_at: Callable[[str, int, Wish], None],
        fleet: Fleet,
        share: Share,
        bulkhead: Bulkhead,
        clock: Callable[[], int],
    ) -> None:
        self._look_at = look_at
        self._fleet = fleet
        self._share = share
        self._bulkhead = bulkhead
        self._clock = clock
        self.to_look_at: OrderedDict[str, Wish] = OrderedDict()
        """destinations that changed, or were there before the first tick, and what is wished for each"""
        self._all_heard = False
        """whether the queue was empty when it was read the last time"""
        self._unannounced = 0
        """queues.unannounced() when all were looked at the last time"""
        self._next_look_at_all = 0
        self._not_followed: dict[str, Wish] = {}
        """destinations whose change could not be followed, and what is wished for each"""
        self._next_look_again = 0

    @property
    def is_all_followed(self) -> bool:
        """Whether all that was changed until this tick was looked at."""
        return self._all_heard and not self.to_look_at and queues.unannounced() == self._unannounced

    def is_quiet(self, key: str) -> bool:
        """Say whether nothing was announced of a destination since; exact under its lock."""
        return queues.is_quiet(key, self._share.number) and queues.unannounced() == self._unannounced

    def take_changes(self, now: int) -> None:
        """Look at what was announced; a flood of it may take half a tick, and the rest the next ones.

        A destination that is announced many times is looked at once, in the turn of the first time: so one
        that changes all the time keeps none waiting.
        """
        self._hear(now)
        while self.to_look_at and self._clock() - now <= FLOOD_US:
            key, wish = self.to_look_at.popitem(last=False)
            try:
                self._look_at(key, now, wish)
                continue
            except SharedMemoryFull as error:
                self._bulkhead.tell("a change of %s is not followed now: %s", key, error)
            except Exception:
                log.exception("a change of %s is not followed now", key)
            self._not_followed[key] = wish

    def _hear(self, now: int) -> None:
        self._all_heard = False
        try:
            for key, wish in queues.announced_changes(self._share.number):
                self.to_look_at[key] = self.to_look_at.get(key, wish).joined_by(wish)
                if self._clock() - now > FLOOD_US // 2:
                    break
            else:
                self._all_heard = True
        except Exception:
            # Of which destination this was, nobody knows.
            self._unannounced = -1
            raise

    def find_unannounced(self, now: int) -> None:
        """Look at all once more if memory had no room to tell of one; at all, as nobody knows of which."""
        if queues.unannounced() != self._unannounced and now >= self._next_look_at_all:
            self.look_at_all(now)

    def look_at_all(self, now: int) -> None:
        """Have all looked at that are there, or that the prober takes to be there: walks all of them."""
        # The number is read first, so that for a change meanwhile all are looked at again.
        unannounced = queues.unannounced()
        there = [key for key in destination_rows.monitored_keys() if self._share.hears_of(key)]
        for key in (*there, *self._fleet.keys()):
            self.to_look_at.setdefault(key, Wish.REGULARLY)
        self._unannounced = unannounced
        self._next_look_at_all = now + REST_US

    def look_again(self, now: int) -> None:
        """Look once more at those whose changes could not be followed."""
        if self._not_followed and now >= self._next_look_again:
            self._next_look_again = now + REST_US
            for key, wish in self._not_followed.items():
                self.to_look_at.setdefault(key, wish)
            self._not_followed.clear()
