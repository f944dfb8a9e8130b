"""How much of its time a destination and its group were up, counted by real servers."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from gateway import Gateway
from real.server import Kamailio, wait_for

OF_GROUP = "__import__('keepalive_core.services.availability', fromlist=['x']).of_group('carriers')['1h']"


def hour(server: Kamailio, uri: str) -> dict[str, Any]:
    """What is counted of a destination in the last hour."""
    found: dict[str, Any] = server.call("info", uri)["availability"]["1h"]
    return found


def seconds(server: Kamailio, uri: str, word: str, least: int) -> None:
    """Wait until a destination was up or down for so many seconds."""
    wait_for(f"{least} s {word}", lambda: hour(server, uri)[word] >= least)


def test_it_is_counted(start, gateway: Gateway, tmp_path: Path) -> None:
    """Up, down and paused; over an hour's jump of the wall clock, and a restart with a state file."""
    states = tmp_path / "states"
    server = start(share=tmp_path, turned_clock=True, KEEPALIVE_STATE_FILE=states)
    add = ("add_destination", gateway.uri, "test")
    options = {"group": "carriers", "ping_interval": 0.3}
    server.call(*add, **options)
    seconds(server, gateway.uri, "up", 2)
    server.turn_clock(3600)
    gateway.code = 503
    seconds(server, gateway.uri, "down", 2)
    server.turn_clock(0)
    assert server.call("pause") == 0
    server.logged("pings are paused")
    before = hour(server, gateway.uri)
    began = time.monotonic()
    wait_for("3 s of pause", lambda: time.monotonic() - began > 3)
    paused = hour(server, gateway.uri)
    assert paused["down"] - before["down"] <= 1, "the pause is in no denominator"
    assert paused["outages"] == 1
    assert 2 <= paused["up"] < 60, "an hour that did not pass was not counted"
    assert server.call("evaluate", f"{OF_GROUP}['outages']") == "1"
    wait_for("the state file", lambda: states.exists() and '"availability":' in states.read_text())
    wait_for("its groups", lambda: '"group":"carriers"' in states.read_text())
    server.stop()
    gateway.code = 200
    again = start(share=tmp_path, KEEPALIVE_STATE_FILE=states)
    again.call(*add, **options)
    again.wait_for_state(gateway.uri, 1)
    seconds(again, gateway.uri, "up", paused["up"] + 2)
    known = hour(again, gateway.uri)
    assert known["down"] <= paused["down"] + 3
    assert known["outages"] == 1
    assert known["percent"] == pytest.approx(100 * known["up"] / (known["up"] + known["down"]), abs=0.001)
    assert again.call("info", gateway.uri)["availability"]["strip"][-1] == "d"
    group = again.call("evaluate", OF_GROUP)
    assert "'outages': 1" in group
    assert not again.log_lines("availability")
