"""The file with the token, which gives the right to change things over TCP."""

import logging
import os
from typing import Final

from ..rules.checks import Refused
from ..rules.http_access import MOST_TOKEN_BYTES, token_of
from ..services.files import open_regular

log = logging.getLogger("keepalive")

# What is different if a file is: its number, size and times.
_Look = tuple[int, ...]
_NO_LOOK: Final[_Look] = ()


class TokenFile:
    """The file of KEEPALIVE_HTTP_TOKEN_FILE, read anew when it has changed.

    Arguments: path, "" for none.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._look: _Look = _NO_LOOK
        self._token = b""
        self._told = ""

    def token(self) -> bytes:
        """Return the token that the file has now; b"", and a line of the log once, if there is none."""
        if not self._path:
            return b""
        try:
            look = _look_at(self._path)
            if look != self._look:
                self._token = b""
                self._token = _read(self._path)
                self._look, self._told = look, ""
        except (OSError, Refused) as error:
            self._token, self._look = b"", _NO_LOOK
            self._tell(error.strerror or str(error) if isinstance(error, OSError) else str(error))
        return self._token

    def _tell(self, reason: str) -> None:
        if reason != self._told:
            self._told = reason
            log.error("there is no token in %.200s, and nothing is changed over TCP: %s", self._path, reason)


def _look_at(path: str) -> _Look:
    seen = os.stat(path)
    return seen.st_dev, seen.st_ino, seen.st_size, seen.st_mode, seen.st_mtime_ns, seen.st_ctime_ns


def _read(path: str) -> bytes:
    with open_regular(path) as file:
        return token_of(file.read(MOST_TOKEN_BYTES + 1), os.fstat(file.fileno()).st_mode)
