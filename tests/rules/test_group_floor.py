"""How many members of a group have to answer."""

from __future__ import annotations

import pytest

from keepalive_core.rules.group_floor import is_group_floor, least_alive


@pytest.mark.parametrize(
    ("text", "number", "least"),
    [("0", 5, 0), ("2", 5, 2), ("9", 5, 5), ("50%", 5, 3), ("1%", 5, 1), ("100%", 5, 5), ("50%", 202, 101)],
)
def test_how_many_have_to_answer(text: str, number: int, least: int) -> None:
    """A number, or a percentage that is rounded up; never more than there are."""
    assert is_group_floor(text)
    assert least_alive(text, number) == least


@pytest.mark.parametrize("text", ["", "-1", "101%", "half", "1.5", "5 %", "%"])
def test_what_is_no_number_of_members(text: str) -> None:
    """Anything else is refused."""
    assert not is_group_floor(text)
