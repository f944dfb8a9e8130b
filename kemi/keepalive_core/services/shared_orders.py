"""What an administrator orders at one node holds at all nodes of a cluster: for the process of the cluster.

An order of this node becomes a fact, which all are told. A fact of another one is done here, and told to
nobody else: what one node has ordered comes from itself, or from any that heard it.
"""

import logging
import math
import time
from collections.abc import Callable
from typing import Final

from ..kamailio import clock, cluster_queue, destination_rows, tables
from ..rules import cluster_orders
from ..rules.cluster_facts import Fact, Subject
from ..rules.cluster_orders import ADMIN, DELETED, DELETED_US, DESTINATION, GONE, NOTHING, Ordered
from ..rules.cluster_talk import Heeded, Talk
from ..rules.minutely import Minutely
from ..rules.schedule import Timetable
from ..rules.times import SECOND
from ..rules.wall_clock import WallClock
from . import orders, registry, startup, state_file
from .refusals import REFUSALS

log = logging.getLogger("keepalive")

# What this node has ordered, so many in a tick; and to do what is ordered for as long, as one takes some ms.
_AT_A_TIME: Final = 200
_UNTIL_US: Final = SECOND // 20
_AGAIN: Final = 10 * SECOND
"""What could not be done for want of memory is tried again so late"""
_LONG_OVER: Final = 3600 * SECOND
"""So long after its end nothing is remembered of a fact but that there was one"""


class SharedOrders:
    """What one node has ordered, and has heard of.

    Arguments: talk, which knows them, and tells.
    """

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._to_do: dict[Subject, None] = {}
        """facts that are to be done here"""
        self._waiting: dict[Subject, None] = {}
        """those about a destination that this node does not have, or not yet"""
        self._added: set[Subject] = set()
        """interests that a fact has brought, or this node has told of"""
        self._revision: int | None = None
        self._again = 0
        """when what waits is tried in any case, in us"""
        self._ends = Timetable()
        """when facts are long over, by their kinds and keys"""
        self._wall_clock = WallClock()
        self._minutely = Minutely()
        self._do: dict[str, Callable[[Fact], bool]] = {
            ADMIN: self._do_admin,
            DESTINATION: self._do_destination,
        }

    def heed(self, heeded: Heeded, now: int) -> None:
        """Take note of what others have said."""
        for fact in heeded.facts:
            self._take_note(fact)

    def tick(self, now: int) -> None:
        """Tell what was ordered here, and do what was ordered elsewhere."""
        if not self._awaits_others():
            for text in cluster_queue.said(_AT_A_TIME):
                self._say(cluster_orders.of_text(text), now)
        if self._talk.facts.is_full and self._minutely.may_tell("many", now):
            log.error("the cluster has heard of %d things, and hears of no more", len(self._talk.facts))
        if self._waiting:
            self._try_again(now)
        if self._wall_clock.was_set(time.time(), now):
            self._do_timed_modes_anew(now)
        for about in self._ends.take(now):
            kind, _, key = about.partition(" ")
            self._talk.facts.empty((kind, key))
        while self._to_do and clock.now() - now < _UNTIL_US:
            subject = next(iter(self._to_do))
            del self._to_do[subject]
            self._waiting.pop(subject, None)
            fact = self._talk.facts.get(subject)
            if fact is not None and not self._is_done(fact):
                self._waiting[subject] = None

    def _take_note(self, fact: Fact) -> None:
        self._to_do[fact.subject] = None
        about = " ".join(fact.subject)
        self._ends.remove(about)
        if fact.ends and fact.value:
            self._ends.put(about, fact.ends + _LONG_OVER)

    def _try_again(self, now: int) -> None:
        """Try what waits, if any destination has come, or memory may have become free."""
        revision = tables.revision()
        if revision != self._revision or now >= self._again:
            self._revision, self._again = revision, now + _AGAIN
            self._to_do.update(self._waiting)

    def _do_timed_modes_anew(self, now: int) -> None:
        """Have timed modes end when they do elsewhere: here they end by the wall clock."""
        timed = (each for each in self._talk.facts if each.kind == ADMIN and each.ends and each.holds(now))
        self._to_do.update(dict.fromkeys(each.subject for each in timed))

    def _awaits_others(self) -> bool:
        """Say whether this node begins, and has not heard yet what was said before it.

        What it says then would be older than that, and be over as soon as it is heard.
        """
        return self._talk.is_joining and len(self._talk.view.live) == 1

    # --- what was ordered here ------------------------------------------------------------------------------

    def _say(self, ordered: Ordered, now: int) -> None:
        if ordered.kind == GONE:
            # Other nodes may have it still, and a list file that is mended brings it back.
            self._to_do[ADMIN, ordered.key] = None
            return
        ends = 0
        if ordered.until:
            ends = now + max(1, math.ceil((ordered.until - time.time()) * SECOND))
        if ordered.value == DELETED:
            ends = now + DELETED_US
        # To be done, too: another node's word may have been done here meanwhile.
        self._take_note(self._talk.say_fact(*ordered.subject, ordered.value, ends))
        if ordered.kind == DESTINATION and ordered.value == DELETED:
            self._forget_admin(cluster_orders.interest_of(ordered.key)[0])

    def _forget_admin(self, key: str) -> None:
        """Have nothing said of a destination that is gone, for when it comes again."""
        if self._talk.facts.get((ADMIN, key)) and destination_rows.registration(key) is None:
            self._talk.say_fact(ADMIN, key, NOTHING)

    # --- what is to be done ---------------------------------------------------------------------------------

    def _is_done(self, fact: Fact) -> bool:
        """Do what a fact says, if anything is to be done; False if it has to wait."""
        do = self._do.get(fact.kind)
        if do is None:
            return True  # of a later version
        try:
            return do(fact)
        except (*REFUSALS, ValueError, TypeError, KeyError, AttributeError, RecursionError) as refusal:
            if self._minutely.may_tell("refused", clock.now()):
                log.error("what node %s says of %.200s is not done: %.300s", fact.author, fact.key, refusal)
            return not isinstance(refusal, tables.SharedMemoryFull)

    def _do_admin(self, fact: Fact) -> bool:
        said = cluster_orders.admin_of(fact, clock.now(), time.time(), self._talk.me)
        is_done = orders.follow_admin(fact.key, said, lambda was: cluster_orders.is_same(was, said))
        return is_done or (said is None and self._comes_as_ready(fact.key))

    def _comes_as_ready(self, key: str) -> bool:
        """Say whether a destination that is not here will be ready anyway when it comes.

        Not if a state file says otherwise, or what is remembered of an address that DNS says no more.
        """
        return startup.start() and not state_file.is_awaited() and not destination_rows.restored(key)

    def _do_destination(self, fact: Fact) -> bool:
        key, name = cluster_orders.interest_of(fact.key)
        found = cluster_orders.wanted_of(fact)
        if found is not None:
            self._added.add(fact.subject)
            registry.follow_added(*found, name)
        elif fact.subject in self._added or fact.holds(clock.now()):
            self._added.discard(fact.subject)
            registry.follow_deleted(key, name)
        return True
