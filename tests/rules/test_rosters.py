"""A group's roster against the simple definition of a group."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from group_definition import held
from keepalive_core.rules import roster_page, roster_text
from keepalive_core.rules.floor_words import words
from keepalive_core.rules.group_floor import least_alive
from keepalive_core.rules.roster_page import Page
from keepalive_core.rules.roster_text import (
    ANSWERING,
    ANSWERS,
    AS_KEPT,
    EMPTY,
    KEPTS,
    SEATS,
    SPARE,
    SPARES,
    TAKEN_OUT,
    Member,
    rank,
)
from keepalive_core.rules.rosters import Roster

MARKS = [*ANSWERING, *SPARES, TAKEN_OUT]
WORDS = ["", "0", "3", "40", "10%", "60%"]


class Full(Exception):
    """No page can be written."""


class Shelf:
    """The pages of a group, as shared memory has them."""

    def __init__(self) -> None:
        self.pages: dict[str, str] = {}
        self.full = False
        self.was_full = False
        self._numbers = count()

    def write(self, text: str) -> str:
        """Write a new page."""
        if self.full:
            raise Full
        number = f"{next(self._numbers):08x}"
        self.pages[number] = text
        return number


class RosterOfManyPages(RuleBasedStateMachine):
    """Members come, change and go by dozens, while there is memory and while there is none."""

    def __init__(self) -> None:
        super().__init__()
        self.shelf = Shelf()
        self.text = EMPTY
        self.model: dict[str, tuple[Member, str]] = {}
        self.held: dict[str, int] = {}
        self.setting = "0"
        self.born = count()

    said = {words([word]): word for word in WORDS}  # noqa: RUF012 - never changed

    def opened(self) -> Roster:
        """Open the roster."""
        return Roster(self.text, self.shelf.pages.__getitem__, self.shelf.write)

    def close(self, roster: Roster) -> None:
        """Settle and write the roster, as the groups' room does."""
        roster.follow_words(self.setting)
        while not roster.settle(7):
            pass
        for by, members in ((1, roster.begun), (-1, roster.ended)):
            for member in members:
                self.held[member.key] = self.held.get(member.key, 0) + by
        for number in roster.dropped:
            del self.shelf.pages[number]
        self.text = roster.text()

    @rule(
        number=st.sampled_from([1, 2, 40, 150]),
        priority=st.integers(-2, 2),
        step=st.sampled_from([-1, 0, 1]),
        word=st.sampled_from(WORDS),
        mark=st.sampled_from(MARKS),
    )
    def members_come(self, number: int, priority: int, step: int, word: str, mark: str) -> None:
        """Some are added, of rising, falling or equal priority; without memory nothing changes."""
        for each in range(number):
            born = next(self.born)
            member = Member(rank(priority + step * each, 0, born), f"sip:{born}", f"uri{born}", words([word]))
            roster = self.opened()
            try:
                roster.join(member, mark)
            except Full:
                for page in roster.written:
                    del self.shelf.pages[page]
                assert self.shelf.full
                return
            self.model[member.key] = member, mark
            self.close(roster)

    def seat_of(self, roster: Roster, member: Member) -> int:
        """The seat of a member that is there."""
        seat = roster.find(member.rank, member.key)
        assert seat is not None
        return seat

    @rule(data=st.data(), number=st.sampled_from([1, 3, 100]))
    def members_go(self, data: st.DataObject, number: int) -> None:
        """Some leave, side by side; that needs no memory."""
        ranked = sorted(self.model.values())
        at = data.draw(st.integers(0, len(ranked)))
        for member, _ in ranked[at : at + number]:
            roster = self.opened()
            seat = self.seat_of(roster, member)
            roster.leave(seat)
            try:
                roster.tidy(member.rank)
            except Full:
                assert self.shelf.full
            del self.model[member.key]
            self.close(roster)

    @rule(data=st.data(), mark=st.sampled_from(MARKS), number=st.sampled_from([1, 5, 90]))
    def members_change(self, data: st.DataObject, mark: str, number: int) -> None:
        """Some begin to answer, cease to, or are taken out; that needs no memory."""
        ranked = sorted(self.model.values())
        at = data.draw(st.integers(0, len(ranked)))
        for member, _ in ranked[at : at + number]:
            roster = self.opened()
            seat = self.seat_of(roster, member)
            is_kept = roster.mark(seat) in KEPTS
            roster.set_mark(seat, AS_KEPT.get(mark, mark) if is_kept else mark)
            self.model[member.key] = member, mark
            self.close(roster)

    @rule(setting=st.sampled_from(["0", "2", "70", "50%", "100%"]), full=st.booleans())
    def circumstances_change(self, setting: str, full: bool) -> None:
        """The setting is another one; memory is full, or not."""
        self.setting, self.shelf.full = setting, full
        self.shelf.was_full |= full
        self.close(self.opened())

    @invariant()
    def it_is_what_the_simple_definition_says(self) -> None:
        """Order, numbers, who has to be held, who is alive; and no page but those it names."""
        members = list(self.model.values())
        said = [self.said[member.words] or self.setting for member, _ in members]
        least = max((least_alive(word, len(members)) for word in said), default=0)
        expected = held(members, least)
        assert {key for key, number in self.held.items() if number} == set(expected)
        assert all(number in (0, 1) for number in self.held.values())
        roster = self.opened()
        counts = (roster.members, roster.answering, roster.kept, roster.least)
        assert counts == (len(members), sum(mark in ANSWERING for _, mark in members), len(expected), least)
        numbers = roster_text.pages_of(self.text)
        assert sorted(numbers) == sorted(self.shelf.pages)
        alive = [
            member.uri for member, mark in sorted(members) if mark in ANSWERING or member.key in expected
        ]
        assert (
            roster_page.alive(self.text, [Page.of(self.shelf.pages[number]) for number in numbers]) == alive
        )
        roster.recount()
        assert roster.text() == self.text

    @invariant()
    def it_is_no_larger_than_it_has_to_be(self) -> None:
        """Pages are half full at the least, but for those that no neighbour has room for."""
        lines = sum(len(text.split("\n")) for text in self.shelf.pages.values())
        if not self.shelf.was_full:
            assert len(self.shelf.pages) <= 1 + 8 * len(self.model) / SEATS + 2
            assert lines <= 2 * len(self.model) + 2 * SEATS


