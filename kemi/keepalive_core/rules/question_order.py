"""Which name DNS is asked for next: each once in an interval, those first that can't wait (pure).

A name for which DNS does not answer keeps the others waiting for many seconds, each time. So it is asked for
when no other one is due, and so are those that share a domain with it, until one of them has an answer.
"""

import heapq
from collections import OrderedDict
from typing import Final, NamedTuple

from .times import SECOND

AT_ONCE_AGAIN: Final = 5 * SECOND
"""us after which a name can be asked for at once again"""
# A round that is longer than the interval by this part of it is told of.
_TOLERATED: Final = 10
# Of a name that is found without DNS: from the beginning of time on.
_FIRST: Final = -1


class Turn(NamedTuple):
    """A name's turn."""

    key: str
    waited_us: int
    """since it was asked for last, or since it came"""

    def is_late(self, interval_us: int) -> bool:
        """Say whether the names take more time than there is in an interval."""
        return self.waited_us > interval_us + interval_us // _TOLERATED


class _Lane:
    """Names that wait for one another."""

    def __init__(self) -> None:
        self.asked: OrderedDict[str, int] = OrderedDict()
        """when each was asked for last, in us; when it came, if it never was; the first one first"""
        self._heap: list[tuple[int, int, str]] = []
        """those that do not wait for their turns, each from when on, in us, and the number of that wish"""
        self.wishes: dict[str, tuple[int, int, str]] = {}
        """those of them that count, by their keys"""
        self._number = 0
        self._was_wish = False

    def put(self, key: str, asked: int) -> None:
        """Take in a name, behind all others."""
        self.asked[key] = asked
        self.asked.move_to_end(key)

    def wish(self, key: str, ready: int) -> None:
        """Have a name asked for from a time on, if it is not to be sooner already."""
        known = self.wishes.get(key)
        if known is None or ready < known[0]:
            self._number += 1
            self.wishes[key] = wish = ready, self._number, key
            heapq.heappush(self._heap, wish)

    def remove(self, key: str) -> None:
        self.asked.pop(key, None)
        self.wishes.pop(key, None)

    def due(self, now: int, interval_us: int) -> str | None:
        """Return the name that is due: of the two kinds in turn, so that neither keeps the other waiting."""
        wished, usual = self._wished(now), self._usual(now, interval_us)
        key = usual if wished is None or (usual is not None and self._was_wish) else wished
        self._was_wish = key is not None and key == wished
        return key

    def _wished(self, now: int) -> str | None:
        while self._heap:
            ready, _, key = wish = self._heap[0]
            if self.wishes.get(key) == wish:
                return key if ready <= now else None
            heapq.heappop(self._heap)
        return None

    def _usual(self, now: int, interval_us: int) -> str | None:
        key = next(iter(self.asked), None)
        return key if key is not None and self.asked[key] + interval_us <= now else None


class QuestionOrder:
    """The names, in the order in which they are asked for."""

    def __init__(self) -> None:
        self._quick = _Lane()
        self._slow = _Lane()
        self._domains: dict[str, str] = {}
        """of each name that of its host"""
        self._slow_domains: set[str] = set()
        self._slow_since = 0
        """since when one of the slow ones is due, or when the last one had its answer, in us"""
        self._is_slow_asked = False
        """whether one of them was taken last"""

    def __len__(self) -> int:
        return len(self._domains)

    def __contains__(self, key: str) -> bool:
        return key in self._domains

    def come(self, key: str, host: str, now: int, is_first: bool = False) -> None:
        """Take in a name that is to be asked for at once, as it is new, or means another host now.

        Arguments: key; host, its name in DNS; now, in us; is_first, whether it goes before all others, as its
        answer takes no time.
        """
        self.go(key)
        self._domains[key] = _domain(host)
        self._quick.put(key, now)
        self._quick.wish(key, _FIRST if is_first else now)

    def hurry(self, key: str, now: int) -> None:
        """Have a name asked for again before its turn, each 5 s at the most; now is in us."""
        if key in self._domains:
            lane = self._lane(key)
            lane.wish(key, max(now, lane.asked[key] + AT_ONCE_AGAIN))

    def go(self, key: str) -> None:
        """Ask for a name no more."""
        domain = self._domains.pop(key, "")
        if domain in self._slow_domains and domain not in self._domains.values():
            self._slow_domains.discard(domain)
        self._quick.remove(key)
        self._slow.remove(key)

    def note(self, key: str, is_slow: bool) -> None:
        """Note how a name's last question ended: is_slow, whether DNS did not answer, and took its time."""
        if key not in self._domains:
            return
        (self._slow_domains.add if is_slow else self._slow_domains.discard)(self._domains[key])
        if is_slow is not self.is_slow(key):
            self._move(key)

    def is_slow(self, key: str) -> bool:
        """Say whether a name may be one for which DNS does not answer."""
        return key in self._slow.asked

    def take(self, now: int, interval_us: int) -> Turn | None:
        """Return the name that is to be asked for now, which is its turn then; None if none is.

        Arguments: now, in us; interval_us, between two questions for a name.
        """
        key = self._due_of_quick(now, interval_us)
        slow = self._slow.due(now, interval_us)
        # A question may take longer than an interval: the others have theirs behind it.
        if slow is None or self._is_slow_asked:
            self._slow_since = now
        # Once in an interval one of them has its turn, however many others there are.
        if slow is not None and (key is None or now - self._slow_since >= interval_us):
            key = slow
        self._is_slow_asked = key is not None and self.is_slow(key)
        if key is None:
            return None
        lane = self._lane(key)
        lane.wishes.pop(key, None)
        waited = now - lane.asked[key]
        lane.put(key, now)
        return Turn(key, waited)

    def _due_of_quick(self, now: int, interval_us: int) -> str | None:
        while (key := self._quick.due(now, interval_us)) is not None:
            ready = self._quick.wishes.get(key, (now,))[0]
            if ready == _FIRST or self._domains[key] not in self._slow_domains:
                return key
            self._move(key)
        return None

    def _lane(self, key: str) -> _Lane:
        return self._slow if self.is_slow(key) else self._quick

    def _move(self, key: str) -> None:
        """Have a name wait in the other lane."""
        old = self._lane(key)
        new = self._quick if old is self._slow else self._slow
        asked, wish = old.asked[key], old.wishes.get(key)
        old.remove(key)
        new.put(key, asked)
        if wish is not None:
            new.wish(key, wish[0])


def _domain(host: str) -> str:
    """Return what a host has in common with those that the same DNS servers know: often, not always."""
    _, _, parent = host.partition(".")
    return parent if "." in parent else host
