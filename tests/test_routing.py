"""What a route asks about the members of a group, and what it tells of calls."""

from types import ModuleType

import pytest

from conftest import FakeServer

A, B = "sip:192.168.10.20", "sip:192.168.10.21"


@pytest.fixture
def group(keepalive: ModuleType, server: FakeServer) -> ModuleType:
    """Two destinations of a group, which have answered."""
    for priority, uri in enumerate((A, B)):
        keepalive.add_destination(uri, "me", group="g", priority=priority)
    server.answer(200, 2)
    return keepalive


def test_the_best_of_a_group(group: ModuleType) -> None:
    """The best one that is alive, and the empty text if none is."""
    assert (group.alive("g"), group.pick("g"), group.is_group_alive("g")) == ([B, A], B, 1)
    assert group.report_failure(B) == 0
    assert (group.alive("g"), group.pick("g"), group.is_group_alive("g")) == ([A], A, 1)
    assert group.report_failure(A) == 0
    assert (group.alive("g"), group.pick("g"), group.is_group_alive("g")) == ([], "", 2)
    assert (group.alive("h"), group.pick("h"), group.is_group_alive("h")) == ([], "", -1)


def test_reports(group: ModuleType) -> None:
    """They count for what is monitored, and for nothing else."""
    assert (group.report_failure(A, "why"), group.state(A)) == (0, group.DOWN)
    assert (group.report_success(A), group.state(A)) == (0, group.UP)
    assert group.report_reply(A, 486) == 0
    for wrong in ("sip:192.168.10.29", "a b", None):
        assert (
            group.report_failure(wrong) == group.report_success(wrong) == group.report_reply(wrong, 503) == -1
        )


def test_before_there_are_tables(keepalive: ModuleType, server: FakeServer) -> None:
    """In a mod_init that runs before htable's, where a lock would end the server, nobody is locked."""
    server.ksr.tables_exist = False
    early = server.process()
    early.add_destination(A, "me", group="g")
    assert (early.targets(A), early.next_target(A), early.pick("g"), early.alive("g", True)) == (
        [],
        -1,
        "",
        [],
    )
    assert early.report_failure(A) == early.report_reply(A, 503) == early.set_admin(A, "drain") == -1
    assert not server.ksr.locks
    assert all("there are no tables yet" in line for line in server.ksr.lines("err")), server.ksr.lines("err")
