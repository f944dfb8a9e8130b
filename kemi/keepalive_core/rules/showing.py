"""How destinations and groups are shown to operators: as what they are counted, and in which order (pure)."""

from collections.abc import Mapping
from itertools import chain
from operator import attrgetter
from typing import Any, Final, Protocol, TypeVar

from .latency import LOSS, latency_of
from .modes import DRAIN, MAINT

CLASSES: Final = ("down", "unknown", DRAIN, MAINT, "up")
"""Exactly one of these is true of each destination, the worst first: see service_code.shown_as()"""
SORTS: Final = ("worst", "name", "since", "latency")


class Shown(Protocol):
    """What stands in a row, as far as rows are sorted by it."""

    shown: str
    """as what the destination is counted, one of CLASSES"""


S = TypeVar("S", bound=Shown)


def in_order(sort: str, by_name: list[S]) -> list[S]:
    """Return rows in an order; those that are equal in that are in the order of their names.

    Arguments: sort, one of SORTS but ``name``; by_name, the rows in the order of their names.
    """
    if sort != "worst":
        return sorted(by_name, key=attrgetter(sort), reverse=True)
    by_class: dict[str, list[S]] = {each: [] for each in CLASSES}
    for row in by_name:
        by_class[row.shown].append(row)
    return list(chain.from_iterable(by_class.values()))


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
