"""Which of a prober's destinations this node of a cluster pings.

Other nodes are heard by one process alone. It writes down how it sees the cluster, and what is to be done
about each destination that is not calm (cluster_rows); all else a prober works out of that by itself.
Without a cluster each destination is this server's, and nothing here asks Kamailio anything.
"""

import logging
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

from ..kamailio import cluster_defines, cluster_rows
from ..rules.cluster_share import ClusterShare
from ..rules.fleet import Fleet
from ..rules.pinged import Pinged, Seen
from ..rules.schedule import TICK, Wish

log = logging.getLogger("keepalive")

_WALK_US: Final = TICK // 4
"""The most of a tick that goes to a change of the nodes, at which each destination is looked at"""
_SLICE: Final = 64
"""destinations between two looks at the clock"""


class NodeShare:
    """The part of a prober's destinations that this node has.

    Arguments: fleet, the prober's; clock, returns the time in us.
    """

    def __init__(self, fleet: Fleet, clock: Callable[[], int]) -> None:
        self._fleet = fleet
        self._clock = clock
        self._share = ClusterShare()
        self._followed = ""
        """the row of the view that was followed last"""
        self._walk: Iterator[str] = iter(())
        """the rest of those that may change their node, as another view came"""
        self._is_walking = False

    def follow(self, key: str, seen: Seen, wish: Wish, now: int) -> Pinged:
        """Take over how a destination is registered, how it is, and whether this node pings it."""
        if not cluster_defines.is_on():
            return self._fleet.follow(key, seen, wish, now)
        case = cluster_rows.case_of(key)
        self._share.follow(key, seen.policy.cluster_nodes, case.exceptional if case else None)
        if not (wish.is_order or self._share.may_ping):
            wish = Wish.REGULARLY
        pinged = self._fleet.follow(key, seen, wish, now, self._share.pings(key))
        if not pinged.mine:
            # While another node says how it is, it is known as well as if this one had just asked.
            is_spoken_of = case is None or case.is_spoken_of
            pinged.asked = 0 if is_spoken_of else pinged.asked or now
        return pinged

    def forget(self, key: str) -> None:
        """Forget a destination; one that is not there is no error."""
        self._share.forget(key)

    def owns(self, key: str) -> bool:
        """Say whether this node may say that a destination is to be monitored no more."""
        return not cluster_defines.is_on() or self._share.owns(key)

    def follow_view(self, now: int) -> None:
        """Take over what has come to this node, and leave what it has no more, if other nodes are there."""
        if not self._is_walking:
            row = cluster_rows.view_text()
            if row == self._followed:
                return
            self._followed = row
            found = cluster_rows.view()
            if found is None:
                return  # until it is written again, all stays as it is
            self._walk, self._is_walking = self._share.walk(found.view), True
        while self._clock() - now <= _WALK_US:
            some = list(islice(self._walk, _SLICE))
            for key in some:
                self._take_or_leave(key, now)
            if not some:
                self._is_walking = False
                return

    def _take_or_leave(self, key: str, now: int) -> None:
        pinged = self._fleet.get(key)
        mine = self._share.pings(key)
        if pinged is None or pinged.mine is mine:
            return
        if mine:
            self._fleet.take_over(key, now)
        else:
            self._fleet.hand_over(key, now)
