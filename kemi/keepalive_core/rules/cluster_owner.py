"""Which node of a cluster pings a destination: rendezvous hashing over the nodes (pure).

Each node works it out for itself, and nobody is elected. When a node comes or goes, only its own share moves
(Thaler and Ravishankar, "Using name-based mappings to increase hit rates", 1998).
"""

import zlib
from collections.abc import Collection
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
