"""What the log is told of names: one line for each change."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import pytest

from conftest import FakeServer
from keepalive_core.rules.question_order import Turn
from keepalive_core.rules.resolution import Resolution, Target
from keepalive_core.rules.times import MINUTE, SECOND


@pytest.fixture
def told(keepalive: ModuleType) -> Any:
    from keepalive_core.services import resolver_log

    return resolver_log


def known(
    *numbers: int, fault: str = "", left_out: str = "", kept: Sequence[int] = (), weight: int = 0
) -> Resolution:
    targets, stay = (
        tuple(Target(f"sip:p.com#10.0.0.{each}:5060", f"sip:10.0.0.{each}:5060", 0, weight) for each in those)
        for those in (numbers, kept)
    )
    return Resolution(1, 1, fault, targets, stay, left_out)


@pytest.mark.parametrize(
    ("before", "after", "level", "line"),
    [
        (known(), known(1), "info", "DNS says 1 target: +10.0.0.1:5060"),
        (known(1, 2), known(2, 3), "info", "DNS says 2 targets: +10.0.0.3:5060 -10.0.0.1:5060"),
        (known(1, fault="no such name"), known(1), "info", "DNS says 1 target"),
        (known(1, kept=(2, 3)), known(1, kept=(3,)), "info", "pinged no more: 10.0.0.2:5060"),
        (
            known(1, fault="no such name", kept=(2,)),
            known(1, fault="no such name"),
            "info",
            "pinged no more: 10.0.0.2:5060",
        ),
        (
            known(1, 2),
            known(2, 3, weight=9),
            "info",
            "DNS says 2 targets: +10.0.0.3:5060 -10.0.0.1:5060, "
            "10.0.0.2:5060 now has priority 0 and weight 9",
        ),
        (known(1), known(1, fault="no such name"), "warn", "no such name; 1 target of before stays"),
        (known(), known(fault="no such name"), "warn", "no such name; there are no targets"),
        (known(1), known(1, left_out="port 0"), "info", "not all that DNS says is used: port 0"),
        (
            known(),
            known(1, left_out="no IPv6"),
            "info",
            "DNS says 1 target: +10.0.0.1:5060; not all that DNS says is used: no IPv6",
        ),
        (
            known(1, fault="no such name"),
            known(1, left_out="port 0"),
            "info",
            "DNS says 1 target; not all that DNS says is used: port 0",
        ),
        (known(1, left_out="port 0"), known(1), "info", "DNS says 1 target"),
    ],
)
def test_one_line_for_each_change(
    told: Any, server: FakeServer, before: Resolution, after: Resolution, level: str, line: str
) -> None:
    """It names the name, what DNS says now, and what becomes of the targets."""
    server.ksr.logged.clear()
    told.tell("sip:p.com", before, after)
    assert server.ksr.logged == [(level, f"keepalive: sip:p.com: {line}")]


def test_a_line_has_a_bound(told: Any, server: FakeServer) -> None:
    """Of many addresses the first are told, and how many more."""
    told.tell("sip:p.com", known(), known(*range(1, 33)))
    [line] = server.ksr.lines("info")[-1:]
    assert line.endswith(" +10.0.0.8:5060 and 24 more")


def test_a_late_round_is_told_once_a_minute(told: Any, server: FakeServer) -> None:
    """With the number of names, and one that waited."""
    for now in (0, 1, MINUTE):
        told.tell_late(Turn("sip:p.com", 90 * SECOND), 1000, 60 * SECOND, now)
    assert (
        server.ksr.lines("warn")
        == [
            "keepalive: DNS is slow: to ask for 1000 names takes longer than dns_interval, 60 s; "
            "sip:p.com waited 90 s"
        ]
        * 2
    )
