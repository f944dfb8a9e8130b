"""What was ordered at this node and holds at all nodes of the cluster: the process of the cluster is told.

Nothing happens on a server that is in no cluster. Before the process of the cluster has begun nothing is told
either: what a script's mod_init says, and kamailio.cfg, each node says for itself.
"""

import logging

from ..kamailio import cluster_defines, cluster_queue, cluster_rows, destination_rows
from ..rules import cluster_orders
from ..rules.cluster_orders import Ordered
from ..rules.modes import Admin
from ..rules.rows import Owner
from ..rules.uris import Destination

log = logging.getLogger("keepalive")


def tell_admin(key: str, said: Admin | None) -> None:
    """Tell of what an administrator said here; under the destination's lock, so that the last one counts."""
    if _is_heard():
        _tell(cluster_orders.ordered_admin(key, said))


def tell_gone(key: str) -> None:
    """Tell that a destination leaves: what was said of it holds again if it comes back; under its lock."""
    if _is_heard() and destination_rows.admin(key) is not None:
        _tell(Ordered(cluster_orders.GONE, key, cluster_orders.NOTHING))


def wanted_now(key: str, name: str) -> Owner | None:
    """Return how an owner wants a destination, for tell_added(); None if he does not, or nobody is told."""
    known = destination_rows.registration(key) if _is_heard() else None
    return known.owners.get(name) if known else None


def tell_added(destination: Destination, name: str, before: Owner | None, wanted: Owner) -> None:
    """Tell that an owner wants a destination. Arguments: before, how he wanted it, None if not."""
    if _is_heard() and (before is None or cluster_orders.shared(before) != cluster_orders.shared(wanted)):
        _tell(cluster_orders.ordered_destination(destination.key, name, destination.uri, wanted))


def tell_deleted(key: str, name: str) -> None:
    """Tell that an owner wants a destination no more."""
    if _is_heard():
        _tell(cluster_orders.ordered_end(key, name))


def _is_heard() -> bool:
    return cluster_defines.is_on() and cluster_rows.view_text() != ""


def _tell(ordered: Ordered) -> None:
    if ordered.is_too_long:
        log.error("of %.300s the other nodes are not told: it is too long for a message", ordered.key)
    elif not cluster_queue.say(cluster_orders.text(ordered)):
        log.error("of %.300s the other nodes are not told: too much waits to be told", ordered.key)
