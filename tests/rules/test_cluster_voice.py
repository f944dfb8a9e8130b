"""How a node's own evidence counts in a cluster: the state that holds, and its own one beside it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence_at_random import CALLS, CRITERIA, START, evidence_at, made
from keepalive_core.rules.calls import CallCriteria
from keepalive_core.rules.cluster_own_word import Judged
from keepalive_core.rules.cluster_voice import own_state, tell_again
from keepalive_core.rules.criteria import Criteria
from keepalive_core.rules.deciding import Decision, Facts, concerns_prober, decide
from keepalive_core.rules.evidence import (
    Call,
    EndOfDrain,
    Evidence,
    Expiry,
    Kind,
    Mismatch,
    OfCluster,
    OfTargets,
    OfTracked,
    Report,
    Result,
)
from keepalive_core.rules.judging import Transition
from keepalive_core.rules.mass_failure import Threshold, Uplink
from keepalive_core.rules.record import Health
from keepalive_core.rules.rows import Past
from keepalive_core.rules.state_row import Row, fields_of, row_of
from keepalive_core.rules.states import DOWN, UNKNOWN, UP
from keepalive_core.rules.times import SECOND

WALL = 1_700_000_000
FACTS = Facts(Criteria(rise=2, fall=2, most_drain=60), CallCriteria(least=2), WALL, clustered=True)
KNOWN = Health(1, UP, streak=3, ok=3, last_up=WALL - 9, since=WALL - 99)


def found(state: int | None, own: int = UNKNOWN, drain_until: int = 0, is_asked: bool = False) -> OfCluster:
    return OfCluster(state, "2 of 3 nodes can't reach it", START, drain_until, own, is_asked)


def answer(code: int = 200, retry_after: int = 0, at: int = START) -> Result:
    return Result(1, at, at + 5000, Kind.REPLY, code, "Reason", retry_after)


def silence(at: int = START) -> Result:
    return Result(1, at, at + 5000, Kind.TIMEOUT)


def shown(*evidence: Evidence, before: Health = KNOWN, facts: Facts = FACTS) -> Decision:
    """Return the last of several decisions, one after the other."""
    for each in evidence:
        decision = decide(before, each, facts)
        before = decision.health
    return decision


# --- what own evidence does ---------------------------------------------------------------------------------


def test_own_evidence_takes_nothing_down() -> None:
    """It says so to the cluster's process, at the first time and at each one after it; the state stands."""
    once = shown(silence())
    assert (once.transition, once.judged, once.health.state) == (Transition.PENDING, None, UP)
    twice = shown(silence(), silence(START + 9))
    assert (twice.transition, twice.health.state, own_state(twice.health)) == (Transition.HELD, UP, DOWN)
    assert twice.judged == Judged(DOWN, -2, UP, twice.health.reason)
    assert (twice.health.since, twice.health.streak) == (KNOWN.since, -2)
    again = shown(silence(START + 99), before=twice.health)
    assert again.judged == Judged(DOWN, -3, UP, again.health.reason)
    assert again.transition is Transition.UNCHANGED


def test_own_evidence_brings_nothing_up() -> None:
    """With as many successes as ever it says so, and the others say the rest."""
    down = KNOWN._replace(state=DOWN, streak=-2)
    assert shown(answer(), before=down).judged is None
    up = shown(answer(), answer(at=START + 9), before=down)
    assert (up.transition, up.health.state, up.judged) == (
        Transition.HELD,
        DOWN,
        Judged(UP, 2, DOWN, "200 Reason in 5.0 ms"),
    )


def test_the_first_result_ever_says_something_at_once() -> None:
    """As without a cluster."""
    assert shown(silence(), before=Health(1)).judged == Judged(DOWN, -1, UNKNOWN, "no reply in 5 ms")
    assert shown(answer(), before=Health(1)).judged == Judged(UP, 1, UNKNOWN, "200 Reason in 5.0 ms")


def test_in_calm_nothing_is_told() -> None:
    """One more success, and a failure too few, are no news; what is asked for is told, whatever it is."""
    assert shown(answer()).judged is None
    asked = KNOWN._replace(voice=1)
    assert shown(answer(), before=asked).judged == Judged(UP, 4, UP, "200 Reason in 5.0 ms")
    assert shown(silence(), before=asked).judged == Judged(UP, -1, UP, "no reply in 5 ms")
    assert shown(Report(False, "seen", START), before=asked).judged


