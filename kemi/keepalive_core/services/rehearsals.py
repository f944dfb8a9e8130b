"""Lost pings: before one counts, a rehearsal shows whether routes of this server took it, or its answer.

What it finds holds for that destination alone: a route may drop what goes to one peer, and let pass what goes
to another one, which is dead.
"""

from itertools import islice
from typing import Final, NamedTuple

from ..kamailio import rehearsal, tm
from ..kamailio.rehearsal import Rehearsal
from ..rules.pinged import Pinged
from ..rules.times import MINUTE
from . import watch
from .bulkhead import Bulkhead

# The most rehearsals that are under way at a time: each has a socket, and a transaction of tm.
_AT_A_TIME: Final = 32
# A lost ping that has waited for its turn for this time, in us, has no witness. There are some 50 turns a
# second if routes take each answer, the slowest case.
_LONGEST_WAIT: Final = MINUTE


class Lost(NamedTuple):
    """A ping of which nothing was heard."""

    pinged: Pinged
    """its destination"""
    sent: int
    """when it left, in us"""
    found: int
    """when nothing had been heard of it in its time, in us"""


class Rehearsals:
    """The rehearsals of one prober, in turns. A destination whose ping waits for one is not asked meanwhile.

    Arguments: bulkhead, the prober's.
    """

    def __init__(self, bulkhead: Bulkhead) -> None:
        self._bulkhead = bulkhead
        self._waiting: dict[str, Lost] = {}
        self._under_way: dict[str, tuple[Lost, Rehearsal]] = {}
        self._over: dict[str, tuple[Lost, str]] = {}

    def put(self, key: str, pinged: Pinged, now: int) -> None:
        """Let a destination's ping, which is lost, wait for its turn; now, in us."""
        self._waiting.setdefault(key, Lost(pinged, pinged.sent, now))

    def go_on(self, now: int) -> dict[str, tuple[Lost, str]]:
        """Begin those whose turn it is; nothing waits for an answer here.

        Arguments: now, in us.
        Returns: of each destination whose rehearsal is over the lost ping, and what routes did to what is
        like it, "" for nothing that is known.
        """
        turns = islice(self._waiting, _AT_A_TIME - len(self._under_way))
        self._bulkhead.for_each([key for key in turns if key not in self._under_way], self._begin)
        for key, (lost, begun) in list(self._under_way.items()):
            fault = begun.fault()
            if fault is not None:
                begun.end()
                del self._under_way[key]
                # If all workers wait for something, so does the answer: then it was taken by nobody.
                is_known = fault != rehearsal.TAKEN or not watch.was_unread(begun.began, now)
                self._over[key] = lost, fault if is_known else ""
        self._end_what_waited_too_long(now)
        over, self._over = self._over, {}
        return over

    def _begin(self, key: str) -> None:
        lost = self._waiting.pop(key)
        self._over[key] = lost, ""  # if it can't be
        try:
            begun = rehearsal.begin(lost.pinged.uri, lost.pinged.policy)
        except tm.EventNotSeen:
            return  # which is told when a ping leaves
        if begun is not None:
            del self._over[key]
            self._under_way[key] = lost, begun

    def _end_what_waited_too_long(self, now: int) -> None:
        for key, lost in list(islice(self._waiting.items(), _AT_A_TIME)):
            if now - lost.found >= _LONGEST_WAIT and key not in self._over:
                self._over[key] = self._waiting.pop(key), ""
