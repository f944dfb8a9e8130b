"""What is known of the cluster: written by one process, read by all."""

from types import ModuleType

import pytest

from conftest import FakeServer
from keepalive_core.rules.cluster_row_text import CaseRow, OwnRow, PeerRow, ViewRow

A, B = "sip:192.0.2.1:5060", "sip:10.0.0.2:5060"


@pytest.fixture
def rows(keepalive: ModuleType) -> ModuleType:
    import keepalive_core.kamailio.cluster_rows

    return keepalive_core.kamailio.cluster_rows


def test_what_was_never_written_is_none(rows: ModuleType) -> None:
    """Before the process that hears the others has begun."""
    assert (rows.view(), rows.view_text(), rows.own(), rows.peers()) == (None, "", OwnRow(), {})
    assert (rows.case_of(A), rows.cases()) == (None, {})


def test_what_is_written_is_read(rows: ModuleType) -> None:
    """Each kind of row by itself."""
    rows.store_view(ViewRow(1, "a", live=("a", B)))
    rows.store_own(OwnRow(5))
    rows.store_peer(B, PeerRow(7, live=True))
    rows.store_case(A, CaseRow({B: ("down", "408", 1)}, ping=True))
    assert rows.view() == ViewRow(1, "a", live=("a", B))
    assert '"number":1' in rows.view_text()
    assert (rows.own(), rows.peers()) == (OwnRow(5), {B: PeerRow(7, live=True)})
    assert rows.cases() == {A: rows.case_of(A)} == {A: CaseRow({B: ("down", "408", 1)}, ping=True)}
    assert (rows.case_keys(), rows.peer(B), rows.peer(A)) == ([A], PeerRow(7, live=True), None)
    rows.remove_case(A)
    rows.remove_case(A)
    assert rows.cases() == {}


def test_nonsense_is_dropped(rows: ModuleType, server: FakeServer) -> None:
    """With a line of the log, and the rest goes on."""
    table = server.ksr.tables["keepalive_cluster"]
    table.update({"view": "x", f"case:{A}": '{"ping":1}', f"peer:{B}": "[]", "peer:c": "{}"})
    assert (rows.view(), rows.case_of(A), rows.peers()) == (None, None, {"c": PeerRow()})
    assert len(server.ksr.lines("err")) == 3
    assert list(table) == ["peer:c"]
