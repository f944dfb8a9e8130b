"""The command top."""

from __future__ import annotations

import argparse
import os
import select
import shutil
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from .commands import GROUP, INTERVAL, STATE, command
from .failures import Misused, NoAnswer
from .looking import counted, heads_of, pinging, row_of
from .screen import Screen, curve
from .server import Server
from .texts import clean, fitted, moment


@contextmanager
def _whole_screen(out: TextIO) -> Iterator[None]:
    """Have the whole terminal, each key at once, and give it back as it was."""
    before = termios.tcgetattr(sys.stdin)
    out.write("\x1b[?1049h\x1b[?25l")
    try:
        tty.setcbreak(sys.stdin)
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
        out.write("\x1b[?25h\x1b[?1049l")
        out.flush()


def _picture(view: dict[str, Any], screen: Screen, size: os.terminal_size) -> Iterator[str]:
    """Yield the lines that show a view, no more than the terminal has."""
    now = moment(view["at"])
    counts = counted(view["counts"])
    # A server of before does not say, and has all.
    counts = counts if view.get("complete", True) else f"still reading: {counts}"
    yield fitted(clean(f"{view['server']}  {now}  {counts}; {pinging(view)}"), size.columns)
    ill = [
        f"{group['name']} {group['alive']} of {group['members']}" for group in view["groups"] if group["down"]
    ]
    yield fitted(clean(f"groups with trouble: {', '.join(ill) or 'none'}"), size.columns)
    yield ""
    heads = heads_of(view["rows"])
    rows = (
        [*cells[:-1], curve(row["samples"][-10:], screen.out), cells[-1]]
        for row, cells in ((row, row_of(row, view["at"], heads)) for row in view["rows"])
    )
    yield from screen.lines_of((*heads[:-1], "PINGS", heads[-1]), rows, size.columns)
    yield fitted(f"{len(view['rows'])} of {view['total']}, the worst first; q ends", size.columns)


def _is_over(seconds: float) -> bool:
    """Wait so long for a key; say whether it ends the picture."""
    if not select.select([sys.stdin], [], [], seconds)[0]:
        return False
    keys = os.read(sys.stdin.fileno(), 64)
    return not keys or b"q" in keys


@command("top", GROUP, STATE, INTERVAL)
def top(server: Server, given: argparse.Namespace, screen: Screen) -> None:
    """Show the worst destinations, again and again; q ends it."""
    if not (screen.is_terminal and sys.stdin.isatty()):
        raise Misused("top needs a terminal; list --sort worst needs none")
    lines: list[str] = []
    with _whole_screen(screen.out):
        while True:
            size = shutil.get_terminal_size()
            try:
                count = max(size.lines - 6, 1)
                view = server.call(
                    "view", sort="worst", count=count, group=given.group, state=given.state, partial=True
                )
                lines, fault = list(_picture(view, screen, size)), ""
            except NoAnswer as failure:
                fault = fitted(clean(failure), size.columns)
            shown = [*lines[: size.lines - 1], fault]
            screen.out.write("\x1b[H" + "\x1b[K\n".join(shown) + "\x1b[J")
            screen.out.flush()
            if _is_over(given.interval):
                return
