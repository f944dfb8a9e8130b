"""What operators read in kamcmd: the answers to their commands, as lines of text (pure).

By its defaults ctl hands on 8 kB: 8,100 bytes were seen to come with kamcmd 5.6.3, and 8,200 not. So what is
longer is cut behind a whole line, and a last one says so, and how to see the rest.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from .commands import part
from .operator_commands import LIST, SUMMARY, Ask
from .order import Order
from .quoting import MOST_REMEMBERED, shown

MOST_BYTES: Final = 7_900
"""The most bytes of an answer and its key"""
# What is kept free for the last line.
_LAST_LINE: Final = 120
_LONGEST_LINE: Final = 2_000

Local = Callable[[int], str]
"""Writes epoch seconds as the server's operators read them"""
More = Callable[[int], str]
"""Says how to see the rest, given how many lines are shown; "" if there is none"""


def text_of(key: str, command: str, lines: Sequence[str], more: More = lambda number: "") -> str:
    """Return an answer: what was asked, then what is to be said, as many lines as there is room for.

    Arguments: key, under which it will lie; command; lines; more.
    """
    text = f"> {shown(command, MOST_REMEMBERED)}"
    room = MOST_BYTES - len(key.encode(errors="backslashreplace"))
    number = 0
    for number, line in enumerate((shown(each, _LONGEST_LINE) for each in lines), 1):
        longer = f"{text}\n{line}"
        is_last = number == len(lines) and not more(number)
        if len(longer.encode()) > room - (0 if is_last else _LAST_LINE):
            number -= 1
            break
        text = longer
    left = len(lines) - number
    rest = more(number) or (f"{left} more lines find no room in an answer" if left else "")
    return f"{text}\n... {rest}" if rest else text


def lines_of(ask: Ask, value: Any, local: Local) -> tuple[list[str], More]:
    """Return the lines of what a method has answered, and how to see those that find no room."""
    if ask.command == SUMMARY:
        return list(_summary(value, local)), _none
    if ask.method == "view":
        return [_row(row, local) for row in value["rows"]], _more_rows(ask, value["total"])
    if ask.method == "orders":
        return [_order(each, local) for each in value], lambda number: _fewer("orders", number, len(value))
    if ask.method == "cluster":
        lines = list(_cluster(value))
        return lines, _more_cases(value["total"], value["destinations"], len(lines))
    if ask.method == "groups":
        return [_group(group) for group in value], _none
    if ask.method == "reload":
        return list(_difference(value)), _none
    if ask.part:
        return [str(part(value, ask.part))], _none
    if isinstance(value, Mapping):
        return list(_fields(value)), _none
    if isinstance(value, list):
        return [_word(each) for each in value] or ["none"], _none
    return [_word(value)], _none


def _fields(value: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each field; of targets, of which a name may have 64, one for each of them."""
    for name, each in value.items():
        if name == "targets":
            yield from (_target(target) for target in each)
        else:
            yield f"{name}: {_word(each)}"


def _target(target: Mapping[str, Any]) -> str:
    kept = ", no more in DNS" if target.get("kept") else ""
    word = target.get("shown") or target.get("result")
    return f"target {target['target']}: {word}, {target['reason']}{kept}"


def _none(number: int) -> str:
    return ""


def _more_rows(ask: Ask, total: int) -> More:
    def more(number: int) -> str:
        first = ask.params.get("from", 0)
        if first + number >= total:
            return ""
        how = f": go on with list {first + number + 1}" if ask.command == LIST else ""
        return f"{first + 1} to {first + number} of {total}{how}" if number else f"none of {total}"

    return more


def _fewer(name: str, number: int, of: int) -> str:
    return "" if number == of else f"the newest {number} of {of}"


def _more_cases(total: int, known: Sequence[Any], lines: int) -> More:
    """Return what says how many are not shown of some destinations that are the last lines of all."""

    def more(number: int) -> str:
        shown = max(0, len(known) - (lines - number))
        return f"{shown} of {total} that are not calm" if shown < total else ""

    return more


def _cluster(known: Mapping[str, Any]) -> Iterator[str]:
    yield _nodes(known)
    yield from known["trouble"]
    for name, node in known["nodes"].items():
        heard = (
            "" if node["heard_ago"] is None or name == known["node"] else f", heard {node['heard_ago']} s ago"
        )
        yield f"{name}: {node['state']}{heard}"
    yield from (f"{case['destination']}: {case['cluster']['decision']}" for case in known["destinations"])


def _nodes(known: Mapping[str, Any]) -> str:
    live = sum(node["live"] for node in known["nodes"].values())
    numbers = f"owns {known['owns']}, {known['doubted']} in doubt, {known['alone']} that it alone can't reach"
    return f"{known['node']}: {live} of {len(known['nodes'])} nodes live; it {numbers}"


def _summary(view: Mapping[str, Any], local: Local) -> Iterator[str]:
    counts = view["counts"]
    yield f"{view['server']}, keepalive {view['version']}, {local(view['at'])}"
    yield f"{sum(counts.values())} destinations: {_counts(counts)}"
    if view["names"]["total"]:
        yield _names(view["names"], view["targets"])
    yield "pings: " + ("paused" if view["paused"] else "sent" if view["enabled"] else "not enabled")
    if "cluster" in view:
        yield _nodes(view["cluster"])
    yield from map(_group, view["groups"])


def _names(names: Mapping[str, Any], targets: Mapping[str, Any]) -> str:
    dead = f", {names['dead']} with targets down" if names["dead"] else ""
    failing = f", DNS fails for {names['failing']}" if names["failing"] else ""
    return f"{names['total']} names{dead}{failing}; their targets: {_counts(targets)}"


def _group(group: Mapping[str, Any]) -> str:
    held = f", {group['held']} held by group_min_alive" if group["held"] else ""
    return f"group {group['name']}: {group['alive']} of {group['members']} alive{held}; {_counts(group)}"


def _counts(counts: Mapping[str, Any]) -> str:
    return ", ".join(f"{counts[state]} {state}" for state in ("up", "down", "unknown", "drain", "maint"))


def _difference(told: Mapping[str, Any]) -> Iterator[str]:
    for what, names in told.items():
        yield f"{what}: {names['count']}"
        yield from (f"  {name}" for name in names["first"])


def _row(row: Mapping[str, Any], local: Local) -> str:
    facts = [f"since {local(row['since'])}" if row["since"] else "never pinged"]
    if row["admin"] != "ready":
        facts += [row["state"]]
        facts += [f"by {row['by']}"] if row["by"] else []
        facts += [f"until {local(row['until'])}"] if row["until"] else []
        facts += [row["why"]] if row["why"] else []
    facts += [f"{row['latency_ms']:.1f} ms"] if row["latency_ms"] else []
    facts += [row["reason"]] if row["reason"] else []
    fault = row["name"]["fault"] if row["name"] else ""
    facts += [f"DNS: {fault}"] if fault not in row["reason"] else []
    decision = (row.get("cluster") or {}).get("decision", "")
    facts += [decision] if decision not in row["reason"] else []
    word = row["admin"] if row["admin"] != "ready" else row["state"]
    return f"{word:8}{row['uri']}  {', '.join(facts)}"


def _order(fields: Mapping[str, Any], local: Local) -> str:
    order = Order(*({**fields, "place": fields["from"]}[name] for name in Order._fields))
    return f"{local(order.at)} {order.line()}"


def _word(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
