"""Files on this server's disk, none of which is trusted to be what its name says."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import BinaryIO, Final, Generic, TypeVar

T = TypeVar("T")

# Its owner writes it, his group reads it: there may be passwords in it.
_MODE: Final = 0o640
# Bytes that are brought to the disk at once: some 10 ms; all of a large file would take seconds.
_SYNCED_AT_ONCE: Final = 4 * 2**20


class NotRegular(OSError):
    """What has the file's name is a folder, a FIFO, a device or, if links are not followed, a link."""


def open_regular(path: str, follow_links: bool = True) -> BinaryIO:
    """Open a regular file to read it; anything else is refused without waiting for it.

    Arguments: path; follow_links, whether the name may be that of a symbolic link.
    Raises: NotRegular, and other errors of the system, which may pass.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY
    try:
        descriptor = os.open(path, flags if follow_links else flags | os.O_NOFOLLOW)
    except OSError:
        if not follow_links and os.path.islink(path):
            raise NotRegular("it is a symbolic link") from None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotRegular("it is no regular file")
    return os.fdopen(descriptor, "rb")


class ReadAnew(Generic[T]):
    """A file that is read when it has changed.

    Arguments: path; read, returns what an open file says, and raises Refused if it says nothing right.
    """

    def __init__(self, path: str, read: Callable[[BinaryIO], T]) -> None:
        self._path = path
        self._read = read
        self._look: tuple[int, ...] = ()
        """what is different if the file is: its number, size, rights and times; () if it is to be read"""

    def changed(self) -> T | None:
        """Return what the file says if that may be something else than before, None if not.

        Raises: OSError, Refused; then it is read again the next time.
        """
        before, self._look = self._look, ()
        seen = os.stat(self._path)
        look = seen.st_dev, seen.st_ino, seen.st_size, seen.st_mode, seen.st_mtime_ns, seen.st_ctime_ns
        found = None
        if look != before:
            with open_regular(self._path) as file:
                found = self._read(file)
        self._look = look
        return found


def reason_of(error: Exception) -> str:
    """Return what the system or a rule has to say against a file, without its name."""
    return (isinstance(error, OSError) and error.strerror) or str(error)


def lines(file: BinaryIO, longest: int, most: int) -> Iterator[bytes]:
    """Return a file's lines without their ends.

    Arguments: file; longest, bytes of a line, and one more is returned of a longer one; most, bytes that
    are read.
    """
    while most > 0 and (line := file.readline(longest + 1)):
        most -= len(line)
        rest = line
        while rest and not rest.endswith(b"\n"):
            rest = file.readline(longest)
            most -= len(rest)
        yield line.rstrip(b"\n")


def write_whole(path: str, pieces: Iterable[bytes]) -> Iterator[None]:
    """Write a file, whole or not at all: whoever reads the name finds the old file or the new one.

    It is a generator, which stops behind each piece, so that its process can do something else meanwhile.
    Raises: OSError; then the old file is there, and nothing else is left, nor if it is not gone on with.
    """
    draft = path + ".new"
    descriptor = _made_anew(draft)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, _MODE)
            unsynced = 0
            for piece in pieces:
                file.write(piece)
                unsynced += len(piece)
                if unsynced > _SYNCED_AT_ONCE:
                    unsynced = 0
                    _sync(file)
                yield
            _sync(file)
        os.replace(draft, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(draft)
        raise
    _sync_folder(os.path.dirname(path))


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _made_anew(draft: str) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    try:
        return os.open(draft, flags, _MODE)
    except FileExistsError:
        # A crash may have left one of ours; what anybody else put there may be a trap.
        there = os.lstat(draft)
        if not stat.S_ISREG(there.st_mode) or there.st_uid != os.geteuid():
            raise NotRegular(f"{draft} is in the way, and no file of this user's") from None
        os.unlink(draft)
        return os.open(draft, flags, _MODE)


def _sync_folder(folder: str) -> None:
    """Have the new name on the disk as well; if the folder may not be opened, that comes by itself."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
