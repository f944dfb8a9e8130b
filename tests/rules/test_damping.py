"""What flaps is kept down for a while."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules import judging
from keepalive_core.rules.criteria import Criteria
from keepalive_core.rules.damping import damp
from keepalive_core.rules.evidence import Kind, Result
from keepalive_core.rules.judging import Transition, expire, judge
from keepalive_core.rules.pace import Pace, pace
from keepalive_core.rules.record import Health
from keepalive_core.rules.schedule import SECOND
from keepalive_core.rules.states import DOWN, UNKNOWN, UP

WALL = 1_000_000


FLAPPING = Criteria(flap_limit=4, flap_window=60, flap_hold=30, flap_hold_max=100)


def play(results: list[tuple[float, bool]], criteria: Criteria = FLAPPING) -> tuple[Health, list[Any]]:
    """Judge results at times, s; return the health, and when it changed or was damped, to which state."""
    health = Health(1, UP, streak=1)
    events = []
    for at, success in results:
        now = int(at * SECOND)
        verdict = judge(health, Result(1, now, now + 1, Kind.REPLY, 200 if success else 503), criteria, WALL)
        verdict = damp(health, verdict, now + 1, criteria)
        health = verdict.health
        if verdict.transition in (Transition.CHANGED, Transition.DAMPED):
            events.append((at, verdict.transition, health.state))
    return health, events


def test_a_flapping_trunk_is_kept_down() -> None:
    """The fourth change within a minute is the last event for 30 s; then the next success brings it up."""
    trunk = [(at, at % 6 >= 3) for at in range(3, 45, 3)]
    health, events = play(trunk)
    changed, damped = Transition.CHANGED, Transition.DAMPED
    assert events == [
        (6, changed, DOWN),
        (9, changed, UP),
        (12, changed, DOWN),
        (15, damped, DOWN),
    ]
    damped_at_15, _ = play(trunk[:5])
    assert damped_at_15.reason.startswith("flapping: 4 changes within 60 s, kept down for 30 s: 200")
    assert health.kept_down == 45 * SECOND + 1
    assert pace(health, 40 * SECOND) is Pace.DOWN
    _, later = play([*trunk, (46, True)])
    assert later[-1] == (46, changed, UP)


def test_the_hold_doubles_and_is_forgotten() -> None:
    """30 s, then 60, then the limit of 100; a calm minute takes one doubling back, until nothing is left."""
    holds = []
    health = Health(1, UP, streak=1)
    now = SECOND
    for _ in range(4):
        while not health.kept_down > now:
            now += SECOND
            good = health.state == DOWN
            verdict = judge(health, Result(1, now, now, Kind.REPLY, 200 if good else 503), FLAPPING, WALL)
            health = damp(health, verdict, now, FLAPPING).health
        holds.append((health.kept_down - now) // SECOND)
        now = health.kept_down
    assert holds == [30, 60, 100, 100]
    level = health.flap_level
    for calm in range(5):
        later = health._replace(state=DOWN, flap_changes=3, flap_since=now + calm * 60 * SECOND)
        up = judge(
            later,
            Result(1, now + calm * 60 * SECOND, now + calm * 60 * SECOND, Kind.REPLY, 200),
            FLAPPING,
            WALL,
        )
        again = damp(later, up, now + calm * 60 * SECOND, FLAPPING).health
        held_for = again.kept_down - (now + calm * 60 * SECOND)
        assert held_for == min(100, 30 << max(0, level - calm)) * SECOND
    assert held_for == 30 * SECOND


@given(
    st.lists(st.tuples(st.integers(1, 40), st.booleans()), max_size=60),
    st.integers(2, 5),
    st.integers(1, 60),
)
def test_damping_in_any_sequence(steps: list[tuple[int, bool]], limit: int, window: int) -> None:
    """Few changes within a window; never up while kept down; never for longer than the limit."""
    criteria = FLAPPING._replace(flap_limit=limit, flap_window=window)
    at, results = 1, []
    for step, success in steps:
        at += step
        results.append((at, success))
    health, events = play(results, criteria)
    assert health.kept_down <= (at + 100) * SECOND + 1
    for first, (began, _, _) in enumerate(events):
        within = [event for event in events[first:] if event[0] < began + window]
        # A window may begin in the middle of one count, and end in the middle of the next.
        assert len(within) <= 2 * limit
    end = 0
    for number, _ in enumerate(results, 1):
        known, _ = play(results[:number], criteria)
        if results[number - 1][0] * SECOND + 1 < end:
            assert known.state == DOWN
        end = known.kept_down
    _, undamped = play(results, Criteria())
    # That it is kept down is told once more while it is down already, and that is no change.
    changes = [event for event in events if event[1] is Transition.CHANGED]
    assert len(changes) <= len(undamped) + 1


def test_unknown_is_not_flapping() -> None:
    """The first result is no change that counts."""
    verdict = judge(Health(1), Result(1, 5, 6, Kind.REPLY, 503), FLAPPING, WALL)
    assert damp(Health(1, UNKNOWN), verdict, 6, FLAPPING) == verdict


def test_what_nobody_hears_of_does_not_flap() -> None:
    """However often a destination becomes unknown, as this server hears nothing, it is not kept down."""
    known = Health(1)
    for step in range(1, 20):
        now = step * SECOND
        answered = judge(known, Result(1, now - 5, now, Kind.REPLY, 200), FLAPPING, WALL)
        known = damp(known, answered, now, FLAPPING).health
        assert known.state == UP
        known = damp(known, expire(known, "nothing is heard", WALL), now, FLAPPING).health
        assert (known.state, known.flap_changes) == (UNKNOWN, 0)


CHANGED = Transition.CHANGED


def damped(before: Health, to: int, now: float, criteria: Criteria = FLAPPING) -> Any:
    """Let a destination change to a state at a time, s."""
    after = before._replace(state=to, since=WALL, reason="why")
    return damp(before, judging.Verdict(after, CHANGED), int(now * SECOND), criteria)


@pytest.mark.parametrize(
    ("now", "since", "changes"), [(60, 100, 3), (160, 100, 3), (160.000001, 160.000001, 1)]
)
def test_changes_are_counted_within_the_window(now: float, since: float, changes: int) -> None:
    """Of a minute here, to the microsecond; what is older counts no more, however many there were."""
    now = max(now, 100)
    before = Health(1, DOWN, flap_since=100 * SECOND, flap_changes=2)
    verdict = damped(before, UP, now)
    assert verdict.transition is CHANGED
    assert (verdict.health.flap_since, verdict.health.flap_changes) == (int(since * SECOND), changes)


@pytest.mark.parametrize(
    ("state", "transition", "since"), [(UP, Transition.CHANGED, WALL), (DOWN, Transition.DAMPED, 5)]
)
def test_one_change_too_many(state: int, transition: Transition, since: int) -> None:
    """It is down, for a while: that is news if it was up; if it was down it has been since then."""
    before = Health(1, state, since=5, flap_since=100 * SECOND, flap_changes=3)
    verdict = damped(before, DOWN if state == UP else UP, 110)
    assert verdict.transition is transition
    assert (verdict.health.state, verdict.health.since) == (DOWN, since)
    assert verdict.health.kept_down == 140 * SECOND
    assert (verdict.health.flap_since, verdict.health.flap_changes, verdict.health.flap_level) == (0, 0, 1)
    assert verdict.health.reason == "flapping: 4 changes within 60 s, kept down for 30 s: why"


@pytest.mark.parametrize(
    ("level", "calm", "most", "seconds", "after"),
    [
        (0, 0, 100, 30, 1),
        (1, 0, 100, 60, 2),
        (2, 0, 100, 100, 2),
        # Exactly the most: one more doubling would change nothing.
        (2, 0, 120, 120, 2),
        (2, 59, 1000, 120, 3),
        (2, 60, 1000, 60, 2),
        (2, 120, 1000, 30, 1),
        (2, 600, 1000, 30, 1),
    ],
)
def test_how_long_it_is_kept_down(level: int, calm: int, most: int, seconds: int, after: int) -> None:
    """Twice as long each time, up to the most; half of it for each calm window behind the last time."""
    criteria = FLAPPING._replace(flap_hold_max=most)
    before = Health(1, UP, flap_since=990 * SECOND, flap_changes=3, flap_level=level)
    verdict = damped(before._replace(kept_down=(1000 - calm) * SECOND), DOWN, 1000, criteria)
    assert verdict.health.kept_down == (1000 + seconds) * SECOND
    assert verdict.health.flap_level == after


def test_what_is_kept_down_for_longer_stays_so() -> None:
    """Failed calls may have asked for more."""
    before = Health(1, UP, flap_since=990 * SECOND, flap_changes=3, kept_down=2000 * SECOND)
    assert damped(before, DOWN, 1000).health.kept_down == 2000 * SECOND
