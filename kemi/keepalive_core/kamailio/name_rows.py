"""What DNS said of each name; the resolver process alone writes it.

==================  ================  ================================================
table               key               value
==================  ================  ================================================
``keepalive_name``  key of the name   resolution.Resolution's text
==================  ================  ================================================
"""

import KSR

from ..rules.resolution import Resolution
from .revised_rows import revise
from .tables import NAME, all_keys, read_row, replace_text


def resolution(key: str) -> Resolution | None:
    """Return what DNS said of a name; None if it was not asked yet, or if it is no name."""
    return read_row(NAME, key, Resolution.from_text)


def store_resolution(key: str, known: Resolution) -> None:
    """Write what DNS said of a name. Raises: SharedMemoryFull."""
    found = read_row(NAME, key, lambda text: (len(text), Resolution.from_text(text)))
    length, before = found or (0, Resolution())
    replace_text(NAME, key, known.text(), length)
    if known.differs_from(before):
        revise(key)


def drop_resolution(key: str) -> None:
    """Forget what DNS said of a name."""
    KSR.htable.sht_rm(NAME, key)
    revise(key)


def resolved_keys() -> list[str]:
    """Return the keys of all names of which DNS said anything: walks the whole table."""
    return all_keys(NAME)
