"""To where a call was sent already, as one text that goes with it (pure).

A line has what was asked for and what was tried of it: of another name the same address may be tried again.
"""

from collections.abc import Iterator
from typing import Final

MOST: Final = 64
"""what is tried in one call at the most: twice as many as a name has targets"""


def hops(text: str, key: str) -> list[str]:
    """Return to where a call was sent for a destination, the last one last. Arguments: text; key, of it."""
    return [hop for asked, hop in _lines(text) if asked == key]


def with_one_more(text: str, key: str, hop: str) -> str | None:
    """Return the text after one more, for a destination's key; None if there were enough of all."""
    lines = [*_lines(text), (key, hop)]
    return "\n".join(map(" ".join, lines)) if len(lines) <= MOST else None


def _lines(text: str) -> Iterator[tuple[str, str]]:
    for line in text.split("\n") if text else ():
        key, _, hop = line.partition(" ")
        yield key, hop
