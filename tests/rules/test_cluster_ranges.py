"""Which numbers have come: ranges say the same as a set of numbers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules.cluster_ranges import MOST_RANGES, Range, Ranges

NUMBER = st.integers(0, 30)
PAIRS = st.tuples(NUMBER, NUMBER).map(sorted)


@given(added=st.lists(PAIRS), taken=NUMBER, newest=NUMBER)
def test_ranges_are_sets_of_numbers(added: list[list[int]], taken: int, newest: int) -> None:
    """Whatever is added, in whatever order."""
    ranges = Ranges()
    numbers: set[int] = set()
    for above, to in added:
        ranges.add(above, to)
        numbers |= {*range(above + 1, to + 1)}
    assert {at for each in ranges for at in range(each.above + 1, each.to + 1)} == numbers
    assert all(each.to < after.above for each, after in zip(ranges, list(ranges)[1:], strict=False))
    assert bool(ranges) == bool(numbers)
    assert ranges.have == next(at for at in range(32) if at + 1 not in numbers)
    missing = [at for at in range(1, newest + 1) if at not in numbers]
    gap = ranges.gap(newest)
    if gap is None:
        assert missing == []
    else:
        run = [*range(gap.above + 1, gap.to + 1)]
        assert missing[: len(run)] == run
        assert gap.to + 1 not in missing
    ranges.take(taken)
    assert {at for each in ranges for at in range(each.above + 1, each.to + 1)} == {
        at for at in numbers if at > taken
    }


def test_there_is_a_bound() -> None:
    """What lies farthest ahead is forgotten first."""
    ranges = Ranges()
    for at in range(2 * MOST_RANGES, 0, -1):
        ranges.add(2 * at, 2 * at + 1)
    assert list(ranges) == [Range(2 * at, 2 * at + 1) for at in range(1, MOST_RANGES + 1)]
    assert ranges.gap(1_000) == Range(0, 2)
