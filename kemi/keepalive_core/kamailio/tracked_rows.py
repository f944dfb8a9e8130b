"""Which destinations are tracked by others, and how the probers of these hear of it.

===========================  ===================  =======================================================
queue or table               key                  value
===========================  ===================  =======================================================
``keepalive_tracked_0`` to   a destination's key  tracking.Shown's text, for the trackers that the prober
``keepalive_tracked_7``                           of that number has
table ``keepalive_tracked``  a destination's key  ``0:500,2:17``, how many trackers of it each prober
                                                  has; no row if nobody tracks it
===========================  ===================  =======================================================

A queue keeps 10,000 entries: of a prober that stands still the oldest are lost.
"""

from collections.abc import Iterator
from typing import Final

import KSR

from ..rules import tracking
from .tables import TRACKED, SharedMemoryFull, locked, read_row, store
from .variables import MOST_PROBERS

SHOWN: Final = tuple(f"keepalive_tracked_{prober}" for prober in range(MOST_PROBERS))
"""the queues, by the number of the prober that takes from each"""


def numbers(key: str) -> dict[int, int]:
    """Return how many trackers each prober has of a destination."""
    return read_row(TRACKED, key, tracking.numbers) or {}


def store_number(key: str, prober: int, number: int) -> bool:
    """Write how many trackers a prober has of a destination.

    Returns: whether it has some and had none, or the other way round. Raises: SharedMemoryFull.
    """
    with locked(key, TRACKED):
        before = numbers(key)
        text = tracking.numbers_text({**before, prober: number})
        if text:
            store(TRACKED, key, text)
        else:
            KSR.htable.sht_rm(TRACKED, key)
    return (before.get(prober, 0) > 0) != (number > 0)


def tell(probers: str, key: str, text: str) -> None:
    """Have probers tell their trackers what a ping of the one that they track showed.

    Arguments: probers, their numbers, a digit each; key, of the tracked one; text. Raises: SharedMemoryFull.
    """
    for prober in probers:
        queue = SHOWN[int(prober)]
        if not KSR.mqueue.mq_add(queue, key, text) > 0:
            raise SharedMemoryFull(f"an entry of queue {queue}")


def told(prober: int) -> Iterator[tuple[str, str]]:
    """Take what a prober is to tell its trackers: the key of a tracked one, and what a ping of it showed."""
    queue = SHOWN[prober]
    while KSR.mqueue.mq_fetch(queue) > 0:
        yield KSR.mqueue.mqk_get(queue), KSR.mqueue.mqv_get(queue)
