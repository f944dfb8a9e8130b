"""Evidence, judged and guarded as a whole: properties of any history, and near misses of each guard."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence_at_random import CALLS, CRITERIA, START, evidence_at, made
from keepalive_core.rules.calls import CallCriteria
from keepalive_core.rules.criteria import Criteria
from keepalive_core.rules.deciding import Decision, Facts, concerns_prober, decide, is_failure
from keepalive_core.rules.evidence import (
    Call,
    Evidence,
    Kind,
    Mismatch,
    OfTargets,
    OfTracked,
    Report,
    Result,
)
from keepalive_core.rules.judging import Transition, judge
from keepalive_core.rules.mass_failure import Threshold, Uplink, count_failure
from keepalive_core.rules.pace import is_kept_down, pace
from keepalive_core.rules.record import Health
from keepalive_core.rules.schedule import SECOND
from keepalive_core.rules.states import DOWN, UNKNOWN, UP

WALL = 1_700_000_000


def see(before: Health, evidence: Evidence, facts: Facts, decision: Decision) -> None:
    """Say what is true of every decision."""
    after, transition, now = decision.health, decision.transition, evidence.at
    if transition is Transition.STALE:
        assert (after, decision.uplink) == (before, None), "nothing is to be written"
        return
    # A change of state is one, and nothing else is.
    assert (after.state != before.state) == (transition is Transition.CHANGED)
    assert (after.since != before.since) <= (transition is Transition.CHANGED)
    assert after.generation == before.generation
    # No guard lets anybody up that is kept down, and only a call or a flap keeps one down.
    if is_kept_down(before, now):
        assert after.state != UP
    if after.kept_down != before.kept_down:
        assert after.state == DOWN
        assert now < after.kept_down <= now + max(facts.criteria.flap_hold_max, facts.calls.window) * SECOND
    # Who is frozen does not go down; who is not goes down as if there were no guard.
    uplink = decision.uplink or facts.uplink
    if uplink and uplink.is_frozen(now) and before.state == UP:
        assert after.state != DOWN
    if transition is Transition.FROZEN:
        assert uplink
        assert uplink.is_frozen(now)
        assert (before.state, after.state) == (UP, UP)
        assert -after.streak >= 1
        assert after.kept_down == before.kept_down
        assert after.flap_changes == before.flap_changes, "what does not happen is no flap"
    if transition is Transition.DAMPED:
        assert (before.state, after.state) == (DOWN, DOWN)
        assert facts.criteria.flap_limit
    # A socket's failures are counted once for each destination that begins to fail.
    if decision.uplink:
        assert facts.uplink
        assert before.streak >= 0 > after.streak
        assert is_failure(evidence, facts.criteria, facts.calls)
    elif facts.uplink and before.state == UP and before.streak >= 0 > after.streak:
        raise AssertionError("a failure behind the socket was not counted")
    # What the prober is not told changes no ping.
    if not concerns_prober(before, after, facts.criteria, evidence):
        assert (after.not_before, after.drain_until) == (before.not_before, before.drain_until)
        assert pace(after, now) is pace(before, now)


@settings(max_examples=150)
@given(
    st.lists(st.tuples(evidence_at, st.sampled_from([1, 1, 1, 5, 31])), max_size=40),
    CRITERIA,
    CALLS,
    st.booleans(),
    st.sampled_from([0, 1, 3]),
)
def test_any_history(
    history: list[tuple[tuple[Any, ...], int]],
    criteria: Criteria,
    calls: CallCriteria,
    is_guarded: bool,
    others: int,
) -> None:
    """Whatever comes in, in any order, with any criteria: what is said in see() holds at each step."""
    now, health, uplink = START, Health(1), Uplink() if is_guarded else None
    threshold = Threshold(10 * SECOND, 10, 20)
    for number, (what, seconds) in enumerate(history):
        now += seconds * SECOND
        evidence = made(what, now)
        facts = Facts(criteria, calls, WALL + number, uplink, threshold)
        decision = decide(health, evidence, facts)
        see(health, evidence, facts, decision)
        assert Health.from_text(decision.health.text()) == decision.health
        health, uplink = decision.health, decision.uplink or uplink
        for _ in range(others if uplink else 0):
            # Others behind the socket begin to fail at the same time.
            uplink = count_failure(uplink or Uplink(), now, threshold)


def test_without_guards_it_is_the_verdict_of_judge() -> None:
    """A ping's result on which no guard has a word is what judge() says, and no socket changes."""
    before = Health(1, UP, streak=3)
    for code in (200, 503):
        result = Result(1, START, START + 5000, Kind.REPLY, code)
        decision = decide(before, result, Facts(Criteria(), wall=WALL))
        assert decision == (*judge(before, result, Criteria(), WALL), None, None)


