"""What owners say of group_min_alive."""

import pytest

from keepalive_core.rules import floor_words


@pytest.mark.parametrize(
    ("said", "setting", "number", "least"),
    [
        ([["2"], ["50%"]], "0", 3, 2),
        ([["2"], ["50%"]], "0", 10, 5),
        ([["2", "100%"], [""]], "0", 4, 4),
        ([["0"]], "3", 4, 0),
        ([["0"], [""]], "3", 4, 3),
        ([[""]], "25%", 5, 2),
        ([["999999"]], "0", 7, 7),
        ([["0%"]], "3", 4, 0),
        ([[""]], "0", 4, 0),
        ([["50%"]], "0", 202, 101),
    ],
)
def test_where_words_differ_the_highest_counts(
    said: list[list[str]], setting: str, number: int, least: int
) -> None:
    """A number, a percentage, or what the setting says for those whose owners say nothing."""
    by_member = [floor_words.words(said[at % len(said)]) for at in range(number)]
    assert floor_words.least(floor_words.highest(by_member), number, setting) == least
    assert {len(each) for each in by_member} == {floor_words.WIDTH}


def test_nobody_says_anything_of_a_group_without_members() -> None:
    """Then none has to answer, whatever the setting says."""
    assert floor_words.highest([]) == floor_words.NONE
    assert floor_words.least(floor_words.NONE, 0, "100%") == 0
