"""The timer's tick: which pings leave now, and which were never answered.

The schedule lies in the memory of the one process that runs the tick; which destinations there are, and
how they are, is read from shared memory, at the start and when a change is announced.
"""

import logging
import random
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from typing import Final

from ..kamailio import (
    clock,
    destination_rows,
    free_memory,
    host,
    listeners,
    queues,
    rehearsal,
    server_rows,
    startup_rows,
    tables,
    tm,
)
from ..rules import freshness
from ..rules.evidence import GRACE, Kind, Result
from ..rules.fleet import Fleet, Seen, Target
from ..rules.judging import is_spent
from ..rules.listening import LATE
from ..rules.record import Health
from ..rules.schedule import SECOND, TICK, Deadlines, Minutely, Timetable, Wish, first_ping, pings_allowed
from ..rules.sockets import NO_SUCH_ADDRESS
from ..rules.states import UNKNOWN
from ..rules.turns import has_fresh_calls
from . import configuration, housekeeping, mending, orders, registrations, registry, results, startup
from .departures import Departures

log = logging.getLogger("keepalive")

# Of the time between two ticks so much may go to changes, us.
FLOOD = TICK // 2
# So long it rests from looking at all for what was not announced, us: while memory is full, that never ends.
REST = 10 * SECOND

_NO_DESCRIPTOR: Final = "no file descriptor: this process has as many open as it may (ulimit -n)"