FLAPPING = Criteria(flap_limit=2, flap_window=60, flap_hold=10, flap_hold_max=40)
FROZEN = Uplink(START, 9, 0, frozen_until=START + 5 * SECOND)
BEFORE = Health(1, UP, streak=3, since=WALL - 9, flap_since=START - 30 * SECOND, flap_changes=1)
BAD = Report(False, "seen", START + SECOND)
FACTS = Facts(FLAPPING, CallCriteria(), WALL, None, Threshold(10 * SECOND, 100, 20))

# What differs in one thing from a failure that takes a flapping destination behind a frozen socket down.
NEAR_MISSES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any], Transition, int]] = {
    "frozen": ({}, {}, {"uplink": FROZEN}, Transition.FROZEN, UP),
    "frozen until now": (
        {},
        {},
        {"uplink": FROZEN._replace(frozen_until=BAD.at)},
        Transition.CHANGED,
        DOWN,
    ),
    "a moment before that": (
        {},
        {},
        {"uplink": FROZEN._replace(frozen_until=BAD.at + 1)},
        Transition.FROZEN,
        UP,
    ),
    "no mass_failure": ({}, {}, {}, Transition.CHANGED, DOWN),
    "down already": ({"state": DOWN, "streak": -1}, {}, {"uplink": FROZEN}, Transition.UNCHANGED, DOWN),
    "unknown": ({"state": UNKNOWN}, {}, {"uplink": FROZEN}, Transition.CHANGED, DOWN),
    "a success": ({}, {"success": True}, {"uplink": FROZEN}, Transition.UNCHANGED, UP),
    "not often enough": (
        {},
        {},
        {"uplink": FROZEN, "criteria": FLAPPING._replace(fall=2)},
        Transition.PENDING,
        UP,
    ),
    "it comes back": ({"state": DOWN, "streak": -1}, {"success": True}, {}, Transition.DAMPED, DOWN),
    "a change too few": (
        {"state": DOWN, "streak": -1, "flap_changes": 0},
        {"success": True},
        {},
        Transition.CHANGED,
        UP,
    ),
    "in another window": (
        {"state": DOWN, "streak": -1, "flap_since": BAD.at - 60 * SECOND - 1},
        {"success": True},
        {},
        Transition.CHANGED,
        UP,
    ),
    "at the end of the window": (
        {"state": DOWN, "streak": -1, "flap_since": BAD.at - 60 * SECOND},
        {"success": True},
        {},
        Transition.DAMPED,
        DOWN,
    ),
    "kept down": (
        {"state": DOWN, "streak": 5, "kept_down": BAD.at + 1},
        {"success": True},
        {},
        Transition.UNCHANGED,
        DOWN,
    ),
    "kept down until now": (
        {"state": DOWN, "streak": 5, "kept_down": BAD.at, "flap_changes": 0},
        {"success": True},
        {},
        Transition.CHANGED,
        UP,
    ),
}


@pytest.mark.parametrize("name", NEAR_MISSES)
def test_each_guard_has_its_edge(name: str) -> None:
    """A guard acts in its own case, and in none that differs from it by one thing."""
    known, evidence, facts, transition, state = NEAR_MISSES[name]
    decision = decide(BEFORE._replace(**known), BAD._replace(**evidence), FACTS._replace(**facts))
    assert (decision.transition, decision.health.state) == (transition, state)
    if transition is Transition.FROZEN:
        assert decision.health.since == BEFORE.since
        assert decision.health.flap_changes == BEFORE.flap_changes


@pytest.mark.parametrize("mode", ["shadow", "on"])
def test_a_long_history_has_all_steps(mode: str) -> None:
    """In a history in which much goes wrong each kind of step is taken, the guards' ones often."""
    chance = random.Random(13)
    words: list[tuple[Any, ...]] = [
        *[("reply", code, 0) for code in (200, 200, 200, 404, 480, 503)],
        ("reply", 503, 7),
        *[("end", kind) for kind in Kind if kind is not Kind.REPLY],
        *[("call", code) for code in (200, 503, 503)],
        *[("report", False), ("expiry",), ("drain",), ("mismatch",)],
    ]
    criteria = Criteria(rise=2, timeout=1000, drain_codes=((480, 480),), drain_time=5, most_drain=10)
    criteria = criteria._replace(flap_limit=3, flap_window=60, flap_hold=5, flap_hold_max=20)
    threshold = Threshold(10 * SECOND, 10, 20)
    now, health, uplink = START, Health(1), Uplink()
    steps: Counter[Transition] = Counter()
    for number in range(3000):
        now += chance.choice((1, 1, 5)) * SECOND
        if chance.random() < 0.3:
            uplink = count_failure(uplink, now, threshold)
        evidence = made(chance.choice(words), now)
        facts = Facts(criteria, CallCriteria(mode, 2, 10), WALL + number, uplink, threshold)
        decision = decide(health, evidence, facts)
        see(health, evidence, facts, decision)
        steps[decision.transition] += 1
        health, uplink = decision.health, decision.uplink or uplink
    # Nothing is held without a cluster.
    rare = {Transition.HELD} | ({Transition.SHADOW} if mode == "on" else set())
    assert {step for step, times in steps.items() if times >= 10} | rare == set(Transition), steps


