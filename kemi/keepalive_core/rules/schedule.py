"""When pings are due (pure). Times are microseconds of a monotonic clock."""

import math
import zlib
from collections.abc import Collection, Iterable
from enum import Enum
from typing import Final

from .times import SECOND

# The n-th destination gets the n-th multiple of the golden ratio, of which only the fraction counts: each
# new point falls into the widest gap left, so any number of destinations lies evenly over the interval.
_GOLDEN_RATIO = (math.sqrt(5) - 1) / 2

# A new destination's first ping leaves within a second, with room for a tick that comes late.
FIRST_PING_WINDOW: Final = int(0.8 * SECOND)

# The time between two ticks in us: rtimer's interval in keepalive-settings.cfg. The pings of one tick cost
# less than the same number in two, as nobody falls asleep between them: 0.90 of the CPU of ticks each 50 ms.
TICK: Final = 9 * SECOND // 100
# Pings a tick may send however few destinations there are: 1,000 new ones are asked within a second.
MIN_PINGS_PER_TICK: Final = 100
# Beyond that a tick sends at most this many times the steady rate. What is overdue, after a stall or at the
# start, is caught up in an even stream: a burst costs replies (189 of 100,000 were lost at twice the rate).
CATCH_UP_FACTOR: Final = 1.25
# However many ask for a destination, between two pings out of turn there is at least this time in us.
SOONEST: Final = SECOND
# Within any span of this length, in us, at most twice the steady rate is sent.
_WINDOW: Final = SECOND // 10
_MOST_IN_WINDOW: Final = 2


class Wish(Enum):
    """When a destination that has changed is to be pinged."""

    REGULARLY = ""
    SOON = "soon"
    """unless calls show already that it is alive, or it asked for no pings"""
    NOW = "now"
    SHOWN = "shown"
    """now, and what is sent and what comes back is shown to whoever asked for it"""

    @property
    def is_order(self) -> bool:
        """Whether it is of somebody who does not care for what else speaks against a ping."""
        return self in (Wish.NOW, Wish.SHOWN)

    def joined_by(self, other: "Wish") -> "Wish":
        """Return what is wished by both: a weaker wish takes nothing from a stronger one."""
        return max(self, other, key=_FROM_WEAK_TO_STRONG.index)


_FROM_WEAK_TO_STRONG: Final = list(Wish)


def phase(number: int) -> float:
    """Return the place of the number-th destination in the interval, from 0 up to 1."""
    return number * _GOLDEN_RATIO % 1.0


def dealt_to(key: str, probers: int) -> int:
    """Return which of the probers, counted from 0, hears of a destination's changes; every process knows it.

    What may have to wait, for DNS or a connection, the others hand to the last one.
    """
    if probers == 1:
        return 0
    return zlib.crc32(key.encode()) % (probers - 1)


def first_ping(now: int, place: float) -> int:
    """Return when a destination registered now gets its first ping, in us."""
    return now + int(place * FIRST_PING_WINDOW)


def next_ping(now: int, offset: int, interval: int, spread: int = 0, chance: float = 0.5) -> int:
    """Return when the next regular ping is due, in us.

    The times are multiples of the interval, shifted by the destination's offset: counted from the clock and
    not from the last ping, so they neither drift nor bunch up.

    Arguments: now, in us; offset, the destination's place in the interval, in us; interval, in us; spread,
    over which the ping is moved by jitter, half of it early, half late, in us; chance, where in the spread,
    from 0 up to 1.
    """
    # A ping that jitter sends early belongs to the next point, which is not to be pinged again.
    early = spread >> 1
    due = now + early - (now + early - offset) % interval + interval
    return due - early + int(chance * spread)


def pings_allowed(rate: float, elapsed: int, before: int) -> int:
    """Return how many pings one tick may send.

    Arguments: rate, how many are due in a second; elapsed, us since the tick before; before, how many that
    one sent.
    """
    # A tick that comes late makes up for one second at the most, and what is more is left to the next ones.
    steady = rate * min(elapsed, SECOND) / SECOND
    most = max(rate * _WINDOW / SECOND, MIN_PINGS_PER_TICK) * _MOST_IN_WINDOW
    if elapsed < _WINDOW:  # two ticks within the window share it
        most -= before
    return math.ceil(min(max(CATCH_UP_FACTOR * steady, MIN_PINGS_PER_TICK), most))