RosterOfManyPages.TestCase.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
TestRosterOfManyPages = RosterOfManyPages.TestCase


def some(number: int) -> list[Member]:
    """Members, the best first."""
    return [Member(rank(0, 0, born), f"sip:{born}", f"uri{born}", words(["2"])) for born in range(number)]


def roster_of(members: list[Member], shelf: Shelf) -> Roster:
    """A roster in which nobody answers yet."""
    roster = Roster(EMPTY, shelf.pages.__getitem__, shelf.write)
    for member in members:
        roster.join(member, SPARE)
    roster.follow_words("0")
    return roster


def test_who_is_not_in_it_is_not_found() -> None:
    """Neither in an empty one, nor between others; and who is in it joins once."""
    members, shelf = some(3), Shelf()
    assert Roster(EMPTY, shelf.pages.__getitem__, shelf.write).find(members[0].rank, members[0].key) is None
    roster = roster_of([members[0], members[2]], shelf)
    assert roster.find(members[1].rank, members[1].key) is None
    before = roster.text()
    roster.join(members[2], ANSWERS)
    assert roster.text() == before
    seat = roster.find(members[2].rank, members[2].key)
    assert seat is not None
    assert roster.member(seat) == members[2]
    roster.leave(seat)
    assert roster.find(members[2].rank, members[2].key) is None


def test_an_empty_roster_is_tidy() -> None:
    """There is nothing to bring together."""
    roster = Roster(EMPTY, {}.__getitem__, str)
    roster.tidy(some(1)[0].rank)
    assert roster.text() == EMPTY


def test_a_page_and_its_marks_belong_together() -> None:
    """Members with their marks, page by page; a page that has lost a line is nonsense."""
    members, shelf = some(SEATS + 1), Shelf()
    roster = roster_of(members, shelf)
    assert roster.number_of_pages() == 2
    found = [each for page in range(2) for each in roster.members_of(page)]
    assert found == [(member, SPARE) for member in members]
    shelf.pages = {number: text.partition("\n")[0] for number, text in shelf.pages.items()}
    with pytest.raises(ValueError, match="fewer lines than marks"):
        Roster(roster.text(), shelf.pages.__getitem__, shelf.write).members_of(0)


