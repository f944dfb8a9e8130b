"""The destinations of one prober: their rate, and when each is due, whatever happens to them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules.fleet import Fleet
from keepalive_core.rules.modes import Admin
from keepalive_core.rules.parameters import PARAMETERS
from keepalive_core.rules.pinged import Seen
from keepalive_core.rules.policy import Policy
from keepalive_core.rules.record import Health
from keepalive_core.rules.rows import Behind, Owner, Registration
from keepalive_core.rules.schedule import SECOND, Wish
from keepalive_core.rules.sockets import Departure
from keepalive_core.rules.states import UP

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


def test_a_name_is_in_no_rate_and_behind_no_socket(fleet: Fleet) -> None:
    """As its addresses are pinged; it has its turn all the same, and may be a destination at any time."""
    name = seen()._replace(registered=Registration(1, "sip:provider", {"me": Owner(0, "", None)}))
    expanded, whole = (Policy({**DEFAULTS, "dns_expand": word}) for word in (1, 0))
    key = "sip:provider:5060"
    fleet.follow(key, name._replace(policy=expanded), Wish.REGULARLY, NOW)
    assert (fleet.rate, +fleet.behind) == (0, {})
    assert due(fleet, NOW + SECOND) == [key]
    fleet.change_policy(key, whole, NOW)
    assert fleet.rate == pytest.approx(1 / 30)
    fleet.change_policy(key, expanded, NOW)
    assert fleet.rate == pytest.approx(0)
    fleet.remove(key, NOW)
    assert (fleet.rate, +fleet.behind) == (pytest.approx(0), {})


def test_a_target_is_not_pinged_while_its_name_is_in_maintenance(fleet: Fleet) -> None:
    """It is asked soon when that is over."""
    one = seen()._replace(
        registered=Registration(1, "sip:provider", {}, Behind("sip:provider:5060", "sip:10.0.0.1:5060"))
    )
    key = "sip:provider:5060#10.0.0.1:5060"
    assert fleet.follow(key, one._replace(is_name_in_maintenance=True), Wish.REGULARLY, NOW).in_maintenance
    due(fleet, NOW + SECOND)
    pinged = fleet.follow(key, one, Wish.REGULARLY, NOW)
    assert (pinged.in_maintenance, pinged.wish) == (False, Wish.SOON)
    assert pinged.registration == '[1, "sip:provider", {}, ["sip:provider:5060", "sip:10.0.0.1:5060"]]'


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
    for key, pinged in fleet.items():
        pinged.asked = NOW
        fleet.plan_next(key, NOW + SECOND)
    later = NOW + 100 * SECOND
    fleet.resume(NOW + 2 * SECOND, later)
    assert 10 < len(due(fleet, later + SECOND // 2)) < 40
    assert all(pinged.asked == 0 for _, pinged in fleet.items())


def pinged(fleet: Fleet, **options: Any) -> int:
    """Have A pinged for the first time; return when."""
    fleet.follow(A, seen(**options), Wish.REGULARLY, NOW)
    assert due(fleet, NOW + SECOND) == [A]
    fleet.plan_next(A, NOW + SECOND)
    return NOW + SECOND


def pending(not_before: int = 0) -> Seen:
    """A destination of which one more ping is asked for soon."""
    known = seen(not_before=not_before, fall=3, ping_interval_pending=2)
    return known._replace(health=known.health._replace(streak=-1))


@pytest.mark.parametrize("way", ["follow", "change_policy"])
def test_a_shorter_interval_holds_at_once(fleet: Fleet, way: str) -> None:
    """The next ping comes within it, however long the one before was."""
    now = pinged(fleet, ping_interval=600)
    if way == "follow":
        fleet.follow(A, seen(ping_interval=5), Wish.REGULARLY, now)
    else:
        fleet.change_policy(A, seen(ping_interval=5).policy, now)
    assert due(fleet, now + 5 * SECOND + 10_000) == [A]


def test_a_longer_interval_holds_at_once(fleet: Fleet) -> None:
    """The next ping comes at its turn in that, and one such interval after the last turn at the latest."""
    now = pinged(fleet, ping_interval=5)
    longer = fleet.follow(A, seen(ping_interval=600, ping_jitter=10), Wish.REGULARLY, now + SECOND)
    assert (longer.turn, longer.latest) == (now, now + 660 * SECOND)
    assert due(fleet, now + 30 * SECOND) == []
    assert fleet.pings.turn(A) is not None
    fleet.plan_next(A, now + 40 * SECOND)
    assert longer.latest == now + 700 * SECOND


def test_what_was_brought_forward_stays_so(fleet: Fleet) -> None:
    """A peer that asks for no ping for a second does not cost the ping that was to come in two."""
    now = pinged(fleet, ping_interval=600)
    fleet.pings.bring_forward(A, now + 2 * SECOND)
    fleet.follow(A, seen(ping_interval=600, not_before=now + SECOND), Wish.REGULARLY, now)
    assert due(fleet, now + 2 * SECOND + 10_000) == [A]


def test_a_change_that_is_under_way_is_looked_into_soon(fleet: Fleet) -> None:
    """After the shorter interval, beside the regular turn; not before the peer wants it."""
    now = pinged(fleet, fall=3, ping_interval_pending=2)
    fleet.follow(A, pending(), Wish.REGULARLY, now)
    assert due(fleet, now + 2 * SECOND - 10_000) == []
    assert due(fleet, now + 2 * SECOND + 10_000) == [A]
    fleet.follow(A, pending(not_before=now + 9 * SECOND), Wish.REGULARLY, now + 3 * SECOND)
    assert due(fleet, now + 9 * SECOND - 10_000) == []
    assert due(fleet, now + 9 * SECOND + 10_000) == [A]


def test_a_new_registration_is_asked_for_nothing_that_the_old_one_was(fleet: Fleet) -> None:
    """What was to be asked of the old one out of turn is not: a second passes between two pings."""
    now = pinged(fleet)
    fleet.follow(A, pending(), Wish.REGULARLY, now - 3 * SECOND // 2)
    fleet[A].sent = now
    fleet.remove(A, now)
    fleet.follow(A, seen(2), Wish.SOON, now)
    assert due(fleet, now + SECOND * 9 // 10) == []
    assert due(fleet, now + SECOND + 10_000) == [A]


@pytest.mark.parametrize(("chance", "moved"), [(0.0, -25), (0.5, 0), (1.0, 25)])
def test_chance_moves_a_ping(chance: float, moved: int) -> None:
    """By half of the jitter either way: at its next turn, and if the interval changes."""
    fleet, steady = (Fleet(lambda at=at: at, lambda uri, policy: Departure()) for at in (chance, 0.5))
    for each in (fleet, steady):
        now = pinged(each, ping_interval=100, ping_jitter=50)
        each.plan_next(A, now)
    assert due(steady, now) == due(fleet, now) == []
    for interval, part in ((100, 1.0), (40, 0.4)):
        if interval != 100:
            for each in (fleet, steady):
                each.follow(A, seen(ping_interval=interval, ping_jitter=50), Wish.REGULARLY, now)
        turns = [each.pings.turn(A) for each in (fleet, steady)]
        assert turns[0] is not None
        assert turns[1] is not None
        assert turns[0] - turns[1] == pytest.approx(moved * part * SECOND, abs=20_000)


def test_what_is_kept_of_a_destination(fleet: Fleet) -> None:
    """Its registration's text can be told by a number, and whether its last ping had a verdict."""
    pinged = fleet.follow(A, seen(), Wish.REGULARLY, NOW)
    assert pinged.checksum == hash(pinged.registration)
    assert pinged.is_void is False
    for voids in (1, 2):
        known = seen()
        known = known._replace(health=known.health._replace(voids=voids))
        assert fleet.follow(A, known, Wish.REGULARLY, NOW).is_void is True


