"""The timer's tick: which pings leave now, and which were never answered.

The schedule lies in the memory of the one process that runs the tick; which destinations there are, and
how they are, is read from shared memory, at the start and when a change is announced.
"""

import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial

from . import configuration, groups, registry, results, shared_memory, tm
from .health import GRACE, LATE, UP, Kind, Pace, Result, is_spent, pace
from .schedule import (
    SECOND,
    TICK,
    Deadlines,
    Timetable,
    dealt_to,
    first_ping,
    next_ping,
    phase,
    pings_allowed,
)
from .settings import Policy
from .shared_memory import Wish

log = logging.getLogger("keepalive")

# However many report a destination, it is pinged out of turn once a second at the most.
SOONEST = SECOND
# Of the time between two ticks so much may go to changes, us.
FLOOD = TICK // 2
# More destinations than this in a table's slot are walked one by one, at each reply and is_alive.
CROWDED = 8

_PENDING = Pace.PENDING


class Target:
    """A destination, as the prober remembers it between two pings."""

    __slots__ = (
        "asked",
        "generation",
        "hold",
        "in_flight",
        "interval",
        "offset",
        "pace",
        "place",
        "policy",
        "reliable",
        "sent",
        "silent",
        "spread",
        "uri",
    )

    def __init__(self, generation: int, place: float) -> None:
        self.generation = generation
        self.place = place
        self.uri = ""
        self.policy: Policy
        self.pace = Pace.REGULAR
        # What follows from policy and pace, at hand for the next ping; us.
        self.interval = 0
        self.offset = 0
        self.spread = 0
        self.hold = 0
        self.sent = 0
        """when the last ping left, us"""
        self.in_flight = False
        """whether the last ping may have no result yet"""
        self.reliable = False
        """whether its transport sees to it that a ping arrives"""
        self.asked = False
        """for a ping at once, by somebody"""
        self.silent = False
        """in maintenance"""

    def follow_pace(self) -> None:
        """Take the interval that policy and pace say."""
        self.interval = self.policy.interval_at(self.pace)
        self.offset = int(self.place * self.interval)
        self.spread = int(self.policy.jitter * self.interval)


