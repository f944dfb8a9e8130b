"""Which destinations came, went or were changed last, for the process that shows all of them.

=====================  ==============  ================================================================
table                  key             value
=====================  ==============  ================================================================
``keepalive_revised``  ``0`` to 4095   text, the number of a revision, and which destination was changed
=====================  ==============  ================================================================

It is a ring, and is there with KEEPALIVE_HTTP only. What is no destination's, as a change of the settings,
names the empty text.
"""

from contextlib import suppress
from functools import cache
from typing import Final

from . import tables, variables
from .tables import REVISED, SharedMemoryFull, read_text, store

KEPT: Final = 4096
"""how many of the last revisions are kept"""


@cache
def is_kept() -> bool:
    """Say whether there is such a ring."""
    return variables.is_defined("http")


def revise(key: str = "") -> None:
    """Tell of a change, behind it: whoever reads the new revision reads the change too.

    Arguments: key, of the destination that was changed, "" if it is none of one.
    """
    number = tables.next_number("revision")
    if number > 0 and is_kept():
        # Without memory for it, who looks for it reads all destinations anew.
        with suppress(SharedMemoryFull):
            store(REVISED, str(number % KEPT), f"{number} {key}")


def revised(after: int, until: int) -> tuple[set[str], int]:
    """Return the keys of destinations that were changed, and up to which revision that is all of them.

    Arguments: after and until, numbers of revisions. The row of the next one is missing: it is not written
    yet, or overwritten already, or there was no memory for it.
    """
    found: set[str] = set()
    for number in range(after + 1, until + 1):
        was, _, key = (read_text(REVISED, str(number % KEPT)) or "").partition(" ")
        if was != str(number):
            until = number - 1
            break
        found.add(key)
    found.discard("")
    return found, until
