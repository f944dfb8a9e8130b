"""What a node says of itself, and writes down for those who look."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from cluster_trio import ME, Trio, owned_by
from conftest import FakeServer
from keepalive_core.rules.cluster_row_text import OwnRow


def own() -> OwnRow:
    found: OwnRow = importlib.import_module("keepalive_core.kamailio.cluster_rows").own()
    return found


def test_its_numbers_are_written_down(server: FakeServer) -> None:
    """What it owns, what it alone can't reach, what others can't: once a second, if that has changed."""
    uris = owned_by(ME, number=3)
    trio = Trio(server, uris)
    trio.run(12)
    assert own()[:3] == (3, 0, 0)
    trio.unreachable.add((ME, uris[0]))
    trio.run(12)
    assert own()[:3] == (3, 1, 0)
    written = server.ksr.tables["keepalive_cluster"]["me"]
    trio.run(3)
    assert server.ksr.tables["keepalive_cluster"]["me"] is written


@pytest.mark.parametrize(("percent", "is_degraded"), [("30", True), ("0", False), ("80", False)])
def test_how_many_are_too_many_is_the_operators(server: FakeServer, percent: str, is_degraded: bool) -> None:
    """Percent of its share, at least three; 0 for never."""
    uris = owned_by(ME, number=6)
    server.define("cluster_degraded", percent)
    trio = Trio(server, uris)
    trio.run(12)
    trio.unreachable |= {(ME, uri) for uri in uris[:4]}
    trio.run(14)
    lines: list[Any] = [line for line in server.ksr.lines("warn") if "this node is degraded" in line]
    assert bool(lines) is is_degraded
