"""What an administrator may say of a destination."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules import modes
from keepalive_core.rules.checks import Refused
from outcomes import outcome

NOW = 1_700_000_000


@pytest.mark.parametrize(
    ("until", "end"),
    [
        (0, 0),
        (0.0, 0),
        (0.2, NOW + 1),
        (1, NOW + 1),
        (1.5, NOW + 2),
        (modes.MOST_SECONDS, NOW + modes.MOST_SECONDS),
    ],
)
def test_when_a_mode_ends(until: float, end: int) -> None:
    """Never for 0, else after whole seconds, of which a part is one."""
    said = modes.said(modes.MAINT, until, "ops", "a test", NOW)
    assert said == modes.Admin(modes.MAINT, end, "ops", "a test", NOW)


def test_ready_is_no_mode() -> None:
    """What is said of one that is ready has no row; what is known then is that nobody says anything."""
    assert modes.said(modes.READY, 5, "ops", "", NOW) is None
    assert modes.ready(NOW) == modes.Admin(modes.READY, 0, "", "", NOW)


@pytest.mark.parametrize(
    ("mode", "until", "by", "fault"),
    [
        ("off", 0, "", "admin mode 'off': one of ready, drain, maint is needed"),
        ([], 0, "", "admin mode"),
        (modes.DRAIN, True, "", "until True: a number of seconds from now is needed"),
        (modes.DRAIN, "5", "", "until '5': a number of seconds"),
        (modes.DRAIN, -1, "", "until -1: 0 for no end, or up to 315360000 seconds (ten years) is allowed"),
        (modes.DRAIN, modes.MOST_SECONDS + 1, "", "ten years"),
        (modes.DRAIN, math.nan, "", "ten years"),
        (modes.DRAIN, math.inf, "", "ten years"),
        (modes.DRAIN, 0, "two\nlines", "by is text of one line"),
    ],
)
def test_what_is_refused(mode: object, until: object, by: object, fault: str) -> None:
    """The refusal names what is wrong, and what is allowed."""
    with pytest.raises(Refused) as refusal:
        modes.said(mode, until, by, "", NOW)
    assert fault in str(refusal.value)


anything = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers(), max_size=2)),
    *(st.sampled_from([*modes.ADMIN_MODES]), st.integers(0, modes.MOST_SECONDS)),
)


@given(anything, anything, anything, anything)
def test_anything_is_taken_or_refused(mode: object, until: object, by: object, why: object) -> None:
    """Whatever a script or an operator says there is a mode, or one short refusal."""
    said, fault = outcome(lambda: modes.said(mode, until, by, why, NOW), Refused)
    assert fault or (said is None) == (mode == modes.READY)
    assert said is None or said.until == 0 or NOW < said.until <= NOW + modes.MOST_SECONDS


def test_a_reason_is_text_of_one_line() -> None:
    """As the name is."""
    with pytest.raises(Refused, match="^why is text of one line"):
        modes.said(modes.DRAIN, 0, "ops", "two\nlines", NOW)
