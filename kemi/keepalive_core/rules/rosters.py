"""A group's roster: who is in it, the best first, who answers, and who is kept answering (pure).

A group may have ten thousand members, and what happens to one of them must not cost as much as all of them.
So the roster is text, which is cut and joined at the speed of memory: a head, and a record of fixed width for
each page of up to SEATS members. A page is a text of its own, a line for each member. A change of a member's
mark cuts the roster in one place (20 kB for 10,000 members, 5 us); one that comes writes one page anew.

A page that is written is never changed: another one takes its place, with another number. So who reads the
roster first, and its pages then, finds what belongs together, or that a page is gone. A member that leaves
only gives up its seat, so that it needs no memory to go.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from itertools import chain, compress
from sys import getsizeof
from typing import Final, NamedTuple

from .checks import MOST_NUMBER
from .group_floor import least_alive

SEATS: Final = 64
"""the most members of a page"""

ANSWERS: Final = "A"
"""is_alive says 1 of its own"""
SPARE: Final = "S"
"""it does not answer, but could be kept answering"""
HELD: Final = "H"
"""it is kept answering"""
TAKEN_OUT: Final = "T"
"""it does not answer, and must not be kept answering: an administrator has taken it out"""
_VACANT: Final = "."
_ALL_MARKS: Final = {ANSWERS, SPARE, HELD, TAKEN_OUT, _VACANT}

_RANK: Final = 24
_NUMBER: Final = 8
_WORDS: Final = 10
# A record: rank of the page's first line, the page's number, the words of its members, their marks.
_MARKS: Final = _RANK + _NUMBER + _WORDS
_RECORD: Final = _MARKS + SEATS
# The head: the least number that has to answer, how many answer, are held, are members, and their words.
_COUNT: Final = 8
_HEAD: Final = 4 * _COUNT + _WORDS

NONSENSE: Final = (LookupError, TypeError, ValueError)
"""What may be raised for a roster and pages that somebody else has written."""

_NO_WORDS: Final = "000000000-"
EMPTY: Final = "0" * 4 * _COUNT + _NO_WORDS

_IS_ALIVE: Final = bytes(chr(code) in (ANSWERS, HELD) for code in range(256))
_NO_MARKS: Final = bytes(
    code for code in range(256) if chr(code) not in ANSWERS + SPARE + HELD + TAKEN_OUT + _VACANT
)


def rank(priority: int, weight: int, generation: int) -> str:
    """Return a member's place in its group as text that sorts the best first.

    A higher number is better, as Kamailio's dispatcher has it; of equal ones the one that was there first.
    Arguments: priority and weight, as checks.number() has them; generation, of the registration.
    """
    return f"{MOST_NUMBER - priority:08x}{MOST_NUMBER - weight:08x}{generation & 0xFFFFFFFF:08x}"


def words(said: Iterable[str]) -> str:
    """Return what a member's owners say of group_min_alive, as text of fixed width: its highest words.

    Arguments: said, ``2``, ``50%`` or ``""`` for nothing, by each owner.
    """
    return _highest(
        f"{0:06d}{int(word[:-1]):03d}-"
        if word.endswith("%")
        else f"{int(word or 0):06d}000{'-' if word else 'd'}"
        for word in said
    )


def _highest(known: Iterable[str]) -> str:
    """Return the highest number, the highest percentage, and whether anybody leaves it to the setting."""
    different = set(known)
    if len(different) == 1:
        return different.pop()
    different.add(_NO_WORDS)
    return "".join(max(each[part] for each in different) for part in (slice(6), slice(6, 9), slice(9, 10)))


def is_sound(text: str) -> bool:
    """Say whether a text has the shape of a roster."""
    return text.isascii() and text[: 4 * _COUNT].isdigit() and len(text) % _RECORD == _HEAD


class _Taken(NamedTuple):
    """The seats of a page that are taken."""

    lines: list[str]
    """of those who have them"""
    marks: str
    """of the same"""
    words: str
    """the highest that they have"""

    @staticmethod
    def of(lines: list[str], marks: str) -> "_Taken":
        """Return those with some lines."""
        return _Taken(lines, marks, _highest(line[-_WORDS:] for line in lines))

    def parted(self, at: int) -> "list[_Taken]":
        """Return the first ones and the others."""
        return [_Taken.of(self.lines[:at], self.marks[:at]), _Taken.of(self.lines[at:], self.marks[at:])]


class Member(NamedTuple):
    """A line of a page."""

    rank: str
    key: str
    uri: str
    words: str

    def line(self) -> str:
        """Return it as text; keys and URIs have no white space."""
        return " ".join(self)

    @staticmethod
    def of(line: str) -> "Member":
        """Return what a line says."""
        return Member(*line.split(" "))


class Roster:
    """A group's roster, opened to be changed, under the group's lock.

    Arguments: text, as text() gave it; read, returns the text of a page by its number; write, stores the text
    of a new page and returns its number, 8 digits.
    Raises, as its functions do: one of NONSENSE, for text that somebody else has written.
    """

    def __init__(self, text: str, read: Callable[[str], str], write: Callable[[str], str]) -> None:
        self.least = int(text[:_COUNT])
        self.answering = int(text[_COUNT : 2 * _COUNT])
        self.held = int(text[2 * _COUNT : 3 * _COUNT])
        self.members = int(text[3 * _COUNT : 4 * _COUNT])
        self._words = text[4 * _COUNT : _HEAD]
        self._records = text[_HEAD:]
        self._read_page = read
        self._write_page = write
        self._pages: dict[str, str] = {}
        self.written: list[str] = []
        """numbers of pages that are new"""
        self.dropped: list[str] = []
        """numbers of pages that belong to it no more"""
        self.begun: list[Member] = []
        """who is kept answering from now on"""
        self.ended: list[Member] = []
        """who is kept answering no more"""

    def text(self) -> str:
        """Return it as text; one without members is EMPTY, but for its least number."""
        counts = f"{self.least:08d}{self.answering:08d}{self.held:08d}{self.members:08d}"
        return f"{counts}{self._words}{self._records}"

    def find(self, rank: str, key: str) -> int | None:
        """Return the seat of a member, None if it has none."""
        if not self._records:
            return None
        page = self._page_for(rank)
        text = self._page(page)
        at = text.find(f"{rank} {key} ")
        if at < 0:
            return None
        seat = page * _RECORD + _MARKS + text.count("\n", 0, at)
        return None if self._records[seat] == _VACANT else seat

    def mark(self, seat: int) -> str:
        """Return what is known of a member."""
        return self._records[seat]

    def set_mark(self, seat: int, mark: str) -> None:
        """Write down what is known of a member now."""
        before = self._records[seat]
        if before == mark:
            return
        if mark == HELD:
            self.begun.append(self.member(seat))
        elif before == HELD:
            self.ended.append(self.member(seat))
        self.held += (mark == HELD) - (before == HELD)
        self.answering += (mark == ANSWERS) - (before == ANSWERS)
        self.members += (before == _VACANT) - (mark == _VACANT)
        self._records = f"{self._records[:seat]}{mark}{self._records[seat + 1 :]}"

    def member(self, seat: int) -> Member:
        """Return who has a seat."""
        page, place = divmod(seat, _RECORD)
        return Member.of(self._page(page).split("\n")[place - _MARKS])

    def members_of(self, page: int) -> list[tuple[Member, str]]:
        """Return the members of a page, each with its mark."""
        lines, marks = self._taken(page)
        if len(lines) != self._number_at(page):
            raise ValueError(f"page {page} has fewer lines than marks")
        return [(Member.of(line), mark) for line, mark in zip(lines, marks, strict=True)]

    def join(self, member: Member, mark: str) -> None:
        """Take a member in, unless it is in already; raises what write raises, then nothing has changed."""
        page, old = 0, 0
        lines, marks = list[str](), ""
        said = member.words
        if self._records:
            page, old = self._page_for(member.rank), 1
            lines, marks = self._taken(page)
            said = _highest((said, self._said(page)))
        line = member.line()
        at = bisect_left(lines, line)
        if lines[at : at + 1] == [line]:
            return
        taken = _Taken([*lines[:at], line, *lines[at:]], f"{marks[:at]}{mark}{marks[at:]}", said)
        if len(taken.lines) <= SEATS:
            self._rewrite(page, old, [taken])
        else:
            # Where members come in the order of their ranks, or backwards, the pages are left full.
            self._rewrite(page, old, taken.parted({0: 1, SEATS: SEATS}.get(at, SEATS // 2)))
        self.members += 1
        self.answering += mark == ANSWERS

    def leave(self, seat: int) -> None:
        """Have a member give up its seat; needs no memory."""
        page = seat // _RECORD
        self.set_mark(seat, _VACANT)
        lines, marks = self._taken(page)
        at = page * _RECORD
        record = self._records[at : at + _RECORD]
        if lines:
            said = _Taken.of(lines, marks).words
            self._replace(page, 1, [record[: _MARKS - _WORDS] + said + record[_MARKS:]])
        else:
            self.dropped.append(self._number_of(page))
            self._replace(page, 1, [])

    def tidy(self, rank: str) -> None:
        """Bring together what is left of a page, if too many of its seats were given up.

        Arguments: rank, of one that left.
        Raises: what write raises; then nothing has changed.
        """
        if not self._records:
            return
        page = self._page_for(rank)
        left = self._number_at(page)
        if 2 * left > self._page(page).count("\n") + 1:
            return
        first, last = page, page + 1
        if page and left + self._number_at(page - 1) <= SEATS // 2:
            first -= 1
        elif last * _RECORD < len(self._records) and left + self._number_at(last) <= SEATS // 2:
            last += 1
        parts = [self._taken(each) for each in range(first, last)]
        lines = list(chain.from_iterable(lines for lines, _ in parts))
        self._rewrite(first, last - first, [_Taken.of(lines, "".join(marks for _, marks in parts))])

    def settle(self, most: int) -> bool:
        """Have the best ones held that do not answer, as many as are missing.

        Arguments: most, how many marks to change.
        Returns: whether all is done.
        """
        for _ in range(most):
            missing = max(0, self.least - self.answering)
            if not missing and not self.held:
                return True
            best, worst = self._records.find(SPARE), self._records.rfind(HELD)
            if best >= 0 and (self.held < missing or best < worst):
                self.set_mark(best, HELD)
            elif self.held > missing and worst < 0:
                # Somebody else has written it.
                self.recount()
            elif self.held > missing:
                self.set_mark(worst, SPARE)
            else:
                return True
        return False

    def kept(self) -> int:
        """Return how many are kept answering as soon as it is settled."""
        return min(max(0, self.least - self.answering), self.held + self._records.count(SPARE))

    def number_of_pages(self) -> int:
        """Return how many pages it has."""
        return len(self._records) // _RECORD

    def follow_words(self, setting: str) -> None:
        """Work out the least number of members that have to answer: where words differ, the highest one.

        Arguments: setting, the word for members whose owners say nothing.
        """
        number, percent, left_open = self._words[:6], self._words[6:9], self._words[9:]
        self.least = max(
            min(int(number), self.members),
            math.ceil(self.members * int(percent) / 100),
            least_alive(setting, self.members) if left_open == "d" else 0,
        )

    def check(self) -> None:
        """Raise one of NONSENSE if it is none that was written here."""
        pages = range(self.number_of_pages())
        numbers = {self._number_of(page) for page in pages}
        ranks = [self._records[page * _RECORD : page * _RECORD + _RANK] for page in pages]
        marks = {mark for page in pages for mark in self._marks(page)}
        if len(numbers) < len(pages) or ranks != sorted({*ranks}) or marks - _ALL_MARKS:
            raise ValueError("pages or marks are mixed up")

    def recount(self) -> None:
        """Count its marks and words anew."""
        counted = {mark: self._records.count(mark) for mark in (ANSWERS, SPARE, HELD, TAKEN_OUT)}
        self.answering, self.held, self.members = counted[ANSWERS], counted[HELD], sum(counted.values())
        self._words = _highest(_words_of(self._records))

    def _page_for(self, rank: str) -> int:
        """Return the page that a rank belongs to."""
        records = self._records
        pages = range(_RECORD, len(records), _RECORD)
        return bisect_right(pages, rank, key=lambda at: records[at : at + _RANK])

    def _number_of(self, page: int) -> str:
        at = page * _RECORD + _RANK
        return self._records[at : at + _NUMBER]

    def _page(self, page: int) -> str:
        number = self._number_of(page)
        if number not in self._pages:
            self._pages[number] = self._read_page(number)
        return self._pages[number]

    def _marks(self, page: int) -> str:
        at = page * _RECORD
        return self._records[at + _MARKS : at + _RECORD]

    def _number_at(self, page: int) -> int:
        """Return how many seats of a page are taken."""
        return SEATS - self._marks(page).count(_VACANT)

    def _said(self, page: int) -> str:
        at = page * _RECORD + _MARKS
        return self._records[at - _WORDS : at]

    def _taken(self, page: int) -> tuple[list[str], str]:
        """Return the lines of a page that count, and their marks."""
        lines = self._page(page).split("\n")
        marks = self._marks(page)[: len(lines)]
        if _VACANT in marks:
            lines = [line for line, mark in zip(lines, marks, strict=True) if mark != _VACANT]
        return lines, marks.replace(_VACANT, "")

    def _rewrite(self, page: int, old: int, parts: list[_Taken]) -> None:
        """Put new pages in the place of old ones."""
        records = [self._write(part) for part in parts]
        self.dropped += [self._number_of(each) for each in range(page, page + old)]
        self._replace(page, old, records)

    def _write(self, taken: _Taken) -> str:
        """Write a page; return its record."""
        text = "\n".join(taken.lines)
        number = self._write_page(text)
        self.written.append(number)
        self._pages[number] = text
        return text[:_RANK] + number + taken.words + taken.marks.ljust(SEATS, _VACANT)

    def _replace(self, page: int, old: int, records: list[str]) -> None:
        at, end = page * _RECORD, (page + old) * _RECORD
        before, now = self._records[at:end], "".join(records)
        self._records = f"{self._records[:at]}{now}{self._records[end:]}"
        # All are looked through only if these say something else now.
        if _highest(_words_of(now)) != _highest(_words_of(before)):
            self._words = _highest(_words_of(self._records))


def _words_of(records: str) -> list[str]:
    return [records[at - _WORDS : at] for at in range(_MARKS, len(records), _RECORD)]


class Page(NamedTuple):
    """What a process keeps of a page, to tell who is alive."""

    uris: tuple[str, ...]
    """a text for each seat"""
    size: int
    """in this process's memory, bytes"""

    @staticmethod
    def of(text: str) -> "Page":
        """Return what is needed of a page's text."""
        uris = [Member.of(line).uri for line in text.split("\n")]
        uris += [""] * (SEATS - len(uris))
        return Page(tuple(uris), sum(map(getsizeof, uris)) + getsizeof(uris))


def pages_of(text: str) -> list[str]:
    """Return the numbers of the pages of a roster, the best members' first."""
    return [text[at : at + _NUMBER] for at in range(_HEAD + _RANK, len(text), _RECORD)]


def alive(text: str, pages: Iterable[Page]) -> list[str]:
    """Return the URIs of those that answer or are kept answering, the best first.

    Arguments: text, the roster's; pages, all of its pages in their order.
    """
    answers = text[_HEAD:].encode().translate(_IS_ALIVE, _NO_MARKS)
    return list(compress(chain.from_iterable(page.uris for page in pages), answers))
