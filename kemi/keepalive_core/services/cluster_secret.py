"""The file with the keys of a cluster, which is read anew when it has changed: so a key can be replaced."""

import logging
import os
from typing import BinaryIO

from ..rules.checks import Refused
from ..rules.cluster_keys import MOST_FILE, keys_of
from .files import ReadAnew, reason_of

log = logging.getLogger("keepalive")


class SecretFile:
    """The file of KEEPALIVE_CLUSTER_SECRET_FILE.

    Arguments: path, "" for none.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._file = ReadAnew(path, _keys_in)
        self._keys: list[bytes] = []
        self._told = ""

    def keys(self) -> list[bytes]:
        """Return the keys, of which the first one signs; those of before while the file has none.

        Each fault is told once. Without any key nothing can be said, or heard, if there is to be one.
        """
        if not self.path:
            return []
        try:
            found = self._file.changed()
        except (OSError, Refused) as error:
            self._tell(reason_of(error))
        else:
            if found is not None:
                self._keys, self._told = found, ""
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


def _keys_in(file: BinaryIO) -> list[bytes]:
    return keys_of(file.read(MOST_FILE + 1), os.fstat(file.fileno()).st_mode)
