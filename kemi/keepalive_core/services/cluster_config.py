"""Whether nodes of a cluster are configured alike, and of one version: for the process of the cluster.

Of all destinations it makes one number, some of them at a time, a while after anything has changed.
"""

import logging
from collections.abc import Iterator
from typing import Final

from .. import VERSION
from ..kamailio import destination_rows, group_rows, tables
from ..kamailio.kamailio_log import about
from ..rules import cluster_sum, uris
from ..rules.cluster_talk import Heeded, Talk
from ..rules.times import SECOND
from . import configuration

log = logging.getLogger("keepalive")

_AT_A_TIME: Final = 100
"""destinations that are looked at in a tick, in some 5 ms"""
_CALM: Final = 5 * SECOND
"""So long after a change all is looked at"""
_BETWEEN: Final = 30 * SECOND
"""But not so soon after the last time"""
_DIFFERS: Final = 60 * SECOND
"""For so long nodes may differ while something is changed at one after the other"""


class ClusterConfig:
    """How one node and the others are configured.

    Arguments: talk, in which it says so.
    """

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._revision: int | None = None
        self._due = 0
        """when all destinations are looked at again, in us; 0 for never"""
        self._looked = -_BETWEEN
        """when they were looked at last, in us"""
        self._walk: Iterator[None] | None = None
        self._next = 0
        self._differ: dict[str, int] = {}
        """nodes that are configured otherwise: since when, in us; 0 if that was told"""
        self._versions: dict[str, str] = {}

    def heed(self, heeded: Heeded, now: int) -> None:
        """Nothing of this comes in words or facts."""

    def tick(self, now: int) -> None:
        """Look at some destinations, if it is time; once a second at what the others say."""
        if self._walk is not None:
            if next(self._walk, self) is self:
                self._walk = None
            return
        if now < self._next:
            return
        self._next = now + SECOND
        if (revision := tables.revision()) != self._revision:
            self._revision = revision
            self._due = self._due or max(now + _CALM, self._looked + _BETWEEN)
        if 0 < self._due <= now:
            self._due, self._looked = 0, now
            self._walk = self._look()
        for name in self._talk.view.live - {self._talk.me}:
            self._compare(name, now)

    def _look(self) -> Iterator[None]:
        parts = cluster_sum.of_settings(configuration.values())
        for name in group_rows.groups_with_options():
            parts += cluster_sum.of_group(name, group_rows.options(name))
        for at, key in enumerate(destination_rows.monitored_keys(), 1):
            registered = None if uris.is_target(key) else destination_rows.registration(key)
            if registered:
                parts += cluster_sum.of_destination(key, registered.owners)
            if at % _AT_A_TIME == 0:
                yield
        self._talk.beat = self._talk.beat._replace(config=cluster_sum.number(parts))

    def _compare(self, name: str, now: int) -> None:
        beat, mine = self._talk.peers[name].beat, self._talk.beat
        if beat.version not in (VERSION, "0", self._versions.get(name)):
            said = "node %s of the cluster has version %s, this one %s"
            log.info(said, name, beat.version, VERSION, extra=about(name))
        self._versions[name] = beat.version
        if not beat.config or not mine.config or beat.config == mine.config:
            self._differ.pop(name, None)
            return
        since = self._differ.setdefault(name, now)
        if since and now - since >= _DIFFERS:
            self._differ[name] = 0
            log.warning("node %s of the cluster has other settings or destinations than this one", name)
