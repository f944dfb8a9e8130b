"""The criteria of health, as one table and as properties."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules.criteria import Criteria
from keepalive_core.rules.evidence import Kind, OfTargets, Report, Result
from keepalive_core.rules.judging import (
    Transition,
    Verdict,
    asks_to_drain,
    count_call,
    count_mismatch,
    end_drain,
    expire,
    follow_targets,
    is_spent,
    is_success,
    judge,
    judge_report,
    may_be_asked_again,
)
from keepalive_core.rules.latency import LOSS, RECENT, loss, sample
from keepalive_core.rules.pace import Pace, pace
from keepalive_core.rules.record import Health, last_evidence
from keepalive_core.rules.schedule import SECOND
from keepalive_core.rules.states import DOWN, UNKNOWN, UP


def result(kind: Kind = Kind.REPLY, code: int = 200, sent: int = 100, generation: int = 1) -> Result:
    return Result(generation, sent, sent + 5000, kind, code, "Reason" if kind is Kind.REPLY else "")


GOOD = result(code=200)
BAD = result(code=404)
WALL = 1_000_000


def known(state: int, streak: int = 0, **fields: int) -> Health:
    return Health(1, state, newest_sent=99, streak=streak)._replace(**fields)


@pytest.mark.parametrize(
    ("state", "streak", "outcome", "after", "streak_after", "transition", "pace_after"),
    [
        # the first result ever decides at once, whatever rise and fall are
        (UNKNOWN, 0, GOOD, UP, 1, Transition.CHANGED, Pace.REGULAR),
        (UNKNOWN, 0, BAD, DOWN, -1, Transition.CHANGED, Pace.DOWN),
        # up: the third failure in a row takes it down
        (UP, 5, GOOD, UP, 6, Transition.UNCHANGED, Pace.REGULAR),
        (UP, 5, BAD, UP, -1, Transition.PENDING, Pace.PENDING),
        (UP, -1, BAD, UP, -2, Transition.PENDING, Pace.PENDING),
        (UP, -2, BAD, DOWN, -3, Transition.CHANGED, Pace.DOWN),
        (UP, -2, GOOD, UP, 1, Transition.UNCHANGED, Pace.REGULAR),
        # down: the second success in a row brings it up
        (DOWN, -7, BAD, DOWN, -8, Transition.UNCHANGED, Pace.DOWN),
        (DOWN, -7, GOOD, DOWN, 1, Transition.PENDING, Pace.PENDING),
        (DOWN, 1, GOOD, UP, 2, Transition.CHANGED, Pace.REGULAR),
        (DOWN, 1, BAD, DOWN, -1, Transition.UNCHANGED, Pace.DOWN),
    ],
)
def test_the_table(
    state: int,
    streak: int,
    outcome: Result,
    after: int,
    streak_after: int,
    transition: Transition,
    pace_after: Pace,
) -> None:
    """With rise 2 and fall 3, each state, streak and result: state, step and pace that follow.

    A report counts as a result does.
    """
    criteria = Criteria(rise=2, fall=3)
    report = Report(outcome is GOOD, "seen")
    before = known(state, streak)
    for verdict in (judge(before, outcome, criteria, WALL), judge_report(before, report, criteria, WALL)):
        assert verdict.transition is transition
        assert (verdict.health.state, verdict.health.streak) == (after, streak_after)
        assert verdict.health.since == (WALL if transition is Transition.CHANGED else 0)
        assert pace(verdict.health, 100) is pace_after
    assert judge(before, outcome, criteria, WALL).health.newest_sent == outcome.sent
    assert judge_report(before, report, criteria, WALL).health.newest_sent == 99


def test_what_is_counted() -> None:
    """Successes, failures and timeouts are counted, with the times of the last of each."""
    health = Health(1)
    for number, (kind, code) in enumerate(
        [(Kind.REPLY, 200), (Kind.REPLY, 503), (Kind.TIMEOUT, 0), (Kind.LOST, 0), (Kind.SEND_FAILED, 0)], 1
    ):
        health = judge(health, result(kind, code, sent=number), Criteria(), WALL + number).health
    assert (health.ok, health.failed, health.timeouts) == (1, 4, 2)
    assert (health.last_up, health.last_down, health.checked) == (WALL + 1, WALL + 5, WALL + 5)
    assert (health.code, health.reason) == (0, "the ping could not be sent")


@pytest.mark.parametrize("kind", Kind)
def test_how_the_last_ping_ended_is_kept(kind: Kind) -> None:
    """The word of the newest ping's end is in the record; what is stale, reported or expired changes none."""
    ended = judge(known(UP, 5), result(kind, 200 if kind is Kind.REPLY else 0), Criteria(), WALL).health
    assert Health.from_text(ended.text()).result == kind.word
    assert judge(ended, result(Kind.TIMEOUT, 0, sent=99), Criteria(), WALL).health.result == kind.word
    assert judge_report(ended, Report(False, "seen"), Criteria(), WALL).health.result == kind.word
    assert expire(ended, "nothing", WALL).health.result == kind.word


