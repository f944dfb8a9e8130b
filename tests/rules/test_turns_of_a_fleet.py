"""The destinations of one prober, and when each is due: nothing puts a ping off but what may."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from keepalive_core.rules.fleet import Fleet, Seen
from keepalive_core.rules.modes import DRAIN, MAINT, Admin
from keepalive_core.rules.pace import Pace
from keepalive_core.rules.parameters import PARAMETERS
from keepalive_core.rules.policy import Policy
from keepalive_core.rules.record import Health
from keepalive_core.rules.rows import Owner, Registration
from keepalive_core.rules.schedule import FIRST_PING_WINDOW, SECOND, SLOT, SOONEST, Wish, phase
from keepalive_core.rules.sockets import Departure
from keepalive_core.rules.states import DOWN, UNKNOWN, UP

DEFAULTS = {name: setting.default for name, setting in PARAMETERS.items()}
A, B, C = (f"sip:192.168.10.{number}:5060" for number in (20, 21, 22))
NOW = 1000 * SECOND
HERE = Departure(addresses=("192.168.10.1",))
OWNER = Owner(0, "", None, group="g")
IN_MAINTENANCE = Admin(MAINT, 0, "", "", 1)


def policy(**options: object) -> Policy:
    """The defaults, without jitter, but for some parameters."""
    return Policy({**DEFAULTS, "ping_jitter": 0, "ping_interval_pending": 0, **options})


def seen(
    key: str = A,
    generation: int = 1,
    uses: Policy | None = None,
    known: Health | None = None,
    admin: Admin | None = None,
) -> Seen:
    """A destination as it is registered and how it is."""
    registered = Registration(generation, key, {"me": OWNER})
    return Seen(registered, uses or policy(), known or Health(generation, UP, streak=1), admin)


@pytest.fixture
def fleet() -> Fleet:
    """An empty fleet, whose chance is always in the middle."""
    return Fleet(lambda: 0.5, lambda uri, uses: HERE)


def due_after(fleet: Fleet, now: int, key: str = A) -> float:
    """In how many seconds a destination has its next ping, whether in turn or not."""
    for ticks in range(1000):
        at = now + ticks * SECOND // 10
        regular, out_of_turn = fleet.pings.take(at, 1000, 1000)
        if key in regular + out_of_turn:
            return ticks / 10
    raise AssertionError(f"{key} is never due")


def test_who_comes_is_asked_within_a_second(fleet: Fleet) -> None:
    """Each has a place of its own, which is where its first ping is in that second."""
    for number, key in enumerate((A, B, C), 1):
        pinged = fleet.follow(key, seen(key), Wish.REGULARLY, NOW)
        assert pinged.place == phase(number)
        assert fleet.pings.turn(key) == pytest.approx(NOW + pinged.place * FIRST_PING_WINDOW, abs=SLOT)
    assert len(fleet) == 3
    assert [*fleet.keys()] == [A, B, C]
    assert {key: pinged.uri for key, pinged in fleet.items()} == {A: A, B: B, C: C}
    assert A in fleet
    assert fleet[A] is fleet.get(A)
    assert fleet.get("sip:other:5060") is None


def test_what_a_target_remembers(fleet: Fleet) -> None:
    """Its registration as text and its groups, for the day when that row is lost."""
    pinged = fleet.follow(A, seen(generation=7), Wish.REGULARLY, NOW)
    assert pinged.registration.startswith('[7, "sip:192.168.10.20:5060", {"me": [0, ')
    assert pinged.groups == ("g",)
    assert pinged.departure is HERE


def test_the_rate_is_that_of_all(fleet: Fleet) -> None:
    """Who comes, changes, comes again or goes is counted once, at its interval and behind its socket."""
    fleet.follow(A, seen(A), Wish.REGULARLY, NOW)
    fleet.follow(
        B, seen(B, uses=policy(ping_interval=2, ping_socket="udp:192.168.10.1:5060")), Wish.REGULARLY, NOW
    )
    assert fleet.rate == pytest.approx(1 / 30 + 1 / 2)
    assert fleet.behind == {"": 1, "udp:192.168.10.1:5060": 1}
    fleet.change_policy(A, policy(ping_interval=10), NOW)
    fleet.follow(B, seen(B, 2), Wish.REGULARLY, NOW)
    assert fleet.rate == pytest.approx(1 / 10 + 1 / 30)
    assert +fleet.behind == {"": 2}
    fleet.remove(B, NOW)
    fleet.remove(B, NOW)
    assert fleet.rate == pytest.approx(1 / 10)
    assert +fleet.behind == {"": 1}


def test_who_comes_again_is_who_it_was(fleet: Fleet) -> None:
    """It keeps its place, and when it was pinged: deleted and added in a loop it is asked once a second."""
    pinged_once(fleet, policy(ping_interval=3600))
    before = fleet[A]
    fleet.remove(A, NOW)
    fleet.follow(B, seen(B), Wish.REGULARLY, NOW)
    after = fleet.follow(A, seen(A, 2), Wish.REGULARLY, NOW)
    assert (after.place, after.sent, after.generation) == (before.place, NOW, 2)
    assert fleet.pings.turn(A) == pytest.approx(NOW + SOONEST, abs=SLOT)


@pytest.mark.parametrize(("later", "is_forgotten"), [(SOONEST - 1, False), (SOONEST, True)])
def test_the_gone_are_forgotten(fleet: Fleet, later: int, is_forgotten: bool) -> None:
    """A second after they left, and not before; those who are back stay."""
    fleet.follow(A, seen(A), Wish.REGULARLY, NOW)
    fleet.follow(B, seen(B), Wish.REGULARLY, NOW)
    fleet.remove(A, NOW)
    fleet.remove(B, NOW)
    fleet.follow(B, seen(B, 2), Wish.REGULARLY, NOW)
    fleet.forget_the_gone(NOW + later)
    assert (fleet.pings.turn(A) is None) == is_forgotten
    assert fleet.pings.turn(B) is not None
    again = fleet.follow(A, seen(A, 3), Wish.REGULARLY, NOW + later)
    assert again.place == phase(3 if is_forgotten else 1)


def pinged_once(fleet: Fleet, uses: Policy, now: int = NOW, known: Health | None = None) -> None:
    """Have a destination of which the first turn is over."""
    pinged = fleet.follow(A, seen(uses=uses, known=known), Wish.REGULARLY, now)
    assert due_after(fleet, now) <= 1
    pinged.asked = pinged.sent = now
    fleet.plan_next(A, now)


@pytest.mark.parametrize(
    ("wish", "not_before", "seconds"),
    [
        (Wish.REGULARLY, 0, 30),
        (Wish.SOON, 0, 1),
        (Wish.NOW, 0, 1),
        # A peer that asks for no ping is left alone, but for who wants to know now.
        (Wish.SOON, 20, 20),
        (Wish.NOW, 20, 1),
        (Wish.REGULARLY, 40, 40),
    ],
)
def test_a_wish_brings_a_ping_forward(fleet: Fleet, wish: Wish, not_before: int, seconds: float) -> None:
    """A second behind the last one at the soonest."""
    pinged_once(fleet, policy())
    known = Health(1, UP, streak=1, not_before=NOW + not_before * SECOND if not_before else 0)
    pinged = fleet.follow(A, seen(known=known), wish, NOW)
    assert pinged.leaves_at(NOW) == (NOW if wish is Wish.NOW else max(NOW, known.not_before))
    # The regular one is somewhere within the interval, at its place.
    assert due_after(fleet, NOW) == pytest.approx(seconds, abs=30 if seconds == 30 else 0.11)


@pytest.mark.parametrize(("state", "streak", "pace", "seconds"), [
    (UP, 1, Pace.REGULAR, 30),
    (UP, -1, Pace.PENDING, 4),
    (DOWN, -5, Pace.DOWN, 60),
    (DOWN, 1, Pace.PENDING, 4),
])  # fmt: skip
def test_the_interval_is_that_of_its_pace(
    fleet: Fleet, state: int, streak: int, pace: Pace, seconds: float
) -> None:
    """While a change is under way it is asked out of turn, at the pending interval."""
    uses = policy(ping_interval=30, ping_interval_pending=4, ping_interval_down=60)
    known = Health(1, state, streak=streak)
    pinged_once(fleet, uses, known=known)
    assert fleet[A].pace is pace
    assert (fleet[A].pending > 0) == (pace is Pace.PENDING)
    found = due_after(fleet, NOW)
    assert found == pytest.approx(seconds, abs=0.11) if pace is Pace.PENDING else 0 < found <= seconds


def test_a_pending_interval_that_is_longer_is_its_interval(fleet: Fleet) -> None:
    """It is no reason to ask out of turn."""
    pinged_once(fleet, policy(ping_interval=30, ping_interval_pending=90), known=Health(1, UP, streak=-1))
    assert (fleet[A].interval, fleet[A].pending) == (90 * SECOND, 0)


def test_a_change_of_the_pending_interval_ends_what_was_asked(fleet: Fleet) -> None:
    """What speaks against the state no more is asked in its turn again."""
    pinged_once(fleet, policy(ping_interval=30, ping_interval_pending=4), known=Health(1, UP, streak=-1))
    fleet.follow(A, seen(uses=policy(ping_interval=30, ping_interval_pending=4)), Wish.REGULARLY, NOW)
    assert due_after(fleet, NOW) > 4.1 or fleet[A].offset % (30 * SECOND) <= 4.1 * SECOND


def test_a_longer_interval_puts_off_by_no_more_than_itself(fleet: Fleet) -> None:
    """Counted from the last turn: changed again and again, it is asked all the same."""
    pinged_once(fleet, policy(ping_interval=10))
    for second in range(1, 40):
        now = NOW + second * SECOND
        regular, _ = fleet.pings.take(now, 1000, 1000)
        if A in regular:
            assert second <= 21
            return
        fleet.change_policy(A, policy(ping_interval=20 + second % 2 / 100), now)
    raise AssertionError("never asked")


def test_who_comes_out_of_maintenance_is_asked_soon(fleet: Fleet) -> None:
    """What is known of it is as old as its maintenance is long; a drain is none."""
    pinged_once(fleet, policy())
    assert fleet.follow(A, seen(admin=IN_MAINTENANCE), Wish.REGULARLY, NOW).in_maintenance
    assert fleet[A].asked == NOW
    pinged = fleet.follow(A, seen(admin=Admin(DRAIN, 0, "", "", 1)), Wish.REGULARLY, NOW)
    assert not pinged.in_maintenance
    assert (pinged.asked, pinged.wish) == (0, Wish.SOON)
    assert due_after(fleet, NOW) == pytest.approx(1, abs=0.11)


def test_after_a_pause_all_are_asked_anew(fleet: Fleet) -> None:
    """Spread over a second, as at a start; who was due before it keeps the turn."""
    pinged_once(fleet, policy())
    fleet.follow(B, seen(B), Wish.REGULARLY, NOW)
    before = fleet.pings.turn(B)
    assert before is not None
    fleet.resume(before, NOW + 100 * SECOND)
    assert fleet.pings.turn(B) == before
    assert fleet[A].asked == fleet[B].asked == 0
    turn = fleet.pings.turn(A)
    assert turn is not None
    assert NOW + 100 * SECOND <= turn <= NOW + 101 * SECOND


@pytest.mark.parametrize(("address", "is_asked"), [("192.168.10.1", True), ("192.168.10.9", False)])
def test_an_address_that_is_back(fleet: Fleet, address: str, is_asked: bool) -> None:
    """All that leave from there are asked within a second, and nobody else."""
    pinged_once(fleet, policy(ping_interval=3600))
    before = fleet.pings.turn(A)
    fleet.ask_anew({address}, NOW)
    turn = fleet.pings.turn(A)
    assert turn is not None
    assert NOW + SOONEST <= turn <= NOW + 2 * SECOND if is_asked else turn == before


class AnyHistory(RuleBasedStateMachine):
    """Destinations come, change, go and are asked, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.chance = 0.5
        self.fleet = Fleet(lambda: self.chance, lambda uri, uses: HERE)
        self.generation = 0
        self.uses: dict[str, Policy] = {}

    @lru_cache  # noqa: B019 - a machine lives for one history
    def known_uses(self, interval: int, pending: int) -> Policy:
        """A policy, the same object for the same values, as the prober has it."""
        return policy(ping_interval=interval, ping_interval_pending=pending, ping_jitter=20)

    @rule(
        key=st.sampled_from([A, B, C]),
        is_new=st.booleans(),
        interval=st.sampled_from([1, 5, 60]),
        pending=st.sampled_from([0, 1]),
        state=st.sampled_from([UNKNOWN, UP, DOWN]),
        streak=st.integers(-2, 2),
        hold=st.sampled_from([0, 0, 30]),
        admin=st.sampled_from([None, None, IN_MAINTENANCE]),
        wish=st.sampled_from(Wish),
    )
    def it_is_looked_at(
        self,
        key: str,
        is_new: bool,
        interval: int,
        pending: int,
        state: int,
        streak: int,
        hold: int,
        admin: Admin | None,
        wish: Wish,
    ) -> None:
        """Its registration, its health or its settings have changed."""
        known = self.fleet.get(key)
        self.generation += is_new or known is None
        generation = self.generation if is_new or known is None else known.generation
        uses = self.known_uses(interval, pending)
        health = Health(generation, state, streak=streak, not_before=self.now + hold * SECOND if hold else 0)
        self.uses[key] = uses
        self.fleet.follow(key, seen(key, generation, uses, health, admin), wish, self.now)

    @rule(key=st.sampled_from([A, B, C]))
    def it_goes(self, key: str) -> None:
        """It is monitored no more."""
        self.fleet.remove(key, self.now)
        self.uses.pop(key, None)

    @rule(ago=st.integers(0, 100))
    def a_pause_is_over(self, ago: int) -> None:
        """Nobody was asked for some seconds."""
        self.fleet.resume(self.now - ago * SECOND, self.now)

    @rule()
    def an_address_is_back(self) -> None:
        """From which all leave, or nobody."""
        self.fleet.ask_anew({"192.168.10.1"}, self.now)
        self.fleet.ask_anew({"192.168.10.9"}, self.now)

    @rule(seconds=st.sampled_from([0.05, 1, 7]), chance=st.floats(0, 0.99))
    def time_passes(self, seconds: float, chance: float) -> None:
        """Who is due is asked, and has another turn."""
        self.chance = chance
        for _ in range(round(seconds * 20)):
            self.now += SECOND // 20
            self.fleet.forget_the_gone(self.now)
            in_turn, out_of_turn = self.fleet.pings.take(self.now, 100, 100)
            for key in in_turn + out_of_turn:
                if key not in self.fleet:
                    continue
                pinged = self.fleet[key]
                assert key in in_turn or self.now >= pinged.sent + SOONEST
                pinged.asked = pinged.asked or self.now
                pinged.sent, pinged.wish = self.now, Wish.REGULARLY
                self.fleet.plan_next(key, self.now)

    @invariant()
    def everybody_has_a_turn(self) -> None:
        """Within its interval and its jitter, or when the peer that asked for no ping allows it."""
        for key, pinged in self.fleet.items():
            turn = self.fleet.pings.turn(key)
            assert turn is not None
            longest = max(pinged.interval + pinged.spread, 60 * SECOND * 1.2)
            assert turn <= max(self.now + longest, pinged.not_before) + SLOT

    @invariant()
    def all_are_counted(self) -> None:
        """The rate and the numbers behind each socket are the sums over all."""
        assert self.fleet.rate == pytest.approx(sum(1 / uses.interval for uses in self.uses.values()))
        assert +self.fleet.behind == Counter(uses.socket for uses in self.uses.values())
        assert {*self.fleet.keys()} == {*self.uses}


TestAnyHistory = AnyHistory.TestCase
