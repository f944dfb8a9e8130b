"""How a roster is written down."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules import roster_text
from keepalive_core.rules.checks import MOST_NUMBER
from keepalive_core.rules.roster_text import EMPTY, SEATS, VACANT, Head, Member, Records, Seated, rank

NUMBERS = st.integers(-MOST_NUMBER, MOST_NUMBER)
COUNTS = st.integers(0, 99_999_999)


@given(st.lists(st.tuples(NUMBERS, NUMBERS, st.integers(0, MOST_NUMBER)), max_size=9))
def test_ranks_sort_the_best_first(places: list[tuple[int, int, int]]) -> None:
    """By falling priority, then by falling weight, then in the order of registration."""
    by_rank = sorted(places, key=lambda place: rank(*place))
    assert by_rank == sorted(places, key=lambda place: (-place[0], -place[1], place[2]))
    assert len({len(rank(*place)) for place in places}) <= 1


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_a_head_comes_back_as_it_was(least: int, answering: int, held: int, members: int) -> None:
    """All counts have one width, and the words stand behind them."""
    head = Head(least, answering, held, members, "000002050d")
    assert Head.of(head.text()) == Head.of(head.text() + "more") == head
    assert len(head.text()) == len(EMPTY)


def seated(number: int, generation: int = 0) -> Seated:
    """Return a number of members."""
    ranks = [rank(0, 0, generation + at) for at in range(number)]
    lines = [Member(each, f"k{at}", f"sip:u{at}", "000002000-").line() for at, each in enumerate(ranks)]
    return Seated.of(lines, "ASKT"[:number])


def test_a_record_has_what_was_written_into_it() -> None:
    """Each part of a record is found where it was put, on each page."""
    records = Records(EMPTY + seated(4).record("0000000a") + seated(2, 9).record("0000000b"))
    assert [records.number(page) for page in range(len(records))] == ["0000000a", "0000000b"]
    assert [records.rank(page) for page in range(len(records))] == [rank(0, 0, 0), rank(0, 0, 9)]
    assert records.marks(1) == "AS".ljust(SEATS, VACANT)
    assert [records.members(page) for page in range(len(records))] == [4, 2]
    assert (records.page_for(rank(0, 0, 8)), records.page_for(rank(0, 0, 9))) == (0, 1)
    seat = records.seat(1, 1)
    assert (records.line_of(seat), records.mark(seat)) == ((1, 1), "S")
    records.set_mark(seat, "T")
    assert (records.marks(1)[:2], records.marks(0)[:4]) == ("AT", "ASKT")
    assert (records.first("T"), records.last("T")) == (records.seat(0, 3), seat)


def test_words_are_looked_through_only_if_they_have_changed() -> None:
    """The highest words of all are known as long as nothing says something else."""
    records = Records(EMPTY + seated(2).record("0000000a"))
    assert records.highest_words() == "000002000-"
    assert not records.set_words(0, "000002000-")
    assert records.set_words(0, "000003000-")
    assert records.highest_words() == "000003000-"
    assert records.replace(0, 1, [])
    assert (len(records), records.highest_words()) == (0, "000000000-")


@pytest.mark.parametrize(
    "text", ["", "0" * 42, EMPTY + "x", EMPTY[:-1], "\u0661" + EMPTY[1:], "x" + EMPTY[1:]]
)
def test_the_shape_of_a_roster(text: str) -> None:
    """A head of digits and whole records; anything else was written by somebody else."""
    assert roster_text.is_sound(EMPTY + seated(2).record("0000000a"))
    assert roster_text.is_sound(text) == (text == "0" * 42)


def test_who_answers() -> None:
    """Those of the pages that answer or are kept answering, a byte for each seat."""
    text = EMPTY + seated(4).record("0000000a")
    assert roster_text.pages_of(text) == ["0000000a"]
    assert [*roster_text.answers(text)] == [1, 0, 1, 0] + [0] * (SEATS - 4)
