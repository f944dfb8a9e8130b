"""Which copies of a ping have left."""

from __future__ import annotations

import pytest

from keepalive_core.rules.criteria import Criteria
from keepalive_core.rules.resending import copies


def test_when_each_copy_of_a_ping_left() -> None:
    """Twice as long each time, up to RFC 3261's T2, while its time lasts; over TCP there is one."""
    over_udp, over_tcp = (Criteria(timeout=12_000, resent_after=after) for after in (500, 0))
    assert copies(1000, 1000 + 3_100_000, over_udp) == [1000, 564_000, 1_690_000]
    assert copies(0, 12_000_000, over_udp) == [0, 563_000, 1_689_000, 3_941_000, 7_941_000, 11_941_000]
    assert copies(0, 400_000, over_udp) == [0]
    assert copies(1000, 12_000_000, over_tcp) == [1000]


@pytest.mark.parametrize(
    ("ended", "left"),
    [
        (1_563_000, [0, 563_000]),
        (1_800_000, [0, 563_000]),  # a third one would have left, but behind the time limit
        (3_400_000, [0]),  # of tm's timers that late nobody knows when they sent the second one, if at all
    ],
)
def test_a_copy_that_may_not_have_left_is_none(ended: int, left: list[int]) -> None:
    """Behind the time limit no copy leaves, and if its end is told late, only the first one is sure."""
    assert copies(0, ended, Criteria(timeout=1500, resent_after=500)) == left
