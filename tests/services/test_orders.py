"""Out of service, back again, pinged now or not at all: what is ordered is done, at once or in its time."""

import time
from types import ModuleType

import pytest

from conftest import FakeServer

A = "sip:192.168.10.20"
B = "sip:192.168.10.21"


def test_ping_now(keepalive: ModuleType, server: FakeServer) -> None:
    """A destination is pinged with the next tick."""
    keepalive.add_destination(A, "me", ping_interval=3600)
    server.answer(200, 5)
    assert keepalive.ping_now(A) == 0
    assert server.sent_times(1) == [0.05]
    assert keepalive.ping_now(B) == -1


def test_drain_and_maint(keepalive: ModuleType, server: FakeServer) -> None:
    """Drained it is pinged, in maintenance it is not; both answer 2, at once; ready is as health says."""
    keepalive.add_destination(A, "me", ping_interval=1)
    server.answer(200, 3)
    assert keepalive.set_admin(A, "drain") == 0
    assert (keepalive.is_alive(A), keepalive.state(A)) == (2, 1)
    assert len(server.sent_times(5, 200)) == 5
    assert keepalive.set_admin(A, "maint") == 0
    assert (keepalive.is_alive(A), keepalive.state(A)) == (2, 1)
    server.sent_times(0.2)
    assert server.sent_times(5, 200) == []
    assert keepalive.set_admin(A, "ready") == 0
    assert keepalive.is_alive(A) == 1
    assert len(server.sent_times(5, 200)) >= 4


def test_a_late_reply_undoes_no_maintenance(keepalive: ModuleType, server: FakeServer) -> None:
    """Replies and timeouts change health, never the admin mode."""
    keepalive.add_destination(A, "me")
    server.tick(1)
    keepalive.set_admin(A, "maint")
    server.ksr.reply(server.ksr.sent[0], 200)
    assert (keepalive.is_alive(A), keepalive.state(A)) == (2, 1)
    assert keepalive.info(A)["admin"]["mode"] == "maint"


def test_maintenance_ends_by_itself(
    keepalive: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until its time is over, info says who and why; then it is ready, and the log says so."""
    wall = [1_800_000_000.0]
    monkeypatch.setattr(time, "time", lambda: wall[0])
    keepalive.add_destination(A, "me")
    server.answer(200, 2)
    assert keepalive.set_admin(A, "maint", until=60, by="night shift", why="card swap") == 0
    server.tick(0.1)
    admin = keepalive.info(A)["admin"]
    assert admin == {
        "mode": "maint",
        "until": 1_800_000_060,
        "by": "night shift",
        "why": "card swap",
        "since": 1_800_000_000,
    }
    assert any("(by night shift, card swap, until " in line for line in server.ksr.lines("info"))
    for _ in range(59):
        wall[0] += 1
        server.tick(1)
    assert keepalive.is_alive(A) == 2
    wall[0] += 2
    server.tick(2)
    assert keepalive.is_alive(A) == 1
    assert keepalive.info(A)["admin"] == {"mode": "ready"}
    assert any("is ready again: the time of its maint is over" in line for line in server.ksr.lines("info"))


@pytest.mark.parametrize(
    "wrong", [("off",), (None,), ("maint", -1), ("maint", "soon"), ("maint", 1, 7), ("maint", 1, "a\nb")]
)
def test_a_bad_admin_request_changes_nothing(
    keepalive: ModuleType, server: FakeServer, wrong: tuple[object, ...]
) -> None:
    """An unknown mode, a bad time, a text of two lines: refused with one line."""
    keepalive.add_destination(A, "me")
    assert keepalive.set_admin(A, *wrong) == -1
    assert keepalive.set_admin(B, "maint") == -1
    assert keepalive.info(A)["admin"] == {"mode": "ready"}
    assert len(server.ksr.lines("err")) == 2


def test_pause_and_resume(keepalive: ModuleType, server: FakeServer) -> None:
    """Paused, no ping leaves and states are kept; resumed, all are asked anew within a second."""
    for number in range(10):
        keepalive.add_destination(f"10.0.0.{number + 1}", "me", ping_interval=60)
    server.answer(200, 3)
    assert keepalive.pause() == 0
    server.tick(1.1)
    assert server.sent_times(100) == []
    assert keepalive.is_alive("10.0.0.1") == 1
    assert keepalive.resume() == 0
    assert len(server.sent_times(2, 200)) == 10


def test_the_setting_enabled_pauses_too(keepalive: ModuleType, server: FakeServer) -> None:
    """cfg.seti keepalive enabled 0, and 1."""
    keepalive.add_destination(A, "me", ping_interval=1)
    server.answer(200, 2)
    server.ksr.settings["enabled"] = "0"
    server.tick(1.1)
    assert server.sent_times(10) == []
    server.ksr.settings["enabled"] = "1"
    assert server.sent_times(3, 200)


def test_an_admin_mode_ends_though_the_clock_was_set_back(
    keepalive: ModuleType, server: FakeServer, wall: list[float]
) -> None:
    """With the wall clock an hour back it ends an hour later, not never."""
    keepalive.add_destination(A, "me", ping_interval=1)
    server.answer(200, 2)
    keepalive.set_admin(A, "maint", until=5)
    server.answer(200, 1)
    wall[0] -= 20
    server.answer(200, 6)
    assert keepalive.is_alive(A) == 2
    server.answer(200, 20)
    assert keepalive.is_alive(A) == 1


def test_an_admin_mode_ends_when_the_clock_is_set_behind_its_end(
    keepalive: ModuleType, server: FakeServer, wall: list[float]
) -> None:
    """Not hours after the time that everybody reads."""
    keepalive.add_destination(A, "me", ping_interval=1)
    server.answer(200, 2)
    keepalive.set_admin(A, "maint", until=3600)
    server.answer(200, 1)
    assert keepalive.is_alive(A) == 2
    wall[0] += 7200
    server.answer(200, 2)
    assert keepalive.is_alive(A) == 1


def test_the_longest_time_of_a_mode(keepalive: ModuleType, server: FakeServer) -> None:
    """Ten years are the most, and the log says until when."""
    keepalive.add_destination(A, "me")
    assert keepalive.set_admin(A, "maint", 315_360_000) == 0
    assert keepalive.info(A)["admin"]["until"] - keepalive.info(A)["admin"]["since"] == 315_360_000
    assert keepalive.set_admin(A, "maint", 1e17) == -1
    assert keepalive.set_admin(A, "ready") == 0
    assert "0 for no end, or up to 315360000 seconds (ten years) is allowed" in server.ksr.lines("err")[-1]
