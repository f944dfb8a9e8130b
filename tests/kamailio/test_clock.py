"""The clock of all processes, and the wall's."""

import time

from keepalive_core.kamailio import clock


def test_the_clock_goes_on_in_microseconds() -> None:
    """It is the monotonic clock of the machine."""
    before, now, after = time.monotonic_ns(), clock.now(), time.monotonic_ns()
    assert before // 1000 <= now <= after // 1000


def test_how_far_the_wall_clock_is_ahead() -> None:
    """Two looks at it agree as long as nobody sets it."""
    ahead = clock.wall_ahead()
    assert abs(ahead - (time.time_ns() - time.monotonic_ns()) // 1000) < 100_000