def test_what_is_known_already_changes_nothing() -> None:
    """A mark that is there is written no second time."""
    roster = roster_of(some(3), Shelf())
    before = roster.text()
    roster.set_mark(1, roster.mark(1))
    assert roster.text() == before


def test_the_highest_word_goes_with_who_said_it() -> None:
    """Of those who are left the highest one counts."""
    *others, last = some(6)
    roster = roster_of([*others, last._replace(words=words(["4"]))], Shelf())
    assert roster.least == 4
    seat = roster.find(last.rank, last.key)
    assert seat is not None
    roster.leave(seat)
    roster.follow_words("0")
    assert roster.least == 2


def test_how_many_are_going_to_be_kept() -> None:
    """Members are kept until enough answer, if there are enough; in steps, until nothing is left to do."""
    roster = roster_of(some(3), Shelf())
    assert roster.kept_once_settled() == 2
    assert [roster.settle(1) for _ in range(3)] == [False, False, True]
    assert (roster.kept, [each.key for each in roster.begun]) == (2, ["sip:0", "sip:1"])
    roster.set_mark(2, ANSWERS)
    assert roster.kept_once_settled() == 1
    assert not roster.settle(1)
    assert roster.settle(1)
    assert [each.key for each in roster.ended] == ["sip:1"]


def test_numbers_that_somebody_else_wrote_are_counted_anew() -> None:
    """A head that says more are kept than are: settling finds the true number."""
    roster = roster_of(some(3), Shelf())
    roster.kept = 7
    while not roster.settle(3):
        pass
    assert (roster.kept, roster.members, roster.answering) == (2, 3, 0)


@pytest.mark.parametrize("damage", ["a mark", "the order", "a number"])
def test_what_was_not_written_here_is_nonsense(damage: str) -> None:
    """A mark that is none, pages in another order, or one page twice."""
    shelf = Shelf()
    roster = roster_of(some(SEATS + 1), shelf)
    roster.check()
    text = roster.text()
    head, record = len(EMPTY), (len(text) - len(EMPTY)) // 2
    first, second = text[head : head + record], text[head + record :]
    if damage == "a mark":
        text = f"{text[:-1]}?"
    elif damage == "the order":
        text = text[:head] + second + first
    else:
        text = text[:head] + first + second[:24] + first[24:32] + second[32:]
    with pytest.raises(ValueError, match="^pages or marks are mixed up$"):
        Roster(text, shelf.pages.__getitem__, shelf.write).check()


def test_a_page_goes_with_its_last_member() -> None:
    """Until more than half of its members are gone it stays as it is; then what is left moves together."""
    members, shelf = some(SEATS + 4), Shelf()
    roster = roster_of(members, shelf)
    last = members[-1]
    pages = roster.number_of_pages()
    for member in members[:-1]:
        seat = roster.find(member.rank, member.key)
        assert seat is not None
        roster.leave(seat)
        before = list(roster.written)
        roster.tidy(last.rank)
        if member is members[0]:
            assert roster.written == before
    assert (pages, roster.number_of_pages(), roster.members) == (2, 1, 1)
    seat = roster.find(last.rank, last.key)
    assert seat is not None
    roster.leave(seat)
    assert (roster.number_of_pages(), roster.members) == (0, 0)
    assert {*shelf.pages} == {*roster.dropped}


@pytest.mark.parametrize("goes", ["first", "second"])
def test_what_is_left_of_two_pages_moves_together(goes: str) -> None:
    """With the page before or the one behind, whichever has room."""
    members, shelf = some(2 * SEATS), Shelf()
    roster = roster_of(members, shelf)
    assert roster.number_of_pages() == 2
    order = [*members[2:SEATS], *members[SEATS + 2 :]]
    for member in order if goes == "first" else reversed(order):
        seat = roster.find(member.rank, member.key)
        assert seat is not None
        roster.leave(seat)
        roster.tidy(member.rank)
    assert (roster.number_of_pages(), roster.members) == (1, 4)
    assert [member for member, _ in roster.members_of(0)] == [*members[:2], *members[SEATS : SEATS + 2]]


def test_who_is_in_it_joins_no_second_time() -> None:
    """Nor one that others stand behind."""
    members, shelf = some(3), Shelf()
    roster = roster_of(members, shelf)
    roster.join(members[0], ANSWERS)
    assert (roster.members, roster.answering) == (3, 0)
    assert roster.members_of(0) == [(member, SPARE) for member in members]


