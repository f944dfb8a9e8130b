"""The sockets that pings leave from: how many destinations behind each begin to fail at the same time."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from ..kamailio import tables, uplink_rows
from ..rules.mass_failure import Threshold, Uplink
from ..rules.policy import Policy
from ..rules.times import SECOND

log = logging.getLogger("keepalive")


def is_frozen(policy: Policy, now: int) -> bool:
    """Say whether all destinations behind a policy's socket have to stay as they are."""
    return uplink_rows.uplink(policy.socket).is_frozen(now)


def threshold(policy: Policy, percent: int) -> Threshold:
    """Return how many destinations behind a policy's socket may fail; percent, the value of mass_failure."""
    return Threshold(int(policy.interval * SECOND), uplink_rows.behind(policy.socket), percent)


@contextmanager
def locked(socket: str) -> Iterator[Uplink]:
    """Hold a socket's lock, inside that of a destination; gives what is known of the socket."""
    with uplink_rows.uplink_lock(socket):
        yield uplink_rows.uplink(socket, is_locked=True)


def store(socket: str, after: Uplink) -> None:
    """Write what is known of a socket, under its lock."""
    try:
        uplink_rows.store_uplink(socket, after)
    except tables.SharedMemoryFull as error:
        log.error("a failure behind %s is not counted: %s", socket or "the default socket", error)


def log_freeze(policy: Policy, uplink: Uplink, threshold: Threshold, now: int) -> None:
    """Log that all destinations behind a policy's socket are frozen from now on; now, in us."""
    log.warning(
        "about %d of %d destinations behind %s began to fail within %g s (mass_failure %d): "
        "the others stay as they are for one more round",
        *(round(uplink.failing(now, threshold.interval_us)), threshold.behind),
        *(policy.socket or "the default socket", policy.interval, threshold.percent),
    )


def frozen(now: int) -> int:
    """Return behind how many sockets all destinations have to stay as they are; now, in us."""
    return sum(uplink_rows.uplink(socket).is_frozen(now) for socket in uplink_rows.sockets())
