"""The rules of health, as one table and as properties."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepalive_core.rules.calls import CallRules, judge_call
from keepalive_core.rules.health import (
    DOWN,
    LOSS,
    RECENT,
    UNKNOWN,
    UP,
    Health,
    Kind,
    Pace,
    Report,
    Result,
    Rules,
    Transition,
    end_drain,
    expire,
    is_success,
    judge,
    judge_report,
    last_evidence,
    loss,
    one_more_good_call,
    one_more_success,
    pace,
    percentile,
    sample,
)
from keepalive_core.rules.schedule import SECOND


def result(kind: Kind = Kind.REPLY, code: int = 200, sent: int = 100, generation: int = 1) -> Result:
    return Result(generation, sent, sent + 5000, kind, code, "Reason")


GOOD = result(code=200)
BAD = result(code=404)
WALL = 1_000_000


def known(state: int, streak: int = 0, **fields: int) -> Health:
    return Health(1, state, judged=99, streak=streak)._replace(**fields)


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
    rules = Rules(rise=2, fall=3)
    report = Report(outcome is GOOD, "seen")
    before = known(state, streak)
    for verdict in (judge(before, outcome, rules, WALL), judge_report(before, report, rules, WALL)):
        assert verdict.transition is transition
        assert (verdict.health.state, verdict.health.streak) == (after, streak_after)
        assert verdict.health.since == (WALL if transition is Transition.CHANGED else 0)
        assert pace(verdict.health, 100) is pace_after
    assert judge(before, outcome, rules, WALL).health.judged == outcome.sent
    assert judge_report(before, report, rules, WALL).health.judged == 99


def test_what_is_counted() -> None:
    """Successes, failures and timeouts are counted, with the times of the last of each."""
    health = Health(1)
    for number, (kind, code) in enumerate(
        [(Kind.REPLY, 200), (Kind.REPLY, 503), (Kind.TIMEOUT, 0), (Kind.LOST, 0), (Kind.SEND_FAILED, 0)], 1
    ):
        health = judge(health, result(kind, code, sent=number), Rules(), WALL + number).health
    assert (health.ok, health.failed, health.timeouts) == (1, 4, 2)
    assert (health.last_up, health.last_down, health.checked) == (WALL + 1, WALL + 5, WALL + 5)
    assert (health.code, health.reason) == (0, "the ping could not be sent")


def test_latency_is_that_of_replies() -> None:
    """Replies give last, lowest, highest and average latency; silence gives none."""
    health = Health(1)
    for sent, took in ((1, 1000), (2, 3000), (3, 500)):
        health = judge(health, Result(1, sent, sent + took, Kind.REPLY, 200), Rules(), WALL).health
    health = judge(health, result(Kind.TIMEOUT, 0, sent=4), Rules(), WALL).health
    assert (health.latency, health.latency_min, health.latency_max) == (500, 500, 3000)
    assert health.latency_ewma == 1130, "1000, then 1000 + 200, then 1200 - 70"


def test_a_503_may_ask_for_a_drain() -> None:
    """Retry-After holds the next ping back, and calls until that ping's time is over; it is no failure."""
    asked = Result(1, 100, 200, Kind.REPLY, 503, "Busy", retry_after=30)
    rules = Rules(timeout=1000, most_drain=300)
    verdict = judge(known(UP, 5), asked, rules, WALL)
    assert verdict.transition is Transition.DRAINED
    drained = verdict.health
    assert (drained.hold, drained.drain) == (200 + 30_000_000, 200 + 31_000_000)
    assert (drained.state, drained.streak, drained.failed, drained.drained) == (UP, 5, 0, 1)
    after = judge(drained, result(sent=300), rules, WALL).health
    assert (after.hold, after.drain) == (0, 0), "the next good ping ends it"
    bounded = judge(known(UP, 5), asked, rules._replace(most_drain=20), WALL).health
    assert bounded.hold == 200 + 20_000_000
    ignored = judge(known(UP, 5), asked, rules._replace(most_drain=0), WALL).health
    assert (ignored.state, ignored.hold, ignored.drain) == (DOWN, 0, 0)


