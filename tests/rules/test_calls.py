"""What the replies to calls say of a destination."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules.calls import CallCriteria, is_call_success, judge_call
from keepalive_core.rules.criteria import Criteria
from keepalive_core.rules.evidence import Call, Kind, Result
from keepalive_core.rules.judging import Transition, judge
from keepalive_core.rules.record import Health
from keepalive_core.rules.schedule import SECOND
from keepalive_core.rules.states import DOWN, UNKNOWN, UP

WALL = 1_000_000


@pytest.mark.parametrize(
    ("code", "success"),
    [
        (100, None),
        (183, None),
        (200, True),
        (302, True),
        (401, True),
        (404, True),
        (408, False),
        (480, True),
        (486, True),
        (487, True),
        (500, False),
        (503, False),
        (603, True),
    ],
)
def test_what_a_code_says(code: int, success: bool | None) -> None:
    """408 and 5xx are the destination's trouble, a callee's word is a sign of life, 1xx says nothing yet."""
    assert is_call_success(code) is success


CALLS = CallCriteria("on", least=4, window=10)


def call(health: Health, *codes: int, at: float = 100, calls: CallCriteria = CALLS) -> Any:
    """Judge replies to calls, a tenth of a second apart; return the last verdict."""
    verdict = None
    for number, code in enumerate(codes):
        verdict = judge_call(
            health, Call(code, int((at + number / 10) * SECOND)), Criteria(fall=2), calls, WALL
        )
        health = verdict.health
    assert verdict is not None
    return verdict


def test_too_few_calls_take_nothing_down() -> None:
    """Three failures with a fall of 2 wait for a ping, which completes them or takes them back."""
    verdict = call(Health(1, UP, streak=9), 503, 503, 503)
    assert (verdict.health.state, verdict.health.streak, verdict.transition) == (UP, -3, Transition.PENDING)
    bad = judge(
        verdict.health, Result(1, 200 * SECOND, 200 * SECOND, Kind.REPLY, 500), Criteria(fall=2), WALL
    )
    assert bad.health.state == DOWN
    good = judge(
        verdict.health, Result(1, 200 * SECOND, 200 * SECOND, Kind.REPLY, 200), Criteria(fall=2), WALL
    )
    assert (good.health.state, good.health.streak) == (UP, 1)


def test_enough_calls_take_it_down_though_pings_go_well() -> None:
    """Four failures of four: down, and no ping brings it up before the window has passed."""
    health = Health(1, UP, streak=9)
    for at in (100, 101, 102, 103):
        verdict = call(health, 503, at=at)
        health = verdict.health
        ping = Result(1, (at * 10 + 5) * SECOND // 10, (at * 10 + 5) * SECOND // 10, Kind.REPLY, 200)
        health = judge(health, ping, Criteria(fall=2), WALL).health
    assert verdict.transition is Transition.CHANGED
    assert verdict.health.reason == "4 of 4 calls failed within 10 s, the last with 503"
    assert health.state == DOWN
    for at, state in ((110, DOWN), (113, UP)):
        health = judge(health, Result(1, at * SECOND, at * SECOND, Kind.REPLY, 200), Criteria(), WALL).health
        assert health.state == state


def test_calls_that_go_well_speak_for_it() -> None:
    """With one of four good, it stays; old calls are forgotten."""
    assert call(Health(1, UP), 200, 503, 503, 503, 503).health.state == UP
    first = call(Health(1, UP), 503, 503).health
    assert call(first, 503, 503, at=120).health.state == UP


def test_shadow_and_off() -> None:
    """Shadow counts and says what would have been; off does nothing at all."""
    verdict = call(Health(1, UP, streak=2), 503, 503, 503, 503, calls=CALLS._replace(mode="shadow"))
    assert (verdict.transition, verdict.health.state, verdict.health.streak) == (Transition.SHADOW, UP, 2)
    assert (verdict.health.shadow_downs, verdict.health.failed) == (1, 0)
    assert verdict.remark.startswith("4 of 4 calls failed")
    health = Health(1, UP, streak=2)
    assert call(health, 503, 503, 503, 503, calls=CALLS._replace(mode="off")).health == health


@given(
    st.lists(st.tuples(st.integers(0, 5), st.sampled_from([100, 200, 404, 408, 486, 503, 603])), max_size=50)
)
def test_calls_in_any_sequence(steps: list[tuple[int, int]]) -> None:
    """Calls alone take it down only after enough failures within a window; only final codes count."""
    health, at, failures = Health(1, UP, streak=1), 100 * SECOND, []
    for step, code in steps:
        at += step * SECOND
        before = health
        verdict = judge_call(health, Call(code, at), Criteria(fall=2), CALLS, WALL)
        health = verdict.health
        if code in (408, 503):
            failures.append(at)
        if before.state == UP and health.state == DOWN:
            assert verdict.transition is Transition.CHANGED
            assert len([each for each in failures if each >= at - 10 * SECOND]) >= 4
        if code == 100:
            assert health == before
        # Only a call that goes well and comes when it is kept down no more brings it up.
        if before.state == DOWN and health.state == UP:
            assert code in (200, 404, 486, 603)
            assert at >= before.kept_down
    assert health.state in (UP, DOWN)
    assert health.ok + health.failed == len([code for _, code in steps if code != 100])


@pytest.mark.parametrize(
    ("code", "success"),
    [(0, None), (199, None), (200, True), (499, True), (599, False), (600, True), (699, True), (700, None)],
)
def test_where_codes_begin_and_end(code: int, success: bool | None) -> None:
    """200 to 699 are final."""
    assert is_call_success(code) is success


@pytest.mark.parametrize(("calls", "code"), [(CallCriteria("off"), 503), (CALLS, 183)])
def test_what_says_nothing_is_stale(calls: CallCriteria, code: int) -> None:
    """It changes nothing."""
    known = Health(1, UP, streak=1)
    assert judge_call(known, Call(code, 5 * SECOND), Criteria(), calls, WALL) == (known, Transition.STALE, "")


@pytest.mark.parametrize(
    ("ok", "failed", "down"), [(3, 16, False), (3, 17, True), (0, 2, False), (0, 3, True)]
)
def test_how_many_failed_calls_are_enough(ok: int, failed: int, down: bool) -> None:
    """Four at the least here, of which 85 of a hundred failed."""
    known = Health(
        1, UP, streak=-1, since=5, calls_since=SECOND, calls_ok=ok, calls_failed=failed - 1 + (ok == 0)
    )
    verdict = judge_call(known, Call(503, 2 * SECOND), Criteria(fall=99), CALLS, WALL)
    assert (verdict.health.state == DOWN) == down
    assert verdict.health.since == (WALL if down else 5)


def test_what_took_it_down_is_counted_anew() -> None:
    """After that calls begin at none; the failure itself counts, and it is down for a window."""
    known = Health(1, UP, streak=2, calls_since=SECOND, calls_ok=1, calls_failed=9, failed=7)
    for mode, transition in (("on", Transition.CHANGED), ("shadow", Transition.SHADOW)):
        verdict = judge_call(known, Call(503, 2 * SECOND), Criteria(), CALLS._replace(mode=mode), WALL)
        health = verdict.health
        assert verdict.transition is transition
        assert (health.calls_since, health.calls_ok, health.calls_failed) == (0, 0, 0)
        assert health.kept_down == (12 * SECOND if mode == "on" else 0)
        assert (health.heard, health.failed) == ((2 * SECOND, 8) if mode == "on" else (0, 7))
        assert health.shadow_downs == (mode == "shadow")


def test_in_shadow_calls_count_for_nothing_else() -> None:
    """Neither as a success nor as a failure."""
    shadow = CALLS._replace(mode="shadow")
    for code in (200, 503):
        verdict = judge_call(Health(1, UP, streak=2), Call(code, 2 * SECOND), Criteria(), shadow, WALL)
        assert verdict.transition is Transition.UNCHANGED
        assert verdict.health.streak == 2


def test_a_window_of_calls_is_its_length() -> None:
    """To the microsecond; what comes behind it begins another one."""
    known = Health(1, UP, streak=2, calls_since=SECOND, calls_ok=3)
    assert judge_call(known, Call(200, 11 * SECOND), Criteria(), CALLS, WALL).health.calls_ok == 4
    later = judge_call(known, Call(200, 11 * SECOND + 1), Criteria(), CALLS, WALL).health
    assert (later.calls_ok, later.calls_since) == (1, 11 * SECOND + 1)


@pytest.mark.parametrize(("state", "transition"), [(UP, Transition.PENDING), (UNKNOWN, Transition.UNCHANGED)])
def test_too_few_failed_calls_wait_for_a_ping(state: int, transition: Transition) -> None:
    """It stays what it was, since when it was, however few failures are enough."""
    verdict = judge_call(Health(1, state, since=5), Call(503, 2 * SECOND), Criteria(fall=1), CALLS, WALL)
    assert verdict.transition is transition
    assert (verdict.health.state, verdict.health.since, verdict.health.streak) == (state, 5, -1)


def test_a_call_that_goes_well_brings_up() -> None:
    """A success is one, and so the change is told."""
    verdict = judge_call(Health(1, DOWN, streak=-3), Call(200, 2 * SECOND), Criteria(rise=1), CALLS, WALL)
    assert (verdict.transition, verdict.health.state, verdict.health.since) == (Transition.CHANGED, UP, WALL)


def test_calls_that_take_it_down_say_when() -> None:
    """The time at which it failed last is that of the call, as it is for a ping."""
    up = Health(1, UP, streak=5, ok=5, last_up=WALL - 9)
    taken = call(up, 503, 503, 503, 503)
    assert (taken.transition, taken.health.state) == (Transition.CHANGED, DOWN)
    assert (taken.health.last_down, taken.health.since, taken.health.last_up) == (WALL, WALL, WALL - 9)
    assert taken.health.heard == 100 * SECOND + 3 * SECOND // 10
