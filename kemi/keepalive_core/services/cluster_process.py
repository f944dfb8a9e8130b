"""The process of a cluster: it alone speaks with the other nodes, and writes down what it knows of them.

It is the process of the timer ``keepalive_cluster``. What others have said waits in a queue for it; what this
node says leaves here, never under a lock, and never in a worker.
"""

import logging
from collections.abc import Callable
from typing import Final, Protocol

from .. import VERSION
from ..kamailio import clock, cluster_defines, cluster_rows, dmq, listening_rows, server_rows
from ..kamailio.tables import SharedMemoryFull
from ..rules.cluster_lines import Unreadable
from ..rules.cluster_peer import Peer
from ..rules.cluster_row_text import PeerRow, ViewRow
from ..rules.cluster_talk import Heeded, Manners, Talk
from ..rules.minutely import Minutely
from ..rules.times import SECOND
from . import chance, configuration
from .cluster_config import ClusterConfig
from .cluster_secret import SecretFile
from .cluster_words import Words
from .shared_orders import SharedOrders
from .still_probers import StillProbers

log = logging.getLogger("keepalive")

# What can come in a tick, of a queue of 500: some 50 ms of work.
_MOST_HEARD: Final = 300
_MOST_LIFE: Final = 2**31 - 2
# A node that is silent for as many heartbeats may be alive still.
_LEAST_BEATS: Final = 3


class Part(Protocol):
    """Something that nodes talk of, such as the words or the facts."""

    def heed(self, heeded: Heeded, now: int) -> None:
        """Take note of what a message has changed. Arguments: heeded; now, in us."""

    def tick(self, now: int) -> None:
        """Say what there is to say; each 0.1 s, before it is told. Arguments: now, in us."""


PARTS: Final[list[Callable[[Talk], Part]]] = [SharedOrders, Words, ClusterConfig]
"""What is joined with the talk, in the order of their turns"""


