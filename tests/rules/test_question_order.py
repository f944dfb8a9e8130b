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
        order.come(key, f"{key}.com", 0)
    assert [take(order, 1), take(order, 2), take(order, 3)] == ["a", "b", None]
    assert take(order, MINUTE) is None
    assert [take(order, MINUTE + 2), take(order, MINUTE + 2), take(order, MINUTE + 2)] == ["a", "b", None]
    assert (len(order), "a" in order, "c" in order) == (2, True, False)


def test_what_takes_no_time_goes_first(order: QuestionOrder) -> None:
    """Before all that came earlier."""
    order.come("far", "far.com", 0)
    order.come("near", "near.com", 1, is_first=True)
    assert [take(order, 1), take(order, 1)] == ["near", "far"]


def test_one_can_be_asked_for_again_each_5_s(order: QuestionOrder) -> None:
    """However often that is wished; one that is not there is not."""
    order.come("a", "a.com", 0)
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
    order.come("a", "a.com", 0)
    assert take(order, 0) == "a"
    order.hurry("a", 1)
    order.come("a", "a.com", 2)
    assert [take(order, 2), take(order, AT_ONCE_AGAIN + 2)] == ["a", None]


def test_one_that_goes_is_asked_for_no_more(order: QuestionOrder) -> None:
    """Neither at once nor in its turn; and it may come back."""
    order.come("a", "a.com", 0)
    order.go("a")
    order.go("a")
    assert (take(order, 2 * MINUTE), len(order)) == (None, 0)
    order.come("a", "a.com", 2 * MINUTE)
    assert [take(order, 2 * MINUTE), take(order, 2 * MINUTE)] == ["a", None]


def test_neither_kind_keeps_the_other_waiting(order: QuestionOrder) -> None:
    """With many new ones, and many whose turn it is, one of each kind is taken."""
    for key in "abc":
        order.come(key, f"{key}.com", 0)
        take(order, 0)
    for key in "xyz":
        order.come(key, f"{key}.com", MINUTE)
    assert [take(order, MINUTE) for _ in range(7)] == ["a", "x", "b", "y", "c", "z", None]


def test_a_change_keeps_nobody_behind_it_waiting(order: QuestionOrder) -> None:
    """One that comes again goes to the end, with the others before it."""
    for key in "ab":
        order.come(key, f"{key}.com", 0)
        take(order, 0)
    order.come("a", "a.com", MINUTE - 1)
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
            order.come(key, f"{key}.com", now)
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


# --- names for which DNS does not answer ---


def known(order: QuestionOrder, *keys: str, slow: str = "") -> None:
    """Have names there that were asked for at 0; of some DNS did not answer."""
    for key in keys:
        order.come(key, f"{key}.example{key}.com", 0)
    for _ in keys:
        turn = order.take(0, MINUTE)
        assert turn is not None
        order.note(turn.key, turn.key in slow)


def test_who_is_not_answered_keeps_nobody_waiting(order: QuestionOrder) -> None:
    """It is asked for when no other one is due, in its turn among those like it."""
    known(order, *"abcde", slow="abd")
    assert [order.is_slow(key) for key in "abcde"] == [True, True, False, True, False]
    assert take(order, MINUTE) == "a", "once in an interval one of them is first"
    assert [take(order, MINUTE + 1) for _ in range(5)] == ["c", "e", "b", "d", None]


def test_one_that_is_answered_again_is_one_of_the_others(order: QuestionOrder) -> None:
    """At its next turn."""
    known(order, *"abc", slow="a")
    assert take(order, MINUTE) == "a"
    order.note("a", False)
    assert not order.is_slow("a")
    assert [take(order, 2 * MINUTE) for _ in range(4)] == ["b", "c", "a", None]


def test_what_shares_a_domain_waits_with_it(order: QuestionOrder) -> None:
    """As it has the same DNS servers; a name right below a top-level domain shares none."""
    for key in ("x.dead.com", "y.dead.com", "z.dead.com", "good.com", "x.good.com"):
        order.come(key, key, 0)
    assert take(order, 0) == "x.dead.com"
    order.note("x.dead.com", True)
    for key in ("good.com", "x.good.com"):
        assert take(order, 0) == key
        order.note(key, False)
    assert [take(order, 0), order.is_slow("z.dead.com")] == ["y.dead.com", True]
    order.note("y.dead.com", False)
    order.come("v.dead.com", "v.dead.com", 0)
    assert [take(order, 0), take(order, 0), take(order, 0)] == ["v.dead.com", "z.dead.com", None]


def test_what_is_found_without_dns_shares_nothing(order: QuestionOrder) -> None:
    """Its domain may be one for which DNS does not answer."""
    order.come("x.dead.com", "x.dead.com", 0)
    take(order, 0)
    order.note("x.dead.com", True)
    order.come("y.dead.com", "y.dead.com", 0)
    order.come("z.dead.com", "z.dead.com", 0, is_first=True)
    assert take(order, 0) == "z.dead.com"


def test_a_domain_is_forgotten_with_its_last_name(order: QuestionOrder) -> None:
    """A name that comes there later is asked for like any other."""
    for key in ("x.dead.com", "y.dead.com"):
        order.come(key, key, 0)
    assert take(order, 0) == "x.dead.com"
    order.note("x.dead.com", True)
    order.go("x.dead.com")
    assert [take(order, 0), order.is_slow("y.dead.com")] == ["y.dead.com", True]
    order.note("y.dead.com", True)
    order.go("y.dead.com")
    order.come("z.dead.com", "z.dead.com", 0)
    order.come("good.com", "good.com", 0)
    assert [take(order, 0), take(order, 0), order.is_slow("z.dead.com")] == ["z.dead.com", "good.com", False]


def test_a_wish_is_kept(order: QuestionOrder) -> None:
    """Also by a name that changes its company meanwhile."""
    known(order, "a", "b")
    order.hurry("a", 1)
    order.note("a", True)
    order.note("gone", True)
    assert [take(order, AT_ONCE_AGAIN - 1), take(order, AT_ONCE_AGAIN)] == [None, "a"]


def test_slow_ones_starve_nobody(order: QuestionOrder) -> None:
    """Though one of their questions takes longer than the interval, all others are asked for."""
    for key in "abcde":
        order.come(key, f"{key}.com", 0)
    taken = []
    for now in range(10):
        turn = order.take(2 * now * MINUTE, MINUTE)
        assert turn is not None
        taken.append(turn.key)
        order.note(turn.key, True)
    assert {*taken} == {*"abcde"}


def test_many_others_do_not_starve_it(order: QuestionOrder) -> None:
    """Though they never are all asked for in an interval."""
    known(order, *(f"n{number}" for number in range(100)), "dead", slow="dead")
    taken = [take(order, now * SECOND) for now in range(60, 240)]
    assert [each for each in taken if each == "dead"] == ["dead"] * 2


def test_a_question_that_takes_longer_than_an_interval_starves_nobody(order: QuestionOrder) -> None:
    """The others have an interval between two of them: it may be 1 s, and such a question takes 10 s."""
    known(order, *(f"n{number}" for number in range(20)), "dead", slow="dead")
    now, asked = 10 * SECOND, []
    for _ in range(50):
        turn = order.take(now, SECOND)
        assert turn is not None
        asked.append(turn.key)
        now += 10 * SECOND if turn.key == "dead" else SECOND // 10
    first, second, *_ = (at for at, key in enumerate(asked) if key == "dead")
    assert second - first >= 10
