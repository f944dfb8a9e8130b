"""Where results go: lines, columns, colours, JSON."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TextIO

from .texts import clean, fitted, width

_COLOURS: Final = {"up": 32, "down": 31, "unknown": 33, "drain": 36, "maint": 36}
"""of the words for states, by the numbers of terminals"""
_RIGHT: Final = {
    *("MS", "LOSS", "SINCE", "MEMBERS", "ALIVE", "UP", "DOWN", "UNKNOWN", "DRAIN", "MAINT"),
    *("TARGETS", "PRIORITY", "WEIGHT", "ASKED", "ANSWERED"),
}
"""the headings of columns that are read from their right"""


class Screen:
    """Where results go: for people in lines and columns, or as JSON. Whatever comes here is cleaned here.

    Arguments: out, the file; as_json, whether it is for programs.
    """

    def __init__(self, out: TextIO, as_json: bool) -> None:
        self.out = out
        self._as_json = as_json
        self.is_terminal = out.isatty()
        is_plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        self._has_colours = self.is_terminal and not is_plain

    def wrote(self, value: object, indent: int | None = 2) -> bool:
        """Write a value if it is for programs; say whether it is."""
        if self._as_json:
            # All but this control character is escaped already.
            text = json.dumps(value, indent=indent).replace("\x7f", "\\u007f")
            print(text, file=self.out, flush=True)
        return self._as_json

    def line(self, *parts: object, most: int = 300) -> None:
        """Write parts with a blank between; a part that is a word for a state has its colour."""
        shown = (clean(part, most) for part in parts)
        print(" ".join(self._painted(part, part) for part in shown), file=self.out, flush=True)

    def table(self, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Write columns below their headings, on a terminal no wider than that."""
        for line in self.lines_of(heads, rows, self.columns()):
            print(line, file=self.out)

    def columns(self) -> int:
        """Return how wide a line may be; 0 for as wide as it is."""
        return shutil.get_terminal_size().columns if self.is_terminal else 0

    def lines_of(self, heads: Sequence[str], rows: Iterable[Sequence[object]], most: int) -> Iterator[str]:
        """Yield the lines of a table; the last column has no end.

        Arguments: heads; rows; most, the width that a line may have, 0 for any.
        """
        cells = [list(heads), *([clean(cell) for cell in row] for row in rows)]
        widths = [max(map(width, column)) for column in zip(*cells, strict=True)]
        for row in cells:
            line, room = [], most or sys.maxsize
            for head, cell, wide in zip(heads, row, widths, strict=True):
                blanks = " " * (wide - width(cell))
                shown = fitted(blanks + cell if head in _RIGHT else cell + blanks, max(room, 0))
                line.append(self._painted(shown, cell))
                room -= wide + 2
            yield "  ".join(line).rstrip()

    def _painted(self, text: str, word: str) -> str:
        colour = _COLOURS.get(word) if self._has_colours else None
        return f"\x1b[{colour}m{text}\x1b[0m" if colour else text


LOST: Final = "x"
_BLOCKS: Final = "▁▂▃▄▅▆▇█"


def curve(samples: Sequence[float | None], out: TextIO) -> str:
    """Return latencies as a little curve, the slowest the highest; an x for a ping that was lost."""
    slowest = max((each for each in samples if each is not None), default=0) or 1
    try:
        _BLOCKS.encode(out.encoding or "ascii")
        levels = _BLOCKS
    except UnicodeError:
        levels = "_.-=^"
    top = len(levels) - 1
    return "".join(LOST if each is None else levels[round(each / slowest * top)] for each in samples)
