"""Whether a prober of this node stands still: then the others ping what is this node's share."""

import logging

from ..kamailio import cluster_rows

log = logging.getLogger("keepalive")

_MOST_STILL_LOOKS = 10
"""looks, one a second, after which a prober that had no turn meanwhile stands still"""


class StillProbers:
    """What the process of the cluster sees of the probers of this node."""

    def __init__(self) -> None:
        self._seen: dict[int, tuple[int, int]] = {}
        """of each prober: when it had its turn last, in s, and how many looks in a row it was that"""
        self._is_left = False

    def leaves_share(self, is_alone: bool) -> bool:
        """Say whether this node leaves its share to the others; to be asked once a second.

        Time in which this process stands still itself is no time in which it looks. Arguments: is_alone,
        whether there is no other node that could ping.
        """
        still = [number for number, at in enumerate(cluster_rows.ticked()) if self._stands_still(number, at)]
        is_left = bool(still) and not is_alone
        if is_left and not self._is_left:
            log.error(
                "prober %d of this node stands still, and the others ping the share of this node", still[0]
            )
        elif self._is_left and not is_left:
            log.warning("this node pings its share again, which the others pinged while a prober stood still")
        self._is_left = is_left
        return is_left

    def _stands_still(self, prober: int, ticked: int) -> bool:
        before, looks = self._seen.get(prober, (0, 0))
        looks = looks + 1 if ticked == before and ticked else 0
        self._seen[prober] = ticked, looks
        return looks >= _MOST_STILL_LOOKS