@pytest.mark.parametrize(
    "evidence",
    [
        Mismatch(START),
        EndOfDrain(START),
        Result(1, START, START + 5, Kind.UNHEARD, reason="nobody listened"),
        answer()._replace(generation=7),
        OfTracked(answer()),
        OfTargets(DOWN, "0 of 2 targets up", START),
    ],
)
def test_what_says_nothing_is_not_told(evidence: Evidence) -> None:
    """Even if it is waited for: no verdict, another registration, what others have shown."""
    assert shown(evidence, before=KNOWN._replace(voice=1, drain_until=START)).judged is None


def test_traffic_says_it_too() -> None:
    """Reports count as pings do; calls that fail keep it down for a while, whatever its pings say."""
    said = shown(*[Report(False, "seen", START)] * 2)
    assert said.judged == Judged(DOWN, -2, UP, "reported failing: seen")
    failed = shown(*[Call(503, START)] * 2)
    assert failed.judged
    assert (failed.judged.own, failed.health.state) == (DOWN, UP)
    pinged = shown(*[answer(at=START + at) for at in (9, 19)], before=failed.health).judged
    assert pinged
    assert pinged.own == DOWN


def test_a_drain_is_told_when_it_begins_and_when_it_ends() -> None:
    """Between these, as often as it is asked for: that moves its end."""
    drained = shown(answer(503, 9))
    assert drained.transition is Transition.DRAINED
    assert drained.judged == Judged(UP, 3, UP, "503 Reason in 5.0 ms", drained.health.drain_until)
    over = shown(answer(at=START + 9), before=drained.health)
    assert over.judged == Judged(UP, 4, UP, "200 Reason in 5.0 ms")
    failing = shown(answer(503, 9), before=KNOWN._replace(streak=-1))
    assert failing.judged
    assert failing.judged.streak == 1


def test_a_state_that_nothing_stands_behind_is_told() -> None:
    """This node has nothing to say any more, and what holds stands until nobody has."""
    stale = shown(Expiry("no fresh result for 9 s", START))
    assert (stale.transition, stale.health.state) == (Transition.HELD, UP)
    assert stale.judged == Judged(UNKNOWN, 0, UP, "no fresh result for 9 s", cannot_ask=True)
    assert own_state(stale.health) == UNKNOWN
    # As without a cluster the next result says something at once.
    assert shown(silence(), before=stale.health).judged == Judged(DOWN, -1, UP, "no reply in 5 ms")


def test_a_ping_that_can_not_be_sent_is_told() -> None:
    """At once that nothing stands behind the state any more; the next one, if it is asked for, for good."""

    def unsent(at: int) -> Result:
        return Result(1, at, at + 5, Kind.UNSENT, reason="no socket")

    once = shown(unsent(START))
    assert (once.transition, once.health.state) == (Transition.VOID, UP)
    assert once.judged == Judged(UNKNOWN, 0, UP, stands=True)
    assert shown(unsent(START + 9), before=once.health).judged is None
    asked = once.health._replace(voice=1)
    known = Judged(UNKNOWN, 0, UP, stands=True, cannot_ask=True)
    assert shown(unsent(START + 9), before=asked).judged == known
    assert shown(answer(at=START + 9), unsent(START + 19), before=once.health).judged == once.judged


def test_the_guards_stand_in_front_of_what_is_told() -> None:
    """While too many fail, and while it is kept down, nothing is said."""
    frozen = FACTS._replace(
        uplink=Uplink(START, 9, 0, frozen_until=START + SECOND), threshold=Threshold(SECOND, 10, 20)
    )
    waits = shown(silence(), silence(START + 9), facts=frozen)
    assert (waits.transition, waits.judged, own_state(waits.health)) == (Transition.FROZEN, None, UP)
    damping = FACTS._replace(criteria=Criteria(flap_limit=3, flap_window=60, flap_hold=10, flap_hold_max=40))
    flapping = [silence(START), answer(at=START + 9), silence(START + 19)]
    kept = shown(*flapping, facts=damping)
    assert kept.judged
    assert kept.judged.reason.startswith("flapping: 3 changes")
    up = shown(*flapping, answer(at=START + 29), facts=damping)
    assert up.judged
    assert up.judged.own == DOWN, "it answers, and is kept down"
    later = answer(at=START + 11 * SECOND)
    assert (shown(*flapping, later, facts=damping).judged or up.judged).own == UP


# --- what the cluster does ----------------------------------------------------------------------------------