def test_latency_is_that_of_replies() -> None:
    """Replies give last, lowest, highest and average latency; silence gives none."""
    health = Health(1)
    for sent, took in ((1, 1000), (2, 3000), (3, 500)):
        health = judge(health, Result(1, sent, sent + took, Kind.REPLY, 200), Criteria(), WALL).health
    health = judge(health, result(Kind.TIMEOUT, 0, sent=4), Criteria(), WALL).health
    assert (health.latency, health.latency_min, health.latency_max) == (500, 500, 3000)
    assert health.latency_ewma == 1130, "1000, then 1000 + 200, then 1200 - 70"


def test_a_503_may_ask_for_a_drain() -> None:
    """Retry-After holds the next ping back, and calls until that ping's time is over; it is no failure."""
    asked = Result(1, 100, 200, Kind.REPLY, 503, "Busy", retry_after=30)
    criteria = Criteria(timeout=1000, most_drain=300)
    verdict = judge(known(UP, 5), asked, criteria, WALL)
    assert verdict.transition is Transition.DRAINED
    drained = verdict.health
    assert (drained.not_before, drained.drain_until) == (200 + 30_000_000, 200 + 31_000_000)
    assert (drained.state, drained.streak, drained.failed, drained.drained) == (UP, 5, 0, 1)
    after = judge(drained, result(sent=300), criteria, WALL).health
    assert (after.not_before, after.drain_until) == (0, 0), "the next good ping ends it"
    bounded = judge(known(UP, 5), asked, criteria._replace(most_drain=20), WALL).health
    assert bounded.not_before == 200 + 20_000_000
    ignored = judge(known(UP, 5), asked, criteria._replace(most_drain=0), WALL).health
    assert (ignored.state, ignored.not_before, ignored.drain_until) == (DOWN, 0, 0)


def test_a_listed_code_asks_for_a_drain() -> None:
    """Without a Retry-After it lasts drain_time, pings go on, a failure in it counts, it ends by itself."""
    criteria = Criteria(timeout=1000, drain_codes=((480, 480),), drain_time=60)
    drained = judge(known(UP, 5), result(code=480), criteria, WALL).health
    assert (drained.not_before, drained.drain_until) == (0, 100 + 5000 + 61_000_000)
    down = judge(drained, result(Kind.SEND_FAILED, sent=200), criteria, WALL).health
    assert (down.state, down.drain_until) == (DOWN, drained.drain_until)
    assert end_drain(drained, drained.drain_until - 1) == (drained, Transition.STALE, "")
    assert end_drain(drained, drained.drain_until).health == drained._replace(drain_until=0)


TIMELY = Criteria(timeout=500)


