"""The commands that change something."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable
from typing import Any, Final

from .commands import FOR, OWNER, SEVERAL, WHY, argument, command
from .failures import DONE, NOT_AS_ASKED, Misused, Refused, complain
from .screen import Screen
from .server import Server
from .texts import mode


def _each(destinations: list[str], do: Callable[[str], bool]) -> int:
    """Do something for each destination: one that is refused keeps none of the others from it."""
    code = DONE
    for destination in destinations:
        try:
            as_asked = do(destination)
        except Refused as refusal:
            as_asked = False
            complain(f"{destination}: {refusal}")
        code = code if as_asked else NOT_AS_ASKED
    return code


_WHOLE: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,14})")


def options(words: list[str]) -> dict[str, Any]:
    """Return what a destination is to have, of words such as group=carriers. Raises: Misused."""
    pairs = [each.partition("=") for each in words]
    wrong = [name for name, sign, _ in pairs if not (name and sign)]
    if wrong:
        raise Misused(f"{wrong[0]!r} is no option: name=value is, such as group=carriers")
    given: dict[str, Any] = {name: value for name, _, value in pairs}
    if len(given) < len(pairs):
        raise Misused("an option is given twice")
    own: dict[str, Any] = {name: given.pop(name) for name in ("group", "priority", "weight") if name in given}
    for name in ("priority", "weight"):
        if _WHOLE.fullmatch(own.get(name, "")):
            own[name] = int(own[name])
    return {**own, "options": given}


@command("add", argument("uri"), argument("options", nargs="*", metavar="name=value"), OWNER)
def add(server: Server, given: argparse.Namespace, screen: Screen) -> None:
    """Add a destination; options, group, priority and weight as in a line of the list file."""
    answer = server.call("add_destination", uri=given.uri, owner=given.owner, **options(given.options))
    if not screen.wrote(answer):
        screen.line(f"{given.uri}: added")


@command("del", SEVERAL, OWNER)
def delete(server: Server, given: argparse.Namespace, screen: Screen) -> int:
    """Delete destinations of an owner."""

    def delete_one(destination: str) -> bool:
        answer = server.call("del_destination", uri=destination, owner=given.owner)
        if not screen.wrote(answer, indent=None):
            screen.line(f"{destination}: deleted")
        return True

    return _each(given.destinations, delete_one)


def _order(server: Server, given: argparse.Namespace, screen: Screen, wanted: str, **details: object) -> int:
    """Put destinations into a mode."""

    def order_one(destination: str) -> bool:
        answer = server.call("set_admin", destination=destination, mode=wanted, **details)
        if not screen.wrote(answer, indent=None):
            screen.line(f"{destination}: {mode(answer['before'])} -> {mode(answer['after'])}", most=1000)
        return True

    return _each(given.destinations, order_one)


@command("drain", SEVERAL, FOR, WHY)
def drain(server: Server, given: argparse.Namespace, screen: Screen) -> int:
    """Take destinations out of service, and go on pinging them."""
    return _order(server, given, screen, "drain", until=math.ceil(given.seconds), why=given.why)


@command("maint", SEVERAL, FOR, WHY)
def maint(server: Server, given: argparse.Namespace, screen: Screen) -> int:
    """Take destinations out of service, without pings."""
    return _order(server, given, screen, "maint", until=math.ceil(given.seconds), why=given.why)


@command("ready", SEVERAL, WHY)
def ready(server: Server, given: argparse.Namespace, screen: Screen) -> int:
    """Put destinations back into service, as far as they are up."""
    return _order(server, given, screen, "ready", why=given.why)


@command(
    "self",
    argument("mode", nargs="?", default="", choices=("", "drain", "ready"), help="none: what it is"),
    *(FOR, WHY),
)
def of_server(server: Server, given: argparse.Namespace, screen: Screen) -> None:
    """Have the server itself answer peers that it takes no calls, or that it does again."""
    details = {"until": math.ceil(given.seconds), "why": given.why} if given.mode else {}
    answer = server.call("self", mode=given.mode, **details)
    if not screen.wrote(answer):
        before = f"{mode(answer['before'])} -> " if given.mode else ""
        screen.line(f"this server: {before}{mode(answer['after'])}", most=1000)


@command("ping", SEVERAL, argument("-v", "--verbose", action="store_true", help="with request and reply"))
def ping(server: Server, given: argparse.Namespace, screen: Screen) -> int:
    """Ping destinations at once, and show what comes back."""

    def ping_one(destination: str) -> bool:
        seen = server.call("ping_now", destination=destination, wait=True)
        if not screen.wrote(seen, indent=None):
            screen.line(f"{destination}: {seen['reason']}")
            if given.verbose and "targets" not in seen:
                _show_messages(seen, screen)
            for each in seen.get("targets", ()):
                screen.line(f"{each['target']}: {each['reason']}")
                if given.verbose:
                    _show_messages(each, screen)
        return bool(seen["alive"])

    return _each(given.destinations, ping_one)


def _show_messages(seen: dict[str, Any], screen: Screen) -> None:
    """Show what was sent, and what came back."""
    for sign, name in ((">", "request"), ("<", "reply")):
        for line in re.split(r"\r?\n", str(seen[name] or "nothing").rstrip("\r\n")):
            screen.line(sign, line, most=1000)


def _switch(server: Server, screen: Screen, method: str) -> None:
    answer = server.call(method)
    if not screen.wrote(answer):
        screen.line(f"{answer['before']} -> {answer['after']}")


@command("pause")
def pause(server: Server, given: argparse.Namespace, screen: Screen) -> None:
    """Stop all pings; states are kept."""
    _switch(server, screen, "pause")


@command("resume")
def resume(server: Server, given: argparse.Namespace, screen: Screen) -> None:
    """Let pings go out again."""
    _switch(server, screen, "resume")


_RELOAD_SECONDS: Final = 120
"""a list of 100,000 takes some 10"""


@command(
    "reload",
    argument("--dry-run", action="store_true", help="show what would change, and change nothing"),
    argument("--force", action="store_true", help="even if most destinations would go"),
)
def reload(server: Server, given: argparse.Namespace, screen: Screen) -> None:
    """Have the list file read again."""
    server.patience = given.timeout or _RELOAD_SECONDS
    answer = server.call("reload", force=given.force, dry_run=given.dry_run)
    if screen.wrote(answer):
        return
    for sign, name in (("+", "added"), ("-", "removed"), ("~", "changed")):
        for destination in answer[name]["first"]:
            screen.line(sign, destination)
        more = answer[name]["count"] - len(answer[name]["first"])
        if more > 0:
            screen.line(sign, f"and {more} more")
    would = "would be " if given.dry_run else ""
    screen.line(
        ", ".join(f"{answer[name]['count']} {would}{name}" for name in ("added", "removed", "changed"))
    )
