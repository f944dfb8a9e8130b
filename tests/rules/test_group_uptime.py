"""Whether a group is up, for how much of its time it was."""

from __future__ import annotations

import pytest

from keepalive_core.rules.group_uptime import condition
from keepalive_core.rules.roster_text import EMPTY, Head, Seated


def roster(marks: str, least: int = 0) -> str:
    """The text of a roster whose members have some marks."""
    lines = [f"{number:024x} sip:{number}:5060 sip:{number} 000000000-" for number in range(len(marks))]
    return Head(least, 0, 0, len(marks)).text() + Seated.of(lines, marks).record("0000000a")


@pytest.mark.parametrize(
    ("marks", "least", "word"),
    [
        ("A", 0, "u"),
        ("ASST.", 0, "u"),
        ("S", 0, "d"),
        ("SS", 1, "d"),
        ("KS", 1, "d"),  # it answers, and is down
        ("AKS", 2, "d"),
        ("AAS", 2, "u"),
        ("U", 0, "-"),
        ("W", 0, "-"),
        ("HS", 1, "-"),
        ("SU", 0, "-"),
        ("SSU", 2, "d"),  # whatever it is, they are too few
        ("T", 0, "-"),
        ("TS", 0, "d"),
        ("ATT", 2, "-"),  # too few are left in service
        (".", 0, "-"),
    ],
)
def test_what_holds_of_a_group(marks: str, least: int, word: str) -> None:
    """Enough are up, too few are, or nobody knows: unknown, or taken out by an administrator."""
    assert condition(roster(marks, least)) == word


def test_a_group_of_nobody() -> None:
    """Nothing is measured."""
    assert condition(EMPTY) == "-"
