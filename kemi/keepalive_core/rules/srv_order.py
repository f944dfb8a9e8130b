"""The order in which the records of a name are tried (pure)."""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from itertools import accumulate, groupby, islice
from operator import attrgetter
from typing import Protocol, TypeVar


class Record(Protocol):
    """What has a place among others."""

    @property
    def priority(self) -> int:
        """A lower number is better."""

    @property
    def weight(self) -> int:
        """0 or more."""


R = TypeVar("R", bound=Record)

_priority = attrgetter("priority")


def in_order(records: Iterable[R], chance: Callable[[int], int]) -> list[R]:
    """Return records by their priority, and those of one priority at random, each time anew.

    Of those that are left of a priority, one is the next as likely as its weight is a part of all weights.
    Those of weight 0 together count as one of weight 1; if there are no others, all are as likely.

    Arguments: records; chance, returns a random whole number from 0 up to one that is not reached.
    From: RFC 2782, "Weight". It draws from 0 to the sum, both included, for the sake of those of weight 0. If
    there is none, that would be one chance too many for whichever stands first: then 0 is not drawn.
    """
    found: list[R] = []
    for _, equals in groupby(sorted(records, key=_priority), _priority):
        found += _by_weight([*equals], chance)
    return found


def _by_weight(left: list[R], chance: Callable[[int], int]) -> list[R]:
    """Return records of one priority in the order of chance; the list is used up."""
    found = []
    weights = [record.weight for record in left]
    total, light = sum(weights), weights.count(0)
    while len(left) > 1:
        drawn = chance(total + (light > 0)) if total else 0
        if drawn < total:
            place = bisect_right([*accumulate(weights)], drawn)
        else:
            drawn = chance(light)
            place = next(islice((at for at, weight in enumerate(weights) if not weight), drawn, None))
            light -= 1
        total -= weights.pop(place)
        found.append(left.pop(place))
    return found + left
