"""Whether there is enough shared memory left to go on."""

from functools import cache
from typing import Final

import KSR

from .tables import COMMON

# With less than this percentage of shared memory free no ping is sent: what is left is for calls.
LEAST_FREE: Final = 15


@cache
def _least_free() -> int:
    total = KSR.pv.get("$stat(total_size)")
    return total * LEAST_FREE // 100 if isinstance(total, int) else 0


def is_short() -> bool:
    """Say whether so little shared memory is free that calls need all of it; it takes 0.25 us."""
    free = KSR.pv.get("$stat(free_size)")
    return isinstance(free, int) and free < _least_free()


# A transaction of tm takes 8.3 kB (5.6, 6.0) besides the request.
_TRANSACTION: Final = "x" * 12_000


def has_room_for_a_ping() -> bool:
    """Say whether shared memory has room for one more transaction, after a ping could not be sent."""
    room: bool = KSR.htable.sht_sets(COMMON, "room", _TRANSACTION) > 0
    KSR.htable.sht_rm(COMMON, "room")
    return room
