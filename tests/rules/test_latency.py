"""What is kept of the latencies of the last pings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules.latency import (
    LOSS,
    RECENT,
    average,
    latency_of,
    loss,
    percentile,
    sample,
    with_sample,
)


@given(st.lists(st.integers(100, 10_000_000), min_size=1, max_size=RECENT), st.sampled_from([1, 50, 95, 100]))
def test_percentiles(latencies: list[int], percent: int) -> None:
    """A percentile is the latency of that rank, to 7 percent."""
    samples = "".join(sample(latency) for latency in latencies) + LOSS
    exact = sorted(latencies)[(len(latencies) * percent - 1) // 100]
    assert exact / 1.07 <= percentile(samples, percent) <= exact * 1.07
    assert percentile(LOSS, percent) == percentile("", percent) == 0


@pytest.mark.parametrize(
    ("latency", "mark"),
    [(0, "!"), (100, "!"), (101, "!"), (107, '"'), (113, '"'), (10**7, "}"), (10**12, "}")],
)
def test_the_scale_of_latencies(latency: int, mark: str) -> None:
    """From 0.1 ms to 10 s in steps of 13 %; what is less or more is at its ends, and never a loss."""
    assert sample(latency) == mark


@pytest.mark.parametrize(("samples", "percentage"), [("", 0.0), ("!", 0.0), ("~", 100.0), ("!~~!", 50.0)])
def test_what_was_lost(samples: str, percentage: float) -> None:
    """Of a hundred pings; without any, none."""
    assert loss(samples) == percentage


@pytest.mark.parametrize(
    ("number", "percent", "place"),
    [
        *((20, 1, 0), (20, 50, 9), (20, 51, 10), (20, 95, 18), (20, 96, 19), (20, 100, 19)),
        *((3, 66, 1), (3, 67, 2), (49, 98, 48), (1, 1, 0), (1, 100, 0)),
    ],
)
def test_a_percentile_is_one_of_the_samples(number: int, percent: int, place: int) -> None:
    """The least latency that the given percentage does not exceed; losses have no latency."""
    marks = [chr(ord("!") + each) for each in range(number)]
    assert percentile("".join(reversed(marks)) + "~~", percent) == latency_of(marks[place])
    assert percentile("~", percent) == percentile("", percent) == 0


def test_the_last_hundred_are_kept() -> None:
    """The oldest one goes."""
    assert with_sample("", "a") == "a"
    assert with_sample("a", "b") == "ab"
    assert with_sample("a" * RECENT, "b") == "a" * (RECENT - 1) + "b"


@pytest.mark.parametrize(
    ("known", "latency", "mean"), [(1000, 2000, 1100), (2000, 1000, 1900), (500, 500, 500)]
)
def test_the_average_follows_by_a_tenth(known: int, latency: int, mean: int) -> None:
    """A single latency is no trend."""
    assert average(known, latency) == mean
