"""The file with the keys of a cluster, which is read anew when it has changed: so a key can be replaced."""

import logging
import os
from typing import Final

from ..rules.checks import Refused
from ..rules.cluster_keys import MOST_FILE, keys_of
from .files import open_regular

log = logging.getLogger("keepalive")

# What is different if a file is: its number, size and times.
_Look = tuple[int, ...]
_NO_LOOK: Final[_Look] = ()


class SecretFile:
    """The file of KEEPALIVE_CLUSTER_SECRET_FILE.

    Arguments: path, "" for none.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._look = _NO_LOOK
        self._keys: list[bytes] = []
        self._told = ""

    def keys(self) -> list[bytes]:
        """Return the keys, of which the first one signs; those of before while the file has none.

        Each fault is told once. Without any key nothing can be said, or heard, if there is to be one.
        """
        if not self.path:
            return []
        try:
            look = _look_at(self.path)
            if look != self._look:
                self._keys = _read(self.path)
                self._look, self._told = look, ""
        except (OSError, Refused) as error:
            self._look = _NO_LOOK
            self._tell(error.strerror or str(error) if isinstance(error, OSError) else str(error))
        return self._keys

    @property
    def is_missing(self) -> bool:
        """Whether there is to be a key, and none has been found."""
        return self.path != "" and not self._keys

    def _tell(self, reason: str) -> None:
        if reason == self._told:
            return
        self._told = reason
        meanwhile = "the keys of before go on" if self._keys else "this node says and hears nothing"
        log.error("no key of the cluster in %.200s: %.200s; %s", self.path, reason, meanwhile)


def _look_at(path: str) -> _Look:
    seen = os.stat(path)
    return seen.st_dev, seen.st_ino, seen.st_size, seen.st_mode, seen.st_mtime_ns, seen.st_ctime_ns


def _read(path: str) -> list[bytes]:
    with open_regular(path) as file:
        return keys_of(file.read(MOST_FILE + 1), os.fstat(file.fileno()).st_mode)
