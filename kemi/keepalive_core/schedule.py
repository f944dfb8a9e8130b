"""When pings are due (pure). Times are microseconds of a monotonic clock."""

import heapq
import math
from typing import Final

SECOND: Final = 1_000_000

# The n-th destination gets the n-th multiple of the golden ratio, of which only the fraction counts: each
# new point falls into the widest gap left, so any number of destinations lies evenly over the interval.
_GOLDEN_RATIO = (math.sqrt(5) - 1) / 2

# A new destination's first ping leaves within a second, with room for a tick that comes late.
FIRST_PING_WINDOW: Final = int(0.8 * SECOND)

# Pings a tick may send however few destinations there are: what a list of 1,000 needs to start in a second.
MIN_PINGS_PER_TICK: Final = 100
# Beyond that a tick sends at most this many times the steady rate: after a stall the overdue pings are
# caught up in an even stream, never in one burst.
CATCH_UP_FACTOR: Final = 2


def phase(turn: int) -> float:
    """Return the place of the turn-th destination in the interval, from 0 up to 1."""
    return turn * _GOLDEN_RATIO % 1.0


def first_ping(now: int, place: float) -> int:
    """Return when a destination registered now gets its first ping, us."""
    return now + int(place * FIRST_PING_WINDOW)


def next_ping(now: int, place: float, interval: int, jitter: float = 0.0, chance: float = 0.5) -> int:
    """Return when the next regular ping is due, us.

    The times are multiples of the interval, shifted by the destination's place: counted from the clock and
    not from the last ping, so they neither drift nor bunch up.

    Arguments: now, us; place, from phase(); interval, us; jitter, the part of the interval over which the
    ping is moved, half of it early, half late; chance, where in it, from 0 up to 1.
    """
    offset = int(place * interval)
    # The ping that leaves now may be an early one of the point to come: that one is not to be had twice.
    early = int(jitter * interval / 2)
    due = now + early - (now + early - offset) % interval + interval
    return due + int((chance - 0.5) * jitter * interval)


def pings_allowed(rate: float, elapsed: int) -> int:
    """Return how many pings one tick may send.

    Arguments: rate, how many are due in a second; elapsed, us since the tick before.
    """
    # A tick that comes late may make up for one second at the most.
    steady = rate * min(elapsed, SECOND) / SECOND
    return max(MIN_PINGS_PER_TICK, math.ceil(CATCH_UP_FACTOR * steady))


class Timetable:
    """Keys and the time each is due; a tick with nothing due costs one comparison."""

    def __init__(self) -> None:
        self._due: dict[str, int] = {}
        # Entries that no longer agree with _due are skipped when they come up.
        self._heap: list[tuple[int, str]] = []

    def __len__(self) -> int:
        return len(self._due)

    def __contains__(self, key: str) -> bool:
        return key in self._due

    def put(self, key: str, when: int) -> None:
        """Make a key due at a time, us, whatever it was before."""
        if self._due.get(key) == when:
            return
        self._due[key] = when
        heapq.heappush(self._heap, (when, key))
        # Keys moved again and again would leave the heap full of dead entries.
        if len(self._heap) > 2 * len(self._due) + 64:
            self._heap = [(when, key) for key, when in self._due.items()]
            heapq.heapify(self._heap)

    def remove(self, key: str) -> None:
        """Forget a key; one that is not there is no error."""
        self._due.pop(key, None)

    def take(self, now: int, limit: int | None = None) -> list[str]:
        """Remove and return the keys due by now, the longest overdue first.

        Arguments: now, us; limit, how many at the most.
        """
        taken: list[str] = []
        heap = self._heap
        while heap and heap[0][0] <= now and (limit is None or len(taken) < limit):
            when, key = heapq.heappop(heap)
            if self._due.get(key) == when:
                del self._due[key]
                taken.append(key)
        return taken
