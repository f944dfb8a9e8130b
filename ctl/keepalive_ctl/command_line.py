"""The command line: which command, which options, and how it all ends."""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import signal
import sys
from typing import Final, NoReturn

from . import (  # noqa: F401 - they register their commands
    check,
    cluster,
    history,
    looking,
    naming,
    ordering,
    top,
    waiting,
)
from .commands import COMMANDS
from .failures import DONE, NOT_AS_ASKED, Failure, Misused, NoAnswer, Stopped, complain, complain_of
from .screen import Screen
from .server import PATIENCE_SECONDS, SOCKET, Server
from .texts import duration

_MOST_TOKEN: Final = 4096
"""characters that are read of a token's file"""


class Parser(argparse.ArgumentParser):
    """An argparse that leaves it to others how the program ends."""

    def error(self, message: str) -> NoReturn:
        """Refuse the command line."""
        raise Misused(f"{message}; {self.prog} --help shows what can be said")


def _common() -> Parser:
    """Return what reads the options that may stand anywhere."""
    usage = "keepalivectl [OPTION ...] COMMAND [ARGUMENT ...]"
    parser = Parser(prog="keepalivectl", usage=usage, add_help=False, allow_abbrev=False)
    parser.add_argument("--json", action="store_true", help="write JSON")
    address = os.environ.get("KEEPALIVE_SOCKET") or SOCKET
    parser.add_argument("--socket", default=address, metavar="PATH", help=f"or http://host:port; {SOCKET}")
    parser.add_argument(
        "--token-file", metavar="FILE", help="over TCP, to change something; or $KEEPALIVE_TOKEN"
    )
    parser.add_argument("--timeout", "-t", type=duration, metavar="TIME", help="to wait at the most; 15s")
    return parser


def parser_of(name: str) -> Parser:
    """Return what reads the rest of a command's line."""
    function, arguments, _ = COMMANDS[name]
    parser = Parser(
        prog=f"keepalivectl {name}",
        description=function.__doc__,
        allow_abbrev=False,
        epilog="--json, --socket, --token-file and --timeout may stand anywhere.",
    )
    for names, settings in arguments:
        parser.add_argument(*names, **settings)
    return parser


def _help() -> str:
    lines = [_common().format_help(), "commands:"]
    lines += [f"  {name:<10}{COMMANDS[name].function.__doc__}" for name in sorted(COMMANDS)]
    return "\n".join([*lines, "", "keepalivectl COMMAND --help shows what a command takes."])


def _token(given: argparse.Namespace) -> str:
    """Return the token to show. Raises: Misused."""
    token = os.environ.get("KEEPALIVE_TOKEN", "")
    if given.token_file:
        try:
            with open(given.token_file, encoding="utf-8") as file:
                token = file.read(_MOST_TOKEN)
        except (OSError, ValueError) as error:
            raise Misused(f"--token-file {given.token_file}: {error}") from None
    token = token.strip()
    if not re.fullmatch(r"[\x21-\x7e]*", token):
        raise Misused("a token is printable ASCII without white space")
    return token


def _done(words: list[str]) -> int:
    """Do what the words of a command line say, and return how it ended."""
    # What stands behind -- is the command's, whatever it looks like.
    end = words.index("--") if "--" in words else len(words)
    given, rest = _common().parse_known_args(words[:end])
    rest += words[end:]
    if not rest or rest[0] in ("-h", "--help", "help"):
        print(_help())
        return DONE if rest else Misused.code
    name = rest[0]
    if name not in COMMANDS:
        raise Misused(f"{name!r} is no command: {', '.join(COMMANDS)}")
    parser_of(name).parse_args(rest[1:], given)
    server = Server(given.socket, _token(given), given.timeout or PATIENCE_SECONDS)
    screen = Screen(sys.stdout, given.json)
    try:
        return COMMANDS[name].function(server, given, screen) or DONE
    except (LookupError, TypeError, AttributeError, ValueError) as fault:
        fault_told = f"{type(fault).__name__}: {fault}"
        raise NoAnswer(f"the answer is not what {name} expects of this method: {fault_told}") from fault


def _stop(number: int, frame: object) -> NoReturn:
    raise Stopped(number)


def _die_of(number: int) -> NoReturn:
    """End as every other command does that a signal ends, so that shells see it."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    raise AssertionError("not reached")


def _ended(words: list[str]) -> int:
    """Do what the words say, tell if that failed, and return the code to end with."""
    try:
        code = _done(words)
        sys.stdout.flush()
    except Failure as failure:
        name = _command_of(words)
        code = COMMANDS[name].fail(failure) if name else complain_of(failure)
        sys.stdout.flush()
    return code


def _command_of(words: list[str]) -> str:
    """Return the first command that a line names, "" for none; the value of an option is no command."""
    rest = words
    with contextlib.suppress(Failure):  # of a line that can't be read any word may be it
        _, rest = _common().parse_known_args(words)
    return next((each for each in rest if each in COMMANDS), "")


def main(words: list[str]) -> int:
    """Run a command line, and return the code to end with."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    # Whoever closed one of them wants to hear, or say, nothing there.
    sys.stdin = sys.stdin or open(os.devnull)  # noqa: SIM115
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    # A terminal that is no UTF-8 has no sign for some.
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        return _ended(words)
    except Stopped as stopped:
        _die_of(stopped.args[0])
    except OSError as error:
        # What is still to be written would fail again when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            _die_of(signal.SIGPIPE)
        complain(f"what was to be shown can't be written: {error.strerror}")
        return NOT_AS_ASKED
