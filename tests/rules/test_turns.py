"""Whether a destination's turn becomes a ping."""

from __future__ import annotations

from itertools import combinations

import pytest

from keepalive_core.rules import turns
from keepalive_core.rules.modes import DRAIN, MAINT, Admin
from keepalive_core.rules.parameters import PARAMETERS
from keepalive_core.rules.policy import Policy
from keepalive_core.rules.record import Health
from keepalive_core.rules.schedule import SECOND
from keepalive_core.rules.states import DOWN, UNKNOWN, UP

DEFAULTS = {name: setting.default for name, setting in PARAMETERS.items()}
NOW = 1000 * SECOND
SKIPPING = Policy({**DEFAULTS, "ping_interval": 60, "ping_skip_if_fresh": 30})

# From the widest reason to the narrowest.
REASONS = [
    turns.PAUSED,
    turns.MAINTENANCE,
    "no such socket",
    turns.RETRY_AFTER,
    turns.FRESH_CALLS,
]


def why(reasons: set[str]) -> str:
    """Ask with all of some reasons there."""
    return turns.why_not_pinged(
        turns.PAUSED if turns.PAUSED in reasons else "",
        Admin(MAINT, 0, "", "", 1) if turns.MAINTENANCE in reasons else None,
        "no such socket: udp:192.168.10.1:5060" if "no such socket" in reasons else "",
        Health(
            1,
            UP,
            streak=1,
            not_before=NOW + 1 if turns.RETRY_AFTER in reasons else NOW,
            traffic=NOW - SECOND if turns.FRESH_CALLS in reasons else 0,
        ),
        SKIPPING,
        NOW,
    )


@pytest.mark.parametrize(
    "reasons", [set(some) for n in range(len(REASONS) + 1) for some in combinations(REASONS, n)]
)
def test_the_widest_reason_is_told(reasons: set[str]) -> None:
    """If several hold it is the one that concerns most destinations; without any it is pinged."""
    assert why(reasons) == next((each for each in REASONS if each in reasons), "")


def test_who_is_drained_is_pinged() -> None:
    """An administrator's drain takes it out of calls, not of pings."""
    assert turns.why_not_pinged("", Admin(DRAIN, 0, "", "", 1), "", Health(1, UP), SKIPPING, NOW) == ""


@pytest.mark.parametrize(
    ("state", "streak", "ago", "fresh"),
    [
        (UP, 3, 29, True),
        (UP, 0, 29, True),
        (UP, 3, 30, False),
        (UP, -1, 1, False),
        (DOWN, 1, 1, False),
        (UNKNOWN, 1, 1, False),
    ],
)
def test_calls_are_fresh(state: int, streak: int, ago: int, fresh: bool) -> None:
    """They stand for a ping for ping_skip_if_fresh, if it is up and nothing speaks against that."""
    known = Health(1, state, streak=streak, traffic=NOW - ago * SECOND)
    assert turns.has_fresh_calls(known, SKIPPING, NOW) == fresh
    assert not turns.has_fresh_calls(known, Policy(DEFAULTS), NOW)
    assert not turns.has_fresh_calls(known._replace(traffic=0), SKIPPING, SECOND)


def test_who_is_tracked_is_asked_although_calls_show_that_it_is_alive() -> None:
    """They show nothing of those that track it."""
    known = Health(1, UP, streak=1, traffic=NOW - SECOND)
    assert turns.why_not_pinged("", None, "", known, SKIPPING, NOW) == turns.FRESH_CALLS
    assert turns.why_not_pinged("", None, "", known, SKIPPING, NOW, is_tracked=True) == ""
