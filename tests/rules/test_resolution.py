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
