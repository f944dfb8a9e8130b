"""The keys with which nodes of a cluster sign what they tell each other, as a file has them (pure)."""

import re
import stat
from typing import Final

from .checks import Refused

MOST_KEYS: Final = 2
"""one, or two while it is replaced"""
LEAST_KEY: Final = 16
MOST_KEY: Final = 200
"""characters"""
MOST_FILE: Final = 4 * MOST_KEY
"""bytes"""

_OTHERS: Final = stat.S_IROTH | stat.S_IWOTH
_KEY: Final = re.compile(rf"[!-~]{{{LEAST_KEY},{MOST_KEY}}}", re.ASCII)


def keys_of(content: bytes, mode: int) -> list[bytes]:
    """Return the keys that a file has: the first one signs, and what any of them has signed is taken.

    Arguments: content, of the file, or the beginning of it; mode, its rights.
    Raises: Refused, with the reason, which has nothing of a key.
    """
    if mode & _OTHERS:
        raise Refused("other users may read or write it; chmod o= takes that away")
    if len(content) > MOST_FILE:
        raise Refused(f"it is longer than {MOST_FILE} bytes")
    found = [line.strip() for line in content.decode("latin-1").splitlines() if line.strip()]
    if not found:
        raise Refused("it is empty")
    if len(found) > MOST_KEYS:
        raise Refused(f"it has {len(found)} lines: one is a key, a second one is there while it is replaced")
    for number, line in enumerate(found, 1):
        if not _KEY.fullmatch(line):
            raise Refused(
                f"the key of line {number} is none: {LEAST_KEY} to {MOST_KEY} ASCII characters without spaces"
            )
    if len(set(found)) < len(found):
        raise Refused("it has the same key twice")
    return [line.encode() for line in found]
