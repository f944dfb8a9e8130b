"""The clock that all processes share, and the wall's."""

import time
from typing import Final


def now() -> int:
    """Return the time in us: monotonic, and the same in all processes of a Linux machine."""
    return time.monotonic_ns() // 1000


# A process that loses the CPU between reading the two clocks compares them once more.
_AT_ONCE_NS: Final = 20_000


def wall_ahead() -> int:
    """Return by how much the wall clock is ahead of the monotonic one, in us: a jump of it shows there."""
    took, ahead = _compared_clocks()
    if took > _AT_ONCE_NS:
        _, ahead = min((took, ahead), _compared_clocks(), _compared_clocks())
    return ahead // 1000


def _compared_clocks() -> tuple[int, int]:
    """Return how long it took to compare them, and by how much the wall clock is ahead, ns."""
    before, wall, after = time.monotonic_ns(), time.time_ns(), time.monotonic_ns()
    return after - before, wall - before