def test_a_listed_code_asks_for_a_drain() -> None:
    """Without a Retry-After it lasts drain_time, pings go on, a failure in it counts, it ends by itself."""
    rules = Rules(timeout=1000, drain_codes=((480, 480),), drain_time=60)
    drained = judge(known(UP, 5), result(code=480), rules, WALL).health
    assert (drained.hold, drained.drain) == (0, 100 + 5000 + 61_000_000)
    down = judge(drained, result(Kind.SEND_FAILED, sent=200), rules, WALL).health
    assert (down.state, down.drain) == (DOWN, drained.drain)
    assert end_drain(drained, drained.drain - 1) == (drained, Transition.STALE, "")
    assert end_drain(drained, drained.drain).health == drained._replace(drain=0)


TIMELY = Rules(timeout=500)


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
    assert verdict.health.judged == 100
    assert verdict.health.void == void
    assert (verdict.health.state, verdict.health.streak) == ((UP, 5) if void else (DOWN, -1))
    assert judge(verdict.health, outcome, TIMELY, WALL).transition is Transition.STALE


def test_karns_rule() -> None:
    """The answer to a ping that was sent twice says nothing of latency, but one of two was lost."""
    rules = Rules(resent_after=500)
    health = Health(1)
    for sent, milliseconds in ((1, 10), (2, 499), (3, 700), (4, 30)):
        answer = Result(1, sent, sent + milliseconds * 1000, Kind.REPLY, 200)
        health = judge(health, answer, rules, WALL).health
    assert (health.ok, health.resent) == (4, 1)
    assert (health.latency, health.latency_min, health.latency_max) == (30_000, 10_000, 499_000)
    assert loss(health.samples) == 25
    reliable = judge(health, Result(1, 5, 700_005, Kind.REPLY, 200), Rules(), WALL).health
    assert reliable.latency == 700_000, "over TCP nothing is sent twice"


@given(st.lists(st.integers(100, 10_000_000), min_size=1, max_size=RECENT), st.sampled_from([1, 50, 95, 100]))
def test_percentiles(latencies: list[int], percent: int) -> None:
    """A percentile is the latency of that rank, to 7 percent."""
    samples = "".join(sample(latency) for latency in latencies) + LOSS
    exact = sorted(latencies)[(len(latencies) * percent - 1) // 100]
    assert exact / 1.07 <= percentile(samples, percent) <= exact * 1.07
    assert percentile(LOSS, percent) == percentile("", percent) == 0


def test_samples_are_the_last_ones() -> None:
    """As many samples as said are kept, the newest last; silence is a loss."""
    health = Health(1)
    for sent in range(1, RECENT + 20):
        health = judge(health, Result(1, sent, sent + 1000, Kind.REPLY, 200), Rules(), WALL).health
    health = judge(health, result(Kind.TIMEOUT, 0, sent=1000), Rules(), WALL).health
    assert health.samples == sample(1000) * (RECENT - 1) + LOSS


def test_what_is_not_fresh_is_forgotten() -> None:
    """A state without a fresh result becomes unknown, once."""
    verdict = expire(known(UP, 5), "no fresh result", WALL)
    assert verdict.transition is Transition.CHANGED
    assert (verdict.health.state, verdict.health.since) == (UNKNOWN, WALL)
    assert expire(verdict.health, "no fresh result", WALL).transition is Transition.UNCHANGED


# The case that one_more_success() takes, with a number of its own in each field: two mixed up would show.
UP_BEFORE = Health(*range(1000, 1000 + len(Health._fields) - 2), samples="abc", reason="200 OK")._replace(
    generation=7,
    state=UP,
    judged=1999,
    streak=0,
    hold=0,
    drain=0,
    voids=0,
    latency_min=2400,
    latency_max=2600,
)
ANSWERED = Result(7, 2000, 4500, Kind.REPLY, 299)
ANSWERED_BY = Rules(codes=((200, 299), (404, 404)), resent_after=500, most_drain=1)
SENT_AGAIN = 500_000
"""us, resent_after"""

# What differs in one thing from that case, each by as little as possible: all judge()'s.
NEAR_MISSES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "down": ({"state": DOWN}, {}, {}),
    "unknown": ({"state": UNKNOWN}, {}, {}),
    "a failure before": ({"streak": -1}, {}, {}),
    "a hold": ({"hold": 1}, {}, {}),
    "a drain": ({"drain": 1}, {}, {}),
    "a void ping before": ({"voids": 1}, {}, {}),
    "no latency yet": ({"latency_max": 0}, {}, {}),
    "an older registration": ({}, {"generation": 6}, {}),
    "a younger registration": ({}, {"generation": 8}, {}),
    "judged before": ({"judged": 2000}, {}, {}),
    "a younger one judged": ({"judged": 2001}, {}, {}),
    "a code below": ({}, {"code": 199}, {}),
    "a code above": ({}, {"code": 300}, {}),
    "a code beside": ({}, {"code": 405}, {}),
    "sent again": ({}, {"ended": 2000 + SENT_AGAIN}, {}),
    "codes that drain": ({}, {}, {"drain_codes": ((503, 503),)}),
}


