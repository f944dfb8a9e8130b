"""How destinations and groups are shown to operators: as what they are counted, and in which order (pure)."""

from collections.abc import Mapping
from typing import Any, Final

from .latency import LOSS, latency_of
from .modes import DRAIN, MAINT

CLASSES: Final = ("down", "unknown", DRAIN, MAINT, "up")
"""Exactly one of these is true of each destination, the worst first: see service_code.shown_as()"""
SORTS: Final = ("worst", "name", "since", "latency")


def samples_of(samples: str) -> list[float | None]:
    """Return the latencies in ms of the last pings, the oldest first; None for one that was lost."""
    return [None if mark == LOSS else latency_of(mark) / 1000 for mark in samples]


def trouble(group: Mapping[str, Any]) -> tuple[int, str]:
    """Return by what groups are sorted, those in trouble first.

    Arguments: group, its ``name``, how many of its members are ``alive`` and ``held``, and how many it has of
    each class. What administrators have taken out is no trouble.
    """
    if group["down"] and not group["alive"] - group["held"]:
        rank = 0
    elif group["held"]:
        rank = 1
    elif group["down"]:
        rank = 2
    elif group["unknown"]:
        rank = 3
    else:
        rank = 4 if group[DRAIN] or group[MAINT] else 5
    return rank, group["name"]
