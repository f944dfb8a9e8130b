"""What a command is, and what several commands take."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from .failures import Failure, complain_of
from .screen import Screen
from .server import Server
from .texts import clean, duration

Function = Callable[[Server, argparse.Namespace, Screen], int | None]
"""what does a command; it returns the code to end with, and None for DONE"""
Argument = tuple[tuple[str, ...], dict[str, Any]]
"""what argparse is told of an argument"""


class Command(NamedTuple):
    """A word of the command line, and what it does."""

    function: Function
    arguments: tuple[Argument, ...]
    fail: Callable[[Failure], int]
    """tells why the command ended early, and returns the code to end with"""


COMMANDS: dict[str, Command] = {}


def argument(*names: str, **settings: Any) -> Argument:
    """Return what argparse is to be told of an argument."""
    return names, settings


def command(
    name: str, *arguments: Argument, fail: Callable[[Failure], int] = complain_of
) -> Callable[[Function], Function]:
    """Make a function a command; its docstring is the command's help."""

    def register(function: Function) -> Function:
        COMMANDS[name] = Command(function, arguments, fail)
        return function

    return register


def whole(text: str) -> int:
    """Return the number, 1 or more, that a text is."""
    if not re.fullmatch("[0-9]{1,9}", text) or not int(text):
        raise argparse.ArgumentTypeError(f"{clean(text, 40)!r} is no number, 1 or more")
    return int(text)


STATES: Final = ("up", "down", "unknown", "drain", "maint")
"""a destination has one of them: an administrator's mode goes before its health"""
ONE: Final = argument("destination")
SEVERAL: Final = argument("destinations", nargs="+", metavar="destination")
GROUP: Final = argument("-g", "--group", default="", help="of this group alone")
STATE: Final = argument("-s", "--state", default="", choices=STATES, help="those alone that are so")
SORT: Final = argument("--sort", default="name", choices=("name", "worst", "since", "latency"))
COUNT: Final = argument("-n", "--count", type=whole, help="that many at the most")
NAMES: Final = argument("--names", action="store_true", help="nothing but their names, one a line")
OWNER: Final = argument("--owner", default="rpc", help="whose it is; rpc if not given")
FOR: Final = argument(
    "--for", dest="seconds", type=duration, default=0, metavar="TIME", help="30s, 5m, 1h, 2d"
)
WHY: Final = argument("--why", default="", metavar="TEXT", help="what the log and others are told")
INTERVAL: Final = argument(
    "--interval", type=duration, default=2, metavar="TIME", help="between two looks; 2s"
)
