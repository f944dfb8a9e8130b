"""What a process keeps of the pages of rosters, to tell which members of a group are alive (pure)."""

from collections.abc import Iterable
from functools import lru_cache
from itertools import chain, compress, groupby
from operator import attrgetter
from sys import getsizeof
from typing import Final, NamedTuple

from .checks import MOST_NUMBER
from .roster_text import SEATS, Member, answers

# Of a rank, what is not the generation.
_PLACE: Final = 16


class Place(NamedTuple):
    """What a member's owners say of its place."""

    priority: int
    weight: int


_NO_PLACE: Final = Place(0, 0)


@lru_cache(256)
def _place(text: str) -> Place:
    """Return the place that the beginning of a rank() says; few are different, and those share one."""
    return Place(MOST_NUMBER - int(text[:8], 16), MOST_NUMBER - int(text[8:], 16))


class Page(NamedTuple):
    """What a process keeps of a page, to tell which members are alive."""

    uris: tuple[str, ...]
    """a text for each seat"""
    places: tuple["Place", ...]
    """of the same"""
    size: int
    """in this process's memory, bytes"""

    @staticmethod
    def of(text: str) -> "Page":
        """Return what is needed of a page's text."""
        members = [Member.of(line) for line in text.split("\n")]
        vacant = SEATS - len(members)
        uris = (*(member.uri for member in members), *[""] * vacant)
        places = (*(_place(member.rank[:_PLACE]) for member in members), *[_NO_PLACE] * vacant)
        return Page(uris, places, sum(map(getsizeof, uris)) + getsizeof(uris) + getsizeof(places))


def alive(text: str, pages: Iterable[Page]) -> list[str]:
    """Return the URIs of those that answer or are kept answering, the best first.

    Arguments: text, the roster's; pages, all of its pages in their order.
    """
    return list(compress(chain.from_iterable(page.uris for page in pages), answers(text)))


def best_weights(text: str, pages: Iterable[Page]) -> list[int]:
    """Return the weights of those of the highest priority that answer or are kept answering, as alive()."""
    places = compress(chain.from_iterable(page.places for page in pages), answers(text))
    _, best = next(groupby(places, attrgetter("priority")), (0, ()))
    return [place.weight for place in best]
