"""Words with numbers: what a node says, and what another one has heard of that (pure).

A node numbers what it says of destinations, on change only, and tells all of it in pieces: a piece has what
it says last of each destination, of which the number lies in a range. So whoever lacks a range asks for it,
and no order, no loss and no copy matters (van Renesse, Dumitriu, Gough, Thomas, "Efficient reconciliation and
flow control for anti-entropy protocols", 2008).
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from .cluster_ranges import Range, Ranges
from .cluster_word import DOWN, NO_WORD, Word

MOST_TAKEN_BACK: Final = 20_000
"""A node that has taken back more words than this numbers those that are left anew, in a new life"""
MOST_SAID: Final = 2**30
"""So does one that has said so many: numbers have an end"""
MOST_HEARD: Final = 200_000
"""Of more destinations than that a node is not heard: of those it says nothing, so others ping them, too"""


class Piece(NamedTuple):
    """Some words of a node."""

    above: int
    to: int
    """all of its present words with numbers above the one and up to the other are in it"""
    words: Mapping[str, Word]


class Sayings:
    """What this node says, in one life."""

    def __init__(self) -> None:
        self.newest = 0
        """the number of what it said last"""
        self.words: dict[str, Word] = {}
        """by destination; to be read only"""
        self._numbers: dict[str, int] = {}
        """of all destinations that it has spoken of"""
        self._said: list[tuple[int, str]] = []
        """in order, with what has a newer number since"""

    @property
    def is_worn(self) -> bool:
        """Whether it has said, or taken back, so many words that it should begin anew."""
        return len(self._numbers) - len(self.words) > MOST_TAKEN_BACK or self.newest >= MOST_SAID

    def say(self, key: str, word: Word) -> bool:
        """Say a word; return whether that is news for the others."""
        if not word.is_news(self.words.get(key, NO_WORD)):
            return False
        if word == NO_WORD:
            self.words.pop(key, None)
        else:
            self.words[key] = word
        self._count(key)
        return True

    def decide(self, key: str, decided: bool, is_news: bool) -> None:
        """Say whether a destination that this node can't reach is down for it.

        Arguments: key, of what is no "down" it is said of nothing; decided; is_news, whether others that have
        been told of that word are to be told again.
        """
        word = self.words.get(key, NO_WORD)
        if word.kind != DOWN or word.decided == decided:
            return
        self.words[key] = word._replace(decided=decided)
        if is_news:
            self._count(key)

    def _count(self, key: str) -> None:
        self.newest += 1
        self._numbers[key] = self.newest
        self._said.append((self.newest, key))
        if len(self._said) > 2 * len(self._numbers) + 100:
            self._said = [each for each in self._said if self._numbers[each[1]] == each[0]]

    def anew(self) -> "Sayings":
        """Return the same words with numbers from 1 on."""
        fresh = Sayings()
        for key, word in self.words.items():
            fresh.say(key, word)
        return fresh

    def piece(self, owed: Range, size: Callable[[str, Word], int], room: int) -> Piece:
        """Return the first part of a range that finds room.

        Arguments: owed; size, returns the bytes of a word; room, in bytes: the first word finds it always.
        """
        words: dict[str, Word] = {}
        above, end = owed.above, min(owed.to, self.newest)
        for at in range(bisect_right(self._said, (above, "\U0010ffff")), len(self._said)):
            number, key = self._said[at]
            if number > end:
                break
            if self._numbers[key] != number:
                continue
            word = self.words.get(key, NO_WORD)
            room -= size(key, word)
            if room < 0 and words:
                return Piece(above, number - 1, words)
            words[key] = word
        return Piece(above, end, words)


class Heard:
    """What another node has said in one of its lives, as far as it is known.

    Arguments: life, its number.
    """

    def __init__(self, life: int) -> None:
        self.life = life
        self.announced = 0
        """the number of what it said last, as it tells"""
        self.words: dict[str, Word] = {}
        """by destination; to be read only"""
        self._numbers: dict[str, int] = {}
        self._come = Ranges()

    @property
    def gap(self) -> Range | None:
        """The first range of its words that has not come; None if all are here."""
        return self._come.gap(self.announced)

    @property
    def behind(self) -> int:
        """How many numbers there are from what is known without a gap to what it said last."""
        return self.announced - self._come.have

    def announce(self, newest: int) -> None:
        """Take over the number of what it said last."""
        self.announced = max(self.announced, newest)

    def take(self, piece: Piece) -> set[str]:
        """Take over some of its words; return the destinations of which it says something else now."""
        changed = set()
        for key, word in piece.words.items():
            # Of two pieces with one destination, the one that ends later was made later.
            number = self._numbers.get(key)
            is_too_much = number is None and len(self._numbers) >= MOST_HEARD
            if is_too_much or (number or 0) >= piece.to:
                continue
            self._numbers[key] = piece.to
            if word != self.words.get(key, NO_WORD):
                changed.add(key)
                self._set(key, word)
        self._come.add(piece.above, piece.to)
        self.announce(piece.to)
        return changed

    def _set(self, key: str, word: Word) -> None:
        if word == NO_WORD:
            del self.words[key]
        else:
            self.words[key] = word