@pytest.mark.parametrize(
    ("known", "success", "is_counted"),
    [
        ({"streak": 3}, False, True),
        ({"streak": 0}, False, True),
        ({"streak": -1}, False, False),
        ({"streak": 3}, True, False),
        ({"state": DOWN, "streak": 3}, False, False),
        ({"state": UNKNOWN, "streak": 0}, False, False),
    ],
    ids=["up", "up since a restart", "failing already", "a success", "down", "unknown"],
)
def test_who_begins_to_fail_is_counted_once(known: dict[str, int], success: bool, is_counted: bool) -> None:
    """A socket counts a destination that is up and fails for the first time, and nothing else."""
    facts = FACTS._replace(criteria=Criteria(fall=5), uplink=Uplink(START, 1))
    decision = decide(BEFORE._replace(**known), BAD._replace(success=success), facts)
    assert decision.uplink == (Uplink(START, 2) if is_counted else None)


@pytest.mark.parametrize(
    ("before", "after", "is_told"),
    [
        ({}, {}, False),
        ({}, {"streak": 9, "ok": 9, "latency": 9}, False),
        ({}, {"not_before": 5}, True),
        ({"not_before": 5}, {"not_before": 0}, True),
        ({}, {"drain_until": 5}, True),
        ({}, {"streak": -1}, True),
        ({}, {"state": DOWN, "streak": -1}, True),
        ({"streak": -1}, {"streak": -2}, False),
        ({"voids": 1}, {"voids": 2}, True),
        ({"voids": 2}, {"voids": 3}, True),
        ({"voids": 3}, {"voids": 4}, False),
        ({"voids": 8}, {"voids": 9}, False),
        ({"voids": 3}, {"voids": 0}, True),
        ({"state": DOWN, "streak": -6}, {"state": DOWN, "streak": -7}, True),
        ({"state": DOWN, "streak": -5}, {"state": DOWN, "streak": -6}, False),
    ],
)
def test_what_the_prober_is_told(before: dict[str, int], after: dict[str, int], is_told: bool) -> None:
    """What moves the next ping, the first void pings up to one more than fall, and who is given up."""
    known = Health(1, UP, streak=3)
    changed = known._replace(**before), known._replace(**{**before, **after})
    assert concerns_prober(*changed, Criteria(fall=2, remove_after=7), Mismatch(START)) == is_told


def test_no_guard_holds_up_a_name() -> None:
    """It follows its targets, which have their own: neither a mass failure nor flapping keeps its state."""
    frozen = Uplink(frozen_until=START + 9 * SECOND)
    facts = Facts(Criteria(flap_limit=2), wall=7, uplink=frozen, threshold=Threshold(1, SECOND, SECOND))
    known = Health(1, UP, streak=3, flap_since=START, flap_changes=5)
    decision = decide(known, OfTargets(DOWN, "0 of 2 targets up", START), facts)
    assert (decision.health.state, decision.transition) == (DOWN, Transition.CHANGED)
    assert decision.uplink is None


@pytest.mark.parametrize(
    ("after", "is_told"),
    [
        ({"not_before": 5}, False),
        ({"streak": -1}, False),
        ({"state": DOWN, "streak": -1}, False),
        ({"drain_until": 5}, True),
        ({"voids": 1}, True),
        ({"streak": -7}, True),
    ],
)
def test_what_the_prober_of_a_tracker_is_told(after: dict[str, int], is_told: bool) -> None:
    """It has no ping that could be moved; drains, voids and an end of its registration it has."""
    known = Health(1, UP, streak=3)
    evidence = OfTracked(Result(9, START, START, Kind.TIMEOUT))
    criteria = Criteria(fall=2, remove_after=7)
    assert concerns_prober(known, known._replace(**after), criteria, evidence) == is_told


@pytest.mark.parametrize("is_frozen", [False, True])
def test_what_a_ping_of_another_one_showed_is_judged_as_its_own(is_frozen: bool) -> None:
    """Of whichever registration it was. No socket counts it, and what keeps the other one up keeps it up."""
    known = Health(1, UP, newest_sent=START, streak=3)
    failure = OfTracked(Result(9, START + 5, START + 9, Kind.TIMEOUT), is_frozen)
    facts = Facts(Criteria(), wall=WALL)
    decision = decide(known, failure, facts)
    own = judge(known, Result(1, START + 5, START + 9, Kind.TIMEOUT), facts.criteria, WALL)
    assert failure.at == START + 9
    assert decision.health.reason == own.health.reason
    assert decision.transition is (Transition.FROZEN if is_frozen else Transition.CHANGED)
    assert decision.health.state == (UP if is_frozen else DOWN)
    assert decision.health.newest_sent == START + 5
    assert decision.uplink is None
    assert not is_failure(failure, facts.criteria, facts.calls)
    assert decide(decision.health, failure, facts).transition is Transition.STALE


