"""Which of its destinations a node pings in calm, and which are its share (pure).

What it owns changes when it finds itself degraded, its share does not: that is what it wants most of all live
nodes, whether these are ready or not.
"""

from collections.abc import Iterator

from .cluster_owner import Owners
from .cluster_view import View


class Shares:
    """The destinations of a node.

    Arguments: view, how the node sees its cluster.
    """

    def __init__(self, view: View) -> None:
        self._me = view.me
        self._owners, self._firsts = Owners(view.ready), Owners(view.live)
        self.owned: set[str] = set()
        """what this node pings in calm; to be read only"""
        self.share: set[str] = set()
        """what is its share; to be read only"""

    def __len__(self) -> int:
        return len(self._owners)

    def add(self, key: str, only: frozenset[str] = frozenset()) -> None:
        """Take in a destination, or who may own it now. Arguments: key; only, these nodes, none for all."""
        self._note(self.owned, key, self._owners.add(key, only))
        self._note(self.share, key, self._firsts.add(key, only))

    def remove(self, key: str) -> None:
        """Forget a destination; one that is not there is no error."""
        for owners, mine in ((self._owners, self.owned), (self._firsts, self.share)):
            owners.remove(key)
            mine.discard(key)

    def owner(self, key: str) -> str:
        """Return who pings a destination in calm; "" if no node may, or it is not known."""
        return self._owners.owner(key)

    def walk(self, view: View) -> Iterator[str]:
        """Take over another view, a destination at a step, and return each that comes or goes, else "".

        One walk has to be over before the next one begins.
        """
        for key, _ in self._firsts.walk(view.live):
            self._note(self.share, key, self._firsts.owner(key))
            yield ""
        for key, has_moved in self._owners.walk(view.ready):
            was_mine = key in self.owned
            self._note(self.owned, key, self._owners.owner(key))
            yield key if has_moved and (was_mine or key in self.owned) else ""

    def _note(self, mine: set[str], key: str, owner: str) -> None:
        if owner == self._me:
            mine.add(key)
        else:
            mine.discard(key)
