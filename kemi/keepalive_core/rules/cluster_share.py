"""Which of a prober's destinations this node of a cluster pings, and which it owns (pure).

In calm each has one owner, which every node works out for itself. What is not calm is said of each one by the
process that hears the other nodes: an exception.
"""

from collections.abc import Iterator
from typing import NamedTuple

from .cluster_owner import Owners, first
from .cluster_view import View


class Exceptional(NamedTuple):
    """What holds for a destination that is not calm."""

    pings: bool
    """whether this node pings it"""
    agreed: bool = False
    """whether so many nodes can't reach it, or have given it up, that this node may"""
    lacking: frozenset[str] = frozenset()
    """nodes that do not have it, or have given it up"""


class ClusterShare:
    """The part of a prober's destinations that this node has."""

    def __init__(self) -> None:
        self._view: View | None = None
        """None until it is known who is there: then nothing is pinged"""
        self._owners = Owners(())
        self._exceptions: dict[str, Exceptional] = {}

    def follow(self, key: str, only: frozenset[str], exception: Exceptional | None) -> None:
        """Take over how a destination is now.

        Arguments: only, the nodes that may ping it, none for all; exception, None if it is calm.
        """
        self._owners.add(key, only)
        self._exceptions.pop(key, None)
        if exception is not None:
            self._exceptions[key] = exception

    def forget(self, key: str) -> None:
        """Forget a destination; one that is not there is no error."""
        self._owners.remove(key)
        self._exceptions.pop(key, None)

    @property
    def may_ping(self) -> bool:
        """Whether this node may ping at all: it has listened for long enough, and is not paused."""
        return self._view is not None and self._view.pings

    @property
    def sees_others(self) -> bool:
        """Whether any other node lives, as far as this one knows."""
        return self._view is not None and len(self._view.live) > 1

    def pings(self, key: str) -> bool:
        """Say whether this node pings a destination."""
        view = self._view
        if view is None or not self.may_ping or not self._owners.may_own(key, view.me):
            return False
        exception = self._exceptions.get(key)
        # What others were to do is of no use to one that hears none of them.
        if exception is not None and self.sees_others:
            return exception.pings
        return view.asks_all or self._owners.owner(key) == view.me

    def owns(self, key: str) -> bool:
        """Say whether this node may say of itself that it monitors a destination no more.

        That begins with its owner; once that one has given it up, the next one follows it.
        """
        view = self._view
        if view is None or not self.may_ping:
            return False
        exception = self._exceptions.get(key)
        if exception is None or not exception.agreed:
            return False
        if not exception.lacking:
            return self._owners.owner(key) == view.me
        has_it = (node for node in view.ready - exception.lacking if self._owners.may_own(key, node))
        return first(key, list(has_it)) == view.me

    def walk(self, view: View) -> Iterator[str]:
        """Take over another view, a destination at a step, and return those that this node may take or leave.

        One walk has to be over before the next one begins.
        """
        before, self._view = self._view, view
        if before is None or _of_owners(before) != _of_owners(view):
            for key, _ in self._owners.walk(view.ready):
                yield key


def _of_owners(view: View) -> tuple[object, ...]:
    """Return what of a view makes owners, and what this node pings."""
    return view.ready, view.pings, view.asks_all
