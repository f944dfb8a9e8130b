"""The state file: what is known of all destinations, over a restart, a crash or ``kill -9``.

Only what was read before is written over, never a file that is none of ours; ``state_writer`` writes it.
Whatever is wrong with it, the destinations are pinged.
"""

import logging
import os
import time
from typing import BinaryIO, Final

from ..kamailio import destination_rows, server_rows, startup_rows
from ..kamailio.startup_rows import StateRead
from ..kamailio.tables import SharedMemoryFull
from ..rules import state_format, uris
from ..rules.server_state import ServerState, groups_of
from ..rules.state_format import Parsed
from ..rules.state_row import Row
from . import availability, configuration, files, order_book, registrations

log = logging.getLogger("keepalive")

# A larger file is not read. A destination takes about 1 kB.
MOST_BYTES: Final = 512 * 2**20
# The bytes at a file's beginning that show whose it is.
_BEGINNING: Final = 65_536


class UnusableFile(Exception):
    """The file is none that may be written over; the message says why."""


def load() -> None:
    """Read the state file, if there is one, for the destinations that will be registered: at the start.

    What can't be read now is tried again by the writer, which writes nothing before.
    """
    if not file_path():
        return
    try:
        restore(file_path())
    except UnusableFile as error:
        log.error("state_file %s", error)


def is_awaited() -> bool:
    """Say whether there is a state file that could not be read yet."""
    return startup_rows.state_read() is StateRead.NOTHING and bool(file_path())


def file_path() -> str:
    """Return the state file's path, "" for none."""
    return str(configuration.values()["state_file"])


def _read(path: str) -> Parsed:
    """Return what the file says, nothing if there is none. Raises: UnusableFile."""
    try:
        with files.open_regular(path, follow_links=False) as file:
            refuse_foreign_file(path, file)
            file.seek(0)
            lines = files.lines(file, state_format.MOST_BYTES_OF_A_LINE, MOST_BYTES)
            parsed = state_format.parse(lines, time.time())
    except FileNotFoundError:
        return Parsed({}, [], 0, is_ours=True, is_whole=True)
    except OSError as error:
        raise UnusableFile(f"{path} can't be read, and is not written before it is: {error}") from None
    _warn(path, parsed)
    return parsed


def refuse_foreign_file(path: str, file: BinaryIO) -> None:
    """Look at a file's beginning, as another program's file may be large. Raises: UnusableFile."""
    if os.fstat(file.fileno()).st_size > MOST_BYTES:
        raise UnusableFile(
            f"{path} is larger than {MOST_BYTES >> 20} MB, and is neither read nor written over"
        )
    beginning = file.read(_BEGINNING)
    while beginning and state_format.is_blank(beginning):
        beginning = file.read(_BEGINNING)
    if not state_format.parse(beginning.split(b"\n"), time.time()).is_ours:
        raise UnusableFile(
            f"{path} is no state file, and is not written over: move it away, or name another one"
        )


def _warn(path: str, parsed: Parsed) -> None:
    for fault in parsed.faults:
        log.warning("state_file %s, %s; it is left out", path, fault)
    if parsed.bad > len(parsed.faults):
        log.warning("state_file %s, and %d more like these", path, parsed.bad - len(parsed.faults))
    if not parsed.is_whole and not parsed.bad:
        log.warning("state_file %s has not the beginning or the end that it should; the rest is used", path)


def restore(path: str) -> None:
    """Give a file's rows to the destinations that are registered, and keep the others until they are.

    Raises: UnusableFile.
    """
    parsed = _read(path)
    rows, failed = parsed.rows, 0
    server = ServerState.of(parsed.others)
    availability.restarted(server)
    availability.restore_groups(groups_of(parsed.others))
    if server.drain and server_rows.drain_order() is None:
        server_rows.store_drain(server.drain)
    order_book.restarted(parsed.others)
    for key, row in rows.items():
        # What was one row is that of each of a name's spellings: whichever is registered goes on with it.
        others = uris.other_spellings(key) if parsed.has_former_keys else ()
        try:
            for spelling in (key, *others):
                _restore_one(spelling, row)
        except SharedMemoryFull:
            failed += 1
    if rows:
        log.info("state_file %s: %d destinations", path, len(rows) - failed)
    startup_rows.store_state_read(StateRead.IN_PART if failed else StateRead.WHOLE)
    if failed:
        raise UnusableFile(
            f"{path}: shared memory has no room for {failed} of {len(rows)} destinations; the file keeps "
            "what it says, and is not written until Kamailio has more (-m) and is started again"
        )


def _restore_one(key: str, row: Row) -> None:
    if not registrations.restore(key, row):
        destination_rows.store_restored(key, state_format.text_of(key, row))
