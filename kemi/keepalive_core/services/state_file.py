"""The state file: what is known of all destinations, over a restart, a crash or ``kill -9``.

Only what was read before is written over, never a file that is none of ours. Whatever is wrong with it, the
destinations are pinged.
"""

import logging
import os
import time
import zlib
from contextlib import suppress
from typing import BinaryIO, Final

from ..kamailio import clock, destination_rows, startup_rows
from ..kamailio.startup_rows import StateRead
from ..kamailio.tables import SharedMemoryFull
from ..rules import state_format
from ..rules.minutely import Minutely
from ..rules.state_format import Parsed
from ..rules.state_row import Row, Untrue, away_for
from . import configuration, files, registrations

log = logging.getLogger("keepalive")

# A larger file is not read. A destination takes about 1 kB.
MOST_BYTES: Final = 512 * 2**20
# The bytes at a file's beginning that show whose it is.
_BEGINNING: Final = 65_536
# Writing takes time in proportion to the number of destinations: rest ten times as long.
REST: Final = 10
# The time for which a destination is kept that left the configuration.
_KEPT_SECONDS: Final = 30 * 86_400


class UnusableFile(Exception):
    """The file is none that may be written over; the message says why."""


def load() -> None:
    """Read the state file, if there is one, for the destinations that will be registered: at the start.

    What can't be read now is tried again by the Writer, which writes nothing before.
    """
    path = _path()
    if not path:
        return
    try:
        _restore(path)
    except UnusableFile as error:
        log.error("state_file %s", error)


def is_awaited() -> bool:
    """Say whether there is a state file that could not be read yet."""
    return startup_rows.state_read() is StateRead.NOTHING and bool(_path())


def _path() -> str:
    return str(configuration.values()["state_file"])


def _read(path: str) -> dict[str, Row]:
    """Return what the file says, nothing if there is none. Raises: UnusableFile."""
    try:
        with files.open_regular(path, follow_links=False) as file:
            _refuse_foreign_file(path, file)
            file.seek(0)
            lines = files.lines(file, state_format.MOST_BYTES_OF_A_LINE, MOST_BYTES)
            parsed = state_format.parse(lines, time.time())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UnusableFile(f"{path} can't be read, and is not written before it is: {error}") from None
    _warn(path, parsed)
    return parsed.rows


def _refuse_foreign_file(path: str, file: BinaryIO) -> None:
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


def _restore(path: str) -> None:
    """Give a file's rows to the destinations that are registered, and keep the others until they are.

    Raises: UnusableFile.
    """
    rows = _read(path)
    failed = 0
    for key, row in rows.items():
        try:
            if not registrations.restore(key, row):
                destination_rows.store_restored(key, state_format.text_of(key, row))
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


class Writer:
    """Writes the state file when something has changed; lives in a timer process of its own."""

    def __init__(self) -> None:
        self._not_before = 0.0
        self._failed: str | None = None
        """what was told last, "" if all is well, None before the first time"""
        self._written = 0
        """checksum of what the file has; 0 before the first time"""
        self._minutely = Minutely()
        self._mark: tuple[int, ...] = ()
        """what shows that the file is the one that was written last"""

    def tick(self) -> None:
        """Write the file, unless it says already what there is to say."""
        path = _path()
        if not path or not startup_rows.is_started() or time.monotonic() < self._not_before:
            return
        if startup_rows.state_read() is StateRead.IN_PART:
            return
        began = time.monotonic()
        try:
            self._read_if_missed(path)
            self._write(path)
            self._failed = ""
        except (UnusableFile, SharedMemoryFull) as error:
            self._tell(str(error))
        except OSError as error:
            self._tell(f"{path} can't be written: {error}")
        self._not_before = time.monotonic() + (time.monotonic() - began) * REST

    def _tell(self, trouble: str) -> None:
        if trouble != self._failed:
            self._failed = trouble
            log.error("state_file %s", trouble)

    def _read_if_missed(self, path: str) -> None:
        if startup_rows.state_read() is StateRead.WHOLE:
            return
        try:
            _restore(path)
        except UnusableFile as error:
            if self._failed is None:  # load() has told it
                self._failed = str(error)
            raise

    def _write(self, path: str) -> None:
        is_as_written = self._is_as_written(path)
        data = state_format.data_of(_texts())
        checksum = zlib.crc32(data)
        if is_as_written and checksum == self._written:
            return
        files.write_whole(path, data)
        self._written = checksum
        self._mark = _mark_of(os.stat(path))

    def _is_as_written(self, path: str) -> bool:
        """Refuse to write over what somebody else has put there since.

        Returns: whether it is the file that was written last. Raises: UnusableFile, OSError.
        """
        try:
            with files.open_regular(path, follow_links=False) as file:
                if _mark_of(os.fstat(file.fileno())) == self._mark:
                    return True
                _refuse_foreign_file(path, file)
        except FileNotFoundError:
            return False
        self._tell_of_another_writer(path)
        return False

    def _tell_of_another_writer(self, path: str) -> None:
        if self._mark and self._minutely.may_tell("another writer", clock.now()):
            log.warning(
                "state_file %s was written by somebody else, and is written over: each server needs its own",
                path,
            )


def _mark_of(known: os.stat_result) -> tuple[int, ...]:
    return known.st_dev, known.st_ino, known.st_size, known.st_mtime_ns


def _texts() -> list[str]:
    """Return what the file has to say now, sorted: walks all destinations."""
    now, wall = clock.now(), time.time()
    texts: dict[str, str] = {}
    for key in destination_rows.restored_keys():
        if text := _text_of_one_that_left(key, int(wall)):
            texts[key] = text
    troubles = 0
    for key in destination_rows.monitored_keys():
        try:
            known = destination_rows.health(key)
            if known is not None:
                row = Row.of(known, destination_rows.admin(key), destination_rows.history(key), now, wall)
                texts[key] = state_format.text_of(key, row)
        except Exception:
            # A destination that can't be read is left out, and the others are written.
            troubles += 1
            if troubles == 1:
                log.exception("%s is missing in the state file", key)
    return [text for _, text in sorted(texts.items())]


def _text_of_one_that_left(key: str, wall: int) -> str | None:
    """Return what is kept of a destination that is not monitored, None if it has been for too long."""
    text = destination_rows.restored(key)
    if text is None:
        return None
    try:
        row = state_format.row_of_text(key, text, wall)
    except Untrue:
        destination_rows.drop_restored(key)
        return None
    # The clock may have been set back meanwhile.
    if row.left and (away := away_for(row, wall)) >= 0:
        if away <= _KEPT_SECONDS:
            return text
        destination_rows.drop_restored(key)
        return None
    text = state_format.text_of(key, row._replace(left=wall))
    with suppress(SharedMemoryFull):
        destination_rows.store_restored(key, text)
    return text


the_writer = Writer()
