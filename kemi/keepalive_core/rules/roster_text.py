"""How a group's roster is written down: a head, a record for each page, and the pages (pure).

A record has a fixed width, so that text is cut and joined at the speed of memory. Each has, in this order,
the rank of the page's first line, the page's number, the highest words of its members, and a mark for each
seat. A page is a text of its own, a line for each member.
"""

from bisect import bisect_right
from typing import Final, NamedTuple

from . import floor_words
from .checks import MOST_NUMBER

SEATS: Final = 64
"""the most members of a page"""

ANSWERS: Final = "A"
"""is_alive says 1 of its own"""
SPARE: Final = "S"
"""it does not answer, but could be kept answering"""
KEPT: Final = "K"
"""it is kept answering"""
TAKEN_OUT: Final = "T"
"""it does not answer, and must not be kept answering: an administrator has taken it out"""
VACANT: Final = "."
"""a seat that nobody has"""
UNKNOWN: Final = {ANSWERS: "U", SPARE: "W", KEPT: "H"}
"""Likewise, if its state is unknown"""

ANSWERING: Final = ANSWERS + UNKNOWN[ANSWERS]
SPARES: Final = SPARE + UNKNOWN[SPARE]
KEPTS: Final = KEPT + UNKNOWN[KEPT]
AS_KEPT: Final = dict(zip(SPARES, KEPTS, strict=True))
"""What a spare member becomes that is kept answering from now on"""
AS_SPARE: Final = dict(zip(KEPTS, SPARES, strict=True))
ALL_MARKS: Final = frozenset((*ANSWERING, *SPARES, *KEPTS, TAKEN_OUT, VACANT))

NONSENSE: Final = (LookupError, TypeError, ValueError)
"""What may be raised for a roster and pages that were not written here."""

# Of the head: its four counts of one width, and the words.
_COUNT: Final = 8
_COUNTS: Final = 4 * _COUNT
_HEAD: Final = _COUNTS + floor_words.WIDTH
_LEAST, _ANSWERING, _KEPT, _MEMBERS = (slice(at, at + _COUNT) for at in range(0, _COUNTS, _COUNT))
_WORDS: Final = slice(_COUNTS, _HEAD)

# Of a record: where each of its parts begins.
_RANK: Final = 24
_NUMBER: Final = 8
_NUMBER_AT: Final = _RANK
_WORDS_AT: Final = _NUMBER_AT + _NUMBER
_MARKS_AT: Final = _WORDS_AT + floor_words.WIDTH
_RECORD: Final = _MARKS_AT + SEATS

_IS_ALIVE: Final = bytes(chr(code) in ANSWERING + KEPTS for code in range(256))
_NO_MARKS: Final = bytes(code for code in range(256) if chr(code) not in ALL_MARKS)


def rank(priority: int, weight: int, generation: int) -> str:
    """Return a member's place in its group as text that sorts the best first.

    A higher number is better, as Kamailio's dispatcher has it; of equal ones the one that was there first.
    Arguments: priority and weight, as checks.number() has them; generation, of the registration.
    """
    return f"{MOST_NUMBER - priority:08x}{MOST_NUMBER - weight:08x}{generation & 0xFFFFFFFF:08x}"


def is_sound(text: str) -> bool:
    """Say whether a text has the shape of a roster."""
    return text.isascii() and text[:_COUNTS].isdigit() and len(text) % _RECORD == _HEAD


class Head(NamedTuple):
    """What a roster says of all members."""

    least: int
    """how many have to answer"""
    answering: int
    """how many do"""
    kept: int
    """how many are kept answering"""
    members: int
    words: str = floor_words.NONE
    """the highest of all"""

    def text(self) -> str:
        """Return it as text of fixed width."""
        return f"{self.least:08d}{self.answering:08d}{self.kept:08d}{self.members:08d}{self.words}"

    @staticmethod
    def of(text: str) -> "Head":
        """Return what a roster's text says. Raises: ValueError."""
        return Head(
            int(text[_LEAST]), int(text[_ANSWERING]), int(text[_KEPT]), int(text[_MEMBERS]), text[_WORDS]
        )


EMPTY: Final = Head(0, 0, 0, 0).text()


class Member(NamedTuple):
    """A line of a page."""

    rank: str
    key: str
    uri: str
    words: str
    """what its owners say of group_min_alive: floor_words.WIDTH characters"""

    def line(self) -> str:
        """Return it as text; keys and URIs have no white space."""
        return " ".join(self)

    @staticmethod
    def of(line: str) -> "Member":
        """Return what a line says."""
        return Member(*line.split(" "))


