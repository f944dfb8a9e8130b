"""The commands that show something."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final, TypeVar

from .commands import COUNT, GROUP, NAMES, ONE, SORT, STATE, STATES, argument, command
from .failures import DONE, Misused, Refused
from .screen import LOST, Screen, curve
from .server import PAGE, Server
from .texts import age, clean, mode, moment

T = TypeVar("T")

_GROUP_HEADS: Final = ("GROUP", "MEMBERS", "ALIVE", "UP", "DOWN", "UNKNOWN", "DRAIN", "MAINT", "HELD")


def _group_row(group: dict[str, Any]) -> list[object]:
    numbers = ("members", "alive", "up", "down", "unknown", "drain", "maint")
    return [group["name"], *(group[name] for name in numbers), "held" if group["held"] else ""]


def counted(counts: dict[str, Any]) -> str:
    """Return how many destinations are how, in words."""
    return ", ".join(f"{counts[state]} {state}" for state in STATES)


def pinging(view: dict[str, Any]) -> str:
    """Say whether pings go out, of a view."""
    if not view["enabled"]:
        return "pings are disabled"
    return "pings are paused" if view["paused"] else "pings go out"


@command("summary")
def summary(server: Server, given: argparse.Namespace, screen: Screen) -> None:
    """Show how many destinations are up and down, whether pings go out, and the groups."""
    view = server.call("view", count=0)
    if not screen.wrote({name: value for name, value in view.items() if name != "rows"}):
        screen.line(f"{view['server']}: keepalive {view['version']}, {pinging(view)}")
        screen.line(counted(view["counts"]))
        if view["groups"]:
            screen.line()
            screen.table(_GROUP_HEADS, map(_group_row, view["groups"]))
        if view["groups_total"] > len(view["groups"]):
            screen.line(f"and {view['groups_total'] - len(view['groups'])} groups more")


def _pages(server: Server, most: int, **which: str) -> Iterator[dict[str, Any]]:
    """Yield views until all rows were there, or so many."""
    begin = 0
    while begin < most:
        page = server.call("view", **{"from": begin}, count=min(PAGE, most - begin), **which)
        yield page
        begin += len(page["rows"])
        if not page["rows"] or begin >= page["total"]:
            return


HEADS: Final = ("DESTINATION", "STATE", "SINCE", "MS", "LOSS", "GROUPS", "WHY")


def row_of(row: dict[str, Any], now: float) -> list[object]:
    """Return the cells of a destination, of a view that was taken at a time."""
    until = f" until {moment(row['until'])}" if row["until"] else ""
    ordered = f"{row['by']}{until}{': ' if row['why'] else ''}{row['why']}"
    return [
        row["uri"],
        row["shown"],
        age(now - row["since"]) if row["since"] else "",
        f"{row['latency_ms']:.1f}" if row["latency_ms"] else "",
        f"{row['loss']:.0f}%",
        " ".join(row["groups"]),
        row["reason"] if row["admin"] == "ready" else ordered,
    ]


@command("list", GROUP, STATE, argument("--search", default="", metavar="TEXT"), SORT, COUNT, NAMES)
def list_(server: Server, given: argparse.Namespace, screen: Screen) -> None:
    """Show destinations, one a line."""
    which = {name: getattr(given, name) for name in ("group", "state", "search", "sort")}
    rows: dict[str, tuple[dict[str, Any], float]] = {}
    for page in _pages(server, given.count or sys.maxsize, **which):
        rows |= {row["destination"]: (row, page["at"]) for row in page["rows"]}
    if screen.wrote([row for row, _ in rows.values()]):
        return
    if given.names:
        for row, _ in rows.values():
            screen.line(row["uri"])
    else:
        screen.table(HEADS, (row_of(*each) for each in rows.values()))


def _facts(info: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what is known of a destination, by headings."""
    latency, calls = info["latency_ms"], info["calls"]
    since = f" since {moment(info['since'])}" if info["since"] else ""
    reason = f": {info['last_reason']}" if info["last_reason"] else ""
    yield "state", f"{info['state']}{since}{reason}"
    yield "admin", mode(info["admin"])
    yield "pinged", f"no: {info['not_pinged_because']}" if info["not_pinged_because"] else "yes"
    if info["held"]:
        yield "held by", ", ".join(info["held"])
    for name in ("drained_until", "kept_down_until"):
        if info[name]:
            yield name.replace("_", " "), moment(info[name])
    yield "pings", f"{info['ok']} ok, {info['failed']} failed, {info['void']} void, {info['drained']} drained"
    spans = [(name, span["percent"]) for name, span in info["availability"].items() if name != "strip"]
    told = (f"{name} {'not measured' if percent is None else f'{percent:g} %'}" for name, percent in spans)
    if spans:
        yield "available", ", ".join(told)
    yield "last ok", moment(info["last_up"])
    yield "last failed", moment(info["last_down"])
    if latency["last"]:
        yield "latency", ", ".join(f"{name} {latency[name]:.1f} ms" for name in latency)
    yield "loss", f"{info['loss']['percent']:g} %"
    yield "calls", f"{calls['ok']} ok, {calls['failed']} failed"
    for name, owner in info["owners"].items():
        group = f": group {owner['group']}, priority {owner['priority']}" if owner["group"] else ""
        yield "owner", f"{name}{group}"
    if info["options"]:
        yield "options", " ".join(f"{name}={value}" for name, value in info["options"].items())


