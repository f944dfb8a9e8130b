"""What a process keeps of the pages of rosters."""

from sys import getsizeof

from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules import roster_page
from keepalive_core.rules.checks import MOST_NUMBER
from keepalive_core.rules.roster_page import Page, Place
from keepalive_core.rules.roster_text import EMPTY, SEATS, Member, Seated, rank

NUMBERS = st.integers(-MOST_NUMBER, MOST_NUMBER)


def seated(places: list[tuple[int, int]], marks: str) -> Seated:
    """Members of some priorities and weights, the best first."""
    ranks = [rank(*place, at) for at, place in enumerate(places)]
    return Seated.of(
        [Member(each, f"k{at}", f"sip:u{at}", "000002000-").line() for at, each in enumerate(ranks)], marks
    )


def page_of(members: Seated) -> Page:
    """The page of these."""
    return Page.of("\n".join(members.lines))


def test_who_is_alive() -> None:
    """Those that answer or are kept answering, in the order of the seats."""
    members = seated([(0, 0)] * 4, "ASKT")
    assert roster_page.alive(EMPTY + members.record("0000000a"), [page_of(members)]) == ["sip:u0", "sip:u2"]


def test_a_page_says_how_large_it_is() -> None:
    """The bytes of its URIs, each in a seat of its own; an empty seat has none."""
    page, of_one = page_of(seated([(0, 0)] * 2, "AA")), page_of(seated([(0, 0)], "A"))
    assert page.uris == ("sip:u0", "sip:u1", *[""] * (SEATS - 2))
    assert len(page.places) == SEATS
    assert page.size - of_one.size == getsizeof("sip:u1") - getsizeof("")
    assert page.size > sum(map(getsizeof, page.uris)) + 16 * SEATS


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=SEATS))
def test_a_page_has_the_places_of_its_members(places: list[tuple[int, int]]) -> None:
    """Priority and weight, as their owners gave them; equal ones take no more memory."""
    page = page_of(seated(places, "A" * len(places)))
    assert page.places[: len(places)] == tuple(places)
    assert page.places[len(places) :] == (Place(0, 0),) * (SEATS - len(places))


def test_the_weights_of_the_best() -> None:
    """Of the highest priority of all that are alive, across pages; none if nobody is."""
    first, second = seated([(9, 5), (8, 7), (8, 3)], "SKA"), seated([(8, 2), (7, 9)], "AA")
    text = EMPTY + first.record("0000000a") + second.record("0000000b")
    pages = [page_of(first), page_of(second)]
    assert roster_page.best_weights(text, pages) == [7, 3, 2]
    assert roster_page.alive(text, pages)[:3] == ["sip:u1", "sip:u2", "sip:u0"]
    assert roster_page.best_weights(EMPTY + seated([(9, 5)], "T").record("0000000a"), pages[:1]) == []