class Prober:
    """Sends the pings of the server, or of its share of the destinations where there are several probers.

    Arguments: clock, returns the time, us; chance, returns a random number from 0 up to 1.
    """

    def __init__(
        self, clock: Callable[[], int] = clock.now, chance: Callable[[], float] = random.random
    ) -> None:
        self._clock = clock
        self._number = -1
        """which of the probers it is, from 0 on; -1 before its first tick"""
        self._departures = Departures()
        self._fleet = Fleet(chance, self._departures.of)
        self._housekeeping = housekeeping.Housekeeping(self._fleet)
        self._mending = mending.Mending(self._fleet, clock)
        self._common = mending.Common()
        self._to_look_at: OrderedDict[str, Wish] = OrderedDict()
        """who changed, or was there before the first tick, and what is wished for it"""
        self._all_heard = False
        """whether nothing was announced any more when it asked the last time"""
        self._has_begun = False
        """whether it knows what was there"""
        self._unannounced = 0
        """how many changes had not been announced when it looked at all the last time"""
        self._next_look_at_all = 0
        self._not_followed: dict[str, Wish] = {}
        """those of whom a change could not be followed, and what was wished"""
        self._next_look_again = 0
        self._deadlines = Deadlines()
        self._ends_of_admin = Timetable()
        self._ends_of_drain = Timetable()
        self._freshness = Timetable()
        self._pausing = False
        self._paused = 0
        """when the pause began, us"""
        self._stood: deque[tuple[int, int]] = deque(maxlen=freshness.STANDSTILLS)
        """when it went on after it had stood still, and for how long it had, us"""
        self._last_tick = 0
        """when its last tick began, us"""
        self._sent = 0
        """how many pings that sent"""
        self._next_second = 0
        self._drops = False
        """whether a route dropped what was sent at the last rehearsal"""
        self._next_rehearsal = 0
        self._minutely = Minutely()
        self._late = 0
        """how long it stood still since that was told, us"""

    def tick(self) -> None:
        """Do what is due; its cost does not depend on the number of destinations."""
        now = self._clock()
        if self._last_tick and now - self._last_tick > TICK + LATE:
            self._wake_up(now)
        if now >= self._next_second:
            self._next_second = now + SECOND
            self._each_second(now)
        if self._number < 0:
            return
        self._try(self._take_changes, now)
        self._try(self._follow_addresses, now)
        self._try(self._mend_rows, now)
        for key, sent in self._deadlines.take(now):
            if key in self._fleet and self._fleet[key].sent == sent:
                self._for_each((key,), self._give_up)
        self._for_each(self._ends_of_admin.take(now), orders.end_admin, self._ends_of_admin)
        self._for_each(self._ends_of_drain.take(now), results.end_drain, self._ends_of_drain)
        self._for_each(self._freshness.take(now), self._check_freshness, self._freshness)
        if not self._pausing:
            self._send_what_is_due(now)
        # The first one may read files for seconds, and nobody waits for it.
        self._last_tick = now if self._last_tick else self._clock()

    def _wake_up(self, now: int) -> None:
        """Go on after this process stood still: it asked nobody meanwhile, so no state became old by that."""
        self._stood.append((now, now - self._last_tick))
        self._late += now - self._last_tick
        if self._minutely.may_tell("stood still", now):
            log.warning("a prober stood still for %.1f s: it sent no pings meanwhile", self._late / SECOND)
            self._late = 0

    def _send_what_is_due(self, now: int) -> None:
        allowed = pings_allowed(self._fleet.rate, now - self._last_tick, self._sent)
        regular, out_of_turn = self._fleet.pings.take(now, allowed, self._fleet.rate)
        self._sent = len(regular)
        due = [key for key in regular + out_of_turn if key in self._fleet]
        self._for_each(due, lambda key: self._fleet.plan_next(key, now))
        # Nothing but sending between: 68 us a ping where it was 77 in turns, as caches stay warm.
        self._for_each(due, self._ping)

    # --- what keeps the tick going ------------------------------------------------------------------------

    def _try(self, task: Callable[[int], None], now: int) -> None:
        """Do a task; its trouble is not that of the rest of the tick."""
        name = task.__name__.strip("_").replace("_", " ")
        try:
            task(now)
        except tables.SharedMemoryFull as error:
            self._tell(f"a prober can't {name} now: %s", error)
        except Exception:
            log.exception("a prober can't %s now", name)

    def _for_each(
        self, keys: Iterable[str], act: Callable[[str], None], again: Timetable | None = None
    ) -> None:
        """Do something for each key; one destination's trouble is not the others'.

        Arguments: keys; act, what to do; again, where it is tried again from a second later.
        """
        for key in keys:
            try:
                act(key)
                continue
            except tables.SharedMemoryFull as error:
                self._tell("%s can't be pinged now: %s", key, error)
            except Exception:
                log.exception("%s can't be pinged now", key)
            if again is not None:
                again.bring_forward(key, self._clock() + SECOND)

    def _tell(self, what: str, *rest: object) -> None:
        """Log what concerns many destinations once a minute."""
        if self._minutely.may_tell(what, self._clock()):
            log.error(what, *rest)

    # --- once a second ------------------------------------------------------------------------------------

    def _each_second(self, now: int) -> None:
        """Do what is done once a second; no ping and no deadline waits for it."""
        for task in (
            self._join,
            self._keep_common_rows,
            self._follow_settings,
            self._pause_or_resume,
            self._begin,
            self._find_unannounced,
            self._look_again,
            self._fleet.forget_the_gone,
            self._look_after_addresses,
            *self._housekeeping.tasks,
        ):
            self._try(task, now)

    def _join(self, now: int) -> None:
        if self._number < 0:
            self._number = self._housekeeping.number = startup_rows.claim_prober()
        listeners.publish()
        configuration.read_defines()

    def _keep_common_rows(self, now: int) -> None:
        if self._number == 0:
            self._common.keep(now)

    def _follow_settings(self, now: int) -> None:
        changed = configuration.refresh() if self._number == 0 else configuration.has_changed()
        if not changed:
            return
        for key, target in self._fleet.items():
            self._fleet.change_policy(key, configuration.policy(target.policy.options), now)
            if target.policy.stale_after or key in self._freshness:
                self._freshness.bring_forward(key, first_ping(now, target.place))
        self._housekeeping.settings_changed()

    def _pause_or_resume(self, now: int) -> None:
        enabled = configuration.is_enabled()
        pausing = server_rows.is_paused() or not enabled
        if pausing != self._pausing:
            self._pausing = pausing
            log.info("pings are %s", "paused" if pausing else "sent again")
            if pausing:
                self._paused = now
            else:
                # A standby that takes over: what it knows is old, so it asks all anew.
                self._fleet.resume(self._paused, now)
        # Other processes can't read the setting.
        if self._number == 0 and enabled == server_rows.is_disabled():
            server_rows.store_disabled(not enabled)

    def _begin(self, now: int) -> None:
        if not self._has_begun:
            startup.start(may_take_seconds=True)
            self._look_at_all(now)
            self._has_begun = True

    def _find_unannounced(self, now: int) -> None:
        """Look at all once more if memory had no room to tell of one; at all, as nobody knows of which."""
        if queues.unannounced() != self._unannounced and now >= self._next_look_at_all:
            self._look_at_all(now)

    def _look_at_all(self, now: int) -> None:
        # Read before what it stands for: a change that comes meanwhile is looked for again.
        unannounced = queues.unannounced()
        there = [key for key in destination_rows.monitored_keys() if self._housekeeping.pings_it(key)]
        for key in (*there, *self._fleet.keys()):
            self._to_look_at.setdefault(key, Wish.REGULARLY)
        self._unannounced = unannounced
        self._next_look_at_all = now + REST

    def _look_after_addresses(self, now: int) -> None:
        self._departures.look()

    def _look_again(self, now: int) -> None:
        """Look once more at those whose changes could not be followed."""
        if self._not_followed and now >= self._next_look_again:
            self._next_look_again = now + REST
            for key, wish in self._not_followed.items():
                self._to_look_at.setdefault(key, wish)
            self._not_followed.clear()

    # --- what has changed ---------------------------------------------------------------------------------

    def _follow_addresses(self, now: int) -> None:
        """Ask anew what leaves from an address that this server has again."""
        back = self._departures.back()
        if back:
            self._fleet.ask_anew(back, now)

    def _take_changes(self, now: int) -> None:
        """Look at what was announced; a flood of it may take half a tick, and the rest the next ones.

        Who is announced many times is looked at once, in the turn of the first time: so nobody waits for
        those of whom there is always news.
        """
        self._all_heard = False
        try:
            for key, wish in queues.announced_changes(self._number):
                self._to_look_at[key] = self._to_look_at.get(key, wish).joined_by(wish)
                if self._clock() - now > FLOOD // 2:
                    break
            else:
                self._all_heard = True
        except Exception:
            # Of which destination this was, nobody knows.
            self._unannounced = -1
            raise
        while self._to_look_at and self._clock() - now <= FLOOD:
            key, wish = self._to_look_at.popitem(last=False)
            try:
                self._look_at(key, now, wish)
                continue
            except tables.SharedMemoryFull as error:
                self._tell("a change of %s is not followed now: %s", key, error)
            except Exception:
                log.exception("a change of %s is not followed now", key)
            self._not_followed[key] = wish

    def _mend_rows(self, now: int) -> None:
        """Have rows made anew that were lost, and look for more of them."""
        if self._mending.has_suspects and self._has_heard_all():
            for key in self._mending.mend():
                self._look_at(key, now)
        self._mending.look_around(now)

    def _has_heard_all(self) -> bool:
        """Say whether it has followed all that was changed until this tick."""
        return self._all_heard and not self._to_look_at and queues.unannounced() == self._unannounced

    def _look_at(self, key: str, now: int, wish: Wish = Wish.REGULARLY) -> None:
        """Take over how a destination is registered, and how it is, now."""
        registered = destination_rows.registration(key)
        known = destination_rows.health(key)
        if registered is None or known is None:
            if key in self._fleet and registrations.is_there(key):
                self._mending.suspect(key)
            else:
                self._forget(key, now)
            return
        before = self._fleet.get(key)
        if before is not None and before.generation != registered.generation:
            self._forget(key, now)
        admin = destination_rows.admin(key)
        policy = configuration.policy(registered.options)
        target = self._fleet.follow(key, Seen(registered, policy, known, admin), wish, now)
        self._follow_freshness(key, target, known, now)
        self._housekeeping.follow_voids(key, known, policy.criteria.fall)
        # Whoever registered it may not have known yet what unknown_as is.
        registrations.follow_unknown_as(key, policy.unknown_as)
        if known.drain_until:
            self._ends_of_drain.put(key, known.drain_until)
        if admin is not None and admin.until:
            self._ends_of_admin.put(key, now + max(0, int((admin.until - time.time()) * SECOND)))
        else:
            self._ends_of_admin.remove(key)
        if is_spent(known, policy.criteria):
            registry.give_up(key)

    def _forget(self, key: str, now: int) -> None:
        self._fleet.remove(key, now)
        self._housekeeping.follow_voids(key, None)
        for timetable in (self._ends_of_admin, self._ends_of_drain, self._freshness):
            timetable.remove(key)

    # --- a ping and its end -------------------------------------------------------------------------------

    def _ping(self, key: str) -> None:
        target = self._fleet[key]
        if target.in_maintenance:
            target.wish = Wish.REGULARLY
            return
        if target.in_flight:
            newest = destination_rows.newest_sent(key)
            if newest is None:
                self._mending.suspect(key)
                return
            if newest < target.sent:
                # One ping in flight: the next one leaves when this one is over.
                self._fleet.pings.bring_forward(key, self._clock() + SECOND // 10)
                return
            target.in_flight = False
        wish, target.wish = target.wish, Wish.REGULARLY
        if target.policy.skip_if_fresh and wish is not Wish.NOW:
            known = destination_rows.health(key)
            if known is not None and has_fresh_calls(known, target.policy, self._clock()):
                return
        # Whatever becomes of it, this was its turn.
        target.sent = self._clock()
        target.asked = target.asked or target.sent
        hindrance = self._hindrance(target)
        if hindrance:
            self._leave_unsent(key, target, hindrance)
        else:
            self._send(key, target)

    def _hindrance(self, target: Target) -> str:
        """Return why this server can't send a ping now, "" if it can."""
        if free_memory.is_short():
            return (
                f"memory is short: less than {free_memory.LEAST_FREE} % of shared memory is free, "
                "and calls need it (kamailio -m)"
            )
        if target.way.reliable and not host.has_descriptors():
            return _NO_DESCRIPTOR
        return self._departures.hindrance(target.departure)

    def _send(self, key: str, target: Target) -> None:
        try:
            target.sent, left = tm.send(key, target.generation, target.uri, target.policy, target.way)
        except tm.EventNotSeen as error:
            self._tell("%s", error)
            # Our own fault, not the peer's: it is not down, but nothing is known of it any more.
            results.expire(key, "its pings can't be followed")
            return
        if left:
            target.in_flight = True
            self._deadlines.put(key, target.sent, target.sent + target.way.longest + GRACE)
            return
        own_fault = _own_fault() or _refusal(target)
        if own_fault:
            self._leave_unsent(key, target, own_fault)
        else:
            self._record(key, target, Kind.SEND_FAILED)

    def _is_dropped(self, target: Target) -> bool:
        """Say whether a route of this server drops pings; it is found out once a second."""
        now = self._clock()
        if now >= self._next_rehearsal:
            self._next_rehearsal = now + SECOND
            self._drops = rehearsal.is_dropped(target.uri, target.policy)
        return self._drops

    def _leave_unsent(self, key: str, target: Target, why: str) -> None:
        """Record a ping that could not be sent, by this server's own fault."""
        if not why.startswith(NO_SUCH_ADDRESS):
            self._housekeeping.note_unsent(key, why)
        self._record(key, target, Kind.UNSENT, why)

    def _give_up(self, key: str) -> None:
        """At a ping's deadline: it was lost, unless somebody got its result."""
        target = self._fleet[key]
        if not target.in_flight:
            return
        try:
            newest = destination_rows.newest_sent(key)
            if newest is None:
                self._mending.suspect(key)
            elif newest < target.sent:
                # That this process stood still is no witness: replies and time limits go to others.
                if self._is_dropped(target):
                    self._leave_unsent(key, target, rehearsal.DROPPED)
                else:
                    self._record(key, target, Kind.LOST)
        except Exception:
            self._deadlines.put(key, target.sent, self._clock() + SECOND)
            raise
        target.in_flight = False

    def _record(self, key: str, target: Target, kind: Kind, reason: str = "") -> None:
        result = Result(target.generation, target.sent, self._clock(), kind, reason=reason)
        criteria = target.policy.criteria if target.way.reliable else target.policy.udp_criteria
        results.record_silence(key, criteria, result)

    # --- how fresh a state is -----------------------------------------------------------------------------

    def _check_freshness(self, key: str) -> None:
        known = destination_rows.health(key)
        if known is not None:
            self._follow_freshness(key, self._fleet[key], known, self._clock())

    def _follow_freshness(self, key: str, target: Target, known: Health, now: int) -> None:
        """Forget a state that stood for too long without evidence, or see when to look at it again."""
        stands = freshness.limit(known, target.policy, target.interval)
        if not stands:
            self._freshness.remove(key)
            return
        again = now + stands
        # What nobody was to ask is not stale.
        if known.state != UNKNOWN and target.asked and not target.in_maintenance and not self._pausing:
            answered = target.way.longest + GRACE
            end = freshness.end(known, stands, target.asked, answered, self._stood)
            if end > now:
                again = end
            else:
                results.expire(key, freshness.why(known, stands))
        self._freshness.put(key, again)


def _own_fault() -> str:
    """Return why this server could not have sent a ping to anybody, "" if it could."""
    if not free_memory.has_room_for_a_ping():
        return "no memory: shared memory is full (kamailio -m)"
    if not tm.has_private_memory():
        return "no memory: the private memory of this process is full (kamailio -M)"
    return "" if host.has_descriptors() else _NO_DESCRIPTOR


def _refusal(target: Target) -> str:
    """Return why a ping that tm refused is no failure of its destination, "" if it is one.

    It is if a name is none, or has no records; and if there is no route, as where tm sends and learns of that
    later: with ``mhomed=1`` it learns at once.
    """
    address = target.way.address
    if not tm.was_taken() and not (address and host.has_route(address)):
        return ""
    return "Kamailio refused it: its reason stands in a line of its own in the log"


prober = Prober()
