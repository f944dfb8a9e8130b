"""At which of its intervals a destination is pinged."""

import pytest

from keepalive_core.rules.pace import Pace, is_kept_down, pace
from keepalive_core.rules.record import Health
from keepalive_core.rules.states import DOWN, UNKNOWN, UP


@pytest.mark.parametrize(
    ("state", "streak", "kept_down", "expected"),
    [
        (UP, 5, 0, Pace.REGULAR),
        (UP, 0, 0, Pace.REGULAR),
        (UP, -1, 0, Pace.PENDING),
        (DOWN, -3, 0, Pace.DOWN),
        (DOWN, 0, 0, Pace.DOWN),
        (DOWN, 1, 0, Pace.PENDING),
        (DOWN, 1, 101, Pace.DOWN),
        (DOWN, 1, 100, Pace.PENDING),
        (UNKNOWN, 0, 0, Pace.REGULAR),
        (UNKNOWN, -1, 0, Pace.REGULAR),
        (UP, 1, 101, Pace.REGULAR),
    ],
)
def test_which_interval_holds(state: int, streak: int, kept_down: int, expected: Pace) -> None:
    """The pending one while results speak against the state, unless it is kept down, which no result ends."""
    known = Health(1, state, streak=streak, kept_down=kept_down)
    assert pace(known, 100) is expected
    assert is_kept_down(known, 100) == (state == DOWN and kept_down > 100)