class ClusterProcess:
    """Lives in the process of the timer ``keepalive_cluster``."""

    def __init__(self) -> None:
        self.talk: Talk | None = None
        """None as long as this node is in no cluster, or has not begun"""
        self._parts: list[Part] = []
        self._secret = SecretFile("")
        self._still = StillProbers()
        self._next_look = 0
        """when it looks at the settings and the file of keys again, in us"""
        self._minutely = Minutely()
        self._is_over = False
        self._view = ViewRow()
        self._peers: dict[str, PeerRow] = {}
        self._next_write = 0
        """when it writes what it knows of each other node again, in us"""

    def tick(self) -> None:
        """Hear, think, tell."""
        now = clock.now()
        talk = self.talk or self._begun()
        if talk is None:
            return
        if now >= self._next_look:
            self._next_look = now + SECOND
            self._look(talk)
        for body in dmq.heard(_MOST_HEARD):
            self._hear(talk, body, now)
        for part in self._parts:
            part.tick(now)
        bodies = talk.tick(now)
        if not self._secret.is_missing:
            for name, body in bodies:
                dmq.send(cluster_defines.peers()[name], body)
        try:
            self._write(talk, now)
        except SharedMemoryFull as error:
            # Whatever was not written is found to be another one in the next tick.
            if self._minutely.may_tell("full", now):
                log.error("what this node sees of the cluster is not followed now: %s", error)

    def _begun(self) -> Talk | None:
        """Return the talk, once it is known where this server listens; None if it is in no cluster."""
        if self._is_over or listening_rows.listeners() is None:
            return None
        self._is_over = True  # whatever is wrong is told once
        found, refused = cluster_defines.read()
        for sentence in refused:
            log.error("bad setting of the cluster: %.300s", sentence)
        if not found.node:
            return None
        if not _listens_at(found.node):
            log.error(
                "bad setting of the cluster: no UDP socket of this server is KEEPALIVE_NODE %s", found.node
            )
            # It goes on as a cluster of one.
            found = found._replace(peers={}, secret_file="")
        elif not found.secret_file:
            log.warning(
                "nodes of the cluster do not sign what they say: define KEEPALIVE_CLUSTER_SECRET_FILE"
            )
        self._secret = SecretFile(found.secret_file)
        self.talk = Talk(found.node, found.peers, lambda: 1 + chance.below(_MOST_LIFE))
        self._parts = [part(self.talk) for part in PARTS]
        log.info("node %s of a cluster begins, with %s", found.node, ", ".join(found.peers) or "no other one")
        return self.talk

    def _look(self, talk: Talk) -> None:
        """Follow the settings, the keys and a pause."""
        values = configuration.values()
        beat, silent, join = (
            int(float(values[name]) * SECOND)
            for name in ("cluster_heartbeat", "cluster_timeout", "cluster_join")
        )
        talk.manners = Manners(beat, max(silent, _LEAST_BEATS * beat), join, tuple(self._secret.keys()))
        is_paused = server_rows.is_paused() or server_rows.is_disabled()
        # Whoever is paused already pings nothing that could be left.
        is_alone = not talk.view.ready - {talk.me}
        is_paused = self._still.leaves_share(is_alone) or is_paused
        talk.beat = talk.beat._replace(version=VERSION, paused=is_paused)

    def _hear(self, talk: Talk, body: str, now: int) -> None:
        """Take what one message says; whatever it is, the others have their turn."""
        if self._secret.is_missing:
            return
        try:
            heeded = talk.hear(body, now)
        except Unreadable as fault:
            if self._minutely.may_tell("unreadable", now):
                log.warning("what a node of the cluster may have said is dropped: %.200s", fault)
            return
        for part in self._parts:
            part.heed(heeded, now)

    # --- rows -----------------------------------------------------------------------------------------------

    def _write(self, talk: Talk, now: int) -> None:
        """Write what has changed, for the other processes of this node."""
        row = self._row(talk)
        is_new = row != self._view
        if is_new:
            row = row._replace(number=row.number + 1)
            cluster_rows.store_view(row)
            self._tell_of_nodes({*self._view.live}, {*row.live}, talk.me)
            self._view = row
        if is_new or now >= self._next_write:
            self._next_write = now + SECOND
            for name, peer in talk.peers.items():
                self._write_peer(name, _peer_row(talk, peer, now))

    def _row(self, talk: Talk) -> ViewRow:
        """Return how this node sees the cluster now."""
        view = talk.view
        live, fit, ready, counted = (
            tuple(sorted(each)) for each in (view.live, view.fit, view.ready, view.counted)
        )
        return ViewRow(
            *(self._view.number, talk.me, talk.life, live, fit, ready, counted, view.pings, view.degraded),
            joining=talk.is_joining,
            paused=talk.beat.paused,
            signed=self._secret.path != "",
            suspects=view.suspects,
            keyless=self._secret.is_missing,
        )

    def _write_peer(self, name: str, row: PeerRow) -> None:
        if row == self._peers.get(name):
            return
        cluster_rows.store_peer(name, row)
        if row.twice and not self._peers.get(name, PeerRow()).twice:
            log.error("two processes say that they are node %s of the cluster", name)
        self._peers[name] = row

    def _tell_of_nodes(self, before: set[str], live: set[str], me: str) -> None:
        for name in sorted(live - before - {me}):
            log.info("node %s of the cluster is there", name)
        for name in sorted(before - live):
            log.warning("node %s of the cluster is silent, and the others ping its share", name)


def _peer_row(talk: Talk, peer: Peer, now: int) -> PeerRow:
    beat = peer.beat
    return PeerRow(
        *(peer.life, peer.name in talk.view.live, peer.is_caught_up, talk.heard_at(peer, now), peer.behind),
        degraded=beat.degraded,
        paused=beat.paused,
        joining=beat.joining,
        version=beat.version,
        config=beat.config,
        twice=peer.is_twice,
    )


def _listens_at(node: str) -> bool:
    address, _, port = node.removeprefix("sip:").rpartition(":")
    # If Kamailio does not say where it listens, nothing is known to be wrong.
    listeners = listening_rows.listeners() or []
    return not listeners or ("udp", address, int(port)) in {each[:3] for each in listeners}


the_cluster: Final = ClusterProcess()
