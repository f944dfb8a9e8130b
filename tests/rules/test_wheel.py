"""A choice at random by weight, of members some of which still gain theirs."""

from collections import Counter
from itertools import pairwise
from math import inf, nextafter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules.ramp import Ramp
from keepalive_core.rules.times import SECOND
from keepalive_core.rules.wheel import Wheel

ALMOST_1 = nextafter(1, 0)


def members(number: int) -> list[str]:
    """Some names."""
    return [f"m{place}" for place in range(number)]


def shares(wheel: Wheel, number: int, now: int = 0, steps: int = 10_000) -> list[float]:
    """Which part of all stops of the wheel is whose."""
    found = Counter(wheel.choose(step / steps, now) for step in range(steps))
    return [found[name] / steps for name in members(number)]


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ([7], [1]),
        ([1, 1], [0.5, 0.5]),
        ([6, 3, 1], [0.6, 0.3, 0.1]),
        ([3, 0, 1, -5], [0.75, 0, 0.25, 0]),
        ([-1, 0], [0.5, 0.5]),
        ([0, 0, 0, 0], [0.25, 0.25, 0.25, 0.25]),
        ([2**31 - 1, 1], [1, 0]),
    ],
)
def test_by_weight(weights: list[int], expected: list[float]) -> None:
    """As often as the weight says; without a weight only if none has one, and then all alike."""
    wheel = Wheel(members(len(weights)), weights, {}, 0)
    assert shares(wheel, len(weights)) == pytest.approx(expected, abs=0.0002)
    assert wheel.holds_until == inf


def test_as_haproxy_starts_slowly() -> None:
    """One that came up has of its weight what has gone of the time, and all of it at the end."""
    ramps = {1: Ramp(100 * SECOND, 10 * SECOND)}
    wheel = Wheel(members(2), [10, 10], ramps, 100 * SECOND)
    assert wheel.holds_until == 110 * SECOND
    for seconds in (0, 0.1, 1, 2.5, 5, 9.99):
        part = seconds / 10
        found = shares(wheel, 2, 100 * SECOND + int(seconds * SECOND))
        assert found == pytest.approx([1 / (1 + part), part / (1 + part)], abs=0.0002)


def test_what_is_over_is_over() -> None:
    """A ramp that has ended changes nothing."""
    wheel = Wheel(members(2), [10, 10], {0: Ramp(0, 10 * SECOND)}, 10 * SECOND)
    assert wheel.holds_until == inf
    assert shares(wheel, 2, 10 * SECOND) == [0.5, 0.5]


def test_all_come_up_at_once() -> None:
    """In that moment none has any weight yet; what they are to have counts, and so it stays."""
    ramps = {place: Ramp(SECOND, SECOND) for place in range(2)}
    wheel = Wheel(members(2), [3, 1], ramps, SECOND)
    for later in (0, 1, 500_000):
        assert shares(wheel, 2, SECOND + later) == pytest.approx([0.75, 0.25], abs=0.001)


def test_without_weights_too() -> None:
    """All alike is a weight that is gained, too."""
    wheel = Wheel(members(2), [0, 0], {0: Ramp(0, 4 * SECOND)}, 0)
    assert shares(wheel, 2, SECOND) == pytest.approx([0.2, 0.8], abs=0.0002)


a_ramp = st.none() | st.builds(Ramp, st.integers(0, 100), st.integers(1, 100))


@given(
    st.lists(st.tuples(st.integers(0, 3) | st.integers(0, 2**31 - 1), a_ramp), min_size=1, max_size=20),
    st.integers(100, 200),
    st.integers(0, 200),
    st.randoms(use_true_random=False),
)
def test_as_each_is_worth(
    given: list[tuple[int, Ramp | None]], made: int, later: int, random: Random
) -> None:
    """Whenever made, it stops as one does that adds up what each has now, at the ends of chance too."""
    weights = [weight for weight, _ in given]
    ramps = {place: ramp for place, (_, ramp) in enumerate(given) if ramp}
    wheel = Wheel(members(len(given)), weights, ramps, made)
    now = min(made + later, wheel.holds_until if wheel.holds_until < inf else made + later)
    weighted = weights if any(weights) else [1] * len(weights)
    worth = [
        weight * (ramps[place].part_at(int(now)) if place in ramps else 1)
        for place, weight in enumerate(weighted)
    ]
    # In the moment in which all come up.
    if not any(worth):
        assert wheel.choose(random.random(), int(now)) in members(len(given))
        return
    for chance in (0, random.random(), ALMOST_1):
        place = int(wheel.choose(chance, int(now))[1:])
        # The sums are rounded, and at its very beginning a ramp counts for 1 us.
        slack = 1e-9 * sum(weighted) + sum(
            weighted[each] / ramp.takes for each, ramp in ramps.items() if now == made
        )
        before, behind = sum(worth[:place]) - slack, sum(worth[: place + 1]) + slack
        assert before <= chance * sum(worth) <= behind
        assert weighted[place]


@given(st.lists(st.integers(1, 9), min_size=1, max_size=9), st.integers(0, 99))
def test_chance_goes_round_the_wheel(weights: list[int], now: int) -> None:
    """The more chance says, the later the member at which it stops."""
    wheel = Wheel(members(len(weights)), weights, {0: Ramp(0, 100)}, 0)
    stops = [int(wheel.choose(step / 50, now)[1:]) for step in range(50)]
    assert all(one <= other for one, other in pairwise(stops))
