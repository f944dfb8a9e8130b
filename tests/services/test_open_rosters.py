"""Rosters are opened and closed: for how long, and what is done at a time."""

import pytest

from conftest import FakeServer
from counted_calls import Calls, fleet

A = "sip:192.168.10.20"


def test_no_lock_is_held_for_many(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that comes with a high group_min_alive, or goes, has 400 held or let go: some at a time."""
    calls = Calls(server, monkeypatch)
    api = calls.api
    for uri in fleet(400):
        api.add_destination(uri, "me", group="g")
        api.report_failure(uri)
    calls.most_locked = 0
    api.add_destination(A, "me", group="g", group_min_alive=350, unknown_as="down")
    assert api.alive("g") == fleet(350)
    [line] = server.ksr.lines("warn")
    assert line.endswith(
        f"kept answering, whatever their state (group_min_alive): {', '.join(fleet(5))} and 345 more"
    )
    api.del_destination(A, "me")
    assert api.alive("g") == []
    server.ksr.settings["group_min_alive"] = "60%"
    server.tick(2)
    assert api.alive("g") == fleet(240)
    assert calls.most_locked < 200
