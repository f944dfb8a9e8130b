"""Which callbacks there are, which of them runs, and whether they have to look for news.

=============  ==============  ===================================================================
table          key             value
=============  ==============  ===================================================================
``keepalive``  ``callbacks``   JSON, [[callback, user_attr], ...] for all changes
``keepalive``  ``callback``    which callback runs, and since when; "" for none
``keepalive``  ``untold``      int, 1 when callbacks are to look for news everywhere
=============  ==============  ===================================================================
"""

from typing import Any

import KSR

from ..rules import rows
from ..rules.rows import RunningCallback
from .tables import COMMON, get, locked, read_row, store


def callbacks() -> list[tuple[str, Any]]:
    """Return the callbacks for all changes, each ``module:name`` with its user_attr."""
    return read_row(COMMON, "callbacks", rows.callbacks) or []


def store_callback(name: str, user_attr: Any) -> None:
    """Add a callback for all changes; one that is there gets the new user_attr.

    Raises: SharedMemoryFull.
    """
    with locked("callbacks"):
        known = dict(callbacks())
        known[name] = user_attr
        store(COMMON, "callbacks", rows.json_text(list(known.items())))


def note_untold() -> None:
    """Have the callbacks look for news everywhere; what is to be noted has its row from the start on."""
    KSR.htable.sht_seti(COMMON, "untold", 1)


def take_untold() -> bool:
    """Say whether the callbacks have to look for news everywhere, and take note that they do."""
    if get(COMMON, "untold") != 1:
        return False
    KSR.htable.sht_seti(COMMON, "untold", 0)
    return True


def running_callback() -> RunningCallback:
    """Return when the callback that runs began, in us, and which it is; (0, "") for none."""
    return read_row(COMMON, "callback", rows.running_callback) or RunningCallback()


def store_running_callback(running: RunningCallback) -> None:
    """Write which callback runs, and since when. Raises: SharedMemoryFull, the first time only."""
    store(COMMON, "callback", rows.running_callback_text(running))