# What is due within the same 10 ms is kept in one list.
SLOT: Final = SECOND // 100


def _passed(slots: Collection[int], first: int, last: int) -> Iterable[int]:
    """Return the slots from first to last, in order; after a long stall only those that have entries."""
    if len(slots) < last - first:  # as over a long stall
        return sorted(slot for slot in slots if slot <= last)
    return range(first, last + 1)


class Timetable:
    """Keys and the time each is due: a wheel, so that to put or take a key costs the same for any number.

    A heap, which knows the order within a slot too, took 2.6 us more for each of 10,000 pings.
    """

    def __init__(self) -> None:
        self._due: dict[str, int] = {}
        """the slot of each key"""
        # Entries that no longer agree with _due are skipped when their slot comes up.
        self._slots: dict[int, list[str]] = {}
        self._entries = 0
        self._next = 0
        """the first slot that was not taken yet"""

    def __len__(self) -> int:
        return len(self._due)

    def __contains__(self, key: str) -> bool:
        return key in self._due

    def keys(self) -> list[str]:
        """Return all keys."""
        return list(self._due)

    def put(self, key: str, when: int) -> None:
        """Make a key due at a time in us, whatever it was before; it is taken up to a slot later."""
        slot = -(-when // SLOT)
        if slot < self._next:
            slot = self._next
        if self._due.get(key) == slot:
            return
        self._due[key] = slot
        keys = self._slots.get(slot)
        if keys is None:
            self._slots[slot] = [key]
        else:
            keys.append(key)
        self._entries += 1
        # Keys moved again and again would leave the wheel full of dead entries.
        if self._entries > 2 * len(self._due) + 64:
            self._clear_dead_entries()

    def bring_forward(self, key: str, when: int) -> None:
        """Make a key due at a time in us, unless it is due sooner: so nothing puts it off."""
        due = self._due.get(key)
        if due is None or when < due * SLOT:
            self.put(key, when)

    def due(self, key: str) -> int | None:
        """Return when a key is due, in us; None if it is not there."""
        slot = self._due.get(key)
        return None if slot is None else slot * SLOT

    def _clear_dead_entries(self) -> None:
        self._slots.clear()
        for key, slot in self._due.items():
            self._slots.setdefault(slot, []).append(key)
        self._entries = len(self._due)

    def remove(self, key: str) -> None:
        """Forget a key; one that is not there is no error."""
        self._due.pop(key, None)

    def take(self, now: int, limit: int | None = None) -> list[str]:
        """Remove and return the keys due by now, the longest overdue first.

        Arguments: now, in us; limit, how many at the most.
        """
        taken: list[str] = []
        last = now // SLOT
        if not self._due:
            self._next = last
            return taken
        slots = self._slots
        for slot in _passed(slots, self._next, last):
            keys = slots.pop(slot, None)
            if keys is None:
                continue
            for place, key in enumerate(keys):
                if limit is not None and len(taken) >= limit:
                    slots[slot] = keys[place:]
                    self._entries -= place
                    self._next = slot
                    return taken
                if self._due.get(key) == slot:
                    del self._due[key]
                    taken.append(key)
            self._entries -= len(keys)
        self._next = last
        return taken


class Deadlines:
    """Pings, and the time each is given up: a wheel too, of which nothing is ever taken back.

    A ping that was answered is passed over when its time comes: 0.2 us a ping, where a Timetable, whose keys
    can be moved and removed, took 0.5.
    """

    def __init__(self) -> None:
        self._slots: dict[int, list[tuple[str, int]]] = {}
        self._next = 0
        """the first slot that was not taken yet"""

    def put(self, key: str, sent: int, when: int) -> None:
        """Have a ping given up at a time in us.

        Arguments: key, of its destination; sent, when it left, in us, by which it is known; when, in us.
        """
        slot = -(-when // SLOT)
        if slot < self._next:
            slot = self._next
        pings = self._slots.get(slot)
        if pings is None:
            self._slots[slot] = [(key, sent)]
        else:
            pings.append((key, sent))

    def take(self, now: int) -> list[tuple[str, int]]:
        """Remove and return the pings to give up by now: key, and when it left."""
        taken: list[tuple[str, int]] = []
        last = now // SLOT
        if not self._slots:
            self._next = last
            return taken
        for slot in _passed(self._slots, self._next, last):
            taken += self._slots.pop(slot, ())
        self._next = last
        return taken
