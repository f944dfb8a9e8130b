"""What the callbacks have heard of a destination, and what is news to them (pure).

Each change has a number. One that found no room to be queued is not told by itself: the next that is told, or
the state of the destination later on, stands for it.
"""

import re
from typing import Final, NamedTuple

# As text() has it.
_SOUND: Final = re.compile(r"\d \d{16} \d{16} \d{10}", re.ASCII)


class News(NamedTuple):
    """What the callbacks have heard of a destination; it has a row from its registration on."""

    state: int
    """the state that they heard last; at first that of the registration"""
    told: int
    """the number of the last change that they have heard of"""
    changes: int
    """the number of the last change"""
    merged: int = 0
    """how many changes they heard of only by a newer state"""

    @classmethod
    def none_yet(cls, state: int, number: int) -> "News":
        """Return the news of a destination in a state, whose changes have numbers above one."""
        return cls(state, number, number)

    def one_more(self) -> "News":
        """Return the news after one more change."""
        return self._replace(changes=self.changes + 1)

    def after_telling(self, state: int, number: int) -> "News":
        """Return the news after the callbacks heard of the state of the change of a number."""
        return self._replace(state=state, told=number, merged=self.merged + number - self.told - 1)

    def caught_up(self, state: int) -> "News":
        """Return the news after the callbacks heard of the present state, if that is not what they knew."""
        missed = self.changes - self.told
        merged = max(0, missed - 1) if state != self.state else missed
        return self._replace(state=state, told=self.changes, merged=self.merged + merged)

    def text(self) -> str:
        """Return all in a text that is always of the same length, so that it needs no room to be changed."""
        return f"{self.state} {self.told:016d} {self.changes:016d} {self.merged:010d}"

    @classmethod
    def from_text(cls, text: str) -> "News":
        """Return what a text says. Raises: ValueError."""
        state, told, changes, merged = map(int, text.split())
        return cls(state, told, changes, merged)


def is_sound(text: str) -> bool:
    """Say whether a text is one that text() gives; what is none may still make sense."""
    return _SOUND.fullmatch(text) is not None