class Prober:
    """Sends the pings of the server, or of its share of the destinations where there are several probers.

    Arguments: clock, returns the time, us; chance, returns a random number from 0 up to 1.
    """

    def __init__(
        self, clock: Callable[[], int] = tm.clock, chance: Callable[[], float] = random.random
    ) -> None:
        self._clock = clock
        self._chance = chance
        self._number = -1
        """which of the probers it is, from 0 on; -1 before its first tick"""
        self._targets: dict[str, Target] = {}
        self._unseen: list[str] = []
        """what was there before the first tick, and is not looked at yet"""
        self._has_begun = False
        """whether it knows what was there"""
        self._pings = Timetable()
        self._deadlines = Deadlines()
        self._ends_of_admin = Timetable()
        self._ends_of_drain = Timetable()
        self._freshness = Timetable()
        self._timetables = self._pings, self._ends_of_admin, self._ends_of_drain, self._freshness
        self._behind: Counter[str] = Counter()
        """how many destinations are pinged from which socket"""
        self._published_behind: dict[str, int] = {}
        self._woke = 0
        """when it last went on after it had stood still, us"""
        self._turn = 0
        self._rate = 0.0
        """pings in a second, all destinations together"""
        self._paused = False
        self._last_tick = 0
        """when its last tick began, us"""
        self._sent = 0
        """how many pings that sent"""
        self._next_refresh = 0
        self._tell_again = 0
        self._tell_late_again = 0
        self._late = 0
        """how long it stood still since that was told, us"""
        self._told_crowded = False

    def tick(self) -> None:
        """Do what is due; its cost does not depend on the number of destinations."""
        now = self._clock()
        if self._last_tick and now - self._last_tick > TICK + LATE:
            self._wake_up(now)
        if now >= self._next_refresh:
            self._refresh(now)
        self._take_changes(now)
        for key, sent in self._deadlines.take(now):
            if key in self._targets and self._targets[key].sent == sent:
                self._for_each((key,), self._give_up)
        self._for_each(self._ends_of_admin.take(now), registry.end_admin)
        self._for_each(self._ends_of_drain.take(now), results.end_drain)
        self._for_each(self._freshness.take(now), self._check_freshness)
        if not self._paused:
            allowed = pings_allowed(self._rate, now - self._last_tick, self._sent)
            due = self._pings.take(now, allowed)
            self._sent = len(due)
            self._for_each(due, partial(self._schedule_next, now))
            # Nothing but sending between: 68 us a ping where it was 77 in turns, as caches stay warm.
            self._for_each(due, self._ping)
        # The first one may read files for seconds, and nobody waits for it.
        self._last_tick = now if self._last_tick else self._clock()

    def _wake_up(self, now: int) -> None:
        """Go on after this process stood still: what nobody heard meanwhile is nobody's fault."""
        self._woke = now
        self._late += now - self._last_tick
        if now >= self._tell_late_again:
            self._tell_late_again = now + 60 * SECOND
            log.warning(
                "a prober stood still for %.1f s: pings whose end nobody heard meanwhile have no verdict",
                self._late / SECOND,
            )
            self._late = 0

    def _for_each(self, keys: Iterable[str], act: Callable[[str], None]) -> None:
        """Do something for each key; one destination's trouble is not the others'."""
        for key in keys:
            try:
                act(key)
            except shared_memory.SharedMemoryFull as error:
                self._tell("%s can't be pinged now: %s", key, error)
            except Exception:
                log.exception("%s can't be pinged now", key)

    def _tell(self, what: str, *rest: object) -> None:
        """Log what concerns many destinations once a minute."""
        now = self._clock()
        if now >= self._tell_again:
            self._tell_again = now + 60 * SECOND
            log.error(what, *rest)

    def _take_changes(self, now: int) -> None:
        """Look at what was announced; a flood of it may take half a tick, and the rest the next ones."""
        for key, wish in shared_memory.announced_changes(self._number):
            try:
                self._look_at(key, now, wish)
            except shared_memory.SharedMemoryFull as error:
                self._tell("a change of %s is not followed: %s", key, error)
            except Exception:
                log.exception("a change of %s is not followed", key)
            if self._clock() - now > FLOOD:
                return
        while self._unseen and self._clock() - now <= FLOOD:
            key = self._unseen.pop()
            if key not in self._targets:
                self._for_each((key,), lambda key: self._look_at(key, now))

    def _refresh(self, now: int) -> None:
        """Once a second: look at the settings; the first time, at what is configured."""
        self._next_refresh = now + SECOND
        if self._number < 0:
            self._number = shared_memory.claim_prober()
        configuration.read_defines()
        tm.tell_pings(shared_memory.is_debugged())
        leads = self._number == 0
        if configuration.refresh() if leads else configuration.has_changed():
            self._follow_settings(now)
        self._pause_or_resume(now)
        if not self._has_begun:
            registry.start(may_take_seconds=True)
            self._unseen = [key for key in shared_memory.monitored_keys() if self._pings_it(key)]
            self._has_begun = True
        destinations = configuration.destinations_changed() if leads else None
        if destinations is not None:
            registry.replace_configured(destinations)
        self._tell_if_crowded()
        self._publish_behind()

    def _publish_behind(self) -> None:
        """Let all processes know how many destinations are behind each socket, for the guard that asks."""
        if not configuration.values()["mass_failure"]:
            return
        for socket, number in self._behind.items():
            if self._published_behind.get(socket) != number:
                shared_memory.store_behind(socket, self._number, number)
                self._published_behind[socket] = number

    def _pings_it(self, key: str) -> bool:
        return dealt_to(key, shared_memory.probers()) == self._number

    def _tell_if_crowded(self) -> None:
        """Say once that the tables have too few slots for the destinations."""
        number = len(self._targets) * shared_memory.probers()
        if number > CROWDED * 2 ** shared_memory.table_size() and not self._told_crowded:
            self._told_crowded = True
            log.warning(
                "about %d destinations, but tables of 2^%d slots: define KEEPALIVE_TABLE_SIZE %d",
                number,
                shared_memory.table_size(),
                (number // 4).bit_length(),
            )

    def _follow_settings(self, now: int) -> None:
        if self._number == 0:
            for name in shared_memory.groups():
                groups.guard(name)
        for key, target in self._targets.items():
            before = target.policy
            self._set_policy(target, configuration.policy(before.options))
            target.follow_pace()
            if target.sent and target.policy.interval_at(target.pace) != before.interval_at(target.pace):
                self._schedule(key, target, now)
            if target.policy.stale_after != before.stale_after:
                self._expect_freshness(key, target, now)

    def _pause_or_resume(self, now: int) -> None:
        paused = shared_memory.is_paused() or not configuration.is_enabled()
        if self._paused and not paused:
            # A standby that takes over: what it knows is old, so it asks all anew, spread as at a start.
            for key, target in self._targets.items():
                self._pings.put(key, first_ping(now, target.place))
        if paused != self._paused:
            log.info("pings are %s", "paused" if paused else "sent again")
        self._paused = paused

    def _look_at(self, key: str, now: int, wish: Wish = Wish.REGULARLY) -> None:
        """Take over how a destination is registered, and how it is, now."""
        registered = shared_memory.registration(key)
        known = shared_memory.health(key)
        if registered is None or known is None:
            self._forget(key)
            return
        target = self._targets.get(key)
        is_new = target is None or target.generation != registered.generation
        if target is None or is_new:
            self._forget(key)
            self._turn += 1
            target = self._targets[key] = Target(registered.generation, phase(self._turn))
        policy = configuration.policy(registered.options)
        before = None if is_new else (target.pace, target.hold, target.silent, target.policy)
        target.uri = registered.uri
        if is_new or target.policy is not policy:
            self._set_policy(target, policy, is_new)
        target.pace = pace(known, now)
        target.follow_pace()
        target.hold = known.hold
        if before is None or policy.stale_after != before[-1].stale_after:
            self._expect_freshness(key, target, now)
        if known.drain:
            self._ends_of_drain.put(key, known.drain)
        self._follow_admin(key, target, now)
        if is_new:
            self._pings.put(key, first_ping(now, target.place))
        elif wish is not Wish.REGULARLY:
            target.asked = wish is Wish.NOW
            self._pings.put(key, max(now, target.sent + SOONEST))
        elif target.sent and before != (target.pace, target.hold, target.silent, target.policy):
            self._schedule(key, target, now)
        if is_spent(known, target.policy.rules):
            registry.give_up(key)

    def _forget(self, key: str) -> None:
        target = self._targets.pop(key, None)
        if target is not None:
            self._leave(target.policy)
        for timetable in self._timetables:
            timetable.remove(key)

    def _set_policy(self, target: Target, policy: Policy, is_new: bool = False) -> None:
        if not is_new:
            self._leave(target.policy)
        self._rate += 1 / policy.interval
        self._behind[policy.socket] += 1
        target.policy = policy
        target.reliable = tm.is_reliable(target.uri, policy)

    def _leave(self, policy: Policy) -> None:
        self._rate -= 1 / policy.interval
        self._behind[policy.socket] -= 1

    def _follow_admin(self, key: str, target: Target, now: int) -> None:
        admin = shared_memory.admin(key)
        target.silent = admin is not None and admin.mode == "maint"
        if admin is not None and admin.until:
            self._ends_of_admin.put(key, now + max(0, int((admin.until - time.time()) * SECOND)))
        else:
            self._ends_of_admin.remove(key)

    def _schedule(self, key: str, target: Target, now: int) -> None:
        """Put the next ping where it belongs."""
        if target.pace is _PENDING:
            due = now + target.interval
        else:
            due = next_ping(now, target.offset, target.interval, target.spread, self._chance())
        self._pings.put(key, max(due, target.hold, now))

    def _schedule_next(self, now: int, key: str) -> None:
        self._schedule(key, self._targets[key], now)

    def _ping(self, key: str) -> None:
        target = self._targets[key]
        if target.silent:
            return
        if target.in_flight:
            judged = shared_memory.judged(key)
            if judged is None:
                self._forget_unannounced(key)
                return
            if judged < target.sent:
                # One ping in flight: the next one leaves when this one is over.
                self._pings.put(key, self._clock() + SECOND // 10)
                return
            target.in_flight = False
        skip = target.policy.skip_if_fresh
        if skip and not target.asked and self._has_fresh_traffic(key, skip):
            return
        target.asked = False
        try:
            target.sent, left = tm.send(key, target.generation, target.uri, target.policy, target.reliable)
        except tm.EventNotSeen as error:
            self._tell("%s", error)
            # Our own fault, not the peer's: it is not down, but nothing is known of it any more.
            results.expire(key, "its pings can't be followed")
            return
        if left:
            target.in_flight = True
            self._deadlines.put(key, target.sent, target.sent + target.policy.timeout * 1000 + GRACE)
        elif shared_memory.has_room_for_a_ping():
            self._record(key, target, Kind.SEND_FAILED)
        else:
            self._tell("pings can't be sent: shared memory is full (kamailio -m)")
            self._record(key, target, Kind.NO_MEMORY)

    def _has_fresh_traffic(self, key: str, seconds: float) -> bool:
        """Say whether calls show that a destination is alive, so that it need not be asked."""
        known = shared_memory.health(key)
        if known is None or known.state != UP or known.streak < 0:
            return False
        return self._clock() - known.traffic < seconds * SECOND if known.traffic else False

    def _give_up(self, key: str) -> None:
        """At a ping's deadline: it was lost, unless somebody got its result."""
        target = self._targets[key]
        if not target.in_flight:
            return
        try:
            judged = shared_memory.judged(key)
            if judged is None:
                self._forget_unannounced(key)
            elif judged < target.sent:
                self._record(key, target, Kind.UNHEARD if target.sent < self._woke else Kind.LOST)
        except Exception:
            self._deadlines.put(key, target.sent, self._clock() + SECOND)
            raise
        target.in_flight = False

    def _record(self, key: str, target: Target, kind: Kind) -> None:
        result = Result(target.generation, target.sent, self._clock(), kind)
        rules = target.policy.rules if target.reliable else target.policy.udp_rules
        results.record_silence(key, rules, result)

    def _forget_unannounced(self, key: str) -> None:
        """Forget a destination that is gone, of which memory had no room to tell."""
        self._look_at(key, self._clock())

    def _expect_freshness(self, key: str, target: Target, since: int) -> None:
        if target.policy.stale_after:
            self._freshness.put(key, since + int(target.policy.stale_after * SECOND))
        else:
            self._freshness.remove(key)

    def _check_freshness(self, key: str) -> None:
        target = self._targets[key]
        known = shared_memory.health(key)
        now = self._clock()
        if known is None or not target.policy.stale_after:
            return
        # What could not be asked, as this process stood still, is not stale.
        newest = max(known.judged, known.traffic, self._woke)
        if now - newest < int(target.policy.stale_after * SECOND):
            self._expect_freshness(key, target, newest)
            return
        results.expire(key, f"no fresh result for {target.policy.stale_after:g} s")
        self._expect_freshness(key, target, now)


prober = Prober()
