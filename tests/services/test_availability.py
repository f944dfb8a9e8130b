"""How much of its time a destination was up, as it is counted while a server runs."""

from __future__ import annotations

import time
from types import ModuleType
from typing import Any

import pytest

from conftest import FakeServer
from restarting import stop, write_state_file

A = "sip:192.168.10.20"
KEY = f"{A}:5060"


@pytest.fixture(autouse=True)
def wall(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The wall clock goes with the other one; what is added to it is a jump."""
    ahead = [1_800_000_000.0]
    monkeypatch.setattr(time, "time", lambda: ahead[0] + server.now / 1_000_000)
    return ahead


def hour(keepalive: ModuleType) -> dict[str, Any]:
    found: dict[str, Any] = keepalive.info(A)["availability"]["1h"]
    return found


def test_it_was_up_and_down(keepalive: ModuleType, server: FakeServer) -> None:
    """From its first result on: 40 s up, 20 s down, one outage."""
    keepalive.add_destination(A, "me", ping_interval=1)
    assert hour(keepalive) == {"percent": None, "up": 0, "down": 0, "outages": 0, "voids": 0}
    server.answer(200, 41)
    server.answer(503, 20)
    known = hour(keepalive)
    assert known["up"] == pytest.approx(40, abs=2)
    assert known["down"] == pytest.approx(20, abs=2)
    assert known["percent"] == pytest.approx(66.6, abs=3)
    assert known["outages"] == 1
    assert keepalive.info(A)["availability"]["strip"][-1] == "d"


def test_one_more_success_writes_nothing(keepalive: ModuleType, server: FakeServer) -> None:
    """What is counted is worked out when somebody asks; the row is that of the last change."""
    keepalive.add_destination(A, "me", ping_interval=1)
    server.answer(200, 3)
    row = server.ksr.tables["keepalive_history"][KEY]
    server.answer(200, 600)
    assert server.ksr.tables["keepalive_history"][KEY] == row
    assert hour(keepalive)["up"] == pytest.approx(602, abs=3)


def test_maintenance_and_a_pause_are_in_no_denominator(keepalive: ModuleType, server: FakeServer) -> None:
    """Nor is what was unknown; a drained destination is pinged, and counts."""
    keepalive.add_destination(A, "me", ping_interval=1)
    server.answer(503, 11)
    keepalive.set_admin(A, "maint")
    server.answer(503, 100)
    keepalive.set_admin(A, "drain")
    server.answer(503, 10)
    keepalive.pause()
    server.answer(503, 200)
    keepalive.resume()
    server.answer(503, 10)
    known = hour(keepalive)
    assert known["down"] == pytest.approx(30, abs=4)
    assert known["up"] == 0
    assert known["outages"] == 1, "it was down all the time, as far as anybody knows"


def test_a_setting_may_pause_too(keepalive: ModuleType, server: FakeServer) -> None:
    """With enabled 0 nobody is pinged, and nothing is measured."""
    keepalive.add_destination(A, "me", ping_interval=1)
    server.answer(200, 10)
    server.ksr.settings["enabled"] = "0"
    server.answer(200, 100)
    assert hour(keepalive)["up"] == pytest.approx(10, abs=3)


@pytest.mark.parametrize("jump", [3600, -3600, 86_400 * 365, -86_400 * 365])
def test_the_wall_clock_may_jump(
    keepalive: ModuleType, server: FakeServer, wall: list[float], jump: int
) -> None:
    """An hour, as with summer time set by hand, or a year, forward or back: seconds are those that passed."""
    keepalive.add_destination(A, "me", ping_interval=1)
    server.answer(200, 61)
    wall[0] += jump
    server.answer(200, 60)
    server.answer(503, 30)
    wall[0] -= jump
    server.answer(503, 30)
    known = hour(keepalive)
    assert known["up"] == pytest.approx(120, abs=3)
    assert known["down"] == pytest.approx(60, abs=3)


def test_voids_stand_beside(keepalive: ModuleType, server: FakeServer) -> None:
    """A ping that this server could not send is no outage; it is counted by itself."""
    keepalive.add_destination(A, "me", ping_interval=1)
    server.answer(200, 5)
    server.ksr.unresolvable |= {A}
    server.tick(5)
    known = hour(keepalive)
    assert known["voids"] == keepalive.info(A)["void"] > 0
    assert known["outages"] == known["down"] == 0


def test_what_could_not_be_written_is_not_measured(keepalive: ModuleType, server: FakeServer) -> None:
    """If a change found no memory, nobody says that the time behind it was up."""
    keepalive.add_destination(A, "me", ping_interval=1)
    server.answer(200, 10)
    row = server.ksr.tables["keepalive_history"][KEY]
    server.answer(503, 10)
    server.ksr.tables["keepalive_history"][KEY] = row
    server.answer(503, 100)
    assert hour(keepalive)["up"] < 12
    server.answer(200, 10)
    assert hour(keepalive)["up"] < 24


@pytest.mark.parametrize("row", ["nonsense", "[]\nnonsense", None])
def test_a_lost_row_is_counted_anew(keepalive: ModuleType, server: FakeServer, row: str | None) -> None:
    """From when somebody asks on; what makes no sense is dropped first."""
    keepalive.add_destination(A, "me", ping_interval=1)
    server.answer(200, 10)
    if row is None:
        del server.ksr.tables["keepalive_history"][KEY]
    else:
        server.ksr.tables["keepalive_history"][KEY] = row
    assert hour(keepalive)["percent"] is None
    server.answer(200, 10)
    assert hour(keepalive)["up"] == pytest.approx(10, abs=1)


def test_nobody_knows_of_what_is_not_monitored(keepalive: ModuleType) -> None:
    """None is no percentage."""
    from keepalive_core.services import availability

    keepalive.add_destination(A, "me")
    assert availability.of("sip:nobody:5060") is None


def test_the_time_for_which_the_server_was_off_is_unknown(
    keepalive: ModuleType, server: FakeServer, wall: list[float], tmp_path: Any
) -> None:
    """What was counted before goes on behind the restart; the time between is in no denominator."""
    server.define("state_file", str(tmp_path / "state"))
    keepalive = server.process()
    keepalive.add_destination(A, "me", ping_interval=1)
    server.answer(503, 20)
    server.answer(200, 100)
    write_state_file(server)
    stop(server)
    server.now += 600_000_000
    again = server.process()
    again.add_destination(A, "me", ping_interval=1)
    server.answer(200, 60)
    known = hour(again)
    assert known["up"] == pytest.approx(160, abs=3)
    assert known["down"] == pytest.approx(20, abs=2)
    assert known["outages"] == 1


def test_a_clock_that_was_set_back_before_a_restart(
    keepalive: ModuleType, server: FakeServer, wall: list[float], tmp_path: Any
) -> None:
    """What was counted is not lost, and nothing is counted twice."""
    server.define("state_file", str(tmp_path / "state"))
    keepalive = server.process()
    keepalive.add_destination(A, "me", ping_interval=1)
    server.answer(200, 100)
    write_state_file(server)
    stop(server)
    wall[0] -= 86_400 * 400
    again = server.process()
    again.add_destination(A, "me", ping_interval=1)
    server.answer(200, 60)
    assert hour(again)["up"] == pytest.approx(160, abs=3)


def test_what_is_away_is_not_measured(
    keepalive: ModuleType, server: FakeServer, wall: list[float], tmp_path: Any
) -> None:
    """A destination that left the configuration, and comes back: the time between is nobody's."""
    server.define("state_file", str(tmp_path / "state"))
    keepalive = server.process()
    keepalive.add_destination(A, "me", ping_interval=1)
    server.answer(200, 100)
    write_state_file(server)
    stop(server)
    again = server.process()
    server.answer(200, 1)
    write_state_file(server)
    server.answer(200, 300)
    write_state_file(server)
    again.add_destination(A, "me", ping_interval=1)
    server.answer(200, 60)
    assert hour(again)["up"] == pytest.approx(160, abs=4)
