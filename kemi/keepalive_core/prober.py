"""The timer's tick: which pings leave now, and which were never answered.

The schedule lies in the memory of the one process that runs the tick; which destinations there are is
read from shared memory, at the start and when a change is announced.
"""

import logging
from collections.abc import Callable

from . import configuration, registry, results, shared_memory, tm
from .configuration import settings
from .health import Kind, Result
from .schedule import SECOND, Timetable, first_ping, next_ping, phase, pings_allowed

log = logging.getLogger("keepalive")

# tm's timers run in steps of 1/16 s, and their process may be busy: only then is a ping given up for lost.
GRACE = SECOND


class Target:
    """A destination, as the prober remembers it between two pings."""

    __slots__ = ("generation", "place", "sent", "uri")

    def __init__(self, generation: int, uri: str, place: float) -> None:
        self.generation = generation
        self.uri = uri
        self.place = place
        self.sent = 0


class Prober:
    """Sends all pings of the server.

    Arguments: clock, returns the time, us.
    """

    def __init__(self, clock: Callable[[], int] = tm.clock) -> None:
        self._clock = clock
        self._targets: dict[str, Target] = {}
        self._pings = Timetable()
        self._deadlines = Timetable()
        self._turn = 0
        self._interval = 0
        self._last_tick = 0
        self._next_refresh = 0
        self._event_missed = False

    def tick(self) -> None:
        """Do what is due; its cost does not depend on the number of destinations."""
        now = self._clock()
        if now >= self._next_refresh:
            self._refresh(now)
        for key in shared_memory.announced_changes():
            self._look_at(key, now)
        for key in self._deadlines.take(now):
            self._guarded(self._give_up, key)
        allowed = pings_allowed(len(self._targets), self._interval, now - self._last_tick)
        for key in self._pings.take(now, allowed):
            self._guarded(self._ping, key)
        self._last_tick = now

    def _refresh(self, now: int) -> None:
        """Once a second: look at the settings; the first time, at all destinations."""
        self._next_refresh = now + SECOND
        configuration.read_defines()
        configuration.refresh()
        if settings.ping_interval * SECOND != self._interval:
            self._interval = settings.ping_interval * SECOND
            for key, target in self._targets.items():
                if target.sent:
                    self._pings.put(key, next_ping(now, target.place, self._interval))
        if not self._last_tick:
            registry.start()
            for key in shared_memory.monitored_keys():
                self._look_at(key, now)
        destinations = configuration.destinations_changed()
        if destinations is not None:
            registry.replace_configured(destinations)

    def _look_at(self, key: str, now: int) -> None:
        """Take over how a destination is registered now."""
        registered = shared_memory.registration(key)
        if registered is None:
            self._targets.pop(key, None)
            self._pings.remove(key)
            self._deadlines.remove(key)
            return
        target = self._targets.get(key)
        if target is not None and target.generation == registered.generation:
            target.uri = registered.uri
            return
        self._turn += 1
        target = Target(registered.generation, registered.uri, phase(self._turn))
        self._targets[key] = target
        self._deadlines.remove(key)
        self._pings.put(key, first_ping(now, target.place))

    def _ping(self, key: str) -> None:
        target = self._targets[key]
        now = self._clock()
        if key in self._deadlines:
            if not self._answered(key, target):
                # One ping in flight: the next one leaves when this one is over.
                self._pings.put(key, now + SECOND // 10)
                return
            self._deadlines.remove(key)
        # Before anything can fail: a destination is pinged for ever.
        self._pings.put(key, next_ping(now, target.place, self._interval))
        timeout = settings.ping_timeout
        try:
            target.sent, left = tm.send(key, target.generation, target.uri, settings.ping_from, timeout)
        except tm.EventNotSeen as error:
            if not self._event_missed:
                self._event_missed = True
                log.error("%s", error)
            return
        if left:
            self._deadlines.put(key, target.sent + timeout * 1000 + GRACE)
        else:
            results.record(key, Result(target.generation, target.sent, self._clock(), Kind.SEND_FAILED))

    def _give_up(self, key: str) -> None:
        target = self._targets[key]
        if shared_memory.health(key) is None:
            # Gone without an announcement, which memory had no room for.
            self._look_at(key, self._clock())
        elif not self._answered(key, target):
            results.record(key, Result(target.generation, target.sent, self._clock(), Kind.LOST))

    def _answered(self, key: str, target: Target) -> bool:
        known = shared_memory.health(key)
        return known is None or known.judged >= target.sent

    def _guarded(self, act: Callable[[str], None], key: str) -> None:
        """One destination's trouble is not the others'."""
        try:
            act(key)
        except Exception:
            log.exception("%s can't be pinged now", key)


prober = Prober()
