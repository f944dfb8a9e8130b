"""Each name is asked for once in an interval; what can't wait comes first, and keeps nobody waiting."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules.question_order import AT_ONCE_AGAIN, QuestionOrder, Turn
from keepalive_core.rules.times import SECOND

MINUTE = 60 * SECOND


@pytest.fixture
def order() -> QuestionOrder:
    return QuestionOrder()


def take(order: QuestionOrder, now: int) -> str | None:
    turn = order.take(now, MINUTE)
    return turn and turn.key


def test_a_new_name_is_asked_for_at_once(order: QuestionOrder) -> None:
    """Then once in an interval, in the order in which they were asked for."""
    for key in ("a", "b"):
        order.come(key, 0)
    assert [take(order, 1), take(order, 2), take(order, 3)] == ["a", "b", None]
    assert take(order, MINUTE) is None
    assert [take(order, MINUTE + 2), take(order, MINUTE + 2), take(order, MINUTE + 2)] == ["a", "b", None]
    assert (len(order), "a" in order, "c" in order) == (2, True, False)


def test_what_takes_no_time_goes_first(order: QuestionOrder) -> None:
    """Before all that came earlier."""
    order.come("far", 0)
    order.come("near", 1, is_first=True)
    assert [take(order, 1), take(order, 1)] == ["near", "far"]


def test_one_can_be_asked_for_again_each_5_s(order: QuestionOrder) -> None:
    """However often that is wished; one that is not there is not."""
    order.come("a", 0)
    assert take(order, 0) == "a"
    for now in (1, 2, SECOND):
        order.hurry("a", now)
    order.hurry("b", 1)
    assert take(order, AT_ONCE_AGAIN - 1) is None
    assert take(order, AT_ONCE_AGAIN) == "a"
    assert take(order, 3 * AT_ONCE_AGAIN) is None
    order.hurry("a", 3 * AT_ONCE_AGAIN)
    assert take(order, 3 * AT_ONCE_AGAIN) == "a"


def test_a_change_does_not_wait_5_s(order: QuestionOrder) -> None:
    """What means another host now is asked for at once, once."""
    order.come("a", 0)
    assert take(order, 0) == "a"
    order.hurry("a", 1)
    order.come("a", 2)
    assert [take(order, 2), take(order, AT_ONCE_AGAIN + 2)] == ["a", None]


def test_one_that_goes_is_asked_for_no_more(order: QuestionOrder) -> None:
    """Neither at once nor in its turn; and it may come back."""
    order.come("a", 0)
    order.go("a")
    order.go("a")
    assert (take(order, 2 * MINUTE), len(order)) == (None, 0)
    order.come("a", 2 * MINUTE)
    assert [take(order, 2 * MINUTE), take(order, 2 * MINUTE)] == ["a", None]


def test_neither_kind_keeps_the_other_waiting(order: QuestionOrder) -> None:
    """With many new ones, and many whose turn it is, one of each kind is taken."""
    for key in "abc":
        order.come(key, 0)
        take(order, 0)
    for key in "xyz":
        order.come(key, MINUTE)
    assert [take(order, MINUTE) for _ in range(7)] == ["a", "x", "b", "y", "c", "z", None]


def test_a_change_keeps_nobody_behind_it_waiting(order: QuestionOrder) -> None:
    """One that comes again goes to the end, with the others before it."""
    for key in "ab":
        order.come(key, 0)
        take(order, 0)
    order.come("a", MINUTE - 1)
    take(order, MINUTE - 1)
    assert take(order, MINUTE) == "b"


def test_a_round_that_takes_too_long_is_late() -> None:
    """A tenth more than the interval is not."""
    assert not Turn("a", 66 * SECOND).is_late(MINUTE)
    assert Turn("a", 66 * SECOND + 1).is_late(MINUTE)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["come", "hurry", "go", "take"]), st.sampled_from("abcd"), st.integers(0, 99)
        )
    )
)
def test_each_is_asked_for_in_time(steps: list[tuple[str, str, int]]) -> None:
    """Whatever happens: one that is there is asked for within an interval, and never twice in 5 s unasked."""
    order, now, came, asked = QuestionOrder(), 0, dict[str, int](), dict[str, int]()
    for what, key, seconds in steps:
        now += seconds * SECOND
        if what == "come":
            order.come(key, now)
            came[key] = now
        elif what == "hurry":
            order.hurry(key, now)
        elif what == "go":
            order.go(key)
            came.pop(key, None)
            asked.pop(key, None)
        while turn := order.take(now, MINUTE):
            last = asked.get(turn.key)
            assert last is None or now - last >= AT_ONCE_AGAIN or came[turn.key] >= last
            asked[turn.key] = now
            assert turn.key in came
        assert asked.keys() == came.keys()
        assert all(now - each < MINUTE for each in asked.values())
