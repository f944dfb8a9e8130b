"""Pages of a long list, while destinations come and go."""

import pytest

from keepalive_core.services.paging import Pages

Seen = list[int]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pages(clock: Clock) -> Pages[int]:
    return Pages(clock)


def test_each_is_in_one_page(pages: Pages[int]) -> None:
    """Whatever comes and goes between two of them."""
    rows = list(range(100))
    seen = list[int]()
    for start in range(0, 120, 10):
        seen += pages.page("all", start, 10, rows.copy)
        rows = [row for row in rows if row % 7] + [1000 + start]
    assert seen == list(range(100))


def test_the_first_page_is_of_now(pages: Pages[int]) -> None:
    """Who begins anew sees what there is, and all of it if he asks for all."""
    assert pages.page("all", 0, 2, lambda: [1, 2, 3]) == [1, 2]
    assert pages.page("all", 0, 2, lambda: [4, 5, 6]) == [4, 5]
    assert pages.page("all", 0, 0, lambda: [7]) == [7]
    assert pages.page("all", 1, 0, lambda: [7, 8]) == [8]


def test_two_who_ask_the_same_have_each_their_list(pages: Pages[int]) -> None:
    """The one who began first goes on first."""
    assert pages.page("all", 0, 1, lambda: [1, 2, 3]) == [1]
    assert pages.page("all", 0, 1, lambda: [4, 5, 6]) == [4]
    assert pages.page("all", 1, 1, list) == [2]
    assert pages.page("all", 1, 1, list) == [5]
    assert pages.page("all", 2, 1, list) == [3]
    assert pages.page("all", 2, 1, list) == [6]


def test_a_page_may_be_asked_for_again(pages: Pages[int]) -> None:
    """It is the same, of the newest list."""
    for _ in range(2):
        assert pages.page("all", 0, 1, lambda: [1, 2]) == [1]
    for _ in range(5):
        assert pages.page("all", 1, 1, list) == [2]


def test_another_question_has_a_list_of_its_own(pages: Pages[int]) -> None:
    """As of one group; a page of which there is no list yet is of what there is now."""
    assert pages.page("all", 0, 1, lambda: [1, 2]) == [1]
    assert pages.page("group", 1, 1, lambda: [3, 4]) == [4]


def test_lists_do_not_stay(pages: Pages[int], clock: Clock) -> None:
    """A minute behind its last page a list is gone, and so is the oldest of more than eight."""
    pages.page("all", 0, 1, lambda: [1, 2])
    clock.now = 61
    assert pages.page("all", 1, 1, lambda: [3, 4]) == [4]
    for number in range(9):
        pages.page(number, 0, 1, lambda: [1, 2])
    assert pages.page(0, 1, 1, lambda: [3, 4]) == [4]
    assert pages.page(8, 1, 1, lambda: [3, 4]) == [2]


def test_who_asks_for_one_page_again_and_again_sees_news(pages: Pages[int], clock: Clock) -> None:
    """A minute after the list was made that page is of a new one, however often it was asked for."""
    assert pages.page("all", 1, 1, lambda: [1, 2, 3]) == [2]
    for clock.now in (20, 40, 60):
        assert pages.page("all", 1, 1, lambda: [4, 5, 6]) == [2]
    clock.now = 80
    assert pages.page("all", 1, 1, lambda: [4, 5, 6]) == [5]


def test_a_list_goes_while_an_older_one_stays(pages: Pages[int], clock: Clock) -> None:
    """Each has its own time."""
    rows = list(range(10))
    pages.page("long", 0, 1, rows.copy)
    pages.page("short", 0, 1, lambda: [1, 2])
    clock.now = 50
    assert pages.page("long", 1, 1, list) == [1]
    clock.now = 70
    assert pages.page("short", 1, 1, lambda: [3, 4]) == [4]
    assert pages.page("long", 2, 1, list) == [2]


def test_nothing_is_remembered_of_pages_behind_the_end(pages: Pages[int]) -> None:
    """A list takes no more memory, whatever is asked of it."""
    pages.page("all", 0, 1, lambda: [1, 2])
    for start in range(1000):
        pages.page("all", start + 1, start + 1, list)
    assert all(len(each.expected) <= len(each.rows) for each in pages._lists)
