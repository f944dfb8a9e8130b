"""Private memory, which Kamailio gives each process: what makes it quick, and whether a ping has room."""

from typing import Final

import KSR

# The number of pieces of private memory that a process makes; it frees every second one.
_PIECES: Final = 64
# The bytes of a piece: the largest parsed part of a message needs some 400.
_PIECE: Final = 768
# More private memory than a ping takes: its text, and what is parsed of it.
_PING_BYTES: Final = 16_384

has_pieces = False
"""Whether this process has free pieces of memory."""


def keep_pieces_free() -> None:
    """Keep small free pieces in this process's private memory.

    qm_malloc, Kamailio's usual memory manager, joins what is freed with its neighbours. So after each message
    there is one large piece, and for each part of the next one it walks over a thousand empty lists to that.
    Pieces that can't be joined, as what lies between them is in use, are found at once: a ping takes 0.82 of
    the CPU, which is what ``kamailio -X fm`` gives too (5.6.3, two servers at a time).
    """
    global has_pieces
    has_pieces = True
    names = [f"$var(keepalive_{number})" for number in range(_PIECES)]
    try:
        for name in names:
            KSR.pv.sets(name, " " * _PIECE)
        for name in names[::2]:
            KSR.pv.seti(name, 0)
    except SystemError:
        # Without room for them all goes on as before; Kamailio has said that it has none.
        pass


def has_room_for_a_ping() -> bool:
    """Say whether this process has the private memory that a ping needs."""
    has: bool = KSR.pv.sets("$var(keepalive_room)", " " * _PING_BYTES) > 0
    KSR.pv.seti("$var(keepalive_room)", 0)
    return has
