"""The commands that show something."""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any, Final

from . import cluster, targets
from .commands import COUNT, GROUP, NAMES, ONE, SORT, STATE, STATES, argument, command
from .failures import DONE, Misused, Refused
from .screen import Screen
from .server import PAGE, PAGE_WITH_TARGETS, Server
from .texts import age, each_once, mode, moment

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
        if of_names := targets.counted(view):
            screen.line(of_names)
        if view.get("cluster"):
            screen.line(cluster.counted(view["cluster"]))
        if view["groups"]:
            screen.line()
            screen.table(_GROUP_HEADS, map(_group_row, view["groups"]))
        if view["groups_total"] > len(view["groups"]):
            screen.line(f"and {view['groups_total'] - len(view['groups'])} groups more")


def pages(server: Server, most: int, of: int = PAGE, **which: object) -> Iterator[dict[str, Any]]:
    """Yield views of so many rows each, until all were there, or the most that are wanted."""
    begin = 0
    while begin < most:
        page = server.call("view", **{"from": begin}, count=min(of, most - begin), **which)
        yield page
        begin += len(page["rows"])
        if not page["rows"] or begin >= page["total"]:
            return


_HEADS: Final = ("DESTINATION", "STATE", "SINCE", "MS", "LOSS", "GROUPS", "WHY")


def heads_of(rows: Iterable[dict[str, Any]]) -> tuple[str, ...]:
    """Return the headings of the columns of destinations; in a cluster there is one more."""
    return (*_HEADS[:-1], *([cluster.HEAD] if any(map(cluster.pinged_by, rows)) else []), _HEADS[-1])


def row_of(row: dict[str, Any], now: float, heads: tuple[str, ...]) -> list[object]:
    """Return the cells of a destination below headings, of a view that was taken at a time."""
    until = f" until {moment(row['until'])}" if row["until"] else ""
    ordered = f"{row['by']}{until}{': ' if row['why'] else ''}{row['why']}"
    return [
        row["uri"],
        row["shown"],
        age(now - row["since"]) if row["since"] else "",
        targets.milliseconds(row["latency_ms"]),
        "" if row.get("name") else f"{row['loss']:.0f}%",
        " ".join(row["groups"]),
        *([cluster.pinged_by(row)] if cluster.HEAD in heads else []),
        _why(row) if row["admin"] == "ready" else ordered,
    ]


def _why(row: dict[str, Any]) -> str:
    """Return why a destination is up or down; of a name also what is wrong with its DNS."""
    reason, name = cluster.why(row, str(row["reason"])), row.get("name")
    return f"{reason}; DNS: {name['fault']}" if name and name["fault"] not in reason else reason


def _below(target: dict[str, Any], now: float, heads: tuple[str, ...]) -> list[object]:
    """Return the cells of a target, below those of its name."""
    since = age(now - target["since"]) if target["since"] else ""
    measured = targets.milliseconds(target["latency_ms"]), f"{target['loss']:.0f}%"
    by = [cluster.pinged_by(target)] if cluster.HEAD in heads else []
    reason = cluster.why(target, target["reason"])
    return [f"  {target['target']}", target["shown"], since, *measured, "", *by, reason]


@command(
    "list",
    GROUP,
    STATE,
    argument("--search", default="", metavar="TEXT"),
    SORT,
    COUNT,
    NAMES,
    argument("--targets", action="store_true", help="and the targets of names, below each"),
)
def list_(server: Server, given: argparse.Namespace, screen: Screen) -> None:
    """Show destinations, one a line."""
    which = {name: getattr(given, name) for name in ("group", "state", "search", "sort")}
    if given.targets:
        which |= {"targets": True, "of": PAGE_WITH_TARGETS}
    rows: dict[str, tuple[dict[str, Any], float]] = {}
    for page in pages(server, given.count or sys.maxsize, **which):
        rows |= {row["destination"]: (row, page["at"]) for row in page["rows"]}
    if screen.wrote([row for row, _ in rows.values()]):
        return
    if given.names:
        for row, _ in rows.values():
            screen.line(row["uri"])
            for target in row.get("targets", ()):
                screen.line(target["target"])
        return
    heads = heads_of(each for row, _ in rows.values() for each in (row, *row.get("targets", ())))
    cells = (
        line
        for row, now in rows.values()
        for line in (row_of(row, now, heads), *(_below(each, now, heads) for each in row.get("targets", ())))
    )
    screen.table(heads, cells)


def _facts(info: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what is known of a destination, by headings."""
    latency, calls = info["latency_ms"], info["calls"]
    since = f" since {moment(info['since'])}" if info["since"] else ""
    reason = f": {info['last_reason']}" if info["last_reason"] else ""
    yield "state", f"{info['state']}{since}{reason}"
    yield from targets.facts(info)
    yield from cluster.facts(info)
    yield "admin", mode(info["admin"])
    pinged = f"no: it tracks {info['tracks']}" if info.get("tracks") else cluster.pinging(info)
    yield "pinged", f"no: {info['not_pinged_because']}" if info["not_pinged_because"] else pinged
    if info.get("tracked_by"):
        yield "tracked by", str(info["tracked_by"])
    if info["held"]:
        yield "held by", ", ".join(info["held"])
    is_name = bool(info.get("resolution"))
    if info["drained_until"]:
        yield "drained", "as its targets are" if is_name else f"until {moment(info['drained_until'])}"
    if info["kept_down_until"]:
        yield "kept down", f"until {moment(info['kept_down_until'])}"
    yield "pings", f"{info['ok']} ok, {info['failed']} failed, {info['void']} void, {info['drained']} drained"
    spans = [(name, span["percent"]) for name, span in info["availability"].items() if name != "strip"]
    told = (f"{name} {'not measured' if percent is None else f'{percent:g} %'}" for name, percent in spans)
    if spans:
        yield "available", ", ".join(told)
    yield "last ok", moment(info["last_up"])
    yield "last failed", moment(info["last_down"])
    if latency["last"]:
        yield "latency", ", ".join(f"{name} {latency[name]:.1f} ms" for name in latency)
    if not is_name:
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
    if screen.wrote(info):
        return
    screen.line(info["destination"] if info.get("target_of") else info["uri"])
    for heading, fact in _facts(info):
        screen.line(f"  {heading:<12}", fact, most=1000)
    if info.get("targets"):
        screen.table(targets.HEADS, (targets.row_of(each, time.time()) for each in info["targets"]))


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
        value = json.loads(text, object_pairs_hook=each_once)
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
        by_name = each_once([(found[1], _json_or_text(found[2])) for found in named if found])
    except ValueError as error:
        raise Misused(str(error)) from None
    by_place = [] if any(named) else [_json_or_text(each) for each in given.parameters]
    method = given.method if "." in given.method else f"keepalive.{given.method}"
    Screen(screen.out, as_json=True).wrote(server.ask(method, by_name or by_place))
