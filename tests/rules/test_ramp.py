"""How what came up gains its weight."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules.ramp import Ramp

times = st.integers(0, 1 << 50)
ramps = st.builds(Ramp, times, st.integers(1, 1 << 40))


@pytest.mark.parametrize(
    ("now", "part"), [(0, 0), (1000, 0), (1001, 0.01), (1025, 0.25), (1099, 0.99), (1100, 1), (9999, 1)]
)
def test_the_part_that_it_has(now: int, part: float) -> None:
    """Nothing at first, all at the end, and in between as much as the time that has gone."""
    assert Ramp(1000, 100).part_at(now) == part
    assert Ramp(1000, 100).ends == 1100


@given(ramps)
def test_a_row_comes_back(ramp: Ramp) -> None:
    """What is written is what is read."""
    assert Ramp.from_text(ramp.text()) == ramp


@pytest.mark.parametrize("text", ["", "1", "1 2 3", "x 1", "1 0", "-1 5", "1 -5", "1.5 2"])
def test_nonsense_is_refused(text: str) -> None:
    """Two numbers, neither below 0, and a time that is one."""
    with pytest.raises(ValueError, match=r"."):
        Ramp.from_text(text)


def test_what_begins_when_time_does() -> None:
    """0 is a time, and 1 us a ramp."""
    assert Ramp.from_text("0 1") == Ramp(0, 1)