@pytest.mark.parametrize(
    ("kind", "milliseconds", "void"),
    [
        (Kind.TIMEOUT, 0, False),
        (Kind.TIMEOUT, 450, False),
        (Kind.TIMEOUT, 620, False),
        (Kind.TIMEOUT, 900, False),
        (Kind.TIMEOUT, 20_000, False),
        (Kind.LOST, 1550, False),
        (Kind.LOST, 2000, False),
        (Kind.REPLY, 20_000, False),  # whenever it is read, it was written
        (Kind.SEND_FAILED, 5000, False),
        (Kind.UNSENT, 0, True),
        (Kind.UNHEARD, 520, True),
    ],
)
def test_what_is_void(kind: Kind, milliseconds: int, void: bool) -> None:
    """Silence is a failure however early or late it is told; memory that this server lacks is nobody's."""
    outcome = Result(1, 100, 100 + milliseconds * 1000, kind, 503 if kind is Kind.REPLY else 0)
    verdict = judge(known(UP, 5), outcome, TIMELY, WALL)
    assert (verdict.transition is Transition.VOID) == void
    assert verdict.health.newest_sent == 100
    assert verdict.health.void == void
    assert (verdict.health.state, verdict.health.streak) == ((UP, 5) if void else (DOWN, -1))
    assert judge(verdict.health, outcome, TIMELY, WALL).transition is Transition.STALE


def test_karns_rule() -> None:
    """The answer to a ping that was sent twice says nothing of latency, but one of two was lost."""
    criteria = Criteria(resent_after=500)
    health = Health(1)
    for sent, milliseconds in ((1, 10), (2, 499), (3, 700), (4, 30)):
        answer = Result(1, sent, sent + milliseconds * 1000, Kind.REPLY, 200)
        health = judge(health, answer, criteria, WALL).health
    assert (health.ok, health.resent) == (4, 1)
    assert (health.latency, health.latency_min, health.latency_max) == (30_000, 10_000, 499_000)
    assert loss(health.samples) == 25
    reliable = judge(health, Result(1, 5, 700_005, Kind.REPLY, 200), Criteria(), WALL).health
    assert reliable.latency == 700_000, "over TCP nothing is sent twice"


def test_samples_are_the_last_ones() -> None:
    """RECENT samples are kept, the newest last; silence is a loss."""
    health = Health(1)
    for sent in range(1, RECENT + 20):
        health = judge(health, Result(1, sent, sent + 1000, Kind.REPLY, 200), Criteria(), WALL).health
    health = judge(health, result(Kind.TIMEOUT, 0, sent=1000), Criteria(), WALL).health
    assert health.samples == sample(1000) * (RECENT - 1) + LOSS


def test_what_is_not_fresh_is_forgotten() -> None:
    """A state without a fresh result becomes unknown, once."""
    verdict = expire(known(UP, 5), "no fresh result", WALL)
    assert verdict.transition is Transition.CHANGED
    assert (verdict.health.state, verdict.health.since) == (UNKNOWN, WALL)
    assert expire(verdict.health, "no fresh result", WALL).transition is Transition.UNCHANGED


@pytest.mark.parametrize(
    ("kind", "code", "success"),
    [
        (Kind.REPLY, 199, False),
        (Kind.REPLY, 200, True),
        (Kind.REPLY, 299, True),
        (Kind.REPLY, 300, False),
        (Kind.REPLY, 408, False),
        (Kind.REPLY, 503, False),
        (Kind.TIMEOUT, 0, False),
        (Kind.SEND_FAILED, 0, False),
        (Kind.LOST, 0, False),
        (Kind.TIMEOUT, 200, False),
    ],
)
def test_only_a_2xx_reply_is_a_sign_of_life(kind: Kind, code: int, success: bool) -> None:
    """A reply of class 2xx is a success; a timeout is none, whatever number stands beside it."""
    assert is_success(result(kind, code), Criteria()) is success


@pytest.mark.parametrize(
    "stale",
    [
        pytest.param(result(sent=100, generation=1), id="of an older registration"),
        pytest.param(result(sent=100, generation=3), id="of a newer registration"),
        pytest.param(result(sent=99, generation=2), id="of an older ping"),
        pytest.param(result(sent=100, generation=2), id="of the ping that was judged"),
    ],
)
def test_a_stale_result_changes_nothing(stale: Result) -> None:
    """A result for another registration, an older ping or the same ping again changes nothing at all."""
    health = Health(2, DOWN, newest_sent=100)
    verdict = judge(health, stale, Criteria(), WALL)
    assert verdict.health is health
    assert verdict.transition is Transition.STALE


