"""A destination, as its prober remembers it: when it may be pinged, and how it was registered."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules import rows
from keepalive_core.rules.modes import Admin, is_maintenance
from keepalive_core.rules.pace import Pace
from keepalive_core.rules.parameters import PARAMETERS
from keepalive_core.rules.pinged import OfName, Pinged, Timing
from keepalive_core.rules.policy import Policy
from keepalive_core.rules.rows import Owner, Registration
from keepalive_core.rules.schedule import SECOND, SOONEST, Wish
from keepalive_core.rules.sockets import Departure
from keepalive_core.rules.ways import way_of

DEFAULTS = {name: parameter.default for name, parameter in PARAMETERS.items()}


def pinged(place: float = 0.5, **options: Any) -> Pinged:
    """A destination with a policy of its own."""
    return Pinged(1, place, Policy({**DEFAULTS, **options}))


@pytest.mark.parametrize(
    ("pace", "interval", "pending"), [(Pace.REGULAR, 30, 0), (Pace.PENDING, 30, 5), (Pace.DOWN, 60, 0)]
)
def test_the_interval_is_that_of_the_pace(pace: Pace, interval: int, pending: int) -> None:
    """A shorter interval while a change is under way comes beside the regular one, which goes on."""
    one = pinged(ping_interval=30, ping_interval_pending=5, ping_interval_down=60, ping_jitter=10)
    one.follow_pace(pace)
    assert (one.interval, one.pending) == (interval * SECOND, pending * SECOND)
    assert (one.offset, one.spread) == (interval * SECOND // 2, interval * SECOND // 10)
    assert one.timing == Timing(interval * SECOND, 0)


def test_no_ping_out_of_turn_at_the_pace_of_the_turns() -> None:
    """An interval while a change is under way that is no shorter asks for no more pings."""
    one = pinged(ping_interval=30, ping_interval_pending=30)
    one.follow_pace(Pace.PENDING)
    assert (one.interval, one.pending) == (30 * SECOND, 0)


def test_nothing_is_known_of_a_new_one() -> None:
    """Not even that it was asked; each of these has the type that it keeps."""
    one = pinged()
    assert (one.uri, one.owners, one.checksum, one.departure) == ("", "", 0, Departure())
    assert (one.is_void, one.in_flight, one.admin) == (False, False, None)
    assert (one.wish, one.pace) == (Wish.REGULARLY, Pace.REGULAR)
    assert (one.asked, one.turn, one.latest, one.sent, one.not_before) == (0, 0, 0, 0, 0)
    assert (one.interval, one.pending, one.offset, one.spread) == (0, 0, 0, 0)
    assert one.is_void is one.in_flight is False


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**9), st.sampled_from(list(Wish)))
def test_when_a_ping_leaves(now: int, sent: int, not_before: int, wish: Wish) -> None:
    """Never within a second of the last one, nor before the peer wants one, if nobody asks for it."""
    one = pinged()
    one.sent, one.not_before, one.wish = sent, not_before, wish
    assert one.soon(now) == max(now, sent + SOONEST)
    assert one.soon(now) <= one.first(now) <= max(now + SECOND, sent + SOONEST)
    assert one.leaves_at(now) == (now if wish.is_order else max(now, not_before))


@pytest.mark.parametrize(("mode", "there"), [("", False), ("drain", False), ("maint", True)])
def test_maintenance_lets_nobody_ping_it(mode: str, there: bool) -> None:
    """A drain is pinged; so is one of which nobody said anything."""
    assert is_maintenance(Admin(mode, 0, "", "", 0) if mode else None) == there


def test_the_row_that_is_lost_can_be_made_again() -> None:
    """What it remembers is the text of its registration's row, with the groups of its owners."""
    registered = Registration(
        7, "sip:a", {"me": Owner(0, "", None, {}, "g", 1, 2), "you": Owner(0, "", {"x": [1]}, {"fall": 3})}
    )
    one = pinged()
    one.generation, one.uri = 7, "sip:a"
    one.owners = json.dumps(registered.owners)
    assert rows.registration("sip:a", one.registration) == registered
    assert one.groups == registered.groups


def test_what_of_a_name_matters_to_its_targets() -> None:
    """Where its pings would go, and what is in force for them."""
    one = pinged()
    one.uri, one.policy = "sip:provider.example.com", Policy(DEFAULTS | {"dns_expand": 1})
    one.way = way_of("sip:provider.example.com:5060", one.uri, one.policy)
    assert one.of_name == OfName(True, one.uri, one.policy, in_maintenance=False, marks=" ")


def test_whose_trackers_it_has() -> None:
    """The numbers of their probers stand behind its groups; it has none at first."""
    one = pinged()
    assert one.trackers == ""
    one.marks = "carriers 02"
    assert one.trackers == "02"


def test_a_target_is_of_one_registration() -> None:
    """Whose generation it has; it knows at which pace it goes."""
    one = Pinged(7, 0.5, Policy(DEFAULTS))
    one.follow_pace(Pace.DOWN)
    assert (one.generation, one.place, one.pace) == (7, 0.5, Pace.DOWN)
