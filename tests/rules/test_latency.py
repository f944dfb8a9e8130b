"""What is kept of the latencies of the last pings."""

from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules.latency import LOSS, RECENT, percentile, sample


@given(st.lists(st.integers(100, 10_000_000), min_size=1, max_size=RECENT), st.sampled_from([1, 50, 95, 100]))
def test_percentiles(latencies: list[int], percent: int) -> None:
    """A percentile is the latency of that rank, to 7 percent."""
    samples = "".join(sample(latency) for latency in latencies) + LOSS
    exact = sorted(latencies)[(len(latencies) * percent - 1) // 100]
    assert exact / 1.07 <= percentile(samples, percent) <= exact * 1.07
    assert percentile(LOSS, percent) == percentile("", percent) == 0