RISE_FALL = st.integers(1, 5)
results = st.builds(
    Result,
    generation=st.integers(1, 2),
    sent=st.integers(1, 50),
    ended=st.integers(51, 60),
    kind=st.sampled_from(Kind),
    code=st.sampled_from([200, 202, 404, 408, 503]),
)


@given(
    st.lists(results | st.builds(Report, st.booleans(), st.just("seen"), st.just(60)), max_size=40),
    RISE_FALL,
    RISE_FALL,
)
def test_any_sequence_keeps_the_rules(sequence: list[Result | Report], rise: int, fall: int) -> None:
    """Late, double and foreign results and reports in any order, with any rise and fall.

    The model is written a second way: it looks at the whole history instead of keeping a record.
    """
    criteria = Criteria(rise, fall)
    health = Health(1)
    newest = 0
    outcomes: list[bool] = []
    state = UNKNOWN
    for each in sequence:
        if isinstance(each, Report):
            verdict = judge_report(health, each, criteria, WALL)
            outcomes.append(each.success)
        else:
            verdict = judge(health, each, criteria, WALL)
            if each.generation != 1 or each.sent <= newest:
                assert verdict == (health, Transition.STALE, "")
                continue
            newest = each.sent
            if each.kind in (Kind.UNSENT, Kind.UNHEARD):
                assert verdict.transition is Transition.VOID
                assert verdict.health == health._replace(
                    newest_sent=newest,
                    void=health.void + 1,
                    voids=health.voids + 1,
                    heard=last_evidence(health),
                    result=each.kind.word,
                    reason=verdict.health.reason,
                )
                health = verdict.health
                continue
            outcomes.append(each.kind is Kind.REPLY and each.code < 300)
        needed = rise if outcomes[-1] else fall
        same = len(outcomes) >= needed and len(set(outcomes[-needed:])) == 1
        before = state
        if len(outcomes) == 1 or same:
            state = UP if outcomes[-1] else DOWN
        health = verdict.health
        assert health.state == state
        assert (verdict.transition is Transition.CHANGED) == (before != state)
        assert health.ok + health.failed == len(outcomes)
        assert abs(health.streak) <= len(outcomes)
        assert health.newest_sent == newest
        assert health.voids == 0


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
    verdict = judge(known, result, Criteria(timeout=timeout), WALL)
    assert verdict.transition is Transition.VOID
    assert verdict.health == known._replace(
        newest_sent=10, void=1, voids=1, result=kind.word, reason=f"no verdict: {result.why()}"
    )


@pytest.mark.parametrize(
    ("streak", "remove_after", "spent"),
    [
        (-3, 3, True),
        (-4, 3, True),
        (-1, 1, True),
        (-2, 3, False),
        (3, 3, False),
        (-99, 0, False),
        (0, 0, False),
    ],
)
def test_who_is_given_up(streak: int, remove_after: int, spent: bool) -> None:
    """Who failed remove_after times in a row; nobody without that."""
    assert is_spent(Health(1, DOWN, streak=streak), Criteria(remove_after=remove_after)) == spent


