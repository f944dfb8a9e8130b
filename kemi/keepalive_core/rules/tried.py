"""To where a call was sent already, as one text that goes with it (pure).

A line has what was asked for and what was tried of it: of another name the same address may be tried again.
"""

from typing import Final, NamedTuple

MOST: Final = 64
"""what is tried in one call at the most: twice as many as a name has targets"""


class Try(NamedTuple):
    """One time that a call was sent on."""

    key: str
    """of the destination that was asked for"""
    hop: str
    """to where it was sent"""


def tries(text: str) -> list[Try]:
    """Return all tries of a call, the last one last."""
    return [Try(key, hop) for key, _, hop in (line.partition(" ") for line in text.split("\n")) if key]


def hops(text: str, key: str) -> list[str]:
    """Return to where a call was sent for a destination, the last one last. Arguments: text; key, of it."""
    return [each.hop for each in tries(text) if each.key == key]


def with_one_more(text: str, key: str, hop: str) -> str | None:
    """Return the text after one more, for a destination's key; None if there were enough of all."""
    after = [*tries(text), Try(key, hop)]
    return "\n".join(map(" ".join, after)) if len(after) <= MOST else None
