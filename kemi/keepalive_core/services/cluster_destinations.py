"""Which destinations the cluster's process knows, and which of them other nodes make another one.

All of them are walked over only when they, their settings or the nodes have changed, a slice at a time.
"""

import logging
from collections.abc import Callable, Iterator
from typing import Final

from ..kamailio import destination_rows, group_rows, queues, tables
from ..rules.cluster_shares import Shares
from ..rules.cluster_talk import Talk
from ..rules.cluster_view import View
from ..rules.policy import Policy
from ..rules.take_over import SPREAD_US
from ..rules.times import SECOND
from . import configuration
from .terms import terms_of

log = logging.getLogger("keepalive")

# Of so many values of cluster_nodes it is told that they name strangers.
_MOST_TOLD: Final = 20


class Destinations:
    """All that this node can speak of.

    Arguments: talk, with the other nodes; safely, does something for a destination, so that its trouble is
    not that of the others.
    """

    def __init__(self, talk: Talk, safely: Callable[[str, Callable[[str], None]], None]) -> None:
        self._talk = talk
        self._safely = safely
        self._view: View = talk.view
        """whose nodes were followed last"""
        self.shares = Shares(talk.view)
        self._rest: Iterator[str] = iter(())
        """of a walk that is not over"""
        self._awaited: set[str] = set()
        """of that walk, if it takes all in: those that it has not come to yet"""
        self._told: set[frozenset[str]] = set()
        """values of cluster_nodes that name no nodes of this cluster"""
        self._followed: tuple[object, ...] = ()
        """what showed at the last second that settings have changed, or a destination was not announced"""

    def take_in(self, key: str) -> None:
        """Take over how a destination is registered, or that it is no more."""
        policy = policy_of(key)
        if policy is None:
            self.shares.remove(key)
        else:
            self.shares.add(key, policy.cluster_nodes)
            if policy.cluster_nodes:
                self._tell_of_strangers(key, policy.cluster_nodes)

    def _tell_of_strangers(self, key: str, nodes: frozenset[str]) -> None:
        """Tell once of each value of cluster_nodes that names nodes which are not configured here."""
        strangers = nodes - {self._talk.me, *self._talk.peers}
        if not strangers or nodes in self._told or len(self._told) >= _MOST_TOLD:
            return
        self._told.add(nodes)
        log.warning(
            "cluster_nodes of %s names %.300s, no node of this cluster: %s",
            uri_of(key),
            ", ".join(sorted(strangers)),
            "nobody pings it" if strangers == nodes else "only the others of it ping it",
        )

    def is_awaited(self, key: str) -> bool:
        """Say whether the walk that goes on comes to a destination, and takes it in as it is then."""
        return key in self._awaited

    def follow_settings(self) -> None:
        """Take in all of them anew if what holds for them may be another one."""
        seen = (dict(configuration.values()), group_rows.options_change(), queues.unannounced())
        if seen != self._followed:
            self._followed = seen
            self._rest = self._take_in_all(self._rest)

    def has_another_view(self) -> bool:
        """Say whether the nodes are others since the last walk that began."""
        return self._talk.view != self._view

    def walk(self) -> Iterator[str]:
        """Return the destinations to be looked at, and "" at each step to one that is not.

        Whoever does not go on with it goes on the next time.
        """
        yield from self._go_on()
        before, view = self._view, self._talk.view
        if view != before:
            self._view, self._rest = view, self._follow(before, view)
            yield from self._go_on()

    def _go_on(self) -> Iterator[str]:
        # Not "yield from": whoever breaks off would end the rest with it.
        for key in self._rest:  # noqa: UP028
            yield key

    def _take_in_all(self, rest: Iterator[str]) -> Iterator[str]:
        yield from rest
        keys = destination_rows.monitored_keys()
        self._awaited = set(keys)
        for key in keys:
            self._awaited.discard(key)
            self._safely(key, self.take_in)
            yield key

    def _follow(self, before: View, view: View) -> Iterator[str]:
        """Return what nodes say whose words count now, or no more, and what comes to this node, or goes."""
        for node in before.counted ^ view.counted:
            words = self._talk.peers[node].words.words if node != view.me else self._talk.said()
            yield from list(words)
        yield from self.shares.walk(view)


def policy_of(key: str) -> Policy | None:
    """Return what is in force for a destination; None if nobody here can speak of it.

    That is what is not monitored, and what follows others: a name, and what tracks another one.
    """
    with tables.locked(key):
        terms = terms_of(key)
    is_spoken_of = terms.registered is not None and terms.is_clustered and not terms.is_name
    return terms.policy if is_spoken_of else None


def turn_us(policy: Policy) -> int:
    """Return for how long the owner of a destination may have nothing to say of it, in us."""
    return int(policy.interval * SECOND) + SPREAD_US


def uri_of(key: str) -> str:
    """Return how a destination stands in the log: as whoever registered it wrote it, a target by its key."""
    registered = destination_rows.registration(key)
    return registered.uri if registered and not registered.target else key