def test_the_first_member_has_a_page_of_its_own() -> None:
    """Its mark is the only one; the page that was written can be given back, should anything fail."""
    shelf = Shelf()
    roster = roster_of(some(1), shelf)
    roster.check()
    assert roster.members_of(0) == [(some(1)[0], SPARE)]
    assert roster.written == [*shelf.pages]


@pytest.mark.parametrize(
    ("order", "pages"),
    [
        (range(2 * SEATS + 1), [SEATS, SEATS, 1]),
        (range(2 * SEATS, -1, -1), [1, SEATS, SEATS]),
        ([*range(SEATS // 2), *range(SEATS, SEATS // 2 - 1, -1)], [SEATS // 2, SEATS // 2 + 1]),
    ],
    ids=["in order", "backwards", "in between"],
)
def test_pages_are_left_full_or_halved(order: list[int], pages: list[int]) -> None:
    """Full if members come in the order of their ranks, or backwards; else there is room in both halves."""
    members = some(2 * SEATS + 1)
    roster = roster_of([members[at] for at in order], Shelf())
    assert [len(roster.members_of(page)) for page in range(roster.number_of_pages())] == pages


def test_nobody_is_kept_while_enough_answer() -> None:
    """Two are asked for, and two do."""
    roster = roster_of(some(3), Shelf())
    for member in some(2):
        seat = roster.find(member.rank, member.key)
        assert seat is not None
        roster.set_mark(seat, ANSWERS)
    assert (roster.least, roster.kept_once_settled()) == (2, 0)


def gone(roster: Roster, members: list[Member]) -> None:
    """Have some leave."""
    for member in members:
        seat = roster.find(member.rank, member.key)
        assert seat is not None
        roster.leave(seat)


@pytest.mark.parametrize(("number", "leave", "is_written"), [(4, 1, False), (4, 2, True), (5, 2, False)])
def test_half_of_a_page_may_be_empty(number: int, leave: int, is_written: bool) -> None:
    """Once half of its lines or more say nothing, it is written anew."""
    members, shelf = some(number), Shelf()
    roster = roster_of(members, shelf)
    before = len(shelf.pages)
    gone(roster, members[:leave])
    roster.tidy(members[0].rank)
    assert len(shelf.pages) - before == is_written
    assert [member for member, _ in roster.members_of(0)] == members[leave:]


@pytest.mark.parametrize("few", [0, 1])
@pytest.mark.parametrize(("left", "pages"), [(30, 1), (31, 2)])
def test_two_pages_become_one_that_is_half_full(few: int, left: int, pages: int) -> None:
    """Two members move to 30 of a neighbour, before or behind; 31 would leave less than half of its room."""
    members, shelf = some(2 * SEATS), Shelf()
    roster = roster_of(members, shelf)
    halves = members[:SEATS], members[SEATS:]
    gone(roster, halves[1 - few][left:])
    gone(roster, halves[few][2:])
    roster.tidy(halves[few][0].rank)
    assert (roster.number_of_pages(), roster.members) == (pages, left + 2)
    roster.check()


def test_a_page_of_more_lines_than_seats_is_nonsense() -> None:
    """Somebody else has written it: no line is taken for a member that has no mark."""
    members, shelf = some(3), Shelf()
    roster = roster_of(members, shelf)
    gone(roster, members[:1])
    (number,) = {*shelf.pages} - {*roster.dropped}
    shelf.pages[number] += "\n" + "\n".join(member.line() for member in some(SEATS))
    with pytest.raises(ValueError):
        Roster(roster.text(), shelf.pages.__getitem__, shelf.write).members_of(0)


def test_a_page_without_room_beside_it_is_tidied_alone() -> None:
    """Its neighbours, before it and behind it, stay as they are."""
    members, shelf = some(4 * SEATS), Shelf()
    roster = roster_of(members, shelf)
    gone(roster, members[SEATS + 2 : 2 * SEATS])
    roster.tidy(members[SEATS].rank)
    found = [member for page in range(roster.number_of_pages()) for member, _ in roster.members_of(page)]
    assert found == [*members[: SEATS + 2], *members[2 * SEATS :]]
    assert {*shelf.pages} - {*roster.dropped} == {*roster_text.pages_of(roster.text())}
