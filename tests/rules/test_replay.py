"""What another policy would have made of the kept samples."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules.criteria import Criteria
from keepalive_core.rules.latency import LOSS, sample
from keepalive_core.rules.replay import Step, replayed
from keepalive_core.rules.states import DOWN, UNKNOWN, UP

FAST, SLOW = sample(5_000), sample(900_000)
POLICY = Criteria(timeout=3000)


def test_one_loss_now_and_then() -> None:
    """With fall 1 each takes it down; with fall 2 none does."""
    samples = (FAST * 4 + LOSS) * 2 + FAST
    assert replayed(samples, POLICY, 30) == [
        Step(10, UNKNOWN, UP),
        Step(6, UP, DOWN),
        Step(5, DOWN, UP),
        Step(1, UP, DOWN),
        Step(0, DOWN, UP),
    ]
    assert replayed(samples, POLICY._replace(fall=2), 30) == [Step(10, UNKNOWN, UP)]
    slowly = replayed(samples, POLICY._replace(rise=3), 30)
    assert [step.ago for step in slowly] == [10, 6, 3, 1]


def test_a_shorter_time_limit() -> None:
    """What took longer is a failure; what was lost stays lost under a longer one."""
    assert len(replayed(FAST + SLOW + FAST, POLICY, 30)) == 1
    assert len(replayed(FAST + SLOW + FAST, POLICY._replace(timeout=500), 30)) == 3
    assert len(replayed(FAST + LOSS + FAST, POLICY._replace(timeout=32_000), 30)) == 3


def test_what_flaps_is_kept_down() -> None:
    """By the time between pings, which is all that is known of when they were."""
    flapping = POLICY._replace(flap_limit=3, flap_window=600, flap_hold=600, flap_hold_max=600)
    samples = (FAST + LOSS) * 20
    assert len(replayed(samples, POLICY, 30)) == 40
    assert len(replayed(samples, flapping, 30)) < 15
    assert replayed("", flapping, 30) == []


@given(st.text(alphabet=[FAST, SLOW, LOSS], max_size=50), st.integers(1, 9), st.integers(1, 9))
def test_a_calmer_policy_makes_no_more_changes(samples: str, rise: int, fall: int) -> None:
    """Each state differs from the one before, and a higher rise and fall change it no more often."""
    steps = replayed(samples, POLICY._replace(rise=rise, fall=fall), 30)
    assert all(step.before != step.after for step in steps)
    assert len(steps) <= len(replayed(samples, POLICY, 30))
