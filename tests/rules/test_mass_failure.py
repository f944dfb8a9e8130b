"""Many destinations behind one socket that fail at the same time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules.criteria import Criteria
from keepalive_core.rules.evidence import Kind, Result
from keepalive_core.rules.judging import Transition, Verdict, judge
from keepalive_core.rules.mass_failure import Threshold, Uplink, count_failure, freeze
from keepalive_core.rules.pace import Pace, pace
from keepalive_core.rules.record import Health
from keepalive_core.rules.schedule import SECOND
from keepalive_core.rules.states import DOWN, UP

CALM = Threshold(10 * SECOND, 1000, 99)
WALL = 1_000_000


def test_too_many_failures_hold_all_for_one_round() -> None:
    """Of 100, the 21st within ten seconds holds all for ten; for ten more, what was held may go down."""
    known = Uplink()
    for number in range(40):
        known = count_failure(known, 1000 * SECOND + number * SECOND // 10, Threshold(10 * SECOND, 100, 20))
        assert known.is_frozen(1000 * SECOND + number * SECOND // 10) == (number >= 20)
    assert known.frozen_until == 1012 * SECOND
    assert not known.is_frozen(1012 * SECOND)
    for second in range(1012, 1022):
        for _ in range(10):
            known = count_failure(known, second * SECOND, Threshold(10 * SECOND, 100, 20))
    assert known.frozen_until == 1012 * SECOND, "no new freeze while the first one's destinations go down"
    for _ in range(30):
        known = count_failure(known, 1060 * SECOND, Threshold(10 * SECOND, 100, 20))
    assert known.frozen_until == 1070 * SECOND, "another outage is another freeze"


def test_single_failures_hold_nobody() -> None:
    """A failure now and then is no mass; the only destination of a socket is its own trouble."""
    known = Uplink()
    for second in range(0, 1000, 12):
        known = count_failure(known, second * SECOND, Threshold(10 * SECOND, 10, 20))
    assert known.frozen_until == 0
    assert count_failure(Uplink(), SECOND, Threshold(SECOND, 1, 20)).frozen_until == 0
    first = count_failure(Uplink(), 100 * SECOND, Threshold(10 * SECOND, 9, 20))
    second = count_failure(first, 100 * SECOND, Threshold(10 * SECOND, 9, 20))
    assert (first.frozen_until, second.frozen_until) == (0, 110 * SECOND), "two of nine are more than a fifth"


@pytest.mark.parametrize(
    ("later", "failing", "held"),
    [(10, 15, True), (13, 12, True), (15, 10, False), (19, 6, False), (20, 5, False)],
)
def test_failures_of_the_interval_before_count_by_its_part(later: int, failing: float, held: bool) -> None:
    """Of ten that failed as an interval began, those count that may be less than an interval old."""
    known = Uplink()
    for _ in range(10):
        known = count_failure(known, 100 * SECOND, Threshold(10 * SECOND, 100, 10))
    assert not known.is_frozen(100 * SECOND), "10 of 100 are not more than 10 percent"
    for _ in range(5):
        known = count_failure(known, (100 + later) * SECOND, Threshold(10 * SECOND, 100, 10))
    assert known.failing((100 + later) * SECOND, 10 * SECOND) == pytest.approx(failing)
    assert known.is_frozen((100 + later) * SECOND) == held


@pytest.mark.parametrize(
    ("later", "began", "failed", "before"),
    [
        (0, 0, 3, 0),
        (10 * SECOND - 1, 0, 3, 0),
        (10 * SECOND, 10, 1, 2),
        (20 * SECOND - 1, 10, 1, 2),
        (20 * SECOND, 20, 1, 0),
    ],
)
def test_an_interval_ends_when_its_time_is_over(later: int, began: int, failed: int, before: int) -> None:
    """What comes an interval later is in the next one, and two intervals later in a first one again."""
    known = count_failure(Uplink(100 * SECOND, failed=2), 100 * SECOND + later, CALM)
    assert known == Uplink((100 + began) * SECOND, failed, before, 0)


def test_a_freeze_comes_again_an_interval_after_the_last_one() -> None:
    """Not before, as those that were frozen are going down; from that moment on it may."""
    last = Uplink(100 * SECOND, 9, 0, frozen_until=95 * SECOND)
    few = Threshold(10 * SECOND, 10, 20)
    assert count_failure(last, 105 * SECOND - 1, few).frozen_until == 95 * SECOND
    assert count_failure(last, 105 * SECOND, few).frozen_until == 115 * SECOND


@given(st.lists(st.integers(0, 30), max_size=60), st.integers(1, 50), st.integers(0, 99))
def test_a_hold_is_never_without_a_mass(gaps: list[int], behind: int, percent: int) -> None:
    """A freeze begins only if too many failed within two intervals; it lasts one, and not two in a row."""
    known, now, failures = Uplink(), 100 * SECOND, []
    for gap in gaps:
        now += gap * SECOND
        failures.append(now)
        after = count_failure(known, now, Threshold(10 * SECOND, behind, percent))
        if after.frozen_until != known.frozen_until:
            recent = [each for each in failures if each > now - 20 * SECOND]
            assert len(recent) * 100 > percent * behind
            assert len(recent) >= 2
            assert after.frozen_until == now + 10 * SECOND
            assert not known.frozen_until or now >= known.frozen_until + 10 * SECOND
        known = after


def test_held_is_not_down() -> None:
    """What is held keeps its state, and is asked at the pace of a change that is under way."""
    before = Health(1, UP, streak=3)
    verdict = judge(before, Result(1, 5, 6, Kind.REPLY, 503), Criteria(), WALL)
    assert verdict.health.state == DOWN
    kept = freeze(before, verdict)
    assert (kept.health.state, kept.health.streak, kept.transition) == (UP, -1, Transition.FROZEN)
    assert kept.health.since == 0
    assert pace(kept.health, 6) is Pace.PENDING


INTERVAL = 10 * SECOND
NOBODY = Threshold(INTERVAL, 100, 100)
"""More than all of them would have to fail."""


@pytest.mark.parametrize(
    ("passed", "expected"),
    [
        (INTERVAL - 1, Uplink(1000 * SECOND, 5, 3)),
        # The next interval has begun, and that before is remembered.
        (INTERVAL, Uplink(1000 * SECOND + INTERVAL, 1, 4)),
        (2 * INTERVAL - 1, Uplink(1000 * SECOND + INTERVAL, 1, 4)),
        # All that was counted is older than an interval.
        (2 * INTERVAL, Uplink(1000 * SECOND + 2 * INTERVAL, 1, 0)),
        (5 * INTERVAL // 2, Uplink(1000 * SECOND + 5 * INTERVAL // 2, 1, 0)),
    ],
)
def test_failures_are_counted_in_intervals(passed: int, expected: Uplink) -> None:
    """This one and the one before, to the microsecond."""
    assert count_failure(Uplink(1000 * SECOND, 4, 3), 1000 * SECOND + passed, NOBODY) == expected


@pytest.mark.parametrize(
    ("passed", "failing"), [(0, 7), (INTERVAL // 4, 6), (INTERVAL, 3), (2 * INTERVAL, 3)]
)
def test_the_interval_before_counts_by_its_rest(passed: int, failing: float) -> None:
    """The part of it that is not an interval old: of 4 that failed evenly in it, 3 a quarter later."""
    assert Uplink(1000 * SECOND, 3, 4).failing(1000 * SECOND + passed, INTERVAL) == failing


@pytest.mark.parametrize(("passed", "frozen"), [(INTERVAL - 1, False), (INTERVAL, True)])
def test_all_are_frozen_again_an_interval_later(passed: int, frozen: bool) -> None:
    """Not while those go down that were frozen."""
    known = Uplink(1000 * SECOND, 50, 0, frozen_until=1000 * SECOND)
    now = 1000 * SECOND + passed
    known = known._replace(began=now)
    assert count_failure(known, now, Threshold(INTERVAL, 100, 20)).is_frozen(now) == frozen


@pytest.mark.parametrize(
    ("failed", "behind", "percent", "frozen"),
    [(19, 100, 20, False), (20, 100, 20, True), (0, 1, 1, False), (1, 2, 1, True), (1, 2, 99, True)],
)
def test_how_many_are_too_many(failed: int, behind: int, percent: int, frozen: bool) -> None:
    """More than the percentage, and two at the least."""
    known = count_failure(Uplink(1000 * SECOND, failed), 1000 * SECOND, Threshold(INTERVAL, behind, percent))
    assert known.frozen_until == (1000 * SECOND + INTERVAL if frozen else 0)


def test_what_is_held_stands_as_it_stood() -> None:
    """State, since when, and until when it is kept down; what was counted counts."""
    before = Health(1, UP, streak=1, since=77, kept_down=5)
    after = before._replace(state=DOWN, streak=-1, since=99, kept_down=600, failed=1)
    kept = freeze(before, Verdict(after, Transition.CHANGED))
    assert kept == Verdict(before._replace(streak=-1, failed=1), Transition.FROZEN)
