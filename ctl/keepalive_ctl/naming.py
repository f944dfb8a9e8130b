"""The command names."""

from __future__ import annotations

import argparse
import sys
from typing import Any, Final

from .commands import COUNT, GROUP, argument, command
from .looking import pages
from .screen import Screen
from .server import Server
from .texts import age

_HEADS: Final = ("NAME", "STATE", "ALIVE", "TARGETS", "ASKED", "ANSWERED", "DNS")


def _row(row: dict[str, Any], now: float) -> list[object]:
    name = row["name"]
    times = (f"{age(now - name[each])} ago" if name[each] else "never" for each in ("asked", "answered"))
    said = name["fault"] or "ok"
    return [
        row["uri"],
        row["shown"],
        name["alive"],
        name["targets"],
        *times,
        f"{said}; left out: {name['left_out']}" if name["left_out"] else said,
    ]


@command(
    "names",
    GROUP,
    argument("--dead", action="store_true", help="those alone with a target that is down"),
    argument("--failing", action="store_true", help="those alone for which DNS fails"),
    COUNT,
)
def names(server: Server, given: argparse.Namespace, screen: Screen) -> None:
    """Show the destinations that are names, how many of their targets are alive, and what DNS says."""
    which = "dead" if given.dead else "failing" if given.failing else "all"
    rows: dict[str, tuple[dict[str, Any], float]] = {}
    for page in pages(server, given.count or sys.maxsize, names=which, group=given.group, sort="name"):
        # One of those may have become an address meanwhile.
        rows |= {row["destination"]: (row, page["at"]) for row in page["rows"] if row["name"]}
    if not screen.wrote([row for row, _ in rows.values()]):
        screen.table(_HEADS, (_row(*each) for each in rows.values()))
