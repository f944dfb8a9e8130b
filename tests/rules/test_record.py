"""The record of a destination, its text, and the two fast paths over that."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepalive_core.rules.calls import CallCriteria, judge_call
from keepalive_core.rules.criteria import Criteria
from keepalive_core.rules.evidence import Call, Kind, Result
from keepalive_core.rules.judging import Transition, judge
from keepalive_core.rules.latency import RECENT
from keepalive_core.rules.pace import pace
from keepalive_core.rules.record import (
    Health,
    at_a_glance,
    fast_call,
    fast_success,
    last_evidence,
    newest_sent_in,
    since_and_latency,
)
from keepalive_core.rules.schedule import SECOND
from keepalive_core.rules.states import DOWN, UNKNOWN, UP

WALL = 1_000_000


# The case that fast_success() takes, with a number of its own in each field: two mixed up would show.
UP_BEFORE = Health(
    *range(1000, 1000 + len(Health._fields) - 3), result="timeout", samples="abc", reason="200 OK"
)._replace(
    generation=7,
    state=UP,
    newest_sent=1999,
    streak=0,
    not_before=0,
    drain_until=0,
    voids=0,
    voice=0,
    latency_min=2400,
    latency_max=2600,
)


ANSWERED = Result(7, 2000, 4500, Kind.REPLY, 299)


ANSWERED_BY = Criteria(codes=((200, 299), (404, 404)), resent_after=500, most_drain=1)


SENT_AGAIN = 500_000
"""us, resent_after"""


# What differs in one thing from that case, each by as little as possible: all judge()'s.
NEAR_MISSES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "down": ({"state": DOWN}, {}, {}),
    "unknown": ({"state": UNKNOWN}, {}, {}),
    "a failure before": ({"streak": -1}, {}, {}),
    "a hold": ({"not_before": 1}, {}, {}),
    "a drain": ({"drain_until": 1}, {}, {}),
    "a void ping before": ({"voids": 1}, {}, {}),
    "a voice in a cluster": ({"voice": 1}, {}, {}),
    "no latency yet": ({"latency_max": 0}, {}, {}),
    "an older registration": ({}, {"generation": 6}, {}),
    "a younger registration": ({}, {"generation": 8}, {}),
    "judged before": ({"newest_sent": 2000}, {}, {}),
    "a younger one judged": ({"newest_sent": 2001}, {}, {}),
    "a code below": ({}, {"code": 199}, {}),
    "a code above": ({}, {"code": 300}, {}),
    "a code beside": ({}, {"code": 405}, {}),
    "sent again": ({}, {"ended": 2000 + SENT_AGAIN}, {}),
    "codes that drain": ({}, {}, {"drain_codes": ((503, 503),)}),
}


def one_more(record: str, outcome: Result, criteria: Criteria) -> str | None:
    """Return what one more success makes of a record."""
    generation, sent, ended, _, code, _, _ = outcome
    return fast_success(record, generation, sent, ended, code, criteria, WALL)


def test_fast_success_is_the_common_case() -> None:
    """Up, and a reply that counts: that is such a case, and so is the next one."""
    again = one_more(UP_BEFORE.text(), ANSWERED, ANSWERED_BY)
    assert again == judge(UP_BEFORE, ANSWERED, ANSWERED_BY, WALL).health.text()
    later = ANSWERED._replace(sent=2001)
    assert one_more(again, later, ANSWERED_BY) is not None
    never_sent_again = ANSWERED_BY._replace(resent_after=0)
    assert one_more(again, later._replace(ended=10**9), never_sent_again) is not None


@pytest.mark.parametrize("miss", NEAR_MISSES)
def test_fast_success_leaves_the_others_to_judge(miss: str) -> None:
    """Whatever differs in one thing from the common case is judge's."""
    known, outcome, criteria = NEAR_MISSES[miss]
    changed = UP_BEFORE._replace(**known), ANSWERED._replace(**outcome), ANSWERED_BY._replace(**criteria)
    assert one_more(changed[0].text(), *changed[1:]) is None