def test_how_it_leaves_follows_its_uri_and_policy() -> None:
    """Asked once for each of the two."""
    asked = []

    def departure(uri: str, policy: Policy) -> Departure:
        asked.append((uri, policy))
        return Departure(addresses=("10.0.0.1",))

    fleet, known = Fleet(lambda: 0.5, departure), seen()
    for _ in range(2):
        assert fleet.follow(A, known, Wish.REGULARLY, NOW).departure.addresses == ("10.0.0.1",)
    assert asked == [("sip:192.168.10.20", known.policy)]


def test_who_is_asked_again_after_a_change_of_address(fleet: Fleet) -> None:
    """All that leave from one of the addresses, soon, and nobody else."""
    by_key = {A: ("10.0.0.1", "10.0.0.2"), B: ("10.0.0.3",)}
    fleet = Fleet(lambda: 0.5, lambda uri, policy: Departure(addresses=by_key[f"{uri}:5060"]))
    for key in (A, B):
        known = seen(ping_interval=600)
        registered = known.registered._replace(uri=key.removesuffix(":5060"))
        fleet.follow(key, known._replace(registered=registered), Wish.REGULARLY, NOW)
    assert sorted(due(fleet, NOW + SECOND)) == [A, B]
    for key in (A, B):
        fleet.plan_next(key, NOW + SECOND)
    fleet.ask_anew({"10.0.0.2", "10.0.0.9"}, NOW + 2 * SECOND)
    assert due(fleet, NOW + 3 * SECOND + 10_000) == [A]