@pytest.mark.parametrize(
    ("code", "retry_after", "most_drain", "seconds", "not_before"),
    [
        # A 503 with Retry-After drains, for as long as that says or drain_max allows.
        (503, 7, 60, 7, True),
        (503, 70, 60, 60, True),
        (503, 60, 60, 60, True),
        (503, 7, 0, 0, False),
        (503, 0, 60, 0, False),
        # A code of drain_codes does so by itself, for drain_time.
        (480, 0, 60, 30, False),
        (480, 7, 60, 7, True),
        (480, 7, 0, 30, False),
        (500, 7, 60, 0, False),
        (200, 7, 60, 0, False),
    ],
)
def test_who_asks_for_a_drain(
    code: int, retry_after: int, most_drain: int, seconds: int, not_before: bool
) -> None:
    """By 503 and Retry-After, or by a code that is listed; only a time that it says itself puts pings off."""
    criteria = Criteria(drain_codes=((480, 480),), drain_time=30, most_drain=most_drain, timeout=500)
    result = Result(1, 10, 5 * SECOND, Kind.REPLY, code, "", retry_after)
    assert asks_to_drain(result, criteria) == seconds
    assert asks_to_drain(result._replace(kind=Kind.TIMEOUT), criteria) == 0
    verdict = judge(Health(1, UP, drained=3), result, criteria, WALL)
    assert (verdict.transition is Transition.DRAINED) == bool(seconds)
    end = (5 + seconds) * SECOND
    assert verdict.health.not_before == (end if not_before else 0)
    if seconds:
        assert (verdict.health.drain_until, verdict.health.drained) == (end + 500_000, 4)
        assert verdict.health.state == UP


@pytest.mark.parametrize(
    ("resent_after", "latency", "resent"),
    [(500, 499_999, 0), (500, 500_000, 1), (1, 1000, 1), (1, 999, 0), (0, 10**7, 0)],
)
def test_a_ping_that_was_sent_twice_has_no_latency(resent_after: int, latency: int, resent: int) -> None:
    """From when tm sends it again on, nobody knows which one was answered; 0: it is sent once."""
    result = Result(1, 10**9, 10**9 + latency, Kind.REPLY, 200)
    health = judge(Health(1, UP), result, Criteria(resent_after=resent_after), WALL).health
    assert (health.resent, health.latency) == (resent, 0 if resent else latency)


def test_what_a_report_is_evidence_of() -> None:
    """A failure is heard of, a success is traffic; both end a row of voids."""
    known = Health(1, UP, streak=1, voids=2)
    failed = count_call(known, False, Criteria(), 7, WALL).health
    assert (failed.heard, failed.traffic, failed.voids, failed.since) == (7, 0, 0, WALL)
    went_well = count_call(known, True, Criteria(), 7, WALL).health
    assert (went_well.heard, went_well.traffic, went_well.voids, went_well.since) == (0, 7, 0, 0)


def test_a_state_that_ends() -> None:
    """It is unknown since then, with a reason, and nothing is counted in a row; what is unknown stays so."""
    verdict = expire(Health(1, DOWN, streak=-4, since=3, reason="old"), "no fresh result", WALL)
    assert verdict.transition is Transition.CHANGED
    assert (verdict.health.state, verdict.health.streak) == (UNKNOWN, 0)
    assert (verdict.health.since, verdict.health.reason) == (WALL, "no fresh result")
    assert expire(Health(1), "any", WALL) == (Health(1), Transition.UNCHANGED, "")


@pytest.mark.parametrize(
    ("until", "now", "transition"),
    [
        (0, 5, Transition.STALE),
        (5, 4, Transition.STALE),
        (5, 5, Transition.UNCHANGED),
        (5, 6, Transition.UNCHANGED),
    ],
)
def test_a_drain_ends_at_its_end(until: int, now: int, transition: Transition) -> None:
    """A drain does not end before its time, and without a drain nothing ends."""
    verdict = end_drain(Health(1, UP, drain_until=until), now)
    assert verdict.transition is transition
    assert verdict.health.drain_until == (until if transition is Transition.STALE else 0)


@pytest.mark.parametrize(
    ("known", "fall", "may"),
    [
        (Health(1, UP, streak=1), 1, True),
        (Health(1, UP, streak=1), 2, False),
        (Health(1, UP, streak=1, voids=1), 1, False),
        (Health(1, UP, streak=-1), 1, False),
        (Health(1, UP, streak=0), 1, False),
        (Health(1, DOWN, streak=1), 1, False),
        (Health(1, UNKNOWN), 1, False),
    ],
)
def test_who_may_be_asked_again(known: Health, fall: int, may: bool) -> None:
    """Who would be down by one failure behind a success, and once only."""
    assert may_be_asked_again(known, Criteria(fall=fall)) is may


