"""Which node of a cluster pings a destination: rendezvous hashing over the nodes (pure).

Each node works it out for itself, and nobody is elected. When a node comes or goes, only its own share moves
(Thaler and Ravishankar, "Using name-based mappings to increase hit rates", 1998).
"""

import zlib
from collections.abc import Collection, Iterator
from typing import Final

_MASK: Final = (1 << 64) - 1


def weight(key: str, node: str) -> int:
    """Return how much a node wants a destination: 64 bits that look as if drawn by chance.

    CRC-32 is linear: of two names of one length it makes the same difference for each key. So its values are
    mixed, as SplitMix64 does (Steele, Lea, Flood 2014).
    """
    mixed = zlib.crc32(key.encode()) << 32 | zlib.crc32(node.encode())
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & _MASK
    return mixed ^ mixed >> 31


def rank(key: str, nodes: Collection[str]) -> list[str]:
    """Return the nodes in the order in which they want a destination."""
    return sorted(nodes, key=lambda node: (weight(key, node), node), reverse=True)


def first(key: str, nodes: Collection[str]) -> str:
    """Return the first of rank(); "" if there are no nodes."""
    return max(nodes, key=lambda node: (weight(key, node), node), default="")


class Owners:
    """Who pings each of many destinations while all is well; a change of the nodes costs one look at each.

    Arguments: nodes, those that may own.
    """

    def __init__(self, nodes: Collection[str]) -> None:
        self._nodes = frozenset(nodes)
        self._owners: dict[str, str] = {}
        self._only: dict[str, frozenset[str]] = {}

    def __len__(self) -> int:
        return len(self._owners)

    def add(self, key: str, only: frozenset[str] = frozenset()) -> str:
        """Take in a destination; return its owner. Arguments: key; only, who may own it, none for all."""
        self._only.pop(key, None)
        if only:
            self._only[key] = only
        self._owners[key] = owner = first(key, self._allowed(key, self._nodes))
        return owner

    def remove(self, key: str) -> None:
        """Forget a destination."""
        self._owners.pop(key, None)
        self._only.pop(key, None)

    def owner(self, key: str) -> str:
        """Return who pings a destination; "" if no node may, or it is not known."""
        return self._owners.get(key, "")

    def may_own(self, key: str, node: str) -> bool:
        """Say whether a node may ping a destination at all."""
        only = self._only.get(key)
        return not only or node in only

    def follow(self, nodes: Collection[str]) -> dict[str, str]:
        """Take over which nodes there are; return the owners of the destinations that move."""
        return {key: self._owners[key] for key, has_moved in self.walk(nodes) if has_moved}

    def walk(self, nodes: Collection[str]) -> Iterator[tuple[str, bool]]:
        """Take over which nodes there are, a destination at a step, and say of each whether it moves.

        One walk has to be over before the next one begins; what is added meanwhile follows the new nodes.
        """
        now = frozenset(nodes)
        gone, come = self._nodes - now, now - self._nodes
        self._nodes = now
        for key in list(self._owners):
            owner = self._owners.get(key)
            if owner is None:
                continue  # removed meanwhile
            better = owner
            if owner in gone:
                better = first(key, self._allowed(key, now))
            elif come:
                better = first(key, self._allowed(key, come | {owner} if owner else come))
            self._owners[key] = better
            yield key, better != owner

    def _allowed(self, key: str, nodes: frozenset[str]) -> frozenset[str]:
        only = self._only.get(key) if self._only else None
        return nodes & only if only else nodes
