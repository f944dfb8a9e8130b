"""The destinations of one prober: their rate, and when each is due, whatever happens to them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules.fleet import Fleet
from keepalive_core.rules.parameters import PARAMETERS
from keepalive_core.rules.policy import Policy
from keepalive_core.rules.record import Health
from keepalive_core.rules.rows import Owner, Registration
from keepalive_core.rules.schedule import SECOND, Wish
from keepalive_core.rules.sockets import Departure
from keepalive_core.rules.states import UP
from keepalive_core.rules.target import Seen

DEFAULTS = {name: parameter.default for name, parameter in PARAMETERS.items()}
A, B = "sip:192.168.10.20:5060", "sip:192.168.10.21:5060"
NOW = 1000 * SECOND


def seen(generation: int = 1, not_before: int = 0, **options: Any) -> Seen:
    """A destination that is up, with parameters of its own."""
    policy = Policy({**DEFAULTS, "ping_jitter": 0, **options})
    registered = Registration(generation, "sip:192.168.10.20", {"me": Owner(0, "", None)})
    return Seen(registered, policy, Health(generation, UP, streak=5, not_before=not_before), None)


@pytest.fixture
def fleet() -> Fleet:
    """A fleet without chance, whose pings leave from anywhere."""
    return Fleet(lambda: 0.5, lambda uri, policy: Departure())


def due(fleet: Fleet, now: int) -> list[str]:
    """Who is due at a time, in turn or out of it."""
    return [key for some in fleet.pings.take(now, 1000, 1000.0) for key in some]


def test_the_rate_and_the_sockets_follow_who_is_there(fleet: Fleet) -> None:
    """Whoever comes, goes or gets another interval or socket, what is counted is what there is."""
    fleet.follow(A, seen(ping_interval=10), Wish.REGULARLY, NOW)
    fleet.follow(B, seen(ping_interval=20, ping_socket="udp:10.0.0.1:5060"), Wish.REGULARLY, NOW)
    assert fleet.rate == pytest.approx(0.15)
    assert +fleet.behind == {"": 1, "udp:10.0.0.1:5060": 1}
    fleet.follow(A, seen(ping_interval=5), Wish.REGULARLY, NOW)
    fleet.change_policy(B, seen(ping_interval=5).policy, NOW)
    assert fleet.rate == pytest.approx(0.4)
    assert +fleet.behind == {"": 2}
    for key in (A, B, B):
        fleet.remove(key, NOW)
    assert fleet.rate == pytest.approx(0)
    assert not +fleet.behind
    assert len(fleet) == 0


def test_who_is_added_again_at_once_waits_a_second(fleet: Fleet) -> None:
    """A new registration is another one, in the same place, and not pinged twice within a second."""
    first = fleet.follow(A, seen(), Wish.REGULARLY, NOW)
    pinged = NOW + SECOND
    assert due(fleet, pinged) == [A]
    fleet.plan_next(A, pinged)
    first.sent = pinged
    fleet.remove(A, pinged + 1)
    again = fleet.follow(A, seen(2), Wish.REGULARLY, pinged + 2)
    assert again is not first
    assert (again.generation, again.place, again.sent) == (2, first.place, pinged)
    assert due(fleet, pinged + SECOND * 9 // 10) == []
    assert due(fleet, pinged + SECOND * 11 // 10) == [A]
    fleet.remove(A, pinged + 2 * SECOND)
    fleet.forget_the_gone(pinged + 4 * SECOND)
    assert fleet.follow(A, seen(3), Wish.REGULARLY, pinged + 4 * SECOND).sent == 0


@given(st.lists(st.sampled_from([1, 5, 30, 600]), min_size=1, max_size=20), st.integers(0, 900_000))
def test_changes_in_a_row_put_a_ping_off_by_no_more_than_the_longest_interval(
    intervals: list[int], step: int
) -> None:
    """However often the interval changes, the next turn comes within the longest one of them."""
    fleet = Fleet(lambda: 0.5, lambda uri, policy: Departure())
    fleet.follow(A, seen(ping_interval=30), Wish.REGULARLY, NOW)
    assert due(fleet, NOW + SECOND) == [A]
    fleet.plan_next(A, NOW + SECOND)
    now = NOW + SECOND
    for interval in intervals:
        now += step
        fleet.follow(A, seen(ping_interval=interval), Wish.REGULARLY, now)
    assert due(fleet, NOW + SECOND + (max(30, *intervals) + 1) * SECOND + len(intervals) * step) == [A]


def test_a_peers_word_counts_and_somebodys_comes_before_it(fleet: Fleet) -> None:
    """Retry-After puts the ping off; ping_now asks all the same."""
    fleet.follow(A, seen(ping_interval=5, not_before=NOW + 60 * SECOND), Wish.REGULARLY, NOW)
    assert due(fleet, NOW + 50 * SECOND) == []
    fleet.follow(A, seen(ping_interval=5, not_before=NOW + 60 * SECOND), Wish.NOW, NOW + 50 * SECOND)
    assert due(fleet, NOW + 50 * SECOND + SECOND // 10) == [A]


def test_after_a_pause_all_are_asked_within_a_second(fleet: Fleet) -> None:
    """Spread as at a start; and what was known before the pause has to be asked for anew."""
    for number in range(50):
        fleet.follow(f"sip:10.0.0.{number}:5060", seen(ping_interval=600), Wish.REGULARLY, NOW)
    assert len(due(fleet, NOW + SECOND)) == 50
    for key, target in fleet.items():
        target.asked = NOW
        fleet.plan_next(key, NOW + SECOND)
    later = NOW + 100 * SECOND
    fleet.resume(NOW + 2 * SECOND, later)
    assert 10 < len(due(fleet, later + SECOND // 2)) < 40
    assert all(target.asked == 0 for _, target in fleet.items())
