"""The queues between processes: what a prober has to look at, what callbacks and operators are told.

==========================  ===================  =====================================================
queue or table              key                  value
==========================  ===================  =====================================================
``keepalive_changes_0`` to  a destination's key  a Wish: the prober of that number has to look at it
``keepalive_changes_7``                          again, and perhaps to ping it soon
``keepalive_events``        JSON, a              "", callbacks have to be run
                            announcements.Change
``keepalive_names``         a destination's key  "now" if all addresses behind that name fail, else "":
                                                 the resolver has to look at it again
``keepalive_feed``          JSON, a notice, or   "", the process that serves HTTP has to tell others;
                            a part of a capture  only with KEEPALIVE_HTTP or KEEPALIVE_WEBHOOK
``keepalive_own``           a destination's key  JSON, what this node's own evidence makes of it; or "", it
                                                 is there, or is not, or may be in another way: the cluster's
                                                 process has to look; only with KEEPALIVE_NODE
table ``keepalive``         ``unannounced``      int, counts changes of which memory had no room to tell
table ``keepalive``         ``unfed``            int, counts what found no room in ``keepalive_feed``
==========================  ===================  =====================================================
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import KSR

from ..rules.schedule import Wish, dealt_to
from .tables import COMMON, SharedMemoryFull, read_number, store
from .variables import MOST_PROBERS, probers

CHANGES: Final = tuple(f"keepalive_changes_{prober}" for prober in range(MOST_PROBERS))
"""by the number of the prober that takes from it"""
EVENTS: Final = "keepalive_events"
# While this many changes wait for a prober that stands still, wishes that calls bring are not queued.
_MOST_WISHES: Final = 20_000
# The most events that wait for callbacks: some 4 MB, 14 MB of the longest. A change beyond that is kept in
# its destination's news.
MOST_EVENTS: Final = 10_000
NAMES: Final = "keepalive_names"
# More than a resolver is told of within the minute after which it looks for names by itself.
_MOST_NAMES: Final = 20_000
_NOW: Final = "now"
OWN: Final = "keepalive_own"
# As many as come of a start with 100,000 destinations, and a minute of pings.
_MOST_OWN: Final = 200_000
FEED: Final = "keepalive_feed"
MOST_IN_FEED: Final = 10_000
"""the most that waits for the process that serves HTTP, should that stand still"""


def announce_change(key: str, wish: Wish = Wish.REGULARLY) -> None:
    """Have its prober look at a destination again, and ping it soon if so.

    Raises: SharedMemoryFull. Then it looks at all of them again within seconds, but the wish is lost.
    """
    announce_to(dealt_to(key, probers()), key, wish)


def announce_to(prober: int, key: str, wish: Wish) -> None:
    """Have the prober of a number look at a destination, as announce_change() does. Raises: likewise."""
    queue = CHANGES[prober]
    try:
        # Each call may bring a wish; the number of other changes is that of the destinations.
        if wish is Wish.SOON and KSR.mqueue.mq_size(queue) >= _MOST_WISHES:
            raise SharedMemoryFull(f"an entry of queue {queue}, in which {_MOST_WISHES} wait for a prober")
        _enqueue(queue, key, wish.value)
    except SharedMemoryFull:
        KSR.htable.sht_inc(COMMON, "unannounced")
        raise


def unannounced() -> int:
    """Return a number that is another one after each change that could not be announced."""
    return read_number(COMMON, "unannounced")


def is_quiet(key: str, prober: int) -> bool:
    """Say whether no change waits that may be a destination's, for its prober or the one it is dealt to."""
    return all(KSR.mqueue.mq_size(CHANGES[each]) <= 0 for each in {prober, dealt_to(key, probers())})


def announced_changes(prober: int) -> Iterator[tuple[str, Wish]]:
    """Take the keys of the destinations that a prober has to look at, and whether to ping them soon."""
    queue = CHANGES[prober]
    while KSR.mqueue.mq_fetch(queue) > 0:
        yield KSR.mqueue.mqk_get(queue), Wish(KSR.mqueue.mqv_get(queue))


def announce_event(text: str) -> None:
    """Have the callbacks run for an event. Raises: SharedMemoryFull, also if MOST_EVENTS are waiting."""
    if KSR.mqueue.mq_size(EVENTS) >= MOST_EVENTS:
        raise SharedMemoryFull(f"an entry of queue {EVENTS}, in which {MOST_EVENTS} wait for a callback")
    _enqueue(EVENTS, text)


def announced_events() -> Iterator[str]:
    """Take the events that callbacks have to be run for; each is given to one process only."""
    while KSR.mqueue.mq_fetch(EVENTS) > 0:
        yield KSR.mqueue.mqk_get(EVENTS)


def waiting_events() -> int:
    """Return how many events wait for the process that runs callbacks."""
    return max(0, KSR.mqueue.mq_size(EVENTS))


def announce_name(key: str, at_once: bool = False) -> None:
    """Have the resolver look at a destination that is, or was, a name.

    Arguments: key; at_once, whether DNS is to be asked again now, as all addresses behind it fail. Without
    room the resolver finds out within a minute.
    """
    if KSR.mqueue.mq_size(NAMES) < _MOST_NAMES:
        with suppress(SharedMemoryFull):
            _enqueue(NAMES, key, _NOW if at_once else "")


def announced_names() -> Iterator[tuple[str, bool]]:
    """Take the names that the resolver has to look at, and whether it is to ask DNS at once."""
    while KSR.mqueue.mq_fetch(NAMES) > 0:
        yield KSR.mqueue.mqk_get(NAMES), KSR.mqueue.mqv_get(NAMES) == _NOW


def feed(text: str) -> bool:
    """Have the process that serves HTTP told something; False, and it is counted, if there is no room."""
    if KSR.mqueue.mq_size(FEED) < MOST_IN_FEED and KSR.mqueue.mq_add(FEED, text, "") > 0:
        return True
    KSR.htable.sht_inc(COMMON, "unfed")
    return False


def fed() -> Iterator[str]:
    """Take what the process that serves HTTP is told."""
    while KSR.mqueue.mq_fetch(FEED) > 0:
        yield KSR.mqueue.mqk_get(FEED)


def unfed() -> int:
    """Return a number that is another one after each time that feed() found no room."""
    return read_number(COMMON, "unfed")


def keep_count_of_unfed() -> None:
    """Make the row that unfed() counts in, while there is memory. Raises: SharedMemoryFull."""
    if not unfed():
        store(COMMON, "unfed", 1)


def announce_own(key: str, text: str = "") -> None:
    """Have the cluster's process hear of a destination: what own evidence makes of it, or "" for a look.

    Raises: SharedMemoryFull. Then it looks at all of them within seconds, but what the evidence said is lost.
    """
    try:
        if KSR.mqueue.mq_size(OWN) >= _MOST_OWN:
            raise SharedMemoryFull(f"an entry of queue {OWN}, in which {_MOST_OWN} wait")
        _enqueue(OWN, key, text)
    except SharedMemoryFull:
        KSR.htable.sht_inc(COMMON, "unannounced")
        raise


def announced_own() -> Iterator[tuple[str, str]]:
    """Take what the cluster's process has to hear of, as announce_own() has it."""
    while KSR.mqueue.mq_fetch(OWN) > 0:
        yield KSR.mqueue.mqk_get(OWN), KSR.mqueue.mqv_get(OWN)


def _enqueue(queue: str, text: str, word: str = "") -> None:
    if not KSR.mqueue.mq_add(queue, text, word) > 0:
        raise SharedMemoryFull(f"an entry of queue {queue}")