def test_a_call_says_when_it_was() -> None:
    """On both clocks: the wall clock's time is shown, the other one is what freshness goes by."""
    before = Health(1, UP, streak=3, ok=7, failed=2, last_up=5, last_down=6, voids=4)
    went_well = count_call(before, True, Criteria(fall=3), 900, 70).health
    assert went_well == before._replace(streak=4, ok=8, last_up=70, traffic=900, voids=0)
    failed = count_call(before, False, Criteria(fall=3), 900, 70).health
    assert failed == before._replace(streak=-1, failed=3, last_down=70, heard=900, voids=0)


@pytest.mark.parametrize(
    ("before", "found", "transition", "after"),
    [
        ({}, (UP, 0, False), Transition.CHANGED, {"state": UP, "streak": 1, "ok": 1, "failed": 0}),
        ({}, (DOWN, 0, True), Transition.CHANGED, {"state": DOWN, "streak": -1, "ok": 0, "failed": 1}),
        ({"state": UP, "streak": 4, "ok": 5}, (UP, 0, False), Transition.STALE, {"streak": 4, "ok": 5}),
        ({"state": UP, "streak": 4, "ok": 5}, (UP, 0, True), Transition.UNCHANGED, {"streak": 5, "ok": 6}),
        (
            {"state": UP, "streak": 4, "ok": 5},
            (DOWN, 0, False),
            Transition.CHANGED,
            {"streak": -1, "failed": 1},
        ),
        ({"state": DOWN, "streak": -2, "failed": 2}, (DOWN, 0, True), Transition.UNCHANGED, {"streak": -3}),
        (
            {"state": UP, "streak": 4},
            (UNKNOWN, 0, False),
            Transition.CHANGED,
            {"state": UNKNOWN, "streak": 0},
        ),
        ({}, (UNKNOWN, 0, True), Transition.UNCHANGED, {"streak": 0, "ok": 0, "failed": 0}),
        ({"state": UP, "ok": 5}, (UP, 900, False), Transition.UNCHANGED, {"drain_until": 900, "ok": 5}),
        ({"state": UP, "drain_until": 800}, (UP, 900, False), Transition.STALE, {"drain_until": 800}),
        ({"state": UP, "drain_until": 800}, (UP, 0, False), Transition.UNCHANGED, {"drain_until": 0}),
    ],
)
def test_a_name_follows_its_targets(
    before: dict[str, int], found: tuple[int, int, bool], transition: Transition, after: dict[str, int]
) -> None:
    """At once, and each of its turns counts as a ping would."""
    state, drain, is_turn = found
    known = Health(1, **before)
    verdict = follow_targets(known, OfTargets(state, "1 of 2 targets up", 7, drain, is_turn), WALL)
    assert verdict.transition is transition
    assert {name: getattr(verdict.health, name) for name in after} == after
    assert (verdict.health.since == WALL) == (transition is Transition.CHANGED)


def test_a_name_has_nothing_of_the_pings_of_before() -> None:
    """When its targets are pinged, and no longer it as a whole, its last latency says nothing any more."""
    of_pings = {"code": 200, "result": "reply", "samples": "GG~", "latency": 7, "latency_ewma": 7}
    of_damping = {"kept_down": 99, "flap_since": 3, "flap_changes": 2, "flap_level": 1, "voids": 2}
    known = Health(1, UP, ok=3, last_up=5, since=4, timeouts=1, latency_min=7, latency_max=7)
    found = OfTargets(UP, "1 of 2 targets up", 7, is_turn=True)
    assert follow_targets(known._replace(**of_pings, **of_damping), found, WALL).health == known._replace(
        streak=1, ok=4, last_up=WALL, checked=WALL, reason=found.reason, latency_min=0, latency_max=0
    )


def test_a_mismatch_is_counted() -> None:
    """One more, and nothing else."""
    known = Health(1, UP, streak=3, mismatched=2)
    assert count_mismatch(known) == Verdict(known._replace(mismatched=3), Transition.UNCHANGED)