def test_what_is_frozen_does_as_it_is_told_otherwise() -> None:
    """A success, and a failure that is not the last one, are what they are."""
    known = Health(1, UP, newest_sent=START, streak=3)
    for fall, kind, code, streak in ((1, Kind.REPLY, 200, 4), (2, Kind.LOST, 0, -1)):
        of_other = OfTracked(Result(9, START + 5, START + 9, kind, code), is_frozen=True)
        after = decide(known, of_other, Facts(Criteria(fall=fall), wall=WALL)).health
        assert (after.state, after.streak) == (UP, streak)


FOUND = OfTargets(DOWN, "0 of 2 targets up", START + 9, is_turn=True)


@pytest.mark.parametrize(
    ("before", "found", "after"),
    [
        ({}, {}, (UP, -1, Transition.PENDING)),
        ({"streak": -1}, {}, (DOWN, -2, Transition.CHANGED)),
        ({"state": UNKNOWN, "streak": 0}, {}, (DOWN, -1, Transition.CHANGED)),
        ({}, {"is_turn": False}, (UP, -1, Transition.PENDING)),
        ({}, {"state": UP}, (UP, 4, Transition.UNCHANGED)),
        ({}, {"state": UP, "is_turn": False}, (UP, 3, Transition.STALE)),
        ({}, {"state": UP, "is_turn": False, "drain_until": 7}, (UP, 4, Transition.UNCHANGED)),
        ({"drain_until": 5}, {"state": UP, "is_turn": False, "drain_until": 7}, (UP, 3, Transition.STALE)),
        ({"state": DOWN, "streak": -3}, {"state": UP, "is_turn": False}, (UP, 1, Transition.CHANGED)),
        ({}, {"state": UNKNOWN}, (UNKNOWN, 0, Transition.CHANGED)),
        ({}, {"at": START}, (UP, 3, Transition.STALE)),
    ],
)
def test_what_is_found_of_a_name_counts_for_who_tracks_it(
    before: dict[str, int], found: dict[str, Any], after: tuple[int, int, Transition]
) -> None:
    """By its own rise and fall; each turn of the name counts, and between them what is news to it."""
    known = Health(1, UP, newest_sent=START, streak=3, voids=1)._replace(**before)
    decision = decide(known, OfTracked(FOUND._replace(**found)), Facts(Criteria(fall=2), wall=WALL))
    assert (decision.health.state, decision.health.streak, decision.transition) == after
    if decision.transition is not Transition.STALE:
        assert decision.health.reason == FOUND.reason
        assert decision.health.newest_sent == START + 9
        was = known.drain_until
        assert decision.health.drain_until == (0 if not found.get("drain_until") else was or 7)


def test_who_is_counted_with_what_is_found_of_a_name() -> None:
    """Successes and failures, as of pings."""
    known = Health(1, UP, newest_sent=START, streak=3)
    for state, counted in ((UP, (1, 0, WALL, 0)), (DOWN, (0, 1, 0, WALL))):
        after = decide(known, OfTracked(FOUND._replace(state=state)), Facts(Criteria(), wall=WALL)).health
        assert (after.ok, after.failed, after.last_up, after.last_down) == counted
        assert (after.checked, after.voids) == (WALL, 0)
        assert after.since == (WALL if state == DOWN else 0)


def test_what_speaks_against_a_destination() -> None:
    """Failing pings, reports and calls do; what is our own fault, or a drain, or no evidence, does not."""
    criteria, on = Criteria(drain_codes=((480, 480),), drain_time=1), CallCriteria("on")
    against = {
        ("reply", 503, 0): True,
        ("reply", 480, 0): False,
        ("reply", 200, 0): False,
        ("end", Kind.TIMEOUT): True,
        ("end", Kind.LOST): True,
        ("end", Kind.SEND_FAILED): True,
        ("end", Kind.UNHEARD): False,
        ("end", Kind.UNSENT): False,
        ("report", False): True,
        ("report", True): False,
        ("call", 503): True,
        ("call", 404): False,
        ("call", 180): False,
        ("expiry",): False,
        ("drain",): False,
        ("mismatch",): False,
    }
    assert {what: is_failure(made(what, START), criteria, on) for what in against} == against
    assert not is_failure(Call(503, START), criteria, on._replace(mode="shadow"))
    assert not is_failure(Call(503, START), criteria, on._replace(mode="off"))