def test_what_the_cluster_says_holds() -> None:
    """With its reason, since now, and without a guard; what is old speaks no more against it."""
    down = decide(KNOWN, found(DOWN), FACTS._replace(wall=WALL + 5))
    assert (down.transition, down.health.state, down.health.since) == (Transition.CHANGED, DOWN, WALL + 5)
    assert (down.health.streak, down.health.reason) == (0, "2 of 3 nodes can't reach it")
    assert down.health.heard == START
    assert decide(KNOWN._replace(streak=1), found(DOWN), FACTS).health.streak == 0
    assert decide(down.health, found(DOWN), FACTS).transition is Transition.STALE
    assert decide(KNOWN, found(None), FACTS).transition is Transition.STALE
    unknown = decide(KNOWN, found(UNKNOWN), FACTS).health
    assert (unknown.state, unknown.streak) == (UNKNOWN, 0)
    mine = KNOWN._replace(state=DOWN, streak=-2)
    assert decide(mine, found(UP), FACTS).health.streak == 0


@pytest.mark.parametrize("state", [UP, DOWN, UNKNOWN])
def test_what_another_node_knows_can_be_kept(state: int) -> None:
    """A state file has no state that no result stands behind, and this node has had none itself."""
    for before in (Health(1), KNOWN, decide(Health(1), found(DOWN), FACTS).health):
        known = decide(before, found(state), FACTS).health
        row = Row.of(known, None, Past(), START, WALL)
        assert row_of(fields_of("sip:192.0.2.1:5060", row), WALL).health.state == state


def test_what_this_node_says_is_its_own_state() -> None:
    """Whatever holds: a streak that stands behind it goes on."""
    alone = decide(KNOWN._replace(streak=-2), found(None, own=DOWN), FACTS)
    assert (alone.transition, alone.health.state, own_state(alone.health)) == (Transition.UNCHANGED, UP, DOWN)
    down = decide(KNOWN, found(DOWN, own=UP), FACTS).health
    assert (down.state, own_state(down), down.streak) == (DOWN, UP, 3)
    assert own_state(decide(down, found(DOWN), FACTS).health) == DOWN
    asked = decide(KNOWN, found(None, is_asked=True), FACTS).health
    assert (asked.voice, own_state(asked)) == (1, UP)


def test_a_drain_comes_with_the_word_that_it_answers() -> None:
    """And goes with it; one that is down, or of which nothing is said, goes on as it was."""
    drained = decide(KNOWN, found(UP, drain_until=START + 9), FACTS)
    assert (drained.transition, drained.health.drain_until) == (Transition.UNCHANGED, START + 9)
    assert decide(drained.health, found(UP), FACTS).health.drain_until == 0
    for state in (DOWN, None):
        assert decide(drained.health, found(state), FACTS).health.drain_until == START + 9


def test_what_could_not_be_told_is_told_by_the_next_ping() -> None:
    """Whatever that shows; the own state is the same."""
    held = shown(silence(), silence(START + 9)).health
    waiting = tell_again(held)
    assert own_state(waiting) == own_state(held) == DOWN
    assert shown(answer(at=START + 19), before=tell_again(KNOWN)).judged


def test_who_tracks_another_one_follows_what_holds_for_that() -> None:
    """At once: how often it has to fail is asked of that one. Its own results count as ever."""
    down = decide(KNOWN, OfTracked(found(DOWN)), FACTS)
    assert (down.health.state, down.transition, down.judged) == (DOWN, Transition.CHANGED, None)


@settings(max_examples=150)
@given(st.lists(st.tuples(evidence_at, st.sampled_from([1, 1, 1, 5, 31])), max_size=40), CRITERIA, CALLS)
def test_a_cluster_of_one_is_as_no_cluster(
    history: list[tuple[tuple[Any, ...], int]], criteria: Criteria, calls: CallCriteria
) -> None:
    """If what a node says is what holds, all that is known is the same after each piece of evidence."""
    now, alone, one = START, Health(1), Health(1)
    beside = dict.fromkeys(("heard", "since", "streak"), 0)
    for number, (what, seconds) in enumerate(history):
        now += seconds * SECOND
        evidence = made(what, now)
        facts = Facts(criteria, calls, WALL + number)
        before, alone = alone, decide(alone, evidence, facts).health
        decision = decide(one, evidence, facts._replace(clustered=True))
        one = decision.health
        assert one.state == before.state, "own evidence changes no state"
        if decision.transition is Transition.HELD:
            assert decision.judged or one.reason == alone.reason
            own = own_state(one)
            one = decide(one, OfCluster(own, one.reason, now, one.drain_until, own), facts).health
        assert one._replace(**beside) == alone._replace(**beside)
        assert one.streak == alone.streak or UNKNOWN in (one.state, before.state)
        assert not concerns_prober(one, one, criteria, evidence) or criteria.remove_after
