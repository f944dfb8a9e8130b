"""The rules of health, as one table and as properties."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.health import (
    DOWN,
    UNKNOWN,
    UP,
    Health,
    Kind,
    Result,
    Transition,
    is_success,
    judge,
)


def result(kind: Kind = Kind.REPLY, code: int = 200, sent: int = 100, generation: int = 1) -> Result:
    return Result(generation, sent, sent + 5000, kind, code, "Reason")


GOOD = result(code=200)
BAD = result(code=404)


@pytest.mark.parametrize(
    ("state", "outcome", "after", "transition"),
    [
        (UNKNOWN, GOOD, UP, Transition.CHANGED),
        (UNKNOWN, BAD, DOWN, Transition.CHANGED),
        (UP, GOOD, UP, Transition.UNCHANGED),
        (UP, BAD, DOWN, Transition.CHANGED),
        (DOWN, GOOD, UP, Transition.CHANGED),
        (DOWN, BAD, DOWN, Transition.UNCHANGED),
    ],
)
def test_the_table(state: int, outcome: Result, after: int, transition: Transition) -> None:
    """Each state and result: what the state is then, and what step that was."""
    verdict = judge(Health(1, state, judged=99), outcome)
    assert verdict.health == Health(1, after, judged=100)
    assert verdict.transition is transition


@pytest.mark.parametrize(
    ("kind", "code", "success"),
    [
        (Kind.REPLY, 199, False),
        (Kind.REPLY, 200, True),
        (Kind.REPLY, 299, True),
        (Kind.REPLY, 300, False),
        (Kind.REPLY, 408, False),
        (Kind.REPLY, 503, False),
        (Kind.TIMEOUT, 0, False),
        (Kind.SEND_FAILED, 0, False),
        (Kind.LOST, 0, False),
        (Kind.TIMEOUT, 200, False),
    ],
)
def test_only_a_2xx_reply_is_a_sign_of_life(kind: Kind, code: int, success: bool) -> None:
    """A reply of class 2xx is a success; a timeout is none, whatever number stands beside it."""
    assert is_success(result(kind, code)) is success


@pytest.mark.parametrize(
    "stale",
    [
        pytest.param(result(sent=100, generation=1), id="of an older registration"),
        pytest.param(result(sent=100, generation=3), id="of a newer registration"),
        pytest.param(result(sent=99, generation=2), id="of an older ping"),
        pytest.param(result(sent=100, generation=2), id="of the ping that was judged"),
    ],
)
def test_a_stale_result_changes_nothing(stale: Result) -> None:
    """A result for another registration, an older ping or the same ping again changes nothing at all."""
    health = Health(2, DOWN, judged=100)
    if stale.generation == 2 and stale.sent > 100:
        pytest.fail("not stale")
    verdict = judge(health, stale)
    assert verdict.health is health
    assert verdict.transition is Transition.STALE


@pytest.mark.parametrize(
    ("outcome", "why"),
    [
        (result(code=200), "200 Reason in 5.0 ms"),
        (result(code=408), "408 Reason in 5.0 ms"),
        (Result(1, 0, 1500, Kind.REPLY, 200, ""), "200 in 1.5 ms"),
        (Result(1, 0, 3_062_000, Kind.TIMEOUT), "no reply in 3062 ms"),
        (Result(1, 0, 4_000_000, Kind.LOST), "no reply in 4000 ms"),
        (result(Kind.SEND_FAILED, 0), "the ping could not be sent"),
    ],
)
def test_why_tells_a_received_408_from_silence(outcome: Result, why: str) -> None:
    """The log says what came and how long it took, or that nothing came."""
    assert outcome.why() == why


results = st.builds(
    Result,
    generation=st.integers(1, 2),
    sent=st.integers(1, 50),
    ended=st.integers(51, 60),
    kind=st.sampled_from(Kind),
    code=st.sampled_from([200, 202, 404, 408, 503]),
)


@given(st.lists(results, max_size=40))
def test_any_sequence_of_results_keeps_the_rules(sequence: list[Result]) -> None:
    """Late, double and foreign results in any order: the state is that of the newest ping judged so far.

    The model is written a second way: it looks at the whole history instead of keeping a record.
    """
    health = Health(1)
    accepted: list[Result] = []
    for each in sequence:
        verdict = judge(health, each)
        if each.generation == 1 and all(each.sent > earlier.sent for earlier in accepted):
            before = (UP if is_success(accepted[-1]) else DOWN) if accepted else UNKNOWN
            accepted.append(each)
            now = UP if is_success(each) else DOWN
            expected = Transition.UNCHANGED if before == now else Transition.CHANGED
            assert verdict == (Health(1, now, each.sent), expected)
        else:
            assert verdict == (health, Transition.STALE)
        health = verdict.health
