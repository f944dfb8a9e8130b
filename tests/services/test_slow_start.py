"""What comes up again, and what is new or was only unknown."""

from types import ModuleType

import pytest

from conftest import FakeServer
from keepalive_core.rules.ramp import Ramp

A = "sip:192.168.10.20"


@pytest.fixture
def slow(keepalive: ModuleType, server: FakeServer) -> ModuleType:
    """A destination with a slow start of 10 s, which has answered."""
    assert keepalive.modparam("slow_start", 10) == 0
    keepalive.add_destination(A, "me", group="g")
    server.answer(200, 2)
    assert keepalive.state(A) == keepalive.UP
    return keepalive


def ramp(server: FakeServer) -> str:
    """The ramp that has begun since the last question, "" if none has."""
    rows = server.ksr.tables["keepalive_ramp"]
    [found] = [*rows.values()] or [" "]
    rows.clear()
    number, _, known = found.partition(" ")
    assert not number or known.endswith(f" {A}")
    return str(known.removesuffix(f" {A}"))


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


def test_what_is_in_no_group_starts_at_once(slow: ModuleType, server: FakeServer) -> None:
    """Nobody chooses it by its weight."""
    slow.add_destination(A, "me")
    slow.report_failure(A)
    slow.report_success(A)
    assert ramp(server) == ""


def test_each_process_reads_what_is_new(slow: ModuleType, server: FakeServer) -> None:
    """What has its whole weight is forgotten, and of very many the first."""
    from keepalive_core.kamailio import ramp_rows
    from keepalive_core.services.slow_start import Ramps

    ramps = Ramps()
    assert ramps.at(server.now) == {}
    for number in range(3):
        ramp_rows.store_ramp(f"sip:{number}", Ramp(server.now, (number + 1) * 1_000_000))
    assert list(ramps.at(server.now)) == ["sip:0", "sip:1", "sip:2"]
    assert list(ramps.at(server.now + 1_000_000)) == ["sip:1", "sip:2"]
    ramp_rows.store_ramp("sip:1", Ramp(server.now + 2_000_000, 9_000_000))
    assert list(ramps.at(server.now + 2_000_000)) == ["sip:2", "sip:1"]
    for number in range(ramp_rows.KEPT):
        ramp_rows.store_ramp(f"sip:many{number}", Ramp(server.now, 60_000_000))
    assert len(ramps.at(server.now)) == ramp_rows.KEPT
    assert "sip:1" not in ramps.at(server.now)


def test_without_memory_it_comes_up_all_the_same(slow: ModuleType, server: FakeServer) -> None:
    """It has its whole weight then."""
    slow.report_failure(A)
    server.ksr.room_left = 0
    slow.report_success(A)
    assert slow.is_alive(A) == 1
    assert slow.pick("g") == A
    assert ramp(server) == ""
