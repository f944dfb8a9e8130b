"""How long a state stands without evidence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules import freshness
from keepalive_core.rules.criteria import Criteria
from keepalive_core.rules.evidence import GRACE, NO_VERDICT, Kind, Result
from keepalive_core.rules.judging import judge
from keepalive_core.rules.parameters import PARAMETERS
from keepalive_core.rules.policy import Policy
from keepalive_core.rules.record import Health, last_evidence
from keepalive_core.rules.schedule import SECOND

DEFAULTS = {name: setting.default for name, setting in PARAMETERS.items()}

times = st.integers(0, 10**9)

health = st.builds(
    Health,
    st.just(1),
    newest_sent=times,
    voids=st.integers(0, 3),
    heard=times,
    traffic=times,
    not_before=times,
)


@given(
    health,
    st.sampled_from([0, 1, 30, 4000]),
    st.integers(1, 3600),
    times,
    st.lists(st.tuples(times, times), max_size=10),
)
def test_a_state_ends_after_its_limit_and_not_before(
    known: Health, stale_after: int, interval: int, asked: int, standstills: list[tuple[int, int]]
) -> None:
    """Never before its limit behind evidence and asking, nor before an answer could be there.

    A standstill behind the evidence is made up for, and nothing else puts the end off.
    """
    policy = Policy({**DEFAULTS, "stale_after": stale_after, "ping_interval": interval})
    stands = freshness.limit(known, policy, interval * SECOND)
    if not stands:
        assert not stale_after
        assert not known.voids
        return
    assert stands <= max(10 * interval, 300, stale_after) * SECOND
    assert stands == stale_after * SECOND or (known.voids and stands >= 300 * SECOND)
    answered = policy.timeout * 1000 + GRACE
    end = freshness.end(known, stands, asked, answered, standstills)
    stood = sum(length for over, length in standstills if over > last_evidence(known))
    assert end >= stands + max(last_evidence(known) + stood, known.not_before, asked + stood)
    assert end >= asked + answered + stood
    assert end <= max(last_evidence(known), known.not_before, asked) + stands + answered + stood


@given(st.lists(st.sampled_from([Kind.REPLY, Kind.TIMEOUT, Kind.UNHEARD, Kind.UNSENT, Kind.SEND_FAILED])))
def test_the_row_of_void_pings_is_counted(kinds: list[Kind]) -> None:
    """The record says how many of the last pings had no verdict, and when the last one that had one left."""
    known = Health(1)
    for number, kind in enumerate(kinds, 1):
        known = judge(
            known, Result(1, number * SECOND, number * SECOND + 5000, kind, 200), Criteria(), 1
        ).health
        known = Health.from_text(known.text())
    void = [kind in (Kind.UNHEARD, Kind.UNSENT) for kind in kinds]
    with_verdict = [number for number, is_void in enumerate(void, 1) if not is_void]
    newest = max(with_verdict, default=0)
    assert known.voids == len(kinds) - newest
    assert last_evidence(known) == newest * SECOND


@pytest.mark.parametrize(
    ("known", "stands", "said"),
    [
        (Health(1), 90 * SECOND, "no fresh result for 90 s"),
        (Health(1), SECOND // 2, "no fresh result for 0.5 s"),
        (
            Health(1, voids=4, reason=f"{NO_VERDICT}no reply: deaf"),
            300 * SECOND,
            "no fresh result for 300 s, its last 4 pings had no verdict, the last one: no reply: deaf",
        ),
    ],
)
def test_why_a_state_ends(known: Health, stands: int, said: str) -> None:
    """For how long nothing was heard; if it was asked in vain, what kept this server from hearing."""
    assert freshness.why(known, stands) == said


@pytest.mark.parametrize(
    ("stale_after", "voids", "interval", "stands"),
    [(0, 0, 30, 0), (90, 0, 30, 90), (0, 1, 30, 300), (0, 1, 60, 600), (400, 1, 60, 400), (400, 1, 30, 300)],
)
def test_for_how_long_a_state_stands(stale_after: int, voids: int, interval: int, stands: int) -> None:
    """As long as somebody said; ten intervals of void pings, and 300 s at the least."""
    policy = Policy({**DEFAULTS, "stale_after": stale_after})
    assert freshness.limit(Health(1, voids=voids), policy, interval * SECOND) == stands * SECOND


@pytest.mark.parametrize(("over", "end"), [(99, 400), (100, 400), (101, 407)])
def test_a_standstill_counts_behind_the_last_evidence(over: int, end: int) -> None:
    """One that was over when evidence came put nothing off."""
    known = Health(1, newest_sent=100, heard=100)
    assert freshness.end(known, 300, asked=0, answered=0, standstills=[(over, 7)]) == end


@pytest.mark.parametrize(
    ("stale_after", "voids", "apart", "seconds"),
    [(0, 0, 1, 300), (0, 0, 60, 1200), (100, 0, 60, 100), (0, 1, 60, 600), (0, 1, 1, 300), (0, 1, 0, 300)],
)
def test_a_tracker_is_unknown_if_nothing_is_learned_of_the_other_one(
    stale_after: int, voids: int, apart: int, seconds: int
) -> None:
    """Sooner or later, whatever keeps that one from being asked, in times of that one's pings."""
    policy = Policy({**DEFAULTS, "ping_interval": 5, "stale_after": stale_after})
    limit = freshness.limit(Health(1, voids=voids), policy, 5 * SECOND, apart * SECOND)
    assert limit == seconds * SECOND


@pytest.mark.parametrize(("interval", "ago", "stands"), [(30, 299, True), (30, 300, False), (60, 599, True)])
def test_a_state_of_which_nobody_can_be_asked(interval: int, ago: int, stands: bool) -> None:
    """It stands for ten intervals, and for five minutes at the least."""
    policy = Policy(DEFAULTS | {"ping_interval": interval})
    assert freshness.stands_unasked(Health(1, 1, checked=1_000_000 - ago), policy, 1_000_000) is stands


@pytest.mark.parametrize(
    ("interval", "voids", "is_in_vain"),
    [(30, 10, False), (30, 11, True), (100, 10, False), (100, 11, True), (10, 30, False), (10, 31, True)],
)
def test_a_target_that_is_asked_in_vain(interval: int, voids: int, is_in_vain: bool) -> None:
    """It is after more void pings than the time has intervals that ends a state: 10, 300 s at least."""
    policy = Policy(DEFAULTS | {"ping_interval": interval}, {})
    assert freshness.is_in_vain(Health(1, voids=voids), policy) is is_in_vain