def test_one_that_is_pinged_while_a_change_is_under_way(fleet: Fleet) -> None:
    """The next ping comes after the shorter interval again, or when the peer wants it."""
    now = pinged(fleet, fall=3, ping_interval_pending=2)
    for not_before, wait in ((0, 2), (now + 13 * SECOND, 3)):
        fleet.follow(A, pending(not_before), Wish.REGULARLY, now)
        due(fleet, now + 4 * SECOND)
        now += 4 * SECOND
        fleet.plan_next(A, now)
        assert due(fleet, now + wait * SECOND - 10_000) == []
        assert due(fleet, now + wait * SECOND + 10_000) == [A]
        now += 2 * SECOND


def test_what_is_wished_soon_waits_for_the_peer_too(fleet: Fleet) -> None:
    """A second after the last ping, but not before the peer wants one; once it is over, nothing is left."""
    now = pinged(fleet, ping_interval=600)
    fleet.follow(A, seen(ping_interval=600, not_before=now + 9 * SECOND), Wish.SOON, now)
    assert due(fleet, now + 9 * SECOND - 10_000) == []
    assert due(fleet, now + 9 * SECOND + 10_000) == [A]
    fleet[A].wish = Wish.REGULARLY
    fleet.follow(A, pending(), Wish.REGULARLY, now + 10 * SECOND)
    fleet.follow(A, seen(ping_interval=600), Wish.REGULARLY, now + 10 * SECOND)
    assert due(fleet, now + 13 * SECOND) == []


def test_maintenance_ends_with_a_ping(fleet: Fleet) -> None:
    """Nothing was learned of it meanwhile: it is asked soon, and what was known before counts no more."""
    now = pinged(fleet, ping_interval=600)
    known = seen(ping_interval=600)
    fleet.follow(A, known._replace(admin=Admin("maint", 0, "", "", 5)), Wish.REGULARLY, now)
    fleet[A].asked = now
    assert fleet.follow(A, known, Wish.REGULARLY, now + 5 * SECOND).asked == 0
    assert fleet[A].wish is Wish.SOON
    assert due(fleet, now + 6 * SECOND) == [A]
    fleet[A].asked = now
    assert fleet.follow(A, known, Wish.REGULARLY, now + 7 * SECOND).asked == now, "it is in none now"