def one_more(record: str, outcome: Result, rules: Rules) -> str | None:
    """Return what one more success makes of a record."""
    generation, sent, ended, _, code, _, _ = outcome
    return one_more_success(record, generation, sent, ended, code, rules, WALL)


def test_one_more_success_is_the_common_case() -> None:
    """Up, and a reply that counts: that is such a case, and so is the next one."""
    again = one_more(UP_BEFORE.text(), ANSWERED, ANSWERED_BY)
    assert again == judge(UP_BEFORE, ANSWERED, ANSWERED_BY, WALL).health.text()
    later = ANSWERED._replace(sent=2001)
    assert one_more(again, later, ANSWERED_BY) is not None
    never_sent_again = ANSWERED_BY._replace(resent_after=0)
    assert one_more(again, later._replace(ended=10**9), never_sent_again) is not None


@pytest.mark.parametrize("miss", NEAR_MISSES)
def test_one_more_success_leaves_the_others_to_judge(miss: str) -> None:
    """Whatever differs in one thing from the common case is judge's."""
    known, outcome, rules = NEAR_MISSES[miss]
    changed = UP_BEFORE._replace(**known), ANSWERED._replace(**outcome), ANSWERED_BY._replace(**rules)
    assert one_more(changed[0].text(), *changed[1:]) is None


def test_one_more_success_is_what_judge_says() -> None:
    """From text to text or by judge, the record is the same; half of the examples are such a success."""
    tried = hits = 0

    @settings(max_examples=100)
    @given(
        st.builds(
            UP_BEFORE._replace,
            streak=st.integers(0, 10**6),
            ok=st.integers(0, 10**6),
            void=st.integers(0, 10),
            calls_failed=st.integers(0, 10),
            since=st.integers(0, 10**10),
            latency_ewma=st.integers(0, 10**6),
            latency_min=st.integers(0, 10**6),
            latency_max=st.integers(1, 10**6),
            samples=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=RECENT - 2).map(
                lambda text: text[:RECENT]
            )
            | st.sampled_from(["", "abc"]),
            reason=st.sampled_from(["", "200 OK in 1.5 ms", "486 Gr\u00fc\u00df Gott"]),
        ),
        st.builds(
            ANSWERED._replace,
            ended=st.integers(2001, 1999 + SENT_AGAIN),
            code=st.sampled_from([200, 202, 299, 404]),
        ),
        st.none() | st.sampled_from(list(NEAR_MISSES)),
    )
    def check(known: Health, outcome: Result, miss: str | None) -> None:
        nonlocal tried, hits
        rules = ANSWERED_BY
        if miss:
            changed = NEAR_MISSES[miss]
            known, outcome = known._replace(**changed[0]), outcome._replace(**changed[1])
            rules = rules._replace(**changed[2])
        assert Health.from_text(known.text()) == known
        assert Health.from_text(known.text() + "   ") == known
        again = one_more(known.text() + "  ", outcome, rules)
        assert (again is None) == (miss is not None)
        tried += 1
        if again is None:
            return
        hits += 1
        verdict = judge(known, outcome, rules, WALL)
        assert Health.from_text(again) == verdict.health
        assert again == verdict.health.text()
        assert verdict.transition is Transition.UNCHANGED

    check()
    # The draw is by chance: about half, and never next to none.
    assert hits > tried / 10


GOOD_CALL = UP_BEFORE._replace(streak=1, calls_since=5 * SECOND)


