"""Durations in cells, and the histogram that follows from them."""

from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules.durations import BUCKETS, CELLS, cell_of, histogram, middle_of

SPANS = st.integers(min_value=0, max_value=60_000_000)


@given(SPANS)
def test_a_cell_tells_a_duration_to_seven_percent(duration_us: int) -> None:
    """What stands for it is that near, from 0.1 ms to 40 s; below it is less than 0.1 ms away."""
    cell = cell_of(duration_us)
    assert 0 <= cell < CELLS
    if duration_us <= 40_000_000:
        assert abs(middle_of(cell) - duration_us) <= max(100, 0.07 * duration_us)
    else:
        assert middle_of(cell) == 40_000_000


@given(st.lists(SPANS, max_size=50))
def test_a_histogram_says_how_many_are_at_most_as_long(durations: list[int]) -> None:
    """Each bucket has just those that are not longer than its bound; the sum is as near as the cells are."""
    cells: dict[int, int] = {}
    for each in durations:
        cells[cell_of(each)] = cells.get(cell_of(each), 0) + 1
    numbers, total = histogram(cells)
    assert numbers[:-1] == [sum(each <= bound for each in durations) for bound in BUCKETS]
    assert numbers[-1] == len(durations)
    true = sum(min(each, 40_000_000) for each in durations)
    assert abs(total - true) <= 0.07 * true + 100 * len(durations)


def test_what_is_spread_has_a_sum_to_a_hundredth() -> None:
    """What is too much in one cell is too little in another."""
    durations = range(3_000, 90_000, 7)
    cells: dict[int, int] = {}
    for each in durations:
        cells[cell_of(each)] = cells.get(cell_of(each), 0) + 1
    assert abs(histogram(cells)[1] / sum(durations) - 1) < 0.01


def test_no_cell_lies_in_two_buckets() -> None:
    """A bound belongs to the cell below it, and is the last duration there."""
    for bound in BUCKETS:
        assert cell_of(bound + 1) == cell_of(bound) + 1
