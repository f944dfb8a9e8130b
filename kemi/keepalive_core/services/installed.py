"""Whether the files of this module are still those that run: an upgrade comes in with a restart.

At a reload of the script Python executes again what Kamailio names, and nothing that was imported by that: a
new keepalive.py would meet the old keepalive_core, which is in memory.
"""

import logging
import os
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Final

from .. import VERSION
from ..kamailio import clock, server_rows
from . import files

log = logging.getLogger("keepalive")

FOLDER: Final = Path(__file__).parents[2]
"""where keepalive.py and keepalive_core are"""
API: Final = "keepalive"
"""the module that scripts import, and that is the script of a native kamailio.cfg"""
_MODULES: Final = (API, "keepalive_core", "dispatcher_bridge")
"""the names of what belongs together"""


def refusal() -> str:
    """Return why nothing of this module is imported now, if is_replaced()."""
    # A server that has begun as root may go on as a user for whom the folder is closed.
    if not os.access(FOLDER, os.R_OK | os.X_OK):
        return f"{FOLDER} can't be read by the user that Kamailio runs as"
    return f"{FOLDER} has other files than the keepalive {VERSION} that runs: restart Kamailio"


class Replaced(Exception):
    """The script is of an upgrade, of which the log tells already, once for all processes."""


def _sum() -> int:
    """Return a sum of the names and the contents of all files that Python may import as the module's."""
    whole = _sum_of(FOLDER / f"{API}.py", 0)
    for folder, folders, names in os.walk(FOLDER / "keepalive_core"):
        folders.sort()
        for name in sorted(names):
            stem, ending = os.path.splitext(name)
            # An editor's own, such as .#prober.py, is none.
            if ending == ".py" and stem.isidentifier():
                whole = _sum_of(Path(folder, name), zlib.crc32(name.encode(), whole))
    return whole


def _sum_of(file: Path, before: int) -> int:
    # What is imported can be read; what can't be, such as a link to nothing or a FIFO, only has its name.
    with suppress(OSError), files.open_regular(str(file)) as readable:
        return zlib.crc32(readable.read(), before)
    return before


_sum_of_what_runs: Final = _sum()


def is_replaced() -> bool:
    """Say whether other files are there now. It reads all of them, which takes a millisecond."""
    return _sum() != _sum_of_what_runs


def look_before_a_reload(script: str) -> None:
    """Tell of an upgrade: one process of all, once a minute at the most.

    Arguments: script, the name of the module that is about to be executed again.
    Raises: Replaced for our own, which is not made for what is in memory; SharedMemoryFull.
    """
    if not is_replaced():
        return
    if server_rows.may_tell("other files", clock.now()):
        log.error(
            "%s has other files than the keepalive %s that runs, whose functions go on until Kamailio is "
            "restarted, whatever is reloaded: restart it",
            *(FOLDER, VERSION),
        )
    if script == API:
        raise Replaced


def look_before_an_import(name: str) -> None:
    """Refuse a module of ours that is imported behind an upgrade, now or anew. Raises: ImportError."""
    if name.partition(".")[0] in _MODULES and is_replaced():
        raise ImportError(refusal())


def announce() -> None:
    """Log which version runs, of which folder: there may be several on a server."""
    log.info("version %s, of %s", VERSION, FOLDER)