def test_fast_success_is_what_judge_says() -> None:
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
        criteria = ANSWERED_BY
        if miss:
            changed = NEAR_MISSES[miss]
            known, outcome = known._replace(**changed[0]), outcome._replace(**changed[1])
            criteria = criteria._replace(**changed[2])
        assert Health.from_text(known.text()) == known
        assert Health.from_text(known.text() + "   ") == known
        again = one_more(known.text() + "  ", outcome, criteria)
        assert (again is None) == (miss is not None)
        tried += 1
        if again is None:
            return
        hits += 1
        verdict = judge(known, outcome, criteria, WALL)
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
        ({"voice": 1}, 9 * SECOND, None),
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
        "a voice in a cluster",
        "failed",
        "down",
        "unknown",
    ],
)
def test_fast_call_is_counted_in_its_window(
    changed: dict[str, int], at: int, counted: tuple[int, int, int] | None
) -> None:
    """A call counts in the window that is open, or opens the next one; any other case is judge_call's."""
    known = GOOD_CALL._replace(**changed)
    again = fast_call(known.text(), at, 10 * SECOND, WALL)
    if counted is None:
        assert again is None
        return
    assert again is not None
    after = Health.from_text(again)
    assert (after.calls_since, after.calls_ok, after.calls_failed) == counted
    verdict = judge_call(known, Call(200, at), Criteria(fall=2), CallCriteria("on", 5, 10), WALL)
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
def test_fast_call_is_what_judge_call_says(known: Health, at: int, window: int) -> None:
    """From text to text or by judge_call, the record is the same; and nothing else changes."""
    again = fast_call(known.text() + "  ", at, window * SECOND, WALL)
    verdict = judge_call(known, Call(200, at), Criteria(fall=2), CallCriteria("on", 5, window), WALL)
    assert again == verdict.health.text() + "  "
    assert verdict.transition is Transition.UNCHANGED
    assert pace(verdict.health, at) == pace(known, at)


def test_when_the_last_ping_left_is_read_alone() -> None:
    """One field, without the others: in a record's text it is where the record has it."""
    assert newest_sent_in(Health(1, 2, 12345, reason="a b c").text()) == 12345
    with pytest.raises(IndexError):
        newest_sent_in("1 2")


@pytest.mark.parametrize(
    ("known", "last"),
    [
        (Health(1, heard=7, traffic=5, newest_sent=3), 7),
        (Health(1, heard=5, traffic=7, newest_sent=3), 7),
        (Health(1, heard=3, traffic=5, newest_sent=7), 7),
        (Health(1, heard=3, traffic=5, newest_sent=7, voids=1), 5),
    ],
)
def test_the_last_evidence(known: Health, last: int) -> None:
    """A result, a call or a report, whichever was last; a ping without a verdict is none."""
    assert last_evidence(known) == last


@pytest.mark.parametrize("known", [Health(7), UP_BEFORE, UP_BEFORE._replace(streak=-3, samples="")])
def test_what_we_wrote_is_sound_at_a_glance(known: Health) -> None:
    """Filled up with spaces or not; nobody has to look closer at it."""
    seen = (known.generation, known.state, known.newest_sent)
    assert at_a_glance(known.text()) == seen
    assert at_a_glance(known.text().ljust(400)) == seen


@given(st.integers(0, 200), st.integers(0, 3), st.sampled_from(["", " ", ",", "-", "7", "x", "\n", "\u0663"]))
def test_what_is_sound_at_a_glance_makes_sense(at: int, gone: int, come: str) -> None:
    """Whatever somebody has changed in it: what cannot be read is not sound, nor what says something else."""
    text = UP_BEFORE.text()
    text = text[:at] + come + text[at + gone :]
    seen = at_a_glance(text)
    if seen is not None:
        known = Health.from_text(text)
        assert seen == (known.generation, known.state, known.newest_sent)
        assert known.drain_until == 0
        assert known.state in (UNKNOWN, UP, DOWN)


def test_a_record_of_a_version_without_a_cluster_is_read_on() -> None:
    """It has one number less; all that reads of a text alone reads the same of it."""
    known = UP_BEFORE._replace(since=123, mismatched=0)
    numbers = known.text().split(" ")
    others = known._fields.index("voids")
    assert numbers[others].endswith(",0,0")
    numbers[others] = numbers[others].removesuffix(",0")
    older = " ".join(numbers)
    assert Health.from_text(older) == known
    assert at_a_glance(older) == at_a_glance(known.text())
    assert since_and_latency(older) == since_and_latency(known.text())
    again = one_more(older, ANSWERED, ANSWERED_BY)
    assert again
    assert Health.from_text(again) == Health.from_text(one_more(known.text(), ANSWERED, ANSWERED_BY) or "")


def test_what_destinations_are_sorted_by() -> None:
    """The two fields are read from a text as from the record itself; what is no record raises."""
    known = UP_BEFORE._replace(since=123, latency=456, result="reply", reason="200 OK in 5 ms")
    assert since_and_latency(known.text()) == (123, 456)
    for text in ("", "nonsense", "1 2 3"):
        with pytest.raises((ValueError, IndexError)):
            since_and_latency(text)
