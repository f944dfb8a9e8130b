"""The command history."""

from __future__ import annotations

import argparse
from typing import Any, Final

from .commands import ONE, argument, command
from .screen import LOST, Screen, curve
from .server import Server
from .texts import clean, each_once, moment


def _change(change: dict[str, Any]) -> list[object]:
    return [moment(change["at"]), change["from"], change["to"], change["reason"]]


def _policy(text: str) -> dict[str, str]:
    """Return the parameters that a text such as fall=2,rise=3 names."""
    named = [each.partition("=") for each in text.split(",")]
    if not all(name and value for name, _, value in named):
        raise argparse.ArgumentTypeError(f"{clean(text, 40)!r} is no policy such as fall=2,rise=3")
    try:
        return each_once([(name.strip(), value.strip()) for name, _, value in named])
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


POLICY: Final = argument(
    "--policy", type=_policy, metavar="NAME=VALUE,...", help="what that would have made of its last pings"
)


def _what_if(server: Server, given: argparse.Namespace, screen: Screen) -> None:
    known = server.call("what_if", destination=given.destination, policy=given.policy)
    if screen.wrote(known):
        return
    for heading, name in (("in force", "in_force"), ("instead", "what_if")):
        replayed = known[name]
        policy = ", ".join(f"{each} {value}" for each, value in replayed["policy"].items())
        screen.line(f"{heading}: {policy}: {len(replayed['changes'])} changes in {known['samples']} pings")
        for change in replayed["changes"]:
            screen.line(f"  {change['ago']} pings ago: {change['from']} -> {change['to']}")


@command("history", POLICY, ONE)
def history(server: Server, given: argparse.Namespace, screen: Screen) -> None:
    """Show the last changes of a destination, and how its last pings ended."""
    if given.policy:
        _what_if(server, given, screen)
        return
    info = server.call("info", destination=given.destination)
    rows = server.call("view", destinations=[info["destination"]], count=1)["rows"]
    samples: list[float | None] = rows[0]["samples"] if rows else []
    day = info["availability"].get("strip", "")
    shown = {"destination": info["destination"], "history": info["history"], "samples": samples, "day": day}
    if screen.wrote(shown):
        return
    screen.table(("AT", "FROM", "TO", "REASON"), map(_change, info["history"]))
    known = [each for each in samples if each is not None]
    if samples:
        slowest = f", {min(known):.1f} to {max(known):.1f} ms" if known else ""
        screen.line(f"last {len(samples)} pings: {curve(samples, screen.out)}{slowest}, {LOST} is lost")
    screen.line(f"last day, by quarter hours: {day}")