@command("show", ONE)
def show(server: Server, given: argparse.Namespace, screen: Screen) -> None:
    """Show all that is known of a destination."""
    info = server.call("info", destination=given.destination)
    if not screen.wrote(info):
        screen.line(info["uri"])
        for heading, fact in _facts(info):
            screen.line(f"  {heading:<12}", fact, most=1000)


def _change(change: dict[str, Any]) -> list[object]:
    return [moment(change["at"]), change["from"], change["to"], change["reason"]]


def _policy(text: str) -> dict[str, str]:
    """Return the parameters that a text such as fall=2,rise=3 names."""
    named = [each.partition("=") for each in text.split(",")]
    if not all(name and value for name, _, value in named):
        raise argparse.ArgumentTypeError(f"{clean(text, 40)!r} is no policy such as fall=2,rise=3")
    try:
        return _each_once([(name.strip(), value.strip()) for name, _, value in named])
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _each_once(pairs: list[tuple[str, T]]) -> dict[str, T]:
    """Return what pairs name. Raises: ValueError if one of equal names would have to go."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise ValueError(f"{clean(twice, 40)!r} is said twice")
    return found


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


@command("groups", NAMES)
def groups(server: Server, given: argparse.Namespace, screen: Screen) -> None:
    """Show the groups, those with trouble first."""
    known = server.call("groups")
    if screen.wrote(known):
        return
    if given.names:
        for group in known:
            screen.line(group["name"])
    else:
        screen.table(_GROUP_HEADS, map(_group_row, known))


@command("orders", COUNT)
def orders(server: Server, given: argparse.Namespace, screen: Screen) -> None:
    """Show what operators did, the last hundred."""
    known = server.call("orders", count=given.count or 100)
    if not screen.wrote(known):
        names = ("by", "from", "what", "before", "after")
        rows = ([moment(each["at"]), *(each[name] for name in names)] for each in known)
        screen.table(("AT", "BY", "PLACE", "WHAT", "BEFORE", "AFTER"), rows)


@command("changes", COUNT, argument("--since", type=int, default=0, metavar="NUMBER", help="those after it"))
def changes(server: Server, given: argparse.Namespace, screen: Screen) -> None:
    """Show the last changes of all destinations."""
    known = server.call("changes", since=given.since, count=given.count or 100)
    if not screen.wrote(known):
        heads = ("NUMBER", "AT", "DESTINATION", "FROM", "TO", "REASON")
        names = ("uri", "from", "to", "reason")
        rows = (
            [each["number"], moment(each["at"]), *(each[name] for name in names)] for each in known["changes"]
        )
        screen.table(heads, rows)


@command("settings", argument("names", nargs="*", metavar="name"))
def settings(server: Server, given: argparse.Namespace, screen: Screen) -> int:
    """Show the parameters, or some of them: value, default, unit, and who set it."""
    known = server.call("settings")
    unknown = [name for name in given.names if name not in known]
    if unknown:
        raise Refused(f"{unknown[0]} is no parameter")
    shown = {name: known[name] for name in given.names or known}
    if not screen.wrote(shown):
        rows = (
            [name, each["value"], each["default"], each["unit"], each["set_by"]]
            for name, each in shown.items()
        )
        screen.table(("NAME", "VALUE", "DEFAULT", "UNIT", "SET BY"), rows)
    return DONE


_NAMED: Final = re.compile(r"([a-z_]{1,40})=(.*)", re.DOTALL)


def _json_or_text(text: str) -> object:
    try:
        value = json.loads(text, object_pairs_hook=_each_once)
        json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError):
        return text
    return value


@command("rpc", argument("method"), argument("parameters", nargs="*", metavar="parameter"))
def rpc(server: Server, given: argparse.Namespace, screen: Screen) -> None:
    """Call any method with parameters, VALUE each or NAME=VALUE each; a value is JSON, or else a text."""
    named = [_NAMED.fullmatch(each) for each in given.parameters]
    if any(named) and not all(named):
        raise Misused("either all parameters have a name, or none has")
    try:
        by_name = _each_once([(found[1], _json_or_text(found[2])) for found in named if found])
    except ValueError as error:
        raise Misused(str(error)) from None
    by_place = [] if any(named) else [_json_or_text(each) for each in given.parameters]
    method = given.method if "." in given.method else f"keepalive.{given.method}"
    Screen(screen.out, as_json=True).wrote(server.ask(method, by_name or by_place))
