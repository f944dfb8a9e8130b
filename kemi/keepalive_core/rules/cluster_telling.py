"""What one message tells another node of what it is still to be told (pure). Times are microseconds."""

from typing import Final

from . import cluster_lines
from .cluster_facts import Facts
from .cluster_peer import Peer
from .cluster_ranges import Range
from .cluster_sayings import Sayings
from .cluster_word import Word

ROOM: Final = cluster_lines.BYTES - 80
"""bytes of a message, without its last line and the MAC"""
# A piece needs so many bytes for itself.
_LEAST_ROOM: Final = 30


def facts(peer: Peer, known: Facts, room: int, now: int) -> list[str]:
    """Return the lines of the facts that a node is told next; it is owed them no more.

    Arguments: peer; known, all facts; room, for as many bytes, though the first line finds it always in an
    empty message; now.
    """
    lines: list[str] = []
    for subject in list(peer.owed_facts):
        fact = known.get(subject)
        line = cluster_lines.fact_line(fact, now) if fact else ""
        if len(line) + 1 > room and (lines or room < ROOM):
            break
        lines += [line] if line else []
        room -= len(line) + 1
        del peer.owed_facts[subject]
    return lines


def words(peer: Peer, sayings: Sayings, room: int, is_begun: bool, now: int) -> list[str]:
    """Return the lines of the words that a node is told next; it is owed them no more.

    Arguments: peer; sayings, all that this node says; room, for as many bytes, though the first word finds it
    always; is_begun, whether the message has lines already: then it may be too full for more; now.
    """

    def size(key: str, word: Word) -> int:
        return len(cluster_lines.word_line(key, word, now)) + 1

    owed: Range | None = next(iter(peer.owed), None)
    if owed is None or (room < _LEAST_ROOM and is_begun):
        return []
    piece = sayings.piece(owed, size, room - _LEAST_ROOM)
    peer.owed.take(piece.to)
    said = [cluster_lines.word_line(key, word, now) for key, word in piece.words.items()]
    return [cluster_lines.piece_line(piece.above, piece.to), *said]
