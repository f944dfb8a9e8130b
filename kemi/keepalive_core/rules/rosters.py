"""A group's roster: its members, the best first, which answer, and which are kept answering (pure).

A group may have ten thousand members, and what happens to one of them must not cost as much as all of them.
So the roster is text (``roster_text``). A change of a member's mark cuts it in one place (20 kB for 10,000
members, 5 us); one that comes writes one page anew, of up to SEATS members.

A page that is written is never changed: another one takes its place, with another number. So a process that
reads the roster first, and its pages then, finds what belongs together, or that a page is gone. A member that
leaves only gives up its seat, so that it needs no memory to go.
"""

from bisect import bisect_left
from collections.abc import Callable
from itertools import chain

from . import floor_words
from .roster_text import (
    ALL_MARKS,
    ANSWERING,
    AS_KEPT,
    AS_SPARE,
    KEPTS,
    SEATS,
    SPARES,
    TAKEN_OUT,
    VACANT,
    Head,
    Member,
    Records,
    Seated,
)


class Roster:
    """A group's roster, opened to be changed, under the group's lock.

    Arguments: text, as text() gave it; read, returns the text of a page by its number; write, stores the text
    of a new page and returns its number, 8 digits.
    Raises, as its functions do: one of NONSENSE, for text that was not written here.
    """

    def __init__(self, text: str, read: Callable[[str], str], write: Callable[[str], str]) -> None:
        self.least, self.answering, self.kept, self.members, self._words = Head.of(text)
        self._records = Records(text)
        self._read_page = read
        self._write_page = write
        self._pages: dict[str, str] = {}
        self.written: list[str] = []
        """numbers of pages that are new"""
        self.dropped: list[str] = []
        """numbers of pages that belong to it no more"""
        self.begun: list[Member] = []
        """members that are kept answering from now on"""
        self.ended: list[Member] = []
        """members that are kept answering no more"""

    def text(self) -> str:
        """Return it as text; one without members is EMPTY, but for its least number."""
        head = Head(self.least, self.answering, self.kept, self.members, self._words)
        return head.text() + self._records.text

    def find(self, rank: str, key: str) -> int | None:
        """Return the seat of a member, None if it has none."""
        if not self._records:
            return None
        page = self._records.page_for(rank)
        text = self._page(page)
        at = text.find(f"{rank} {key} ")
        if at < 0:
            return None
        seat = self._records.seat(page, text.count("\n", 0, at))
        return None if self._records.mark(seat) == VACANT else seat

    def mark(self, seat: int) -> str:
        """Return what is known of a member."""
        return self._records.mark(seat)

    def set_mark(self, seat: int, mark: str) -> None:
        """Write down what is known of a member now."""
        before = self._records.mark(seat)
        if before == mark:
            return
        begins = (mark in KEPTS) - (before in KEPTS)
        if begins > 0:
            self.begun.append(self.member(seat))
        elif begins < 0:
            self.ended.append(self.member(seat))
        self.kept += begins
        self.answering += (mark in ANSWERING) - (before in ANSWERING)
        self.members += (before == VACANT) - (mark == VACANT)
        self._records.set_mark(seat, mark)

    def member(self, seat: int) -> Member:
        """Return the member that has a seat."""
        page, line = self._records.line_of(seat)
        return Member.of(self._page(page).split("\n")[line])

    def members_of(self, page: int) -> list[tuple[Member, str]]:
        """Return the members of a page, each with its mark."""
        lines, marks = self._seated(page)
        if len(lines) != self._records.members(page):
            raise ValueError(f"page {page} has fewer lines than marks")
        return [(Member.of(line), mark) for line, mark in zip(lines, marks, strict=True)]

    def join(self, member: Member, mark: str) -> None:
        """Take a member in, unless it is in already; raises what write raises, then nothing has changed."""
        page, old = 0, 0
        lines, marks = list[str](), ""
        line, said = member.line(), member.words
        if self._records:
            page, old = self._records.page_for(member.rank), 1
            said = floor_words.highest((said, self._records.words(page)))
            if self._is_last(line, page):
                text, marks = self._page(page), self._records.marks(page).rstrip(VACANT)
                self._rewrite(page, old, [Seated([text, line], marks + mark, said)])
                self._count_in(mark)
                return
            lines, marks = self._seated(page)
        at = bisect_left(lines, line)
        if lines[at : at + 1] == [line]:
            return
        seated = Seated([*lines[:at], line, *lines[at:]], f"{marks[:at]}{mark}{marks[at:]}", said)
        if len(seated.lines) <= SEATS:
            self._rewrite(page, old, [seated])
        else:
            # If members come in the order of their ranks, or backwards, the pages are left full.
            self._rewrite(page, old, seated.parted({0: 1, SEATS: SEATS}.get(at, SEATS // 2)))
        self._count_in(mark)

    def _is_last(self, line: str, page: int) -> bool:
        """Say whether a line comes behind all others of a page that has a seat left, and no other is vacant.

        Nearly all that join do: in the order of their ranks. So the page need not be taken apart: 5 us less.
        """
        text = self._page(page)
        vacant = self._records.marks(page).find(VACANT)
        return vacant == text.count("\n") + 1 and text[text.rfind("\n") + 1 :] < line

    def _count_in(self, mark: str) -> None:
        self.members += 1
        self.answering += mark in ANSWERING

    def leave(self, seat: int) -> None:
        """Have a member give up its seat; needs no memory."""
        page, _ = self._records.line_of(seat)
        self.set_mark(seat, VACANT)
        lines, marks = self._seated(page)
        if lines:
            if self._records.set_words(page, Seated.of(lines, marks).words):
                self._words = self._records.highest_words()
        else:
            self.dropped.append(self._records.number(page))
            self._replace(page, 1, [])

    def tidy(self, rank: str) -> None:
        """Bring together what is left of a page, if too many of its seats were given up.

        Arguments: rank, of one that left.
        Raises: what write raises; then nothing has changed.
        """
        if not self._records:
            return
        page = self._records.page_for(rank)
        left = self._records.members(page)
        if 2 * left > self._page(page).count("\n") + 1:
            return
        first, last = page, page + 1
        if page and left + self._records.members(page - 1) <= SEATS // 2:
            first -= 1
        elif last < len(self._records) and left + self._records.members(last) <= SEATS // 2:
            last += 1
        parts = [self._seated(each) for each in range(first, last)]
        lines = list(chain.from_iterable(lines for lines, _ in parts))
        self._rewrite(first, last - first, [Seated.of(lines, "".join(marks for _, marks in parts))])

    def settle(self, most: int) -> bool:
        """Keep the best members answering that do not answer of their own, until enough do.

        Arguments: most, how many marks to change.
        Returns: whether all is done.
        """
        for _ in range(most):
            missing = max(0, self.least - self.answering)
            if not missing and not self.kept:
                return True
            best, worst = self._records.first(SPARES), self._records.last(KEPTS)
            if best >= 0 and (self.kept < missing or best < worst):
                self.set_mark(best, AS_KEPT[self.mark(best)])
            elif self.kept > missing and worst < 0:
                # Its counts are not true: it was not written here.
                self.recount()
            elif self.kept > missing:
                self.set_mark(worst, AS_SPARE[self.mark(worst)])
            else:
                return True
        return False

    def kept_once_settled(self) -> int:
        """Return how many are kept answering as soon as it is settled."""
        return min(max(0, self.least - self.answering), self.kept + self._records.count(SPARES))

    def number_of_pages(self) -> int:
        """Return how many pages it has."""
        return len(self._records)

    def follow_words(self, setting: str) -> None:
        """Work out the least number of members that have to answer: if words differ, the highest one.

        Arguments: setting, the word for members whose owners say nothing.
        """
        self.least = floor_words.least(self._words, self.members, setting)

    def check(self) -> None:
        """Raise one of NONSENSE if it is none that was written here."""
        pages = range(len(self._records))
        numbers = {self._records.number(page) for page in pages}
        ranks = [self._records.rank(page) for page in pages]
        marks = {mark for page in pages for mark in self._records.marks(page)}
        if len(numbers) < len(pages) or ranks != sorted({*ranks}) or marks - ALL_MARKS:
            raise ValueError("pages or marks are mixed up")

    def recount(self) -> None:
        """Count its marks and words anew."""
        counted = [self._records.count(marks) for marks in (ANSWERING, KEPTS, SPARES, TAKEN_OUT)]
        self.answering, self.kept, self.members = *counted[:2], sum(counted)
        self._words = self._records.highest_words()

    def _page(self, page: int) -> str:
        number = self._records.number(page)
        if number not in self._pages:
            self._pages[number] = self._read_page(number)
        return self._pages[number]

    def _seated(self, page: int) -> tuple[list[str], str]:
        """Return the lines of a page that count, and their marks."""
        lines = self._page(page).split("\n")
        marks = self._records.marks(page)[: len(lines)]
        if VACANT in marks:
            lines = [line for line, mark in zip(lines, marks, strict=True) if mark != VACANT]
        return lines, marks.replace(VACANT, "")

    def _rewrite(self, page: int, old: int, parts: list[Seated]) -> None:
        """Put new pages in the place of old ones."""
        records = [part.record(self._write("\n".join(part.lines))) for part in parts]
        self.dropped += [self._records.number(each) for each in range(page, page + old)]
        self._replace(page, old, records)

    def _write(self, text: str) -> str:
        """Write a page; return its number."""
        number = self._write_page(text)
        self.written.append(number)
        self._pages[number] = text
        return number

    def _replace(self, page: int, old: int, records: list[str]) -> None:
        # All are looked through only if these say something else now.
        if self._records.replace(page, old, records):
            self._words = self._records.highest_words()
