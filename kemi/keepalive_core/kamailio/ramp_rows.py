"""Which destinations came up last, and since when they gain their weight.

==================  ==============  =======================================================================
table               key             value
==================  ==============  =======================================================================
``keepalive_ramp``  ``0`` to 4095   text, the number of a destination that came up, its Ramp and its URI
``keepalive``       ``ramps``       int, counts these
==================  ==============  =======================================================================

It is a ring: each process reads what it has not read yet.
"""

from typing import Final

from ..rules.ramp import Ramp
from .tables import COMMON, RAMP, locked, read_number, read_row, store

KEPT: Final = 4096
"""how many of the last ones are kept"""


def store_ramp(uri: str, known: Ramp) -> None:
    """Write that a destination gains its weight from now on. Raises: SharedMemoryFull."""
    with locked("ramps", COMMON):
        number = (read_number(COMMON, "ramps") + 1) & 0x7FFFFFFF
        store(RAMP, str(number % KEPT), f"{number} {known.text()} {uri}")
        # Behind the row: whoever reads the number finds the row.
        store(COMMON, "ramps", number)


def newest() -> int:
    """Return the number of the last one."""
    return read_number(COMMON, "ramps")


def ramps(after: int, until: int) -> dict[str, Ramp]:
    """Return who gains its weight, by URIs, the last one last. Arguments: after and until, numbers."""
    first = after + 1 if 0 <= until - after <= KEPT else max(1, until - KEPT + 1)
    found: dict[str, Ramp] = {}
    for number in range(first, until + 1):
        row = read_row(RAMP, str(number % KEPT), _row)
        # One that is overwritten already comes again, with its new number.
        if row and row[0] == number:
            _, uri, known = row
            found.pop(uri, None)
            found[uri] = known
    return found


def _row(text: str) -> tuple[int, str, Ramp]:
    number, began, takes, uri = text.split(" ")
    return int(number), uri, Ramp.from_text(f"{began} {takes}")