@pytest.mark.parametrize(
    ("changed", "at", "counted"),
    [
        ({}, 15 * SECOND, (5 * SECOND, GOOD_CALL.calls_ok + 1, GOOD_CALL.calls_failed)),
        ({}, 15 * SECOND + 1, (15 * SECOND + 1, 1, 0)),
        ({"calls_since": 0}, 9 * SECOND, (9 * SECOND, 1, 0)),
        ({"streak": 0}, 9 * SECOND, None),
        ({"voids": 1}, 9 * SECOND, None),
        ({"streak": -1}, 9 * SECOND, None),
        ({"state": DOWN}, 9 * SECOND, None),
        ({"state": UNKNOWN}, 9 * SECOND, None),
    ],
    ids=[
        "in the window",
        "behind it",
        "first call",
        "no success yet",
        "a void ping before",
        "failed",
        "down",
        "unknown",
    ],
)
def test_one_more_good_call_is_counted_in_its_window(
    changed: dict[str, int], at: int, counted: tuple[int, int, int] | None
) -> None:
    """A call counts in the window that is open, or opens the next one; any other case is judge_call's."""
    known = GOOD_CALL._replace(**changed)
    again = one_more_good_call(known.text(), at, 10 * SECOND, WALL)
    if counted is None:
        assert again is None
        return
    assert again is not None
    after = Health.from_text(again)
    assert (after.calls_since, after.calls_ok, after.calls_failed) == counted
    verdict = judge_call(known, 200, at, Rules(fall=2), CallRules("on", 5, 10), WALL)
    assert after == verdict.health
    assert verdict.transition is Transition.UNCHANGED


@given(
    st.builds(
        GOOD_CALL._replace,
        streak=st.integers(1, 10**6),
        ok=st.integers(0, 10**6),
        traffic=st.integers(0, 10**6),
        calls_since=st.integers(0, 20 * SECOND),
        calls_ok=st.integers(0, 10**6),
        calls_failed=st.integers(0, 10**6),
        samples=st.sampled_from(["", "abc~"]),
        reason=st.sampled_from(["200 OK in 1.5 ms", ""]),
    ),
    st.integers(10**6, 20 * SECOND),
    st.integers(1, 10),
)
def test_one_more_good_call_is_what_judge_call_says(known: Health, at: int, window: int) -> None:
    """From text to text or by judge_call, the record is the same; and nothing else changes."""
    again = one_more_good_call(known.text() + "  ", at, window * SECOND, WALL)
    verdict = judge_call(known, 200, at, Rules(fall=2), CallRules("on", 5, window), WALL)
    assert again == verdict.health.text() + "  "
    assert verdict.transition is Transition.UNCHANGED
    assert pace(verdict.health, at) == pace(known, at)


def test_rules_travel_as_text() -> None:
    """Rules come back from their text as they were; there is no white space in it."""
    rules = Rules(3, 4, ((200, 299), (404, 404)), timeout=500, flap_limit=3)
    assert Rules.from_text(rules.text()) == rules
    rules = rules._replace(drain_codes=((503, 503), (480, 480)))
    assert Rules.from_text(rules.text()) == rules
    assert " " not in rules.text()


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
    assert is_success(result(kind, code), Rules()) is success


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
    health = Health(2, DOWN, judged=100)
    verdict = judge(health, stale, Rules(), WALL)
    assert verdict.health is health
    assert verdict.transition is Transition.STALE


@pytest.mark.parametrize(
    ("outcome", "why"),
    [
        (result(code=200), "200 Reason in 5.0 ms"),
        (result(code=408), "408 Reason in 5.0 ms"),
        (Result(1, 0, 1500, Kind.REPLY, 200, ""), "200 in 1.5 ms"),
        (Result(1, 0, 3_062_000, Kind.TIMEOUT), "no reply in 3062 ms"),
        (Result(1, 0, 4_000_000, Kind.LOST), "no reply in 4000 ms"),
        (result(Kind.SEND_FAILED, 0), "the ping could not be sent"),
    ],
)
def test_why_tells_a_received_408_from_silence(outcome: Result, why: str) -> None:
    """The log says what came and how long it took, or that nothing came."""
    assert outcome.why() == why


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
    rules = Rules(rise, fall)
    health = Health(1)
    newest = 0
    outcomes: list[bool] = []
    state = UNKNOWN
    for each in sequence:
        if isinstance(each, Report):
            verdict = judge_report(health, each, rules, WALL)
            outcomes.append(each.success)
        else:
            verdict = judge(health, each, rules, WALL)
            if each.generation != 1 or each.sent <= newest:
                assert verdict == (health, Transition.STALE, "")
                continue
            newest = each.sent
            if each.kind in (Kind.UNSENT, Kind.UNHEARD):
                assert verdict.transition is Transition.VOID
                assert verdict.health == health._replace(
                    judged=newest,
                    void=health.void + 1,
                    voids=health.voids + 1,
                    heard=last_evidence(health),
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
        assert health.judged == newest
        assert health.voids == 0
