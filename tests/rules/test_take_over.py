"""What a node takes over leaves soon, however much it is, and in no burst."""

import pytest

from keepalive_core.rules.schedule import TICK, pings_allowed
from keepalive_core.rules.take_over import MOST_A_SECOND, SPREAD_US, TakeOver
from keepalive_core.rules.times import SECOND

NOW = 1000 * SECOND


def test_who_took_over_nothing_has_no_rate() -> None:
    """Neither at the start, nor when all that was taken over has left."""
    taken = TakeOver()
    assert taken.rate(NOW) == 0
    taken.add(NOW)
    assert taken.rate(NOW) > 0
    assert taken.rate(NOW + SPREAD_US + SECOND) == 0


@pytest.mark.parametrize(("number", "seconds"), [(66, 2), (3333, 2.2), (5000, 2.5), (10_000, 4.5)])
def test_all_that_was_taken_over_may_leave_in_time(number: int, seconds: float) -> None:
    """A dead node is missed after 5 or 6 s, so 4 s are left; no tick sends a burst."""
    taken, left, before, now = TakeOver(), number, 0, NOW
    for _ in range(number):
        taken.add(now)
    while left > 0:
        now += TICK
        before = min(left, pings_allowed(taken.rate(now), TICK, before))
        assert before <= 2 * MOST_A_SECOND * TICK / SECOND
        left -= before
    assert now - NOW <= seconds * SECOND


def test_what_comes_meanwhile_is_counted_with_it() -> None:
    """Two nodes may die one after the other; later it is begun anew."""
    taken = TakeOver()
    for at in (0, SECOND, 2 * SECOND):
        for _ in range(100):
            taken.add(NOW + at)
    assert taken.rate(NOW + 2 * SECOND) == 150
    taken.add(NOW + 60 * SECOND)
    assert taken.rate(NOW + 60 * SECOND) == 0.5