@pytest.mark.parametrize(("after", "place"), [(999_999, True), (1_000_000, False)])
def test_who_has_gone_is_remembered_for_a_second(fleet: Fleet, after: int, place: bool) -> None:
    """Then it is a new one, in another place, and its pings are forgotten."""
    first = fleet.follow(A, seen(), Wish.REGULARLY, NOW)
    fleet.remove(A, NOW)
    assert A not in fleet
    fleet.forget_the_gone(NOW + after)
    assert (fleet.pings.turn(A) is not None) == place
    again = fleet.follow(A, seen(2), Wish.REGULARLY, NOW + after)
    assert (again.place == first.place) == place
    assert A in fleet
    assert fleet.get(A) is fleet[A] is again
    assert json.loads(again.owners) == {"me": [0, "", None, {}, "", 0, 0, ""]}


def test_who_tracks_another_one_has_no_turn_and_is_not_counted(fleet: Fleet) -> None:
    """From the start on, or from a change on. When it tracks nothing any more it is asked in a second."""
    fleet.follow(A, seen(track=B), Wish.REGULARLY, NOW)
    fleet.follow(B, seen(track=B), Wish.REGULARLY, NOW)
    assert (fleet[A].tracks, fleet[B].tracks) == (B, "")
    assert fleet.rate == pytest.approx(1 / 30)
    assert +fleet.behind == {"": 1}
    assert due(fleet, NOW + 2 * SECOND) == [B]
    later = NOW + 2 * SECOND
    fleet.change_policy(B, seen(track=A).policy, later)
    fleet.change_policy(A, seen().policy, later)
    assert (fleet[A].tracks, fleet[B].tracks) == ("", A)
    assert +fleet.behind == {"": 1}
    assert due(fleet, later + SECOND) == [A]
    assert due(fleet, later + 1000 * SECOND) == []
    fleet.remove(B, later)
    assert fleet.rate == pytest.approx(1 / 30)


def test_what_has_all_asked_anew_passes_over_who_tracks_another_one(fleet: Fleet) -> None:
    """A pause that is over, and an address that is back; the tracker's time without evidence begins then."""
    tracker = fleet.follow(A, seen(track=B), Wish.SOON, NOW)
    assert tracker.wish is Wish.SOON, "for whoever asks the other one"
    tracker.departure = Departure(addresses=("10.0.0.1",))
    fleet.resume(NOW, NOW)
    assert tracker.asked == 0, "in a cluster another node may ask"
    tracker.asked = NOW
    fleet.ask_anew({"10.0.0.1"}, NOW)
    fleet.resume(NOW, NOW + 5 * SECOND)
    assert tracker.asked == NOW + 5 * SECOND
    assert due(fleet, NOW + 1000 * SECOND) == []
    tracker.apart = 7
    fleet.follow(A, seen(), Wish.REGULARLY, NOW)
    assert (tracker.asked, tracker.apart) == (0, 0)


def test_what_another_node_pings_has_no_turn_and_is_in_no_count(fleet: Fleet) -> None:
    """However it is registered, and over a pause; until it comes back."""
    fleet.follow(A, seen(), Wish.REGULARLY, NOW, mine=False)
    fleet.follow(B, seen(), Wish.REGULARLY, NOW)
    fleet.follow(A, seen(generation=2, ping_interval=10.0), Wish.REGULARLY, NOW, mine=False)
    fleet.change_policy(A, seen().policy, NOW)
    fleet.resume(NOW, NOW)
    fleet.ask_anew({""}, NOW)
    assert (fleet.rate, sum(fleet.behind.values())) == (pytest.approx(1 / 30), 1)
    assert due(fleet, NOW + 100 * SECOND) == [B]
    later = NOW + 100 * SECOND
    regular = later + 30 * SECOND - (later - fleet[A].offset) % (30 * SECOND)
    fleet.follow(A, seen(generation=2), Wish.REGULARLY, later)
    assert (fleet.rate, sum(fleet.behind.values())) == (pytest.approx(2 / 30), 2)
    assert due(fleet, regular - SECOND) == [], "another node has just asked it"
    assert due(fleet, regular + SECOND) == [A]


