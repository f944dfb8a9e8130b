"""Which destinations came up a while ago, and still gain their weight.

==================  ===================  =====================================================
table               key                  value
==================  ===================  =====================================================
``keepalive_ramp``  a destination's key  ramp.Ramp's text, if it ever came up with slow_start
``keepalive``       ``ramps_until``      int, when the last of them ends, in s of clock.now()
==================  ===================  =====================================================
"""

from ..rules.ramp import Ramp
from ..rules.times import SECOND
from .tables import COMMON, RAMP, locked, read_number, read_row, store


def ramp(key: str) -> Ramp | None:
    """Return how a destination gains its weight; None for one that did not come up that way."""
    return read_row(RAMP, key, Ramp.from_text)


def store_ramp(key: str, known: Ramp) -> None:
    """Write how a destination gains its weight. Raises: SharedMemoryFull."""
    store(RAMP, key, known.text())
    until = known.ends // SECOND + 1
    with locked("ramps_until", COMMON):
        if read_number(COMMON, "ramps_until") < until:
            store(COMMON, "ramps_until", until)


def any_at(now: int) -> bool:
    """Say whether any destination may still gain its weight; as long as none does, no row is read."""
    return read_number(COMMON, "ramps_until") * SECOND > now
