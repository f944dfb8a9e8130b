"""Where the body of an HTTP request ends that comes in chunks (pure; RFC 9112 section 7.1).

Of what may stand beside the chunks, extensions and trailers, nobody here has any use; such a body is refused.
"""

import re
from typing import Final

from .http_access import Refusal
from .http_heads import MOST_BODY, too_long

_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,8})\r\n")
_MOST_LINE: Final = 16
_CRLF: Final = b"\r\n"
_NO_CHUNK: Final = Refusal(400, "the body is not made of chunks")


class Chunks:
    """A body that comes in chunks, as far as it has come."""

    def __init__(self) -> None:
        self.is_over = False
        """whether its last chunk has come"""
        self._line = b""
        """the beginning of a line that is still coming"""
        self._left = 0
        """bytes that are to come of a chunk"""
        self._is_behind_data = False
        """whether the next line is the empty one that ends a chunk"""
        self._is_last = False
        self._size = 0
        """bytes of the chunks until now"""

    def take(self, data: bytes) -> int | Refusal:
        """Return how many of some bytes belong to the body, or why there is none like that."""
        at = 0
        while at < len(data) and not self.is_over:
            if self._left:
                taken = min(self._left, len(data) - at)
                self._left -= taken
                at += taken
                continue
            end = data.find(b"\n", at, at + _MOST_LINE) + 1
            piece = data[at : end or len(data)]
            at += len(piece)
            self._line += piece[: _MOST_LINE + 1]
            fault = self._fault_of_line(is_whole=end > 0)
            if fault is not None:
                return fault
        return at

    def _fault_of_line(self, is_whole: bool) -> Refusal | None:
        if not is_whole:
            return _NO_CHUNK if len(self._line) > _MOST_LINE else None
        line, self._line = self._line, b""
        if self._is_behind_data or self._is_last:
            self._is_behind_data, self.is_over = False, self._is_last
            return None if line == _CRLF else _NO_CHUNK
        size = _SIZE.fullmatch(line)
        if size is None:
            return _NO_CHUNK
        self._left = int(size[1], 16)
        self._size += self._left
        self._is_last = not self._left
        self._is_behind_data = True
        return too_long() if self._size > MOST_BODY else None
