"""What a scrape says of the cluster."""

from __future__ import annotations

import pytest

from cluster_nodes import NODES
from cockpit.test_metrics import Scrape, api, scrape  # noqa: F401 - fixtures
from conftest import FakeServer
from keepalive_core.rules.cluster_row_text import OwnRow, PeerRow, ViewRow

ME, B, C = NODES


@pytest.fixture
def nodes(server: FakeServer) -> None:
    """A server that is one of three, before its process is there."""
    server.define("node", ME)
    for number, name in enumerate((B, C), 1):
        server.define(f"peer{number}", name)


def test_each_node_and_what_is_this_ones(
    nodes: None,
    server: FakeServer,
    scrape: Scrape,  # noqa: F811
) -> None:
    """This server is one of the nodes."""
    from keepalive_core.kamailio import cluster_rows

    server.tick()
    cluster_rows.store_view(ViewRow(1, ME, 7, *[(ME, B)] * 4, pings=True))
    cluster_rows.store_own(OwnRow(34, 2, 3, config=5))
    cluster_rows.store_peer(
        B, PeerRow(9, True, True, server.now, degraded=True, paused=True, config=6, twice=True)
    )
    cluster_rows.store_peer(C, PeerRow())
    answer = scrape()
    for name, one, two, three in (
        ("live", 1, 1, 0),
        ("degraded", 0, 1, 0),
        ("paused", 0, 1, 0),
        ("differs", 0, 1, 0),
        ("two_lives", 0, 1, 0),
    ):
        found = [answer.value(f"cluster_node_{name}", node=node) for node in (ME, B, C)]
        assert found == [one, two, three], name
    assert [answer.value(f"cluster_{name}") for name in ("owned", "alone", "doubted")] == [34, 2, 3]


def test_without_a_cluster(scrape: Scrape) -> None:  # noqa: F811
    """There is none of these series."""
    assert "cluster" not in scrape().text
