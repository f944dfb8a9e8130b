"""What is shown of names: the targets behind one, and how DNS was asked of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from .texts import age, moment

HEADS: Final = (
    "TARGET",
    "STATE",
    "PRIORITY",
    "WEIGHT",
    "SINCE",
    "MS",
    "LOSS",
    "TRANSPORT",
    "RECORD",
    "WHY",
)
GONE: Final = "no more in DNS"
"""what is said of a target that is only kept until the new ones are decided"""


def milliseconds(value: float) -> str:
    """Return how long a reply took; "" for 0, as there was none."""
    return f"{value:.1f}" if value else ""


def row_of(target: dict[str, Any], now: float) -> list[object]:
    """Return the cells of a target, as it was at a time, below HEADS."""
    return [
        target["target"],
        target["shown"],
        target["priority"],
        target["weight"],
        age(now - target["since"]) if target["since"] else "",
        milliseconds(target["latency_ms"]),
        f"{target['loss']:.0f}%",
        target["transport"],
        GONE if target["kept"] else target["record"],
        target["reason"],
    ]


def facts(info: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what is known of a name or a target beside what is of all, by headings."""
    # A server of before knows of no names.
    if info.get("target_of"):
        yield "target of", info["target_of"]
    targets, asked = info.get("targets", []), info.get("resolution")
    if not asked:
        return
    yield "targets", f"{sum(each['alive'] for each in targets)} of {len(targets)} alive"
    fault = f": {asked['fault']}" if asked["fault"] else ""
    yield "DNS", f"asked {moment(asked['asked'])}{fault}, answered {moment(asked['answered'])}"
    if asked["left_out"]:
        yield "left out", asked["left_out"]


def counted(view: dict[str, Any]) -> str:
    """Return how many names and targets there are, and how they are, in words; "" if there are none."""
    names, targets = view.get("names"), view.get("targets", {})
    if not names or not names["total"]:  # a server of before knows of none
        return ""
    dead = f", {names['dead']} with targets that are down" if names["dead"] else ""
    failing = f", DNS fails for {names['failing']}" if names["failing"] else ""
    states = ", ".join(f"{number} {state}" for state, number in targets.items() if number)
    return f"{names['total']} names{dead}{failing}; their targets: {states or 'none'}"
