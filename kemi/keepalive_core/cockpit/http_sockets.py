"""The sockets at which HTTP is served: opened, opened later if they can't be yet, and removed at the end."""

import asyncio
import fcntl
import logging
import os
import socket
import stat
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final

from ..rules.checks import Refused
from ..rules.http_settings import Place, TcpPlace, UnixPlace

log = logging.getLogger("keepalive")

AGAIN_SECONDS: Final = 10.0
"""after which it is tried again to open what could not be opened, and looked whether the rest is there"""
# Its owner, and those of Kamailio's group.
_RIGHTS: Final = 0o660
_ALL_RIGHTS: Final = 0o777
_BACKLOG: Final = 128
# A folder's lock is held for less than a millisecond, unless somebody means harm.
_MOST_TRIES: Final = 20
_TRY_SECONDS: Final = 0.005

Protocols = Callable[[], asyncio.Protocol]


class Door:
    """A place at which HTTP is to be served.

    Arguments: place; protocols, make what a connection is given to; may_open, says whether there is a token.
    """

    def __init__(self, place: Place, protocols: Protocols, may_open: Callable[[], bool]) -> None:
        self._place = place
        self._protocols = protocols
        self._may_open = may_open
        self._server: asyncio.Server | None = None
        self._file = (0, 0)
        """which file the UNIX socket is: the numbers of its device and of itself"""
        self._told = ""

    async def see_to(self) -> None:
        """Open it if it is not open, or if its file is not there any more; tell once if that can't be."""
        try:
            if self._server is not None:
                if not isinstance(self._place, UnixPlace) or self._file == _number(self._place.path):
                    return
                self.close()
            self._server = await self._opened()
        except (OSError, Refused) as error:
            self._tell(_reason(error))
            return
        self._told = ""
        log.info("HTTP is served at %.200s", self._place)

    def close(self) -> None:
        """Serve no more; remove the file, unless it is another one's by now."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        if isinstance(self._place, UnixPlace) and self._file == _number(self._place.path):
            with suppress(OSError):
                os.unlink(self._place.path)

    async def _opened(self) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        if isinstance(self._place, TcpPlace):
            if not self._place.is_of_this_host_alone and not self._may_open():
                raise Refused("others reach it, and there is no token")
            return await loop.create_server(self._protocols, sock=_tcp(self._place), backlog=_BACKLOG)
        listener = _unix(self._place.path)
        self._file = _number(self._place.path)
        return await loop.create_unix_server(self._protocols, sock=listener, backlog=_BACKLOG)

    def _tell(self, reason: str) -> None:
        if reason != self._told:
            self._told = reason
            log.error("HTTP is not served at %.200s, which is tried again: %s", self._place, reason)


async def keep_open(doors: Iterable[Door]) -> None:
    """See to all of them for ever."""
    while True:
        await asyncio.sleep(AGAIN_SECONDS)
        for door in doors:
            await door.see_to()


def _reason(error: OSError | Refused) -> str:
    if isinstance(error, OSError):
        return f"{error.strerror or error}" + (f" ({error.filename})" if error.filename else "")
    return str(error)


def _number(path: str) -> tuple[int, int]:
    """Return which file has a name; zeros for none."""
    try:
        there = os.lstat(path)
    except OSError:
        return 0, 0
    return there.st_dev, there.st_ino


def _tcp(place: TcpPlace) -> socket.socket:
    """Return a socket that listens. Raises: OSError."""
    family = socket.AF_INET6 if place.address.version == 6 else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        # Old connections that wait for their end are no server.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((str(place.address), place.port))
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


def _unix(path: str) -> socket.socket:
    """Return a socket that listens, in the place of one that nobody has any more.

    Raises: OSError, Refused.
    """
    folder = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY)
    try:
        # Of two servers that find the same old socket at once, one would remove what the other has just made.
        _lock(folder)
        _remove_stale(path)
        return _bound(path)
    finally:
        os.close(folder)


def _lock(folder: int) -> None:
    for _ in range(_MOST_TRIES):
        with suppress(BlockingIOError):
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        time.sleep(_TRY_SECONDS)
    raise Refused("another process holds a lock on the folder")


def _remove_stale(path: str) -> None:
    try:
        there = os.lstat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(there.st_mode):
        raise Refused("what has this name is no socket, and stays")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.setblocking(False)
        try:
            client.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)
            return
        except BlockingIOError:
            pass  # somebody has it, and many wait for him
    raise Refused("another process answers there")


def _bound(path: str) -> socket.socket:
    """Return a socket that listens, and that had no more rights at any time."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # The first holds if the folder has an ACL, which bind() asks instead of the umask; the second always.
        os.fchmod(listener.fileno(), _RIGHTS)
        before = os.umask(_ALL_RIGHTS & ~_RIGHTS)
        try:
            listener.bind(path)
        finally:
            os.umask(before)
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener
