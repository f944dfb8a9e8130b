"""A clock that goes on over a restart and never jumps, whatever is done to the wall's: for what is counted.

=============  ===========  =============================================================
table          key          value
=============  ===========  =============================================================
``keepalive``  ``steady``   int, by how many seconds this clock is ahead of clock.now()
=============  ===========  =============================================================

At the start it shows what the wall clock does, or the last that it showed before, if that is later.
"""

import time
from typing import Final

from ..rules.times import SECOND
from . import clock
from .tables import COMMON, locked, read_number, store

# Epoch seconds of 2020-01-01, when it shows 0: a number of a table has 31 bits.
_ZERO: Final = 1_577_836_800

_ahead: int | None = None


def now() -> int:
    """Return the time in s. Raises: SharedMemoryFull, the first time only."""
    return begin() if _ahead is None else clock.now() // SECOND + _ahead


def begin(not_before: int = 0) -> int:
    """Set the clock, unless it goes already, and return the time in s.

    Arguments: not_before, what it showed when it stopped, in s. Raises: SharedMemoryFull.
    """
    global _ahead
    with locked("steady", COMMON):
        ahead = read_number(COMMON, "steady")
        if not ahead:
            ahead = max(int(time.time()) - _ZERO, not_before) - clock.now() // SECOND
            store(COMMON, "steady", ahead)
    _ahead = ahead
    return clock.now() // SECOND + ahead