class Seated(NamedTuple):
    """The members of a page."""

    lines: list[str]
    marks: str
    """of the same"""
    words: str
    """the highest that they have"""

    @staticmethod
    def of(lines: list[str], marks: str) -> "Seated":
        """Return those with some lines."""
        return Seated(lines, marks, floor_words.highest(line[-floor_words.WIDTH :] for line in lines))

    def parted(self, at: int) -> "list[Seated]":
        """Return the first ones and the others."""
        return [Seated.of(self.lines[:at], self.marks[:at]), Seated.of(self.lines[at:], self.marks[at:])]

    def record(self, number: str) -> str:
        """Return the record of the page on which only they are. Arguments: number, of the page."""
        return self.lines[0][:_RANK] + number + self.words + self.marks.ljust(SEATS, VACANT)


class Records:
    """The records of a roster, one for each page; a seat is the position of its mark in all of them.

    Arguments: text, of a roster.
    """

    def __init__(self, text: str) -> None:
        self.text = text[_HEAD:]

    def __len__(self) -> int:
        return len(self.text) // _RECORD

    def page_for(self, rank: str) -> int:
        """Return the page that a rank belongs to."""
        text = self.text
        pages = range(_RECORD, len(text), _RECORD)
        return bisect_right(pages, rank, key=lambda at: text[at : at + _RANK])

    def rank(self, page: int) -> str:
        """Return the rank of a page's first line."""
        at = page * _RECORD
        return self.text[at : at + _RANK]

    def number(self, page: int) -> str:
        """Return the number of a page."""
        at = page * _RECORD
        return self.text[at + _NUMBER_AT : at + _WORDS_AT]

    def words(self, page: int) -> str:
        """Return the highest words of a page's members."""
        at = page * _RECORD
        return self.text[at + _WORDS_AT : at + _MARKS_AT]

    def marks(self, page: int) -> str:
        """Return the marks of a page, one for each seat."""
        at = page * _RECORD
        return self.text[at + _MARKS_AT : at + _RECORD]

    def members(self, page: int) -> int:
        """Return how many seats of a page are taken."""
        return SEATS - self.marks(page).count(VACANT)

    def seat(self, page: int, line: int) -> int:
        """Return the seat of a line of a page."""
        return page * _RECORD + _MARKS_AT + line

    def line_of(self, seat: int) -> tuple[int, int]:
        """Return the page and the line of a seat."""
        page, at = divmod(seat, _RECORD)
        return page, at - _MARKS_AT

    def mark(self, seat: int) -> str:
        """Return the mark of a seat."""
        return self.text[seat]

    def set_mark(self, seat: int, mark: str) -> None:
        """Write the mark of a seat."""
        self.text = f"{self.text[:seat]}{mark}{self.text[seat + 1 :]}"

    def first(self, marks: str) -> int:
        """Return the best seat with one of some marks, -1 if there is none."""
        found = [at for at in map(self.text.find, marks) if at >= 0]
        return min(found, default=-1)

    def last(self, marks: str) -> int:
        """Return the worst seat with one of some marks, -1 if there is none."""
        return max(map(self.text.rfind, marks))

    def count(self, marks: str) -> int:
        """Return how many seats have one of some marks."""
        return sum(map(self.text.count, marks))

    def set_words(self, page: int, words: str) -> bool:
        """Write the highest words of a page's members. Returns: whether they were others before."""
        before, at = self.words(page), page * _RECORD
        self.text = f"{self.text[: at + _WORDS_AT]}{words}{self.text[at + _MARKS_AT :]}"
        return words != before

    def replace(self, page: int, old: int, records: list[str]) -> bool:
        """Put records in the place of some.

        Arguments: page, the first one; old, how many go.
        Returns: whether their highest words were others before.
        """
        at, end = page * _RECORD, (page + old) * _RECORD
        before, now = self.text[at:end], "".join(records)
        self.text = f"{self.text[:at]}{now}{self.text[end:]}"
        # Nearly always one page takes the place of one, and no word is new.
        return _all_words(now) != _all_words(before) and _highest(now) != _highest(before)

    def highest_words(self) -> str:
        """Return the highest words of all members."""
        return _highest(self.text)


def _highest(records: str) -> str:
    return floor_words.highest(_all_words(records))


def _all_words(records: str) -> list[str]:
    return [records[at + _WORDS_AT : at + _MARKS_AT] for at in range(0, len(records), _RECORD)]


def pages_of(text: str) -> list[str]:
    """Return the numbers of the pages of a roster, the best members' first."""
    return [text[at : at + _NUMBER] for at in range(_HEAD + _NUMBER_AT, len(text), _RECORD)]


def answers(text: str) -> bytes:
    """Return for each seat, in a byte, whether its member answers or is kept answering."""
    return text[_HEAD:].encode().translate(_IS_ALIVE, _NO_MARKS)
