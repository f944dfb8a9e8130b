"""What a node of a cluster says of itself: whether it is degraded, and how many destinations it has."""

import logging
from collections.abc import Set

from ..kamailio import cluster_rows
from ..rules.cluster_row_text import OwnRow
from ..rules.cluster_shares import Shares
from ..rules.cluster_talk import Talk
from ..rules.cluster_view import is_degraded, suspects_itself
from . import configuration
from .cluster_cases import Cases

log = logging.getLogger("keepalive")


class Standing:
    """How this node stands among the others.

    Arguments: talk, with them.
    """

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._row = OwnRow()

    def follow(self, shares: Shares, cases: Cases) -> None:
        """Look at it once a second. Raises: SharedMemoryFull."""
        self._follow_degraded(cases.at_fault, shares)
        beat = self._talk.beat
        row = OwnRow(
            *(len(shares.owned), len(cases.alone), len(cases.doubted), len(self._talk.facts)),
            *(beat.version, beat.config),
        )
        if row != self._row:
            cluster_rows.store_own(row)
            self._row = row

    def _follow_degraded(self, at_fault: Set[str], shares: Shares) -> None:
        """Say whether it is alone so often that the fault is its own; with a small share it looks at all.

        Arguments: at_fault, all that it can't reach by its own fault, as far as it knows; shares.
        """
        talk, before = self._talk, self._talk.beat.degraded
        percent = int(configuration.values()["cluster_degraded"])
        alone, share = len(at_fault & shares.share), len(shares.share)
        degraded = is_degraded(alone, share, percent, before)
        if talk.view.asks_all:
            degraded = degraded or is_degraded(len(at_fault), len(shares), percent, before)
        talk.suspects = suspects_itself(alone, share, percent, talk.suspects)
        if degraded == before:
            return
        talk.beat = talk.beat._replace(degraded=degraded)
        if degraded:
            log.warning(
                "this node is degraded: it alone can't reach %d of the %d destinations of its share, "
                "which the others ping now",
                *(alone, share),
            )
        else:
            log.warning("this node is degraded no more, and pings its share again")
