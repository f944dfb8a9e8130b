"""In which order one node of a cluster looks at destinations of which anything has changed (pure)."""

from collections.abc import Callable
from typing import Final

from .cluster_talk import Talk
from .times import SECOND

_FOLLOWS_US: Final = 10 * SECOND
"""A node that begins pings its share after that, though it has more to look at"""


class Looks:
    """The destinations that are to be looked at, each once.

    Those that another node can't reach come first: calls fail by a state that lags behind that. A node that
    begins looks at nothing else until it knows all that the others say: what it looked at before that would
    have to be looked at again, and its state file may have "up" of what is down.

    Arguments: talk, with the other nodes.
    """

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._doubted: dict[str, None] = {}
        self._others: dict[str, None] = {}
        self._unregistered: dict[str, None] = {}
        """what others speak of, and this server, which has just started, may be about to register"""
        self._has_begun = False
        self._is_behind = True
        self._joins_at = self._joins_at_last = 0
        """when it joins if there is no more to look at, and in any case, in us"""

    def __len__(self) -> int:
        return len(self._doubted) + len(self._others)

    @property
    def doubted(self) -> int:
        """How many of them another node can't reach."""
        return len(self._doubted)

    def add(self, *keys: str) -> None:
        """Have destinations looked at."""
        for key in keys:
            if self._talk.is_doubted(key):
                self._others.pop(key, None)
                self._doubted[key] = None
            elif key not in self._doubted:
                self._others[key] = None

    def add_unregistered(self, key: str) -> None:
        """Have a destination looked at again as soon as this server has registered all that it is to."""
        self._unregistered[key] = None

    def begins(self, is_started: bool, is_registered: Callable[[str], bool]) -> bool:
        """Say whether this node still begins; to be called before each tick.

        Arguments: is_started, whether this server has registered all that is configured; is_registered, says
        of a destination whether it has been.
        """
        if is_started or not self._has_begun:
            known = [key for key in self._unregistered if is_started or is_registered(key)]
            for key in known:
                del self._unregistered[key]
            self.add(*known)
        is_behind = self._talk.is_catching_up or self._doubted or self._unregistered
        self._has_begun = self._has_begun or not (self._talk.is_new and is_behind)
        return not self._has_begun

    def end_tick(self, now: int, had_time: bool) -> None:
        """Have this node join as soon as it follows what the others say, or as none of them pings its share.

        For what it finds until then others have acted. Callbacks have a second to ask who does.
        Arguments: now, in us; had_time, whether this tick was long enough for whatever else there is to do.
        """
        talk = self._talk
        self._joins_at_last = self._joins_at_last or now + _FOLLOWS_US
        if talk.is_catching_up or not (self._has_begun and had_time) or len(self):
            self._joins_at = now + SECOND
        self._is_behind = self._is_behind and now < min(self._joins_at, self._joins_at_last)
        talk.is_behind = self._is_behind and bool(talk.view.ready - {talk.me})

    def take(self) -> str:
        """Remove and return the next one; "" if there is none."""
        for waiting in (self._doubted, self._others):
            for key in waiting:
                del waiting[key]
                return key
        return ""
