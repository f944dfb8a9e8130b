"""A choice at random by weight, of members some of which still gain theirs (pure).

Each has a stretch of a wheel as long as its weight, and chance says where the wheel stops. A stretch that
grows does so evenly. So where each one ends follows from two sums, of what they have and of what they gain,
and the one at which it stops is found by halving, however many there are.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate
from math import inf
from typing import Final

from .ramp import Ramp

# us: if all of them have just come up, and have nothing yet, what they gain counts.
_LEAST: Final = 1


class Wheel:
    """What a choice is made of.

    Arguments: members, one at least; weights, of the same: those of 0, or below, are chosen only if all are,
    and then all alike; ramps, of those which gain their weight, by their places; now, in us.
    """

    def __init__(
        self, members: Sequence[str], weights: Sequence[int], ramps: Mapping[int, Ramp], now: int
    ) -> None:
        places = [place for place, weight in enumerate(weights) if weight > 0]
        if not places:
            places, weights = [*range(len(members))], [1] * len(members)
        self._members = [members[place] for place in places]
        self._made = now
        self.holds_until: float = inf
        """in us: then one of them has its whole weight"""
        has: list[float] = [weights[place] for place in places]
        gains: list[float] = []
        for at, place in enumerate(places) if ramps else ():
            ramp = ramps.get(place)
            if ramp and ramp.ends > now:
                self.holds_until = min(self.holds_until, ramp.ends)
                gains = gains or [0] * len(places)
                gains[at] = has[at] / ramp.takes
                has[at] *= ramp.part_at(now)
        self._has = [*accumulate(has)]
        self._gains = [*accumulate(gains)]

    def choose(self, chance: float, now: int) -> str:
        """Return one of the members. Arguments: chance, from 0 up to 1; now, in us."""
        has, gains = self._has, self._gains
        if not gains:
            place = bisect_right(has, chance * has[-1])
        else:
            took = max(now - self._made, _LEAST)
            ends = range(len(has))
            whole = has[-1] + took * gains[-1]
            place = bisect_right(ends, chance * whole, key=lambda each: has[each] + took * gains[each])
        # The product of floats may be rounded up to the whole.
        return self._members[min(place, len(has) - 1)]
