"""A ping of one destination: whether it leaves, how it is sent, and its end if nobody tells of that."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from ..kamailio import destination_rows, free_memory, host, private_memory, rehearsal, tm
from ..kamailio.tables import SharedMemoryFull
from ..rules.evidence import GRACE, Kind, Result
from ..rules.fleet import Fleet
from ..rules.pinged import Pinged
from ..rules.schedule import Deadlines, Wish
from ..rules.sockets import NO_SUCH_ADDRESS
from ..rules.times import SECOND
from ..rules.turns import has_fresh_calls
from . import captures, departures, intake, name_states, self_ping
from .adoption import the_adoption
from .bulkhead import Bulkhead
from .departures import Departures
from .housekeeping import Housekeeping
from .mending import Mending
from .rehearsals import Lost, Rehearsals

_NO_DESCRIPTOR: Final = "no file descriptor: this process has as many open as it may (ulimit -n)"
_MEMORY_IS_SHORT: Final = (
    f"memory is short: less than {free_memory.LEAST_FREE} % of shared memory is free, and calls need it "
    "(kamailio -m)"
)
# A member of an enumeration takes 0.1 us to find.
_REGULARLY: Final = Wish.REGULARLY
_SHOWN: Final = Wish.SHOWN
_ASK_AGAIN_US: Final = SECOND // 10
"""Who is due while a ping of its own is in flight is due again after this time"""


class Pinging:
    """The pings of one prober, from their turn to their end.

    Arguments: fleet, departures, housekeeping, mending and bulkhead, the prober's; clock, returns the
    time in us.
    """

    def __init__(
        self,
        fleet: Fleet,
        departures: Departures,
        housekeeping: Housekeeping,
        mending: Mending,
        bulkhead: Bulkhead,
        clock: Callable[[], int],
    ) -> None:
        self._fleet = fleet
        self._departures = departures
        self._housekeeping = housekeeping
        self._mending = mending
        self._bulkhead = bulkhead
        self._clock = clock
        self._deadlines = Deadlines()
        self._no_room_until = 0
        """until when pings that do not leave are not recorded, in us: shared memory had no room for that"""
        self._rehearsals = Rehearsals(bulkhead)

    def ping(self, key: str) -> None:
        """Ping a destination whose turn it is, unless there is a reason not to."""
        pinged = self._fleet.get(key)
        if pinged is None:
            return
        if pinged.in_maintenance:
            pinged.wish = Wish.REGULARLY
            return
        if pinged.way.is_name:
            pinged.wish = Wish.REGULARLY
            name_states.follow(key, is_turn=True)
            return
        if pinged.in_flight:
            newest = destination_rows.newest_sent(key)
            if newest is None:
                self._mending.suspect(key)
                return
            if newest < pinged.sent:
                # One ping in flight: the next one leaves when this one is over.
                self._fleet.pings.bring_forward(key, self._clock() + _ASK_AGAIN_US)
                return
            pinged.in_flight = False
        wish, pinged.wish = pinged.wish, _REGULARLY
        # What calls show is not known of those that track it.
        if pinged.policy.skip_if_fresh and not wish.is_order and not pinged.trackers:
            known = destination_rows.health(key)
            if known is not None and has_fresh_calls(known, pinged.policy, self._clock()):
                return
        # Whatever becomes of it, this was its turn.
        pinged.sent = now = self._clock()
        pinged.asked = pinged.asked or now
        hindrance = self._hindrance(pinged)
        if hindrance:
            self._leave_unsent(key, pinged, hindrance)
        else:
            self._send(key, pinged, wish)

    def _hindrance(self, pinged: Pinged) -> str:
        """Return why this server can't send a ping now, "" if it can."""
        if free_memory.is_short():
            return _MEMORY_IS_SHORT
        if pinged.way.reliable and not host.has_descriptors():
            return _NO_DESCRIPTOR
        departure = pinged.departure
        hindrance = self._departures.hindrance(departure) if self._departures.missing else departure.hindrance
        if not hindrance and pinged.is_void:
            next_hop = pinged.way.through or pinged.uri
            hindrance = departures.refusal(next_hop, pinged.policy, sends=True)
        return hindrance

    def _send(self, key: str, pinged: Pinged, wish: Wish) -> None:
        send = captures.send if wish is _SHOWN else tm.send
        try:
            generation, uri = pinged.generation, pinged.uri
            left_us = send(key, generation, uri, pinged.policy, pinged.way, pinged.marks)
        except tm.EventNotSeen:
            the_adoption.tell(self_ping.event_not_seen())
            # Our own fault, not the peer's: it is not down, but nothing is known of it any more.
            intake.expire(key, "its pings can't be followed")
            return
        if left_us:
            pinged.sent = left_us
            pinged.in_flight = True
            self._deadlines.put(key, left_us, left_us + pinged.way.longest + GRACE)
            return
        own_fault = _own_fault() or _refusal(pinged)
        if own_fault:
            self._leave_unsent(key, pinged, own_fault)
        else:
            self._record(key, pinged, Kind.SEND_FAILED)

    def overdue(self, now: int) -> list[str]:
        """Return the destinations whose last ping has reached its deadline."""
        return [
            key
            for key, sent in self._deadlines.take(now)
            if (pinged := self._fleet.get(key)) is not None and pinged.sent == sent
        ]

    def give_up(self, key: str) -> None:
        """End a ping at its deadline: it was lost, unless somebody got its result."""
        pinged = self._fleet.get(key)
        if pinged is None:
            return
        with self._again_if_it_fails(key, pinged):
            if self._is_lost(key, pinged):
                self._rehearsals.put(key, pinged, self._clock())

    def rehearsed(self, now: int) -> dict[str, tuple[Lost, str]]:
        """Return which lost pings can be judged now, in us, and what routes of this server do to them."""
        return self._rehearsals.go_on(now)

    def judge_lost(self, key: str, lost: Lost, fault: str) -> None:
        """Judge a lost ping.

        Arguments: key, of its destination; lost; fault, what routes do to such a ping, "" for nothing: then
        its silence has no witness here.
        """
        pinged = lost.pinged
        if self._fleet.get(key) is not pinged or pinged.sent != lost.sent:
            return
        with self._again_if_it_fails(key, pinged):
            if not self._is_lost(key, pinged):
                return
            if fault == rehearsal.DROPPED:
                self._leave_unsent(key, pinged, fault)
            else:
                self._record(key, pinged, Kind.UNHEARD if fault else Kind.LOST, fault)
            pinged.in_flight = False

    def _is_lost(self, key: str, pinged: Pinged) -> bool:
        """Say whether no process got the result of a ping, whose time is over."""
        if not pinged.in_flight:
            return False
        newest = destination_rows.newest_sent(key)
        if newest is not None and newest < pinged.sent:
            # That this process stood still is no witness: replies and time limits go to others.
            return True
        if newest is None:
            self._mending.suspect(key)
        pinged.in_flight = False
        return False

    @contextmanager
    def _again_if_it_fails(self, key: str, pinged: Pinged) -> Iterator[None]:
        try:
            yield
        except Exception:
            self._deadlines.put(key, pinged.sent, self._clock() + SECOND)
            raise

    def _leave_unsent(self, key: str, pinged: Pinged, why: str) -> None:
        """Record a ping that could not be sent, by this server's own fault."""
        if not why.startswith(NO_SUCH_ADDRESS):
            self._housekeeping.note_unsent(key, why)
        now = self._clock()
        if now < self._no_room_until:
            return
        try:
            self._record(key, pinged, Kind.UNSENT, why)
        except SharedMemoryFull:
            # Each row that finds no room costs some ERROR lines of Kamailio's own.
            self._no_room_until = now + SECOND
            raise

    def _record(self, key: str, pinged: Pinged, kind: Kind, reason: str = "") -> None:
        result = Result(pinged.generation, pinged.sent, self._clock(), kind, reason=reason)
        criteria = pinged.policy.criteria if pinged.way.reliable else pinged.policy.udp_criteria
        intake.take_silence(key, criteria, result, pinged.policy.socket, pinged.trackers)


def _own_fault() -> str:
    """Return why this server could not have sent a ping to anybody, "" if it could."""
    if not free_memory.has_room_for_a_ping():
        return "no memory: shared memory is full (kamailio -m)"
    if not private_memory.has_room_for_a_ping():
        return "no memory: the private memory of this process is full (kamailio -M)"
    return "" if host.has_descriptors() else _NO_DESCRIPTOR


def _refusal(pinged: Pinged) -> str:
    """Return why a ping that tm refused is no failure of its destination, "" if it is one.

    It is if a name is none, or has no records; and if there is no route to it: with ``mhomed=1`` tm learns of
    that at once, else when it sends, and then the ping has no reply. That a proxy of ours has no address says
    nothing of those behind it.
    """
    address, through = pinged.way.address, pinged.way.through
    if through and not address:
        return f"outbound_proxy {through} can't be reached: is its name one that DNS knows?"
    if not tm.was_taken() and not (address and host.has_route(address)):
        return ""
    return "Kamailio refused it: its reason stands in a line of its own in the log"
