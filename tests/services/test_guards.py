"""The guards: as rules, as properties, and in several processes on the fake server."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from conftest import FakeServer, ServerMachine
from keepalive_core.rules.calls import CallRules, is_call_success, judge_call
from keepalive_core.rules.guards import Uplink, damp, hold, is_least_alive, least_alive, one_more_fails
from keepalive_core.rules.health import (
    DOWN,
    UNKNOWN,
    UP,
    Health,
    Kind,
    Pace,
    Result,
    Rules,
    Transition,
    expire,
    judge,
    pace,
)
from keepalive_core.rules.schedule import SECOND
from keepalive_core.rules.shown import HOLD

NAME = "sip:gateway.example"
A, B, C = (f"sip:192.168.10.{number}" for number in (20, 21, 22))
WALL = 1_000_000

# --- flapping --------------------------------------------------------------------------------------------

FLAPPING = Rules(flap_limit=4, flap_window=60, flap_hold=30, flap_hold_max=100)


def play(results: list[tuple[float, bool]], rules: Rules = FLAPPING) -> tuple[Health, list[Any]]:
    """Judge results at times, s; return the health, and when it changed or was damped, to which state."""
    health = Health(1, UP, streak=1)
    events = []
    for at, success in results:
        now = int(at * SECOND)
        verdict = judge(health, Result(1, now, now + 1, Kind.REPLY, 200 if success else 503), rules, WALL)
        verdict = damp(health, verdict, now + 1, rules)
        health = verdict.health
        if verdict.transition in (Transition.CHANGED, Transition.DAMPED):
            events.append((at, verdict.transition, health.state))
    return health, events


def test_a_flapping_trunk_is_kept_down() -> None:
    """The fourth change within a minute is the last event for 30 s; then the next success brings it up."""
    trunk = [(at, at % 6 >= 3) for at in range(3, 45, 3)]
    health, events = play(trunk)
    changed, damped = Transition.CHANGED, Transition.DAMPED
    assert events == [
        (6, changed, DOWN),
        (9, changed, UP),
        (12, changed, DOWN),
        (15, damped, DOWN),
    ]
    damped_at_15, _ = play(trunk[:5])
    assert damped_at_15.reason.startswith("flapping: 4 changes within 60 s, kept down for 30 s: 200")
    assert health.kept_down == 45 * SECOND + 1
    assert pace(health, 40 * SECOND) is Pace.DOWN
    _, later = play([*trunk, (46, True)])
    assert later[-1] == (46, changed, UP)


def test_the_hold_doubles_and_is_forgotten() -> None:
    """30 s, then 60, then the limit of 100; a calm minute takes one doubling back, until nothing is left."""
    holds = []
    health = Health(1, UP, streak=1)
    now = SECOND
    for _ in range(4):
        while not health.kept_down > now:
            now += SECOND
            good = health.state == DOWN
            verdict = judge(health, Result(1, now, now, Kind.REPLY, 200 if good else 503), FLAPPING, WALL)
            health = damp(health, verdict, now, FLAPPING).health
        holds.append((health.kept_down - now) // SECOND)
        now = health.kept_down
    assert holds == [30, 60, 100, 100]
    level = health.flap_level
    for calm in range(5):
        later = health._replace(state=DOWN, flap_changes=3, flap_since=now + calm * 60 * SECOND)
        up = judge(
            later,
            Result(1, now + calm * 60 * SECOND, now + calm * 60 * SECOND, Kind.REPLY, 200),
            FLAPPING,
            WALL,
        )
        again = damp(later, up, now + calm * 60 * SECOND, FLAPPING).health
        held_for = again.kept_down - (now + calm * 60 * SECOND)
        assert held_for == min(100, 30 << max(0, level - calm)) * SECOND
    assert held_for == 30 * SECOND


@given(
    st.lists(st.tuples(st.integers(1, 40), st.booleans()), max_size=60),
    st.integers(2, 5),
    st.integers(1, 60),
)
def test_damping_in_any_sequence(steps: list[tuple[int, bool]], limit: int, window: int) -> None:
    """Few changes within a window; never up during a hold; never a hold over the limit."""
    rules = FLAPPING._replace(flap_limit=limit, flap_window=window)
    at, results = 1, []
    for step, success in steps:
        at += step
        results.append((at, success))
    health, events = play(results, rules)
    assert health.kept_down <= (at + 100) * SECOND + 1
    for first, (began, _, _) in enumerate(events):
        within = [event for event in events[first:] if event[0] < began + window]
        # A window may begin in the middle of one count, and end in the middle of the next.
        assert len(within) <= 2 * limit
    end = 0
    for number, _ in enumerate(results, 1):
        known, _ = play(results[:number], rules)
        if results[number - 1][0] * SECOND + 1 < end:
            assert known.state == DOWN
        end = known.kept_down
    _, undamped = play(results, Rules())
    # A hold is told once more while it is down already, and that is no change.
    changes = [event for event in events if event[1] is Transition.CHANGED]
    assert len(changes) <= len(undamped) + 1


# --- many behind one socket ------------------------------------------------------------------------------


def test_too_many_failures_hold_all_for_one_round() -> None:
    """Of 100, the 21st within ten seconds holds all for ten; for ten more, what was held may go down."""
    known = Uplink()
    for number in range(40):
        known = one_more_fails(known, 1000 * SECOND + number * SECOND // 10, 10 * SECOND, 100, 20)
        assert known.holds(1000 * SECOND + number * SECOND // 10) == (number >= 20)
    assert known.held_until == 1012 * SECOND
    assert not known.holds(1012 * SECOND)
    for second in range(1012, 1022):
        for _ in range(10):
            known = one_more_fails(known, second * SECOND, 10 * SECOND, 100, 20)
    assert known.held_until == 1012 * SECOND, "no new hold while the first one's destinations go down"
    for _ in range(30):
        known = one_more_fails(known, 1060 * SECOND, 10 * SECOND, 100, 20)
    assert known.held_until == 1070 * SECOND, "another outage is another hold"


def test_single_failures_hold_nobody() -> None:
    """A failure now and then is no mass; the only destination of a socket is its own trouble."""
    known = Uplink()
    for second in range(0, 1000, 12):
        known = one_more_fails(known, second * SECOND, 10 * SECOND, 10, 20)
    assert known.held_until == 0
    assert one_more_fails(Uplink(), SECOND, SECOND, 1, 20).held_until == 0
    first = one_more_fails(Uplink(), 100 * SECOND, 10 * SECOND, 9, 20)
    second = one_more_fails(first, 100 * SECOND, 10 * SECOND, 9, 20)
    assert (first.held_until, second.held_until) == (0, 110 * SECOND), "two of nine are more than a fifth"


@pytest.mark.parametrize(
    ("later", "failing", "held"),
    [(10, 15, True), (13, 12, True), (15, 10, False), (19, 6, False), (20, 5, False)],
)
def test_failures_of_the_interval_before_count_by_its_part(later: int, failing: float, held: bool) -> None:
    """Of ten that failed as an interval began, those count that may be less than an interval old."""
    known = Uplink()
    for _ in range(10):
        known = one_more_fails(known, 100 * SECOND, 10 * SECOND, 100, 10)
    assert not known.holds(100 * SECOND), "10 of 100 are not more than 10 percent"
    for _ in range(5):
        known = one_more_fails(known, (100 + later) * SECOND, 10 * SECOND, 100, 10)
    assert known.failing((100 + later) * SECOND, 10 * SECOND) == pytest.approx(failing)
    assert known.holds((100 + later) * SECOND) == held


@given(st.lists(st.integers(0, 30), max_size=60), st.integers(1, 50), st.integers(0, 99))
def test_a_hold_is_never_without_a_mass(gaps: list[int], behind: int, percent: int) -> None:
    """A hold begins only where so many failed within two intervals; it lasts one, and not two in a row."""
    known, now, failures = Uplink(), 100 * SECOND, []
    for gap in gaps:
        now += gap * SECOND
        failures.append(now)
        after = one_more_fails(known, now, 10 * SECOND, behind, percent)
        if after.held_until != known.held_until:
            recent = [each for each in failures if each > now - 20 * SECOND]
            assert len(recent) * 100 > percent * behind
            assert len(recent) >= 2
            assert after.held_until == now + 10 * SECOND
            assert not known.held_until or now >= known.held_until + 10 * SECOND
        known = after


def test_held_is_not_down() -> None:
    """What is held keeps its state, and is asked at the pace of a change that is under way."""
    before = Health(1, UP, streak=3)
    verdict = judge(before, Result(1, 5, 6, Kind.REPLY, 503), Rules(), WALL)
    assert verdict.health.state == DOWN
    kept = hold(before, verdict)
    assert (kept.health.state, kept.health.streak, kept.transition) == (UP, -1, Transition.HELD)
    assert kept.health.since == 0
    assert pace(kept.health, 6) is Pace.PENDING


# --- groups ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "number", "least"),
    [("0", 5, 0), ("2", 5, 2), ("9", 5, 5), ("50%", 5, 3), ("1%", 5, 1), ("100%", 5, 5)],
)
def test_how_many_have_to_answer(text: str, number: int, least: int) -> None:
    """A number, or a percentage that is rounded up; never more than there are."""
    assert is_least_alive(text)
    assert least_alive(text, number) == least


@pytest.mark.parametrize("text", ["", "-1", "101%", "half", "1.5", "5 %", "%"])
def test_what_is_no_number_of_members(text: str) -> None:
    """Anything else is refused."""
    assert not is_least_alive(text)


class GuardedGroup(ServerMachine):
    """Three members of a group, whatever happens to them, in three processes."""

    @initialize(unknown_as=st.sampled_from(["up", "down", "error"]))
    def begin(self, unknown_as: str) -> None:
        """Three processes, three destinations."""
        self.server.define("unknown_as", unknown_as)
        self.faces = [self.server.process() for _ in range(3)]
        self.modes = dict.fromkeys((A, B, C), "ready")
        self.members = {A, B, C}
        for place, uri in enumerate((A, B, C)):
            self.add(uri, place)

    def add(self, uri: str, process: int) -> None:
        """Add a member."""
        options = {"group_min_alive": 1, "ping_interval": 1, "drain_codes": "480", "drain_time": 5}
        assert (
            self.faces[process].add_destination(uri, "guard", group="g", priority=ord(uri[-1]), **options)
            == 0
        )

    @rule(uri=st.sampled_from([A, B, C]), alive=st.booleans(), process=st.integers(0, 2))
    def traffic_reports(self, uri: str, alive: bool, process: int) -> None:
        """A state changes."""
        face = self.faces[process]
        (face.report_success if alive else face.report_failure)(uri, "seen")

    @rule(
        uri=st.sampled_from([A, B, C]),
        mode=st.sampled_from(["ready", "drain", "maint"]),
        process=st.integers(0, 2),
    )
    def an_administrator_decides(self, uri: str, mode: str, process: int) -> None:
        """One is taken out or put back."""
        if uri in self.members:
            assert self.faces[process].set_admin(uri, mode) == 0
            self.modes[uri] = mode

    @rule(uri=st.sampled_from([A, B, C]), process=st.integers(0, 2))
    def one_comes_or_goes(self, uri: str, process: int) -> None:
        """One is deleted, or added again."""
        if uri in self.members:
            assert self.faces[process].del_destination(uri, "guard") == 0
            self.members.remove(uri)
        else:
            self.add(uri, process)
            self.members.add(uri)
        self.modes[uri] = "ready"

    @rule(seconds=st.sampled_from([0.5, 3]), code=st.sampled_from([200, 480, 503]))
    def pings_are_answered(self, seconds: float, code: int) -> None:
        """All are answered with one code: up, down or drained."""
        self.server.answer(code, seconds)

    @invariant()
    def somebody_answers(self) -> None:
        """As long as anybody is left to an operator, someone answers 1; and no more are held than needed."""
        if not self.faces:
            return
        available = [uri for uri in self.members if self.modes[uri] == "ready"]
        for face in self.faces:
            answering = [uri for uri in self.members if face.is_alive(uri) == 1]
            assert bool(answering) == bool(available)
            assert set(face.alive("g")) == set(answering)
        held_up = [uri for uri in self.members if "group_min_alive" in self.faces[0].info(uri)["held"]]
        assert len(held_up) <= 1
        assert not held_up or answering == held_up


GuardedGroup.TestCase.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
TestGuardedGroup = GuardedGroup.TestCase


def test_a_held_destination_is_told_of_once(keepalive: ModuleType, server: FakeServer) -> None:
    """One line when the best one is kept answering, one when it is over; info says so, its state is down."""
    for uri, priority in ((A, 1), (B, 2)):
        keepalive.add_destination(
            uri, "me", group="g", priority=priority, group_min_alive="50%", ping_interval=1
        )
    server.answer(200, 3)
    server.answer(503, 5)
    assert (keepalive.state(A), keepalive.state(B)) == (2, 2)
    assert (keepalive.is_alive(A), keepalive.is_alive(B)) == (2, 1)
    assert keepalive.alive("g") == [B]
    assert keepalive.is_group_alive("g") == 1
    assert keepalive.info(B)["held"] == ["group_min_alive"]
    server.answer(200, 3)
    assert keepalive.info(B)["held"] == []
    assert [line.split("group g: ")[1] for line in server.ksr.lines("warn")] == [
        "only 0 of 2 would answer, so these are kept answering, whatever their state (group_min_alive): " + B,
        "1 answer of their own again",
    ]
    assert all(shown < HOLD for shown in server.ksr.tables["keepalive_state"].values())


def test_group_min_alive_at_run_time(keepalive: ModuleType, server: FakeServer) -> None:
    """An operator turns it on while all are down, and off again."""
    keepalive.add_destination(A, "me", group="g", ping_interval=1)
    server.answer(503, 3)
    assert keepalive.is_alive(A) == 2
    server.ksr.settings["group_min_alive"] = "1"
    server.answer(503, 2)
    assert keepalive.is_alive(A) == 1
    server.ksr.settings["group_min_alive"] = "0"
    server.answer(503, 2)
    assert keepalive.is_alive(A) == 2
    assert all(shown < HOLD for shown in server.ksr.tables["keepalive_state"].values())


# --- calls -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "success"),
    [
        (100, None),
        (183, None),
        (200, True),
        (302, True),
        (401, True),
        (404, True),
        (408, False),
        (480, True),
        (486, True),
        (487, True),
        (500, False),
        (503, False),
        (603, True),
    ],
)
def test_what_a_code_says(code: int, success: bool | None) -> None:
    """408 and 5xx are the destination's trouble, a callee's word is a sign of life, 1xx says nothing yet."""
    assert is_call_success(code) is success


CALLS = CallRules("on", least=4, window=10)


def call(health: Health, *codes: int, at: float = 100, calls: CallRules = CALLS) -> Any:
    """Judge replies to calls, a tenth of a second apart; return the last verdict."""
    verdict = None
    for number, code in enumerate(codes):
        verdict = judge_call(health, code, int((at + number / 10) * SECOND), Rules(fall=2), calls, WALL)
        health = verdict.health
    assert verdict is not None
    return verdict


def test_too_few_calls_take_nothing_down() -> None:
    """Three failures with a fall of 2 wait for a ping, which completes them or takes them back."""
    verdict = call(Health(1, UP, streak=9), 503, 503, 503)
    assert (verdict.health.state, verdict.health.streak, verdict.transition) == (UP, -3, Transition.PENDING)
    bad = judge(verdict.health, Result(1, 200 * SECOND, 200 * SECOND, Kind.REPLY, 500), Rules(fall=2), WALL)
    assert bad.health.state == DOWN
    good = judge(verdict.health, Result(1, 200 * SECOND, 200 * SECOND, Kind.REPLY, 200), Rules(fall=2), WALL)
    assert (good.health.state, good.health.streak) == (UP, 1)


def test_enough_calls_take_it_down_though_pings_go_well() -> None:
    """Four failures of four: down, and no ping brings it up before the window has passed."""
    health = Health(1, UP, streak=9)
    for at in (100, 101, 102, 103):
        verdict = call(health, 503, at=at)
        health = verdict.health
        ping = Result(1, (at * 10 + 5) * SECOND // 10, (at * 10 + 5) * SECOND // 10, Kind.REPLY, 200)
        health = judge(health, ping, Rules(fall=2), WALL).health
    assert verdict.transition is Transition.CHANGED
    assert verdict.health.reason == "4 of 4 calls failed within 10 s, the last with 503"
    assert health.state == DOWN
    for at, state in ((110, DOWN), (113, UP)):
        health = judge(health, Result(1, at * SECOND, at * SECOND, Kind.REPLY, 200), Rules(), WALL).health
        assert health.state == state


def test_calls_that_go_well_speak_for_it() -> None:
    """With one of four good, it stays; old calls are forgotten."""
    assert call(Health(1, UP), 200, 503, 503, 503, 503).health.state == UP
    first = call(Health(1, UP), 503, 503).health
    assert call(first, 503, 503, at=120).health.state == UP


def test_shadow_and_off() -> None:
    """Shadow counts and says what would have been; off does nothing at all."""
    verdict = call(Health(1, UP, streak=2), 503, 503, 503, 503, calls=CALLS._replace(mode="shadow"))
    assert (verdict.transition, verdict.health.state, verdict.health.streak) == (Transition.SHADOW, UP, 2)
    assert (verdict.health.shadow_downs, verdict.health.failed) == (1, 0)
    assert verdict.remark.startswith("4 of 4 calls failed")
    health = Health(1, UP, streak=2)
    assert call(health, 503, 503, 503, 503, calls=CALLS._replace(mode="off")).health == health


@given(
    st.lists(st.tuples(st.integers(0, 5), st.sampled_from([100, 200, 404, 408, 486, 503, 603])), max_size=50)
)
def test_calls_in_any_sequence(steps: list[tuple[int, int]]) -> None:
    """Calls alone take it down only after enough failures within a window; only final codes count."""
    health, at, failures = Health(1, UP, streak=1), 100 * SECOND, []
    for step, code in steps:
        at += step * SECOND
        before = health
        verdict = judge_call(health, code, at, Rules(fall=2), CALLS, WALL)
        health = verdict.health
        if code in (408, 503):
            failures.append(at)
        if before.state == UP and health.state == DOWN:
            assert verdict.transition is Transition.CHANGED
            assert len([each for each in failures if each >= at - 10 * SECOND]) >= 4
        if code == 100:
            assert health == before
        # Only a call that goes well and comes after the hold brings it up.
        if before.state == DOWN and health.state == UP:
            assert code in (200, 404, 486, 603)
            assert at >= before.kept_down
    assert health.state in (UP, DOWN)
    assert health.ok + health.failed == len([code for _, code in steps if code != 100])


def test_report_reply(keepalive: ModuleType, server: FakeServer) -> None:
    """In a route: enough 503 take it down, one brings the next ping forward, what is no code is refused."""
    keepalive.add_destination(A, "me", ping_interval=3600, passive_min=3)
    server.answer(200, 3)
    before = len(server.ksr.sent)
    assert keepalive.report_reply(A, 503) == 0
    server.answer(200, 2)
    assert len(server.ksr.sent) == before + 1
    assert keepalive.report_reply(A, 503) == keepalive.report_reply(A, 503) == 0
    assert keepalive.state(A) == 2
    assert keepalive.info(A)["kept_down_until"] > 0
    server.answer(200, 30)
    assert keepalive.state(A) == 2
    for bad in (99, 700, "503", None):
        assert keepalive.report_reply(A, bad) == -1
    assert "no code of a reply" in server.ksr.lines("err")[-1]
    assert keepalive.report_reply(B, 200) == -1


def test_no_ping_while_calls_go_well(keepalive: ModuleType, server: FakeServer) -> None:
    """A call that went well is as good as a ping; a failing one makes it be asked again."""
    keepalive.add_destination(A, "me", ping_interval=1, ping_skip_if_fresh=10, stale_after=15)
    server.answer(200, 3)
    keepalive.report_reply(A, 200)
    server.answer(200, 1)
    before = len(server.ksr.sent)
    server.answer(200, 8)
    assert len(server.ksr.sent) == before
    assert keepalive.state(A) == 1, "not stale either"
    server.answer(200, 3)
    assert len(server.ksr.sent) > before
    for ask in (lambda: keepalive.report_reply(A, 503), lambda: keepalive.ping_now(A)):
        keepalive.report_reply(A, 200)
        before = len(server.ksr.sent)
        server.answer(200, 2)
        assert len(server.ksr.sent) <= before + 1, "one may have been on its way"
        before = len(server.ksr.sent)
        ask()
        server.answer(200, 2)
        assert len(server.ksr.sent) > before


# --- our own fault ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("alone", [True, False])
def test_a_standstill_is_a_witness_if_it_was_the_servers(
    keepalive: ModuleType, server: FakeServer, alone: bool
) -> None:
    """After 20 s in which the server stood still nobody is down or stale, and the pings are void.

    A prober that stood still alone, as for a name's records, kept nobody from answering: silence counts.
    """
    for uri in (A, B):
        keepalive.add_destination(uri, "me", ping_interval=5, ping_timeout=1000, stale_after=10)
    server.answer(200, 6)
    before = len(server.ksr.sent)
    while len(server.ksr.sent) < before + 2:
        server.tick()
    server.ksr.handlers.ksr_keepalive_watch(None)
    for _ in range(200):
        server.now += SECOND // 10
        if alone:
            server.ksr.handlers.ksr_keepalive_watch(None)
    server.tick()
    assert {keepalive.state(uri) for uri in (A, B)} == {2 if alone else 1}
    assert {keepalive.info(uri)["void"] for uri in (A, B)} == {0 if alone else 1}
    assert keepalive.info(A)["failed"] == int(alone)
    assert keepalive.info(A)["last_reason"].endswith(" ms: this server stood still") != alone
    [line] = server.ksr.lines("warn")
    assert "a prober stood still for 20.1 s: it sent no pings meanwhile" in line
    server.answer(200, 6)
    assert {keepalive.state(uri) for uri in (A, B)} == {1}


@given(
    st.integers(0, 3),
    st.integers(-5, 5),
    st.sampled_from([Kind.UNHEARD, Kind.UNSENT]),
    st.integers(50, 32_000),
    st.integers(0, 100_000_000),
)
def test_a_void_ping_changes_nothing(state: int, streak: int, kind: Kind, timeout: int, elapsed: int) -> None:
    """Whatever is known, silence that this server would not have heard changes nothing but its own count."""
    known = Health(1, min(state, DOWN), streak=streak, ok=3, failed=4)
    result = Result(1, 10, 10 + elapsed, kind, reason="this server stood still")
    verdict = judge(known, result, Rules(timeout=timeout), WALL)
    assert verdict.transition is Transition.VOID
    assert verdict.health == known._replace(judged=10, void=1, voids=1, reason=f"no verdict: {result.why()}")


def test_without_memory_for_a_ping_nobody_is_down(keepalive: ModuleType, server: FakeServer) -> None:
    """A ping that could not be sent for want of shared memory is void; one to a dead name is a failure."""
    keepalive.add_destination(NAME, "me", ping_interval=1)
    server.answer(200, 3)
    server.ksr.unresolvable.add(NAME)
    server.ksr.room_left = 0
    server.tick(3)
    assert keepalive.state(NAME) == 1
    assert keepalive.info(NAME)["void"] >= 2
    assert len([line for line in server.ksr.lines("err") if "shared memory is full" in line]) == 1
    server.ksr.room_left = None
    server.tick(3)
    assert keepalive.state(NAME) == 2


def test_mass_failure(server: FakeServer) -> None:
    """Ten behind one socket fail at once: the first are down, the others a round later."""
    server.define("mass_failure", "20")
    keepalive = server.process()
    ours = [f"sip:192.168.20.{number}" for number in range(10)]
    for uri in ours:
        keepalive.add_destination(uri, "me", ping_interval=10, ping_socket="udp:10.0.0.1:5060")
    keepalive.add_destination(A, "me", ping_interval=10)
    server.answer(200, 12)
    server.answer(503, 10)
    assert [keepalive.state(uri) for uri in ours].count(2) == 2
    assert keepalive.state(A) == 2
    held_up = [uri for uri in ours if keepalive.info(uri)["held"] == ["mass_failure"]]
    assert len(held_up) == 8
    [line] = [line for line in server.ksr.lines("warn") if "mass_failure" in line]
    assert "behind udp:10.0.0.1:5060 began to fail within 10 s" in line
    server.answer(503, 12)
    assert {keepalive.state(uri) for uri in ours} == {2}
    server.answer(200, 12)
    assert {keepalive.state(uri) for uri in ours} == {1}
    assert len([line for line in server.ksr.lines("warn") if "mass_failure" in line]) == 1


def test_unknown_is_not_flapping() -> None:
    """The first result is no change that counts."""
    verdict = judge(Health(1), Result(1, 5, 6, Kind.REPLY, 503), FLAPPING, WALL)
    assert damp(Health(1, UNKNOWN), verdict, 6, FLAPPING) == verdict


def test_what_nobody_hears_of_does_not_flap() -> None:
    """However often a destination becomes unknown, as this server hears nothing, it is not kept down."""
    known = Health(1)
    for step in range(1, 20):
        now = step * SECOND
        answered = judge(known, Result(1, now - 5, now, Kind.REPLY, 200), FLAPPING, WALL)
        known = damp(known, answered, now, FLAPPING).health
        assert known.state == UP
        known = damp(known, expire(known, "nothing is heard", WALL), now, FLAPPING).health
        assert (known.state, known.flap_changes) == (UNKNOWN, 0)
