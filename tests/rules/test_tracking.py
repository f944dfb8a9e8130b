"""What trackers are told, by which criteria they are judged, and in which order."""

from __future__ import annotations

import json
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules import tracking
from keepalive_core.rules.criteria import Criteria
from keepalive_core.rules.evidence import Kind, OfCluster, OfTargets, Result
from keepalive_core.rules.parameters import PARAMETERS
from keepalive_core.rules.policy import Policy
from keepalive_core.rules.tracking import SLICE, Backlog, Shown

A, B = "sip:192.168.10.20:5060", "sip:192.168.10.21:5060"
DEFAULTS = {name: setting.default for name, setting in PARAMETERS.items()}
results = st.builds(
    Result,
    st.just(0),
    st.integers(1, 10**12),
    st.integers(1, 10**12),
    st.sampled_from(Kind),
    st.integers(0, 699),
    st.text(max_size=40),
    st.integers(0, 10**6),
)


def shown(sent: int) -> Shown:
    """A success of a ping that left at a time in us."""
    return Shown(Result(0, sent, sent + 1, Kind.REPLY, 200), Criteria())


def test_nobody_tracks_itself() -> None:
    """Under a policy that a whole group has, the one that it names is pinged."""
    policy = Policy(DEFAULTS, {}, {"track": A})
    assert tracking.tracks(B, policy) == A
    assert tracking.tracks(A, policy) == ""
    assert tracking.tracks(B, Policy(DEFAULTS)) == ""


@given(results, st.builds(Criteria, rise=st.integers(1, 9), resent_after=st.sampled_from([0, 500])))
def test_what_a_ping_showed_comes_back(result: Result, criteria: Criteria) -> None:
    """Whatever is told, and by which criteria; of whose registration it was means nothing to others."""
    assert Shown.from_text(Shown(result._replace(generation=7), criteria).text()) == (result, criteria)


@given(
    st.builds(
        OfCluster,
        st.integers(0, 2),
        st.text(),
        st.integers(),
        st.integers(),
        st.integers(0, 2),
        st.booleans(),
    )
)
def test_what_holds_in_a_cluster_comes_back(found: OfCluster) -> None:
    """As it was shared."""
    assert Shown.from_text(Shown(found).text()) == Shown(found)


@given(st.builds(OfTargets, st.integers(0, 2), st.text(), st.integers(), st.integers(), st.booleans()))
def test_what_was_found_of_a_name_comes_back(found: OfTargets) -> None:
    """It bears no criteria, as nothing of it is judged by those of a ping."""
    shown = Shown.from_text(Shown(found).text())
    assert shown == (found, Criteria())
    assert isinstance(shown.evidence, OfTargets)


@pytest.mark.parametrize(
    "change",
    [
        lambda fields: fields[:-1],
        lambda fields: [str(fields[0]), *fields[1:]],
        lambda fields: [*fields[:2], "nonsense", *fields[3:]],
        lambda fields: [*fields[:3], True, *fields[4:]],
        lambda fields: [*fields[:4], 5, *fields[5:]],
        lambda fields: [*fields[:6], "{}x"],
        lambda fields: [1, "why", 5, 0, 0],
        lambda fields: {},
    ],
)
def test_what_was_not_written_here_is_refused(change: object) -> None:
    """A text of other fields, other types, another word or other criteria."""
    assert callable(change)
    with pytest.raises((ValueError, TypeError, KeyError)):
        Shown.from_text(json.dumps(change(json.loads(shown(5).text()))))


@pytest.mark.parametrize(("own", "of_ping", "most"), [(600, 300, 300), (600, 0, 600), (0, 300, 0)])
def test_the_rules_are_its_own_and_the_times_the_pings(own: int, of_ping: int, most: int) -> None:
    """Whether a Retry-After is followed is its own to say, for how long the one to say that is asked."""
    ping = Criteria(rise=7, fall=7, timeout=800, resent_after=500, most_drain=of_ping)
    mine = Criteria(rise=2, fall=3, timeout=3000, drain_codes=((480, 480),), most_drain=own)
    assert tracking.criteria_for(mine, ping) == mine._replace(timeout=800, resent_after=500, most_drain=most)


def test_how_many_each_prober_has() -> None:
    """What is written comes back; a prober that has none is not there, and nobody at all is no text."""
    known = {2: 17, 0: 500, 5: 0}
    text = tracking.numbers_text(known)
    assert text == "0:500,2:17"
    assert tracking.numbers(text) == {0: 500, 2: 17}
    assert tracking.probers_of(known) == "02"
    assert (tracking.numbers_text({3: 0}), tracking.probers_of({})) == ("", "")


@pytest.mark.parametrize("text", ["", "0", "0:", "0:5,", "12:5", "0:5;1:2", "0:-5", "0:1234567890", "x"])
def test_other_numbers_are_refused(text: str) -> None:
    """What numbers_text() did not write."""
    with pytest.raises(ValueError, match="trackers"):
        tracking.numbers(text)


@given(st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 4 * SLICE)), max_size=12))
def test_each_tracker_hears_all_in_order(puts: list[tuple[str, int]]) -> None:
    """Each result goes to each tracker of its destination once, and none overtakes another."""
    backlog = Backlog()
    wanted = defaultdict(list)
    left_out = set()
    for at, (tracked, number) in enumerate(puts):
        keys = [f"{tracked}{place}" for place in range(number)]
        before = [sent for sent in wanted[tracked] if sent not in left_out]
        if not backlog.put(tracked, shown(at), keys):
            left_out.add(before[1])
        wanted[tracked].append(at)
    heard = defaultdict(list)
    while work := backlog.take():
        tracked, what, some = work
        assert len(some) <= SLICE
        for key in some:
            heard[key].append(what.evidence.at - 1)
    assert len(backlog) == 0
    for tracked, number in {(tracked, number) for tracked, number in puts}:
        for place in range(number):
            mine = [
                at
                for at, (other, many) in enumerate(puts)
                if other == tracked and place < many and at not in left_out
            ]
            assert heard[f"{tracked}{place}"] == mine


def test_one_of_many_keeps_none_waiting() -> None:
    """The tracked take turns: who has few trackers does not wait for who has thousands."""
    backlog = Backlog()
    backlog.put(A, shown(1), [f"many{number}" for number in range(10_000)])
    backlog.put(B, shown(1), ["one"])
    assert len(backlog) == 2
    turns = [work[0] for _ in range(3) if (work := backlog.take())]
    assert turns == [A, B, A]


def test_the_newest_results_are_never_left_out() -> None:
    """If many wait, the one that has begun is ended, and those behind it make room for what is newer."""
    backlog = Backlog()
    keys = [f"t{number}" for number in range(SLICE + 1)]
    backlog.put(A, shown(0), keys)
    backlog.take()
    assert [backlog.put(A, shown(at), keys) for at in range(1, 11)] == [True] * 7 + [False] * 3
    told = []
    while work := backlog.take():
        told.append(work[1].evidence.at - 1)
    assert sorted(set(told)) == [0, *range(4, 11)]
