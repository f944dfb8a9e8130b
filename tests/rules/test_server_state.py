"""What a state file keeps of the server itself."""

from __future__ import annotations

from typing import Any

import pytest

from keepalive_core.rules.modes import Admin
from keepalive_core.rules.server_state import ServerState, group_fields, groups_of
from keepalive_core.rules.unmeasured import Span
from keepalive_core.rules.uptime import Counted

KEPT = ServerState(500, [Span(100, 200), Span(300, 0)], Admin("drain", 0, "anna", "card swap", 95))


def test_what_is_kept_comes_back() -> None:
    """From among other lines, of this version or a later one; the last word counts."""
    assert ServerState.of([{"end": 1, **KEPT.fields()}]) == KEPT
    older = ServerState(7).fields()
    assert ServerState.of([{"end": 1, "orders": []}, older, KEPT.fields(), {"server": 5}]) == KEPT
    assert ServerState.of([]) == ServerState()
    assert ServerState.of([{"server": {"of a later version": 1, "until": 5}}]) == ServerState(5)


@pytest.mark.parametrize("until", [None, "500", True, 0, -5, 2**31, 1.5])
def test_a_time_that_is_none(until: Any) -> None:
    """It is as if it were not there: what else is said still holds."""
    state = ServerState.of([{"server": {"until": until, "unmeasured": "100-200"}}])
    assert state == ServerState(0, [Span(100, 200)])


@pytest.mark.parametrize("text", [None, 5, "nonsense", "200-100"])
def test_times_that_are_none(text: Any) -> None:
    """They are as if they were not there."""
    assert ServerState.of([{"server": {"until": 500, "unmeasured": text}}]) == ServerState(500)


@pytest.mark.parametrize("drain", [None, 5, {"mode": "maint", "since": 5}, {"mode": "drain", "since": -1}])
def test_a_drain_that_is_none(drain: Any) -> None:
    """It is as if it were not there: a server takes calls, unless somebody said otherwise."""
    assert ServerState.of([{"server": {"until": 500, "drain": drain}}]) == ServerState(500)


def test_groups_come_back() -> None:
    """By their names; what makes no sense is left out."""
    counted = Counted(7, "-").until(9, "u")
    bad = [{"group": name, "availability": "7 uu 0 0 0"} for name in ("", None, "a\nb", "x" * 999)]
    lines = [group_fields("carriers", counted), {"group": "x", "availability": "x"}, {"group": "y"}, *bad]
    assert groups_of([{"end": 1, **line} for line in lines]) == {"carriers": counted}
