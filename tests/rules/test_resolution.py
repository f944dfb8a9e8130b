"""What DNS said of a name: it comes back from its row as it was, and nothing else does."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules.resolution import MOST_TARGETS, Resolution, Target

TARGET = Target("sip:p.com#192.0.2.1:5060", "sip:192.0.2.1:5060", 10, 60, "_sip._udp.p.com SRV")
KNOWN = Resolution(1_700_000_000, 1_699_999_000, "no answer from DNS", (TARGET,), (TARGET,), "port 0")


@given(
    st.builds(
        Resolution,
        asked=st.integers(0, 1 << 40),
        answered=st.integers(0, 1 << 40),
        fault=st.text("no such name", max_size=50),
        targets=st.lists(
            st.builds(
                Target,
                key=st.just("sip:p.com#[2001:db8::1]:5060"),
                hop=st.just("sip:[2001:db8::1]:5060"),
                priority=st.integers(0, 65_535),
                weight=st.integers(0, 65_535),
                record=st.text("AZaz_. ", max_size=60),
            ),
            max_size=MOST_TARGETS,
        ).map(tuple),
        kept=st.just((TARGET,)),
        left_out=st.just("port 0"),
        host=st.just("p.com"),
    )
)
def test_a_resolution_comes_back(known: Resolution) -> None:
    """From its text, and from one that was filled up with a space."""
    assert Resolution.from_text(known.text()) == known
    assert Resolution.from_text(known.text() + " ") == known


def test_what_a_later_version_says_besides_is_passed_over() -> None:
    """A field that nobody knows yet is none."""
    assert Resolution.from_text(json.dumps(json.loads(KNOWN.text()) | {"ttl": 60})) == KNOWN


@pytest.mark.parametrize(
    "change",
    [
        {"asked": -1},
        {"answered": 1 << 41},
        {"asked": True},
        {"fault": 7},
        {"fault": "x" * 701},
        {"left_out": "two\nlines"},
        {"targets": 7},
        {"targets": [7]},
        {"targets": [[]]},
        {"targets": ["#abcd"]},
        {"targets": [["sip:p.com", "sip:192.0.2.1", 0, 0, ""]]},
        {"targets": [["sip:p.com#1", "sip:192.0.2.1", 65_536, 0, ""]]},
        {"kept": [["sip:p.com#1", "sip:192.0.2.1", 0, 1.5, ""]]},
        {"targets": [list(TARGET)] * (MOST_TARGETS + 1)},
    ],
    ids=str,
)
def test_nonsense_is_none(change: dict[str, Any]) -> None:
    """A value of another type, or out of range, makes all of it nonsense."""
    with pytest.raises((ValueError, TypeError)):
        Resolution.from_text(json.dumps(json.loads(KNOWN.text()) | change))


@pytest.mark.parametrize("text", ["", "nonsense", "[]", "{}", "7", "null", '{"asked": 1}'])
def test_another_text_is_none(text: str) -> None:
    """What is no resolution's text raises something that its reader takes for nonsense."""
    with pytest.raises(Exception):  # noqa: B017 - whatever Python says of a wrong shape
        Resolution.from_text(text)


def target(number: int) -> Target:
    return TARGET._replace(key=f"sip:p.com#192.0.2.{number}:5060", hop=f"sip:192.0.2.{number}:5060")


def targets(*numbers: int) -> tuple[Target, ...]:
    return tuple(map(target, numbers))


BEFORE = Resolution(5, 5, "", targets(1, 2), targets(3))


@pytest.mark.parametrize(
    ("found", "fault", "are", "kept"),
    [
        ([1, 2], "", [1, 2], [3]),
        ([2, 1], "", [2, 1], [3]),
        ([2, 4], "", [2, 4], [1, 3]),
        ([3], "", [3], [1, 2]),
        ([4, 5], "no answer from DNS: b.p.com", [4, 5, 1, 2], [3]),
        ([3], "no answer from DNS: b.p.com", [3, 1, 2], []),
    ],
)
def test_what_follows_of_an_answer(found: list[int], fault: str, are: list[int], kept: list[int]) -> None:
    """Who is no longer among the targets is kept; if not all are known, who was a target is one still."""
    after = BEFORE.renewed(targets(*found), fault, "port 0", 9)
    assert after == Resolution(9, 9, fault, targets(*are), targets(*kept), "port 0")
    assert after.all_targets == targets(*are, *kept)


def test_an_answer_without_targets_takes_none_away() -> None:
    """It is known when that was asked, and why there is none."""
    after = BEFORE.renewed((), "no such name", "", 9)
    assert after == Resolution(9, 5, "no such name", targets(1, 2), targets(3))


def test_no_more_than_32_are_kept() -> None:
    """Nor are there more targets, of two answers together."""
    many = Resolution(1, 1, "", targets(*range(1, 33)), targets(*range(33, 65)))
    after = many.renewed(targets(*range(100, 132)), "", "", 2)
    assert (len(after.targets), after.kept) == (32, many.targets)
    assert many.renewed(targets(100), "no answer from DNS: x", "", 2).targets == targets(100, *range(1, 32))


def test_a_name_that_means_another_host() -> None:
    """It has no targets but kept ones, which are its own again if DNS says so."""
    after = BEFORE.disowned()
    assert after == Resolution(kept=targets(1, 2, 3))
    assert not after.is_new_known
    assert after.renewed(targets(2, 4), "", "", 9) == Resolution(9, 9, "", targets(2, 4), targets(1, 3))
    failed = after.renewed((), "no such name", "", 9)
    assert failed == Resolution(9, 0, "no such name", (), targets(1, 2, 3))
    assert failed.is_new_known


def test_that_time_went_on_is_no_difference() -> None:
    """When DNS was asked, and when it answered, is no other answer."""
    assert not BEFORE.differs_from(BEFORE._replace(asked=9, answered=9))
    assert BEFORE.differs_from(BEFORE._replace(left_out="port 0"))


def test_targets_of_before_a_restart() -> None:
    """They stand in for what DNS did not say; nothing else is another one."""
    asked = Resolution(9, 0, "no answer from DNS")
    assert asked.recalled(targets(1, 2)) == asked._replace(targets=targets(1, 2))
    assert len(asked.recalled(targets(*range(1, 60))).targets) == MOST_TARGETS
