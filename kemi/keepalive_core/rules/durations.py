"""How long pings took, as it is counted: in fine cells, of which those that are exported are made (pure).

A table of Kamailio's can add one to a number, and no more. So the cells are narrow: what lies in one has
about the same duration, and the sum of all follows from their numbers.
"""

from bisect import bisect_left
from collections.abc import Mapping
from typing import Final

from .times import SECOND

# The preferred numbers of ISO 3 (R20): 1, 2.5, 5 and 10 are among them, so that no cell lies in two buckets.
_STEPS: Final = (
    *(100, 112, 125, 140, 160, 180, 200, 224, 250, 280),
    *(315, 355, 400, 450, 500, 560, 630, 710, 800, 900),
)
# From 0.1 ms to 40 s, behind tm's longest time limit of 32 s; us.
_BOUNDS: Final = tuple(
    step * 10**decade for decade in range(6) for step in _STEPS if step * 10**decade <= 40 * SECOND
)
CELLS: Final = len(_BOUNDS) + 1
"""How many there are"""
BUCKETS: Final = (
    *(1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000),
    *(SECOND, 5 * SECOND // 2, 5 * SECOND),
)
"""The upper bounds of the buckets that are exported, in us; one without a bound is behind them"""


def cell_of(duration_us: int) -> int:
    """Return the cell in which a duration lies: its upper bound belongs to it."""
    return bisect_left(_BOUNDS, duration_us)


def middle_of(cell: int) -> int:
    """Return the duration in us that stands for those in a cell: none from 0.1 ms on is 7 % away from it."""
    low = _BOUNDS[cell - 1] if cell else 0
    high = _BOUNDS[cell] if cell < len(_BOUNDS) else low
    # Of a low and a high one it is as far away, by their own measure.
    return 2 * low * high // (low + high) if low else high // 2


def histogram(counted: Mapping[int, int]) -> tuple[list[int], int]:
    """Return what Prometheus takes for a histogram.

    Arguments: counted, how many durations lie in each cell.
    Returns: how many are at most as long as each of BUCKETS, then how many there are; their sum, in us.
    """
    numbers = [0] * (len(BUCKETS) + 1)
    for cell, number in counted.items():
        numbers[bisect_left(BUCKETS, _BOUNDS[cell]) if cell < len(_BOUNDS) else len(BUCKETS)] += number
    for place in range(1, len(numbers)):
        numbers[place] += numbers[place - 1]
    return numbers, sum(number * middle_of(cell) for cell, number in counted.items())
