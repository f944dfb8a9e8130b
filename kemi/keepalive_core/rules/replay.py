"""What another policy would have made of the pings of which a sample is kept (pure).

A sample says how long a reply took, or that a ping was lost at least once; not which code the reply had, so
each reply counts as alive.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from .criteria import Criteria
from .damping import damp
from .evidence import Report
from .judging import judge_report
from .latency import LOSS, latency_of
from .record import Health
from .times import SECOND

REPLAYED: Final = (
    *("rise", "fall", "ping_timeout"),
    *("flap_limit", "flap_window", "flap_hold", "flap_hold_max"),
)
"""The parameters that a replay knows of"""


class Step(NamedTuple):
    """A change of state that there would have been."""

    ago: int
    """how many pings there were behind it"""
    before: int
    after: int


def replayed(samples: str, criteria: Criteria, interval: float) -> list[Step]:
    """Return the changes of state that a policy would have made, the oldest first.

    Arguments: samples, as Health has them; criteria, the policy's; interval, between two pings, in s.
    """
    known, at = Health(0), SECOND
    steps: list[Step] = []
    for ago, is_alive in zip(reversed(range(len(samples))), _alive(samples, criteria.timeout), strict=True):
        at += int(interval * SECOND)
        verdict = judge_report(known, Report(is_alive, "", at), criteria, at // SECOND)
        after = damp(known, verdict, at, criteria).health
        if after.state != known.state:
            steps.append(Step(ago, known.state, after.state))
        known = after
    return steps


def _alive(samples: str, timeout: int) -> Iterable[bool]:
    """Yield whether each ping was answered within a time, in ms."""
    for mark in samples:
        yield mark != LOSS and latency_of(mark) <= timeout * 1000
