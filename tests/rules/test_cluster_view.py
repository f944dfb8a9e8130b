"""How a node sees its cluster: no clock but its own, and no time in which it stood still, counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules.cluster_view import (
    MOST_BETWEEN_TICKS,
    Listened,
    Seen,
    is_degraded,
    suspects_itself,
    view,
)
from keepalive_core.rules.times import SECOND

TIMEOUT = 5 * SECOND
NOW = 100 * SECOND
SETS = ("live", "fit", "ready", "counted")


@given(st.lists(st.integers(0, 5 * SECOND), min_size=1))
def test_time_in_which_a_node_stood_still_is_none(passed: list[int]) -> None:
    """Of a time between two ticks a second counts at the most."""
    now, listened = NOW, Listened().tick(NOW)
    for each in passed:
        now += each
        listened = listened.tick(now)
    assert listened == (sum(min(each, MOST_BETWEEN_TICKS) for each in passed), now)


def test_a_clock_that_goes_back_is_no_time() -> None:
    """Nor is the time before the first tick."""
    assert Listened().tick(NOW).us == 0
    assert Listened(7, NOW).tick(NOW - SECOND) == (7, NOW - SECOND)


def test_who_is_silent_is_dead() -> None:
    """To the microsecond; the node itself never is."""
    just, late = Seen("b", NOW - TIMEOUT + 1), Seen("c", NOW - TIMEOUT)
    seen = view(Seen("a", 0), [just, late], NOW, TIMEOUT)
    assert (seen.me, seen.live, seen.pings, seen.degraded) == ("a", {"a", "b"}, True, False)


@pytest.mark.parametrize(
    ("other", "sets"),
    [
        (Seen("b", NOW), "live fit ready counted"),
        (Seen("b", NOW, degraded=True), "live"),
        (Seen("b", NOW, paused=True), "live"),
        (Seen("b", NOW, joining=True), "live fit counted"),
        (Seen("b", NOW, caught_up=False), "live fit ready"),
    ],
)
def test_what_another_node_is_good_for(other: Seen, sets: str) -> None:
    """Who still listens owns nothing; who was gone owns, and its words wait until all are here."""
    seen = view(Seen("a", NOW), [other], NOW, TIMEOUT)
    assert [name for name in SETS if "b" in getattr(seen, name)] == sets.split()


@pytest.mark.parametrize(
    ("me", "sets", "pings"),
    [
        (Seen("a", NOW, degraded=True), "live fit counted", True),
        (Seen("a", NOW, paused=True), "live", False),
        (Seen("a", NOW, joining=True), "live fit counted", False),
    ],
)
def test_what_a_node_is_good_for_itself(me: Seen, sets: str, pings: bool) -> None:
    """One that is degraded looks at all itself, and believes itself; one that is paused does neither."""
    seen = view(me, [], NOW, TIMEOUT)
    assert [name for name in SETS if "a" in getattr(seen, name)] == sets.split()
    assert (seen.pings, seen.degraded) == (pings, me.degraded)


def test_a_view_of_some() -> None:
    """The others are as if they were not there."""
    seen = view(Seen("a", NOW), [Seen("b", NOW), Seen("c", NOW)], NOW, TIMEOUT)
    few = seen.among(frozenset("bx"))
    assert few == seen._replace(live={"b"}, fit={"b"}, ready={"b"}, counted={"b"})


@pytest.mark.parametrize(
    ("alone", "share", "before", "after"),
    [
        (2, 2, False, False),  # few can be gone from one place
        (3, 10, False, True),
        (3, 11, False, False),
        (29, 100, False, False),
        (30, 100, False, True),
        (15, 100, True, True),  # half of it keeps it so
        (14, 100, True, False),
        (2, 2, True, False),
    ],
)
def test_who_is_alone_often_is_degraded(alone: int, share: int, before: bool, after: bool) -> None:
    """At 30 % of its share."""
    assert is_degraded(alone, share, 30, before) is after
    assert not is_degraded(alone, share, 0, before)


@pytest.mark.parametrize(
    ("alone", "share", "before", "after"),
    [(1, 3, False, True), (1, 4, False, False), (1, 6, True, True), (1, 7, True, False), (0, 0, True, False)],
)
def test_whose_share_is_small_looks_at_all(alone: int, share: int, before: bool, after: bool) -> None:
    """If it is alone with a third of that, it may be so with what it does not ask."""
    assert suspects_itself(alone, share, 30, before) is after
    assert not suspects_itself(alone, share, 0, before)
    assert view(Seen("a", NOW, suspects=after), [], NOW, TIMEOUT).asks_all is after
    assert view(Seen("a", NOW, degraded=True), [], NOW, TIMEOUT).asks_all


@pytest.mark.parametrize("me", [Seen("a", NOW), Seen("a", NOW, degraded=True), Seen("a", NOW, joining=True)])
def test_who_will_be_ready_in_a_moment(me: Seen) -> None:
    """Whoever still listens; not who is degraded or paused."""
    others = [Seen("b", NOW, joining=True), Seen("c", NOW, degraded=True), Seen("d", NOW, paused=True)]
    assert view(me, others, NOW, TIMEOUT).joining == ({"a", "b"} if me.joining else {"b"})
