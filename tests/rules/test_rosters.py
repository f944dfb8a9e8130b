"""A group's roster against the simple definition of a group."""

from __future__ import annotations

from itertools import count

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from keepalive_core.rules import roster_text
from keepalive_core.rules.floor_words import words
from keepalive_core.rules.group_floor import least_alive
from keepalive_core.rules.roster_text import (
    ANSWERS,
    EMPTY,
    KEPT,
    SEATS,
    SPARE,
    TAKEN_OUT,
    Member,
    Page,
    rank,
)
from keepalive_core.rules.rosters import Roster

MARKS = [ANSWERS, SPARE, TAKEN_OUT]
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


def held(members: list[tuple[Member, str]], least: int) -> list[str]:
    """Return the keys of who has to be kept answering, by the simple definition: the best that are missing.

    Arguments: members, in any order, each with its mark; least, how many have to answer.
    """
    ranked = sorted(members)
    missing = max(0, least - sum(mark == ANSWERS for _, mark in ranked))
    return [member.key for member, mark in ranked if mark == SPARE][:missing]


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

    @rule(data=st.data(), number=st.sampled_from([1, 3, 100]))
    def members_go(self, data: st.DataObject, number: int) -> None:
        """Some leave, side by side; that needs no memory."""
        ranked = sorted(self.model.values())
        at = data.draw(st.integers(0, len(ranked)))
        for member, _ in ranked[at : at + number]:
            roster = self.opened()
            seat = roster.find(member.rank, member.key)
            assert seat is not None
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
            seat = roster.find(member.rank, member.key)
            assert seat is not None
            if (mark, roster.mark(seat)) != (SPARE, KEPT):
                roster.set_mark(seat, mark)
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
        assert counts == (len(members), sum(mark == ANSWERS for _, mark in members), len(expected), least)
        numbers = roster_text.pages_of(self.text)
        assert sorted(numbers) == sorted(self.shelf.pages)
        alive = [member.uri for member, mark in sorted(members) if mark == ANSWERS or member.key in expected]
        assert (
            roster_text.alive(self.text, [Page.of(self.shelf.pages[number]) for number in numbers]) == alive
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
