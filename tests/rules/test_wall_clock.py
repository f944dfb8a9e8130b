"""Whether the wall clock was set."""

from keepalive_core.rules.times import SECOND
from keepalive_core.rules.wall_clock import WallClock

NOW = 7 * SECOND


def test_a_clock_that_is_set() -> None:
    """It was set by whatever is a second or more, forward or back, and that is said once."""
    clock = WallClock()
    assert clock.was_set(1000.0, NOW), "nothing is known of it at first"
    assert not clock.was_set(1005.0, NOW + 5 * SECOND)
    assert not clock.was_set(1005.99, NOW + 5 * SECOND)
    assert clock.was_set(1006.0, NOW + 5 * SECOND)
    assert not clock.was_set(1006.0, NOW + 5 * SECOND)
    assert clock.was_set(1005.0, NOW + 5 * SECOND)


def test_a_clock_that_drifts() -> None:
    """Many small steps count together."""
    clock = WallClock()
    clock.was_set(0.0, 0)
    assert [clock.was_set(step * 1.25, step * SECOND) for step in range(1, 9)] == [
        False,
        False,
        False,
        True,
    ] * 2


def test_a_clock_that_starts_with_the_other_one() -> None:
    """The first time counts even if both clocks show the same."""
    assert WallClock().was_set(7.0, NOW)
