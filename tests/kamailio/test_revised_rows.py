"""Which destinations came, went or were changed last."""

from types import ModuleType

import pytest

from conftest import FakeServer

A, B = "sip:192.168.10.20:5060", "sip:192.168.10.30:5060"


@pytest.fixture
def rows(server: FakeServer) -> ModuleType:
    server.define("http", "unix:/run/kamailio/keepalive.sock")
    server.process()
    import keepalive_core.kamailio.revised_rows

    return keepalive_core.kamailio.revised_rows


def test_each_change_names_its_destination(rows: ModuleType) -> None:
    """Once, in whatever order, and with the number up to which that is so."""
    import keepalive
    from keepalive_core.kamailio import tables

    assert keepalive.add_destination(B, "other") == 0
    begin = tables.revision() or 0
    assert keepalive.add_destination(A, "me") == 0
    assert keepalive.add_destination(B, "me") == 0
    assert keepalive.set_admin(A, "maint") == 0
    now = tables.revision() or 0
    assert rows.revised(begin, now) == ({A, B}, now)
    assert keepalive.del_destination(B, "me") == 0
    assert rows.revised(now, tables.revision()) == ({B}, tables.revision())
    assert rows.revised(now + 1, now + 1) == (set(), now + 1)


def test_what_is_no_destinations_is_passed_over(rows: ModuleType) -> None:
    """A change of the settings, or of a group's, names none."""
    from keepalive_core.kamailio import tables

    begin = tables.revision() or 0
    rows.revise(A)
    rows.revise()
    rows.revise(B)
    assert rows.revised(begin, begin + 3) == ({A, B}, begin + 3)


def test_what_is_not_written_yet_ends_it(rows: ModuleType) -> None:
    """Who asks sees up to where all are named, and asks again."""
    from keepalive_core.kamailio import tables

    begin = tables.revision() or 0
    rows.revise(A)
    tables.next_number("revision")
    rows.revise(B)
    assert rows.revised(begin, begin + 3) == ({A}, begin + 1)


def test_the_ring_has_an_end(rows: ModuleType, server: FakeServer) -> None:
    """What is too old is not named, and never taken for something else."""
    from keepalive_core.kamailio import tables

    begin = tables.revision() or 0
    for _ in range(rows.KEPT + 1):
        rows.revise(A)
    assert rows.revised(begin, begin + rows.KEPT + 1) == (set(), begin)
    assert rows.revised(begin + 1, begin + rows.KEPT + 1) == ({A}, begin + rows.KEPT + 1)
    assert len(server.ksr.tables["keepalive_revised"]) == rows.KEPT


def test_without_memory_nothing_is_refused(rows: ModuleType, server: FakeServer) -> None:
    """The change itself is written; who looks for it sees that something is missing."""
    from keepalive_core.kamailio import tables

    rows.revise(A)
    server.ksr.room_left = 0
    before = tables.revision() or 0
    rows.revise(B)
    assert tables.revision() == before + 1
    assert rows.revised(before, before + 1) == (set(), before)


def test_without_http_nothing_is_written(keepalive: ModuleType, server: FakeServer) -> None:
    """No row, and no call of Kamailio's more than before."""
    assert keepalive.add_destination(A, "me") == 0
    assert server.ksr.tables["keepalive_revised"] == {}


def test_a_define_that_can_not_be_read_is_none(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A registration works all the same."""
    keepalive = server.process()
    from keepalive_core.kamailio import variables

    def unreadable(name: str) -> str:
        raise variables.Unreadable(name)

    monkeypatch.setattr(variables, "defined", unreadable)
    from keepalive_core.kamailio import revised_rows

    revised_rows.revise(A)
    assert keepalive.state(A) == -1
