"""The command cluster, and what other commands show of the cluster that a server is in."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any, Final

from .commands import COUNT, command
from .screen import Screen
from .server import Server
from .texts import age, moment

HEAD: Final = "PINGED BY"
_THIS_NODE: Final = "this node"

_NODES: Final = ("NODE", "STATE", "HEARD", "WORDS", "VERSION", "CONFIGURATION")
_CASES: Final = ("DESTINATION", HEAD, "WORDS", "DECISION")


def pinged_by(of: dict[str, Any]) -> str:
    """Return which node pings a destination, of what a view says of it; "" if there is no cluster."""
    known = of.get("cluster")
    if not known:
        return ""
    return _THIS_NODE if known["mine"] else str(known["owner"])


def pinging(info: dict[str, Any]) -> str:
    """Return in words whether this server pings a destination: in calm one node of a cluster does."""
    known = info.get("cluster")
    is_pinged = known and known.get("decision")  # what follows others is not
    return f"by {known['owner']}" if known and is_pinged and known["owner"] and not known["mine"] else "yes"


def why(of: dict[str, Any], reason: str) -> str:
    """Return why a destination is up or down, with the nodes that can't reach it."""
    decision = (of.get("cluster") or {}).get("decision", "")
    return f"{reason}; {decision}" if decision and decision not in reason else reason


def facts(info: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what is known of a destination in a cluster, by headings."""
    known = info.get("cluster")
    if not known or "decision" not in known:
        return
    yield "cluster", known["decision"]
    for node, word in known["words"].items():
        since = f" since {moment(word['since'])}" if word["since"] else ""
        reason = f": {word['reason']}" if word["reason"] else ""
        yield (
            "word",
            f"{node} says {word['word']}{since}{reason}{'' if word['counts'] else ' (does not count)'}",
        )
    if known["asked"]:
        yield "asked", ", ".join(known["asked"])


def counted(known: dict[str, Any]) -> str:
    """Return in words how many nodes are live, and what is this one's."""
    live = sum(node["live"] for node in known["nodes"].values())
    return (
        f"{known['node']}: {live} of {len(known['nodes'])} nodes live; it owns {known['owns']}, "
        f"{known['doubted']} in doubt, {known['alone']} that it alone can't reach"
    )


def _row_of(name: str, node: dict[str, Any], me: str) -> list[object]:
    heard = "never" if node["heard_ago"] is None else f"{age(node['heard_ago'])} ago"
    configuration = "differs" if node["config_differs"] else "the same"
    return [
        name,
        node["state"],
        _THIS_NODE if name == me else heard,
        f"{node['behind']} missing" if node["behind"] else "count" if node["counts"] else "do not count",
        node["version"],
        configuration if node["life"] and name != me else "",
    ]


@command("cluster", COUNT)
def cluster(server: Server, given: argparse.Namespace, screen: Screen) -> None:
    """Show the nodes of the cluster, and the destinations that some of them can't reach."""
    known = server.call("cluster", count=given.count or 100)
    if screen.wrote(known):
        return
    screen.line(counted(known))
    for sentence in known["trouble"]:
        screen.line(f"! {sentence}")
    if not known["signed"]:
        screen.line("! messages are not signed: KEEPALIVE_CLUSTER_SECRET_FILE names no file")
    screen.line()
    screen.table(_NODES, (_row_of(name, node, known["node"]) for name, node in known["nodes"].items()))
    if known["destinations"]:
        screen.line()
        # What a dead node said last decides nothing: of that "show" tells.
        live = {name for name, node in known["nodes"].items() if node["live"]}
        screen.table(_CASES, (_case(case, live) for case in known["destinations"]))
    if known["total"] > len(known["destinations"]):
        screen.line(f"and {known['total'] - len(known['destinations'])} more")


def _case(case: dict[str, Any], live: set[str]) -> list[object]:
    of = case["cluster"]
    words = ", ".join(f"{node} {word['word']}" for node, word in of["words"].items() if node in live)
    return [case["destination"], pinged_by(case), words, of["decision"]]
