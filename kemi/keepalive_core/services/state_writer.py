"""Writes the state file, a few destinations at a time: its process has operators to answer meanwhile."""

import logging
import os
import time
import zlib
from collections.abc import Generator, Iterator
from contextlib import suppress
from typing import Final

from ..kamailio import clock, destination_rows, name_rows, order_rows, startup_rows
from ..kamailio.startup_rows import StateRead
from ..kamailio.tables import SharedMemoryFull
from ..rules import state_format
from ..rules.minutely import Minutely
from ..rules.server_state import group_fields
from ..rules.state_row import Row, Untrue, away_for
from ..rules.uris import is_target, name_of
from . import availability, files, order_book, state_file
from .state_file import UnusableFile

log = logging.getLogger("keepalive")

# Writing takes time in proportion to the number of destinations: rest ten times as long, at least a second.
REST: Final = 10
_LEAST_REST: Final = 1.0
# As many destinations at a time take about 5 ms.
_AT_A_TIME: Final = 100
# The time for which a destination is kept that left the configuration.
_KEPT_SECONDS: Final = 30 * 86_400
# The same for a target that DNS says no more.
_KEPT_TARGET_SECONDS: Final = 3600


class Writer:
    """Writes the state file when something has changed, and at once what an operator has ordered."""

    def __init__(self) -> None:
        self._pieces: Iterator[None] | None = None
        """the rest of what is being written"""
        self._taken = 0.0
        """the seconds that it has taken so far"""
        self._not_before = 0.0
        self._orders = 0
        """order_rows.counted() when the last write began"""
        self._failed: str | None = None
        """what was told last, "" if all is well, None before the first time"""
        self._written = 0
        """checksum of what the file has; 0 before the first time"""
        self._minutely = Minutely()
        self._mark: tuple[int, ...] = ()
        """what shows that the file is the one that was written last"""
        self._keys: list[str] = []
        """of the destinations, as they were when the number was that"""
        self._registered: int | None = None

    def go_on(self) -> bool:
        """Do a piece of the work, a few milliseconds of it. Returns: whether there is more of it now."""
        if self._pieces is None:
            if not self._is_due():
                return False
            self._pieces, self._taken = self._write(state_file.file_path()), 0.0
        began = time.monotonic()
        is_over = self._do_a_piece(self._pieces)
        now = time.monotonic()
        self._taken += now - began
        if is_over:
            self._pieces = None
            self._not_before = now + max(_LEAST_REST, self._taken * REST)
        return not is_over

    def _is_due(self) -> bool:
        if time.monotonic() < self._not_before and order_rows.counted() == self._orders:
            return False
        if not state_file.file_path() or not startup_rows.is_started():
            return False
        return startup_rows.state_read() is not StateRead.IN_PART

    def _do_a_piece(self, pieces: Iterator[None]) -> bool:
        """Go on with what is being written. Returns: whether it is over."""
        path = state_file.file_path()
        try:
            next(pieces)
            return False
        except StopIteration:
            self._failed = ""
        except (UnusableFile, SharedMemoryFull) as error:
            self._tell(str(error))
        except OSError as error:
            self._tell(f"{path} can't be written: {error}")
        except BaseException:
            self._pieces = None  # what has failed is not gone on with
            raise
        return True

    def _tell(self, trouble: str) -> None:
        if trouble != self._failed:
            self._failed = trouble
            log.error("state_file %s", trouble)

    def _read_if_missed(self, path: str) -> None:
        if startup_rows.state_read() is StateRead.WHOLE:
            return
        try:
            self._registered = None
            state_file.restore(path)
        except UnusableFile as error:
            if self._failed is None:  # load() has told it
                self._failed = str(error)
            raise

    def _write(self, path: str) -> Iterator[None]:
        """Write the file, unless it says already what there is to say; each step is one of many."""
        self._orders = order_rows.counted()
        self._read_if_missed(path)
        is_as_written = self._is_as_written(path)
        texts = yield from _texts(self._sorted_keys())
        pieces: list[bytes] = []
        checksum = 0
        for piece in state_format.pieces_of(texts):
            pieces.append(piece)
            checksum = zlib.crc32(piece, checksum)
            yield
        server = availability.to_be_kept()
        groups = [group_fields(*each) for each in availability.groups_to_be_kept()]
        others = [*order_book.to_be_kept(), *groups]
        # That time went on is nothing to write the file for.
        still = state_format.last_piece(len(texts), [*others, server._replace(until=0).fields()])
        checksum = zlib.crc32(still, checksum)
        if is_as_written and checksum == self._written:
            return
        pieces.append(state_format.last_piece(len(texts), [*others, server.fields()]))
        yield from files.write_whole(path, pieces)
        self._written = checksum
        self._mark = _mark_of(os.stat(path))

    def _sorted_keys(self) -> list[str]:
        """Return the keys of all that are or were there: walks the tables if any may be new.

        At 100,000 that takes 0.3 s in one piece.
        """
        registered = destination_rows.registered()
        if registered != self._registered:
            # In this order: one that comes back is first monitored, and then no longer among those that left.
            self._keys = sorted({*destination_rows.restored_keys(), *destination_rows.monitored_keys()})
            self._registered = registered
        return self._keys

    def _is_as_written(self, path: str) -> bool:
        """Refuse to write over what somebody else has put there since.

        Returns: whether it is the file that was written last. Raises: UnusableFile, OSError.
        """
        try:
            with files.open_regular(path, follow_links=False) as file:
                if _mark_of(os.fstat(file.fileno())) == self._mark:
                    return True
                state_file.refuse_foreign_file(path, file)
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


def _texts(keys: list[str]) -> Generator[None, None, list[str]]:
    """Return what the file has to say of destinations, of a few in each step."""
    texts: list[str] = []
    troubles = 0
    for at, key in enumerate(keys, 1):
        try:
            if text := _text_of(key):
                texts.append(text)
        except Exception:
            # A destination that can't be read is left out, and the others are written.
            troubles += 1
            if troubles == 1:
                log.exception("%s is missing in the state file", key)
        if at % _AT_A_TIME == 0:
            yield
    return texts


def _text_of(key: str) -> str | None:
    known, wall = destination_rows.health(key), time.time()
    if known is None:
        return _text_of_one_that_left(key, int(wall))
    row = Row.of(known, destination_rows.admin(key), destination_rows.past(key), clock.now(), wall)
    return state_format.text_of(key, row)


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
        if away <= (_KEPT_TARGET_SECONDS if is_target(key) else _KEPT_SECONDS):
            return text
        destination_rows.drop_restored(key)
        return None
    if is_target(key) and _is_awaited(name_of(key), wall):
        return text
    text = state_format.text_of(key, row._replace(left=wall))
    with suppress(SharedMemoryFull):
        destination_rows.store_restored(key, text)
    return text


def _is_awaited(name: str, wall: int) -> bool:
    """Say whether DNS has not said since the start which targets a name has, or that it has none.

    A name that is not monitored may come yet, as one that a script or another node of a cluster adds.
    """
    if destination_rows.health(name) is None:
        text = destination_rows.restored(name)
        row = state_format.row_of_text(name, text, wall) if text else None
        return row is not None and (not row.left or 0 <= away_for(row, wall) <= _KEPT_TARGET_SECONDS)
    known = name_rows.resolution(name)
    return known is None or not (known.answered or known.says_none)


the_writer = Writer()
