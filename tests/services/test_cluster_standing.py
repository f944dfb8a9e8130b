"""What a node says of itself, and writes down for those who look."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from cluster_trio import ME, NODES, B, Trio, owned_by
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


def test_one_that_does_not_hear_who_pings_for_it_stays_degraded(server: FakeServer) -> None:
    """The third node leaves these to that one, and answers nobody who is degraded: that is no new finding."""
    uris = owned_by(ME, B, number=6)
    trio = Trio(server, uris)
    trio.run(12)
    trio.apart.add(frozenset((ME, B)))
    trio.run(12)
    trio.unreachable |= {(ME, uri) for uri in uris}
    trio.run(60)
    assert len([line for line in server.ksr.lines("warn") if "this node is degraded" in line]) == 1
    trio.unreachable.clear()
    trio.run(12)
    assert "degraded no more" in server.ksr.lines("warn")[-1]


def test_one_that_reaches_anything_again_is_not_degraded_by_what_nobody_reaches(server: FakeServer) -> None:
    """Until then it does not know whether its own uplink is mended, though it is alone with nothing."""
    uris = owned_by(ME, number=6)
    trio = Trio(server, uris)
    trio.run(12)
    trio.unreachable |= {(ME, uri) for uri in uris}
    trio.run(20)
    trio.unreachable |= {(node, uri) for node in NODES for uri in uris}
    trio.run(20)
    assert own().alone == 0
    assert len([line for line in server.ksr.lines("warn") if "degraded" in line]) == 1
    trio.unreachable -= {(node, uri) for node in NODES for uri in uris[:1]}
    trio.run(12)
    assert [trio.state(uri) for uri in uris] == [1, *[2] * 5]
    assert "degraded no more" in server.ksr.lines("warn")[-1]
