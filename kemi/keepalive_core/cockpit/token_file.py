"""The file with the token, which gives the right to change things over TCP."""

import logging
import os
from typing import BinaryIO

from ..rules.checks import Refused
from ..rules.http_access import MOST_TOKEN_BYTES, token_of
from ..services.files import ReadAnew, reason_of

log = logging.getLogger("keepalive")


class TokenFile:
    """The file of KEEPALIVE_HTTP_TOKEN_FILE, read anew when it has changed.

    Arguments: path, "" for none.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._file = ReadAnew(path, _token_in)
        self._token = b""
        self._told = ""

    def token(self) -> bytes:
        """Return the token that the file has now; b"", and a line of the log once, if there is none."""
        if not self._path:
            return b""
        try:
            found = self._file.changed()
        except (OSError, Refused) as error:
            self._token = b""
            self._tell(reason_of(error))
        else:
            if found is not None:
                self._token, self._told = found, ""
        return self._token

    def _tell(self, reason: str) -> None:
        if reason != self._told:
            self._told = reason
            log.error("there is no token in %.200s, and nothing is changed over TCP: %s", self._path, reason)


def _token_in(file: BinaryIO) -> bytes:
    return token_of(file.read(MOST_TOKEN_BYTES + 1), os.fstat(file.fileno()).st_mode)
