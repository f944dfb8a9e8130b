"""What is asked in the next tick: the regular pings first, and others as far as there is room."""

from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules.lanes import Lanes

SECOND = 1_000_000
TICK = 90_000


@given(st.integers(0, 5000), st.integers(0, 5000), st.floats(0, 4000), st.integers(1, 60))
def test_a_second_has_room_for_twice_the_rate(regular: int, others: int, rate: float, ticks: int) -> None:
    """However many wait, out of turn leaves twice the steady rate, and what two ticks keep of it."""
    lanes = Lanes()
    for number in range(regular):
        lanes.put(f"regular {number}", 0)
    for number in range(others):
        lanes.ask(f"other {number}", 0)
    now, left = SECOND, 0
    for _ in range(ticks):
        first, then = lanes.take(now, 100, rate)
        assert all(key.startswith("regular") for key in first)
        assert all(key.startswith("other") for key in then)
        left += len(then)
        now += TICK
    a_second = max(2 * rate, 50)
    assert left <= a_second * (ticks * TICK / SECOND + 0.2)
    assert left >= min(others, int(a_second * (ticks - 1) * TICK / SECOND)) - ticks, "what fits does leave"


def test_nothing_regular_waits() -> None:
    """A thousand that are pending change nothing for those whose turn it is."""
    lanes = Lanes()
    for number in range(1000):
        lanes.ask(f"other {number}", 0)
    lanes.put("regular", SECOND)
    assert lanes.take(SECOND, 100, 1.0)[0] == ["regular"]


def test_what_is_asked_for_waits_for_what_is_regular_alone() -> None:
    """Thousands that somebody asked for leave in what those leave over whose turn it is, at once and all."""
    lanes = Lanes()
    for number in range(300):
        lanes.ask_at_once(f"wished {number}", 0)
        lanes.ask(f"other {number}", 0)
    for number in range(70):
        lanes.put(f"regular {number}", 2 * SECOND)
    first, then = lanes.take(SECOND, 100, 1.0)
    assert first == [f"wished {number}" for number in range(100)]
    assert len(then) == 10
    first, _ = lanes.take(2 * SECOND, 100, 1.0)
    assert first[:70] == [f"regular {number}" for number in range(70)]
    assert first[70:] == [f"wished {number}" for number in range(100, 130)]
    lanes.put("wished 130", 3 * SECOND)
    first, _ = lanes.take(3 * SECOND, 1000, 1.0)
    assert sorted(first) == sorted(f"wished {number}" for number in range(130, 300)), "each is had once"


def test_a_key_is_had_once() -> None:
    """Out of turn or in its turn, whichever comes first, and not at the other time too."""
    lanes = Lanes()
    lanes.put("a", 3 * SECOND)
    lanes.ask("a", 2 * SECOND)
    lanes.ask("a", 4 * SECOND)
    assert lanes.turn("a") == 3 * SECOND
    assert lanes.take(SECOND, 10, 100.0) == ([], [])
    assert lanes.take(2 * SECOND, 10, 100.0) == ([], ["a"])
    assert lanes.take(5 * SECOND, 10, 100.0) == ([], [])
    lanes.put("a", 6 * SECOND)
    lanes.ask("a", 6 * SECOND)
    assert lanes.take(6 * SECOND, 10, 100.0) == (["a"], [])
    assert lanes.take(9 * SECOND, 10, 100.0) == ([], [])


def test_a_key_may_be_put_off_or_left_alone_out_of_turn() -> None:
    """A time before which it is not to be had holds out of turn; its turn is for others to move."""
    lanes = Lanes()
    lanes.ask("a", SECOND)
    lanes.ask("a", SECOND, not_before=2 * SECOND)
    assert lanes.take(SECOND, 10, 100.0) == ([], [])
    assert lanes.take(2 * SECOND, 10, 100.0) == ([], ["a"])
    lanes.put("a", 4 * SECOND)
    lanes.ask("a", 3 * SECOND)
    lanes.leave("a")
    assert lanes.take(3 * SECOND, 10, 100.0) == ([], [])
    lanes.remove("a")
    assert lanes.turn("a") is None
    assert lanes.take(9 * SECOND, 10, 100.0) == ([], [])


def test_what_is_put_off_stays_so() -> None:
    """A time before which a key is not to be had moves that key alone, and only if it is due sooner."""
    lanes = Lanes()
    lanes.ask("a", 4 * SECOND)
    lanes.ask("a", 5 * SECOND, not_before=2 * SECOND)
    assert lanes.take(3 * SECOND, 10, 100.0) == ([], []), "due later: it is not brought forward"
    assert lanes.take(4 * SECOND, 10, 100.0) == ([], ["a"])


def test_a_key_that_somebody_asked_for_is_had_once() -> None:
    """At once, in its turn or out of it, whichever comes first, and at neither of the other times."""
    lanes = Lanes()
    lanes.put("a", 3 * SECOND)
    lanes.ask("a", 4 * SECOND)
    lanes.ask_at_once("a", 2 * SECOND)
    assert lanes.take(2 * SECOND, 10, 100.0) == (["a"], [])
    assert lanes.take(5 * SECOND, 10, 100.0) == ([], [])
    lanes.ask("b", 6 * SECOND)
    lanes.ask_at_once("b", 7 * SECOND)
    assert lanes.take(6 * SECOND, 10, 100.0) == ([], ["b"])
    assert lanes.take(8 * SECOND, 10, 100.0) == ([], [])


def test_a_tick_has_a_bound_for_the_regular_ones() -> None:
    """The others of them leave in the next one; a turn may be brought forward."""
    lanes = Lanes()
    for number in range(150):
        lanes.put(f"{number}", 9 * SECOND)
        lanes.bring_forward(f"{number}", SECOND)
        lanes.bring_forward(f"{number}", 4 * SECOND)
    assert [len(lanes.take(SECOND, 100, 1.0)[0]) for _ in range(3)] == [100, 50, 0]
