"""What this server answers to who asks for it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules.checks import Refused
from keepalive_core.rules.modes import DRAIN, Admin
from keepalive_core.rules.own_answer import Answer, Others, answer, drain_at, order, told

DRAINED = Admin(DRAIN, 1000, "anna", "card swap", 900)


@pytest.mark.parametrize(
    ("up", "members", "least", "code"),
    [
        (0, 0, 1, 200),  # no group, or none but the peer that asks: two that watch each other come up again
        (0, 1, 1, 503),
        (1, 1, 1, 200),
        (1, 1, 2, 200),  # more than there are can't be asked for
        (1, 2, 2, 503),
        (2, 9, 2, 200),
        (0, 5, 0, 200),
    ],
)
def test_enough_of_the_others_have_to_be_up(up: int, members: int, least: int, code: int) -> None:
    """As many as answer_min_up says, or all if there are fewer."""
    assert answer(None, Others(up, members), least, 900.0).code == code


@pytest.mark.parametrize(("wall", "seconds"), [(900, 60), (941, 59), (999.2, 1), (1000, 1)])
def test_a_drain_says_when_to_ask_again(wall: float, seconds: int) -> None:
    """What is left of it, a minute at the most: it may end earlier than was said."""
    assert answer(DRAINED, Others(5, 5), 1, wall) == Answer(503, "Drained", seconds)
    assert answer(DRAINED._replace(until=0), Others(), 1, wall).retry_after == 60


def test_a_drain_ends_in_its_time() -> None:
    """One without an end does not."""
    assert drain_at(DRAINED, 999.9) == DRAINED
    assert drain_at(DRAINED, 1000) is None
    assert drain_at(None, 0) is None
    endless = DRAINED._replace(until=0)
    assert drain_at(endless, 2e9) == endless


def test_what_can_be_ordered() -> None:
    """Drain, with or without an end, and ready; a server is in no maintenance, as nobody pings it then."""
    assert order("drain", 100, "anna", "card swap", 900) == DRAINED
    assert order("ready", 0, "", "", 900) is None
    assert told(None) == "ready"
    assert told(DRAINED) == "drain for 100 s by anna: card swap"
    assert told(Admin(DRAIN, 0, "", "", 900)) == "drain"


@pytest.mark.parametrize("mode", ["maint", "", None, 5, ["drain"], "x" * 10_000])
def test_another_mode_is_refused(mode: Any) -> None:
    """In one sentence of bounded length that names it."""
    with pytest.raises(Refused, match="ready or drain is needed") as refusal:
        order(mode, 0, "", "", 900)
    assert len(str(refusal.value)) < 400


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.floats(0, 2e9), st.booleans())
def test_every_refusal_says_when_to_ask_again(
    up: int, more: int, least: int, wall: float, is_drained: bool
) -> None:
    """And only these: within a minute."""
    found = answer(DRAINED if is_drained else None, Others(up, up + more), least, wall)
    assert (found.code == 503) == (0 < found.retry_after <= 60) == (found.code != 200)
