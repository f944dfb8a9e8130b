"""Units of the clock."""

from keepalive_core.rules.times import MINUTE, SECOND


def test_times_are_microseconds() -> None:
    """A second is a million of them, and a minute sixty seconds."""
    assert (SECOND, MINUTE) == (10**6, 6 * 10**7)