@pytest.mark.parametrize("wish", [Wish.SOON, Wish.NOW, Wish.SHOWN])
def test_who_wishes_a_ping_gets_one_whoever_has_it(fleet: Fleet, wish: Wish) -> None:
    """An operator wants to see one from here, or calls of this node fail; then it has no turn as before."""
    fleet.follow(A, seen(), Wish.REGULARLY, NOW, mine=False)
    fleet.follow(A, seen(), wish, NOW, mine=False)
    fleet.follow(A, seen(), Wish.REGULARLY, NOW, mine=False)
    assert due(fleet, NOW + SECOND) == [A]
    fleet.plan_next(A, NOW + SECOND)
    assert due(fleet, NOW + 100 * SECOND) == []


def test_what_is_taken_over_is_pinged_within_two_seconds(fleet: Fleet) -> None:
    """Evenly, not sooner than peers allow, and as soon as all of them can leave; then in its turn."""
    keys = [f"sip:192.0.2.{at}:5060" for at in range(100)]
    for key in keys:
        fleet.follow(key, seen(), Wish.REGULARLY, NOW, mine=False)
    fleet.follow(A, seen(not_before=NOW + 20 * SECOND), Wish.REGULARLY, NOW, mine=False)
    assert fleet.rate_at(NOW) == 0
    for key in (*keys, A):
        fleet.take_over(key, NOW)
    assert fleet.rate_at(NOW) == pytest.approx(101 / 30 + 101 / 2)
    halves = [due(fleet, NOW + at * SECOND) for at in (1, 2, 3, 19, 20)]
    assert abs(len(halves[0]) - 50) <= 2
    assert sorted(halves[0] + halves[1]) == sorted(keys)
    assert halves[2:] == [[], [], [A]]
    fleet.plan_next(A, NOW + 20 * SECOND)
    assert fleet.rate_at(NOW + 20 * SECOND) == fleet.rate == pytest.approx(101 / 30)
    assert due(fleet, NOW + 50 * SECOND) == [A]


def test_what_is_handed_over_keeps_an_order(fleet: Fleet) -> None:
    """Its turns are the other node's; what was ordered of this one leaves."""
    for key in (A, B):
        fleet.follow(key, seen(), Wish.REGULARLY, NOW).asked = NOW
    fleet.follow(A, seen(), Wish.NOW, NOW)
    for key in (A, B):
        fleet.hand_over(key, NOW)
    assert (fleet.rate, sum(fleet.behind.values())) == (pytest.approx(0), 0)
    assert [fleet[key].asked for key in (A, B)] == [0, 0]
    assert due(fleet, NOW + 100 * SECOND) == [A]


def test_a_name_has_its_turn_at_each_node(fleet: Fleet) -> None:
    """Each resolves for itself; of its addresses each has one owner."""
    name = seen(dns_expand=1)._replace(registered=Registration(1, "sip:provider", {"me": Owner(0, "", None)}))
    fleet.follow("sip:provider:5060", name, Wish.REGULARLY, NOW, mine=False)
    fleet.hand_over("sip:provider:5060", NOW)
    assert due(fleet, NOW + SECOND) == ["sip:provider:5060"]


def test_a_tracker_is_taken_over_without_a_ping(fleet: Fleet) -> None:
    """What it tracks is pinged."""
    fleet.follow(A, seen(track=B), Wish.REGULARLY, NOW, mine=False)
    fleet.take_over(A, NOW)
    assert due(fleet, NOW + 100 * SECOND) == []
    assert fleet.rate_at(NOW) == 0
