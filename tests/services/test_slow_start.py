"""What comes up again, and what is new or was only unknown."""

from types import ModuleType

import pytest

from conftest import FakeServer

A = "sip:192.168.10.20"
KEY = f"{A}:5060"


@pytest.fixture
def slow(keepalive: ModuleType, server: FakeServer) -> ModuleType:
    """A destination with a slow start of 10 s, which has answered."""
    assert keepalive.modparam("slow_start", 10) == 0
    keepalive.add_destination(A, "me", group="g")
    server.answer(200, 2)
    assert keepalive.state(A) == keepalive.UP
    return keepalive


def ramp(server: FakeServer) -> str:
    """The row of its ramp, taken away; "" if there is none."""
    return str(server.ksr.tables["keepalive_ramp"].pop(KEY, ""))


def test_what_is_new_starts_at_once(slow: ModuleType, server: FakeServer) -> None:
    """The first answer ever begins no ramp."""
    assert ramp(server) == ""


def test_what_was_down_starts_slowly(slow: ModuleType, server: FakeServer) -> None:
    """From the moment on in which is_alive says 1 again; to go down begins nothing."""
    slow.report_failure(A)
    assert ramp(server) == ""
    server.now += 5_000_000
    slow.report_success(A)
    assert ramp(server) == f"{server.now} 10000000"
    slow.report_success(A)
    assert ramp(server) == ""


@pytest.mark.parametrize("mode", ["drain", "maint"])
def test_what_was_taken_out_starts_slowly(slow: ModuleType, server: FakeServer, mode: str) -> None:
    """Behind a drain and a maintenance it has as little to do as behind a failure."""
    slow.set_admin(A, mode)
    assert ramp(server) == ""
    slow.set_admin(A, "ready")
    assert ramp(server)


def test_what_is_ready_but_down_begins_later(slow: ModuleType, server: FakeServer) -> None:
    """The order alone begins nothing; the answer behind it does."""
    slow.set_admin(A, "drain")
    slow.report_failure(A)
    slow.set_admin(A, "ready")
    assert ramp(server) == ""
    slow.report_success(A)
    assert ramp(server)


def test_what_asked_for_no_calls_starts_slowly(slow: ModuleType, server: FakeServer) -> None:
    """Its own drain ends as any other."""
    slow.add_destination(A, "me", group="g", drain_codes="480", drain_time=3, ping_interval=1)
    server.answer(480, 3)
    assert slow.is_alive(A) == 2
    assert ramp(server) == ""
    server.answer(200, 6)
    assert slow.is_alive(A) == 1
    assert ramp(server)


def test_what_was_unknown_starts_at_once(slow: ModuleType, server: FakeServer) -> None:
    """Whatever unknown_as is: nobody saw it fail."""
    for word in ("up", "down", "error"):
        slow.del_destination(A, "me")
        slow.add_destination(A, "me", group="g", unknown_as=word)
        server.answer(200, 2)
        assert slow.state(A) == slow.UP
        assert ramp(server) == "", word


def test_each_has_its_own_word(slow: ModuleType, server: FakeServer) -> None:
    """The destination's wins over the group's, and that over the server's; 0 is off."""
    for options, group, row in (
        ({}, {"slow_start": "1m"}, "60000000"),
        ({"slow_start": 2.5}, {"slow_start": "1m"}, "2500000"),
        ({"slow_start": 0}, {"slow_start": "1m"}, ""),
        ({}, {}, "10000000"),
    ):
        slow.configure_group("g", **group)
        slow.add_destination(A, "me", group="g", **options)
        slow.report_failure(A)
        slow.report_success(A)
        assert ramp(server).partition(" ")[2] == row


def test_the_row_goes_with_the_destination(slow: ModuleType, server: FakeServer) -> None:
    """One that is added again is new."""
    slow.report_failure(A)
    slow.report_success(A)
    slow.del_destination(A, "me")
    assert ramp(server) == ""


def test_without_memory_it_comes_up_all_the_same(slow: ModuleType, server: FakeServer) -> None:
    """It has its whole weight then."""
    slow.report_failure(A)
    server.ksr.room_left = 0
    slow.report_success(A)
    assert slow.is_alive(A) == 1
    assert slow.pick("g") == A
    assert ramp(server) == ""
