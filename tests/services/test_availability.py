"""How much of its time a destination was up, as it is counted while a server runs."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from conftest import FakeServer
from restarting import stop, write_state_file

A = "sip:192.168.10.20"
B = "sip:192.168.10.21"
KEY = f"{A}:5060"


pytestmark = pytest.mark.usefixtures("wall")


@pytest.fixture
def filed(wall: list[float], keepalive: ModuleType, server: FakeServer, tmp_path: Path) -> None:
    """The server has a state file, and a destination that has just been added."""
    server.define("state_file", str(tmp_path / "state"))
    server.process().add_destination(A, "me", ping_interval=1)


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


@pytest.mark.usefixtures("filed")
def test_the_time_for_which_the_server_was_off_is_unknown(server: FakeServer) -> None:
    """What was counted before goes on behind the restart; the time between is in no denominator."""
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


@pytest.mark.usefixtures("filed")
def test_a_clock_that_was_set_back_before_a_restart(server: FakeServer, wall: list[float]) -> None:
    """What was counted is not lost, and nothing is counted twice."""
    server.answer(200, 100)
    write_state_file(server)
    stop(server)
    wall[0] -= 86_400 * 400
    again = server.process()
    again.add_destination(A, "me", ping_interval=1)
    server.answer(200, 60)
    assert hour(again)["up"] == pytest.approx(160, abs=3)


@pytest.mark.usefixtures("filed")
def test_what_is_away_is_not_measured(server: FakeServer) -> None:
    """A destination that left the configuration, and comes back: the time between is nobody's."""
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


def group_hour(name: str = "carriers") -> dict[str, Any]:
    from keepalive_core.services import availability

    found = availability.of_group(name)
    assert found is not None
    hour: dict[str, Any] = found["1h"]
    return hour


def change(keepalive: ModuleType, server: FakeServer, uri: str, is_up: bool) -> None:
    (keepalive.report_success if is_up else keepalive.report_failure)(uri, "test")


def test_a_group_is_up_while_any_member_is(keepalive: ModuleType, server: FakeServer) -> None:
    """From the first result on: what is unknown is no outage, nor is a group whose members are taken out."""
    for uri in (A, B):
        keepalive.add_destination(uri, "me", group="carriers", ping_interval=3600, unknown_as="down")
    keepalive.pause()
    server.now += 100_000_000
    keepalive.resume()
    assert group_hour()["percent"] is None
    for seconds, uri, is_up in ((50, A, True), (20, B, False), (30, A, False), (40, B, True), (10, A, True)):
        change(keepalive, server, uri, is_up)
        server.now += seconds * 1_000_000
    assert group_hour() == {"percent": 80.0, "up": 120, "down": 30, "outages": 1, "voids": 0}
    for uri in (A, B):
        keepalive.set_admin(uri, "maint")
    server.now += 500_000_000
    assert group_hour()["up"] == 120
    assert group_hour()["down"] == 30
    for uri in (A, B):
        keepalive.set_admin(uri, "ready")
    server.now += 30_000_000
    assert group_hour()["up"] == 150


def test_a_group_needs_as_many_as_group_min_alive_says(keepalive: ModuleType, server: FakeServer) -> None:
    """One that is kept answering is down all the same."""
    for uri in (A, B):
        keepalive.add_destination(uri, "me", group="carriers", ping_interval=3600, group_min_alive=2)
        change(keepalive, server, uri, True)
    server.now += 60_000_000
    change(keepalive, server, A, False)
    server.now += 60_000_000
    assert keepalive.is_alive(A) == 1
    assert group_hour() == {"percent": 50.0, "up": 60, "down": 60, "outages": 1, "voids": 0}


def test_a_group_goes_on_behind_a_restart(keepalive: ModuleType, server: FakeServer, tmp_path: Path) -> None:
    """The time off is nobody's, and that its members come one by one is no outage."""
    server.define("state_file", str(tmp_path / "state"))
    keepalive = server.process()
    for uri in (A, B):
        keepalive.add_destination(uri, "me", group="carriers", ping_interval=1)
    server.answer(200, 3)
    change(keepalive, server, A, False)
    server.tick(0.05)
    before = group_hour()["up"]
    server.now += 60_000_000
    write_state_file(server)
    stop(server)
    server.now += 600_000_000
    again = server.process()
    for uri in (A, B):
        again.add_destination(uri, "me", group="carriers", ping_interval=1)
    server.answer(200, 30)
    known = group_hour()
    assert known["up"] == pytest.approx(before + 60 + 30, abs=3)
    assert (known["down"], known["outages"]) == (0, 0)


def test_a_group_that_comes_up_down(keepalive: ModuleType, server: FakeServer) -> None:
    """What is down when it is put together is an outage, once the first prober has looked at the group."""
    keepalive.add_destination(A, "me", ping_interval=3600)
    change(keepalive, server, A, False)
    keepalive.add_destination(A, "me", group="late", ping_interval=3600)
    server.tick(5)
    known = group_hour("late")
    assert known["down"] >= 3
    assert known["outages"] == 1


def test_a_group_that_is_gone(keepalive: ModuleType, server: FakeServer) -> None:
    """Nothing is kept of it."""
    from keepalive_core.services import availability

    keepalive.add_destination(A, "me", group="carriers")
    change(keepalive, server, A, True)
    assert server.ksr.tables["keepalive_group_availability"].keys() == {"carriers"}
    keepalive.del_destination(A, "me")
    assert availability.of_group("carriers") is None
    assert not server.ksr.tables["keepalive_group_availability"]
