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
from ..rules.cluster_row_text import CaseRow, ViewRow, are_agreed
from ..rules.cluster_share import ClusterShare
from ..rules.fleet import Fleet
from ..rules.pinged import Pinged, Seen
from ..rules.schedule import TICK, Wish
from . import name_states

log = logging.getLogger("keepalive")

_WALK_US: Final = TICK // 4
"""The most of a tick that goes to a change of the nodes, at which each destination is looked at"""
_SLICE: Final = 64
"""destinations between two looks at the clock"""
_MOST_STILL_LOOKS: Final = 10
"""looks, one a second, after which the process that hears the others stands still, and this node is alone"""


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
        self._last_heard = 0
        """cluster_rows.followed() at the last look"""
        self._still_looks = 0
        """how many looks in a row it was that"""
        self._is_alone = False
        """whether this node pings all for that"""
        self._has_turned = False
        """whether it has begun to do so with the walk that goes on, or ceased to"""

    def follow(self, key: str, seen: Seen, wish: Wish, now: int) -> Pinged:
        """Take over how a destination is registered, how it is, and whether this node pings it."""
        if not cluster_defines.is_on():
            return self._fleet.follow(key, seen, wish, now)
        case = cluster_rows.case_of(key)
        self._share.follow(key, seen.policy.cluster_nodes, case.exceptional if case else None)
        if not (wish.is_order or self._share.may_ping):
            wish = Wish.REGULARLY
        pinged = self._fleet.follow(key, seen, wish, now, self._share.pings(key))
        self._note_asked(pinged, case, now)
        return pinged

    def _note_asked(self, pinged: Pinged, case: CaseRow | None, now: int) -> None:
        """Note since when nobody says how a destination is that another node pings."""
        if not pinged.mine:
            # While one says that, it is known as well as if this node had just asked.
            is_spoken_of = (case is None or case.is_spoken_of) and not self._is_alone
            pinged.asked = 0 if is_spoken_of else pinged.asked or now

    def forget(self, key: str) -> None:
        """Forget a destination; one that is not there is no error."""
        self._share.forget(key)

    def owns(self, key: str) -> bool:
        """Say whether this node may say that a destination is to be monitored no more.

        Others have to say that they can't reach it either. One that hears no other may be cut off.
        """
        if not cluster_defines.is_on() or not cluster_defines.peers():
            return True
        if not self._share.sees_others:
            return False
        pinged = self._fleet.get(key)
        if pinged is not None and (pinged.way.is_name or pinged.tracks):
            return are_agreed(filter(None, map(cluster_rows.case_of, name_states.followed_by(key))))
        return self._share.owns(key)

    def look_after_view(self, now: int) -> None:
        """Have this node ping all, for once a second, if nobody here hears what the others do.

        Time in which this process stood still itself is no time in which it looked.
        """
        if not cluster_defines.is_on():
            return
        before, self._last_heard = self._last_heard, cluster_rows.followed()
        self._still_looks = self._still_looks + 1 if self._last_heard == before else 0
        if self._still_looks == _MOST_STILL_LOOKS:
            log.error(
                "this node pings all destinations: the process of the cluster stands still, and nobody hears "
                "the other nodes"
            )

    def follow_view(self, now: int) -> None:
        """Take over what has come to this node, and leave what it has no more, if other nodes are there."""
        if not self._is_walking:
            is_alone = self._still_looks >= _MOST_STILL_LOOKS
            row = "" if is_alone else cluster_rows.view_text()
            if row == self._followed and is_alone == self._is_alone:
                return
            self._has_turned = is_alone != self._is_alone
            self._followed, self._is_alone = row, is_alone
            found = _alone() if is_alone else cluster_rows.view()
            if found is None:
                return  # until it is written again, all stays as it is
            self._walk, self._is_walking = self._share.walk(found.view), True
        until = self._clock() + _WALK_US
        while self._clock() <= until:
            some = list(islice(self._walk, _SLICE))
            for key in some:
                self._take_or_leave(key, now)
            if not some:
                self._is_walking = False
                return

    def _take_or_leave(self, key: str, now: int) -> None:
        pinged = self._fleet.get(key)
        mine = self._share.pings(key)
        if pinged is None:
            return
        if pinged.mine is not mine:
            (self._fleet.take_over if mine else self._fleet.hand_over)(key, now)
        if self._has_turned and not pinged.tracks:
            self._note_asked(pinged, cluster_rows.case_of(key), now)


def _alone() -> ViewRow:
    """Return the view of a node that hears nobody."""
    me = (cluster_defines.me(),)
    return ViewRow(0, *me, 0, me, me, me, me, pings=True)
