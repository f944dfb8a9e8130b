"""The process that serves HTTP, turned as a timer turns it."""

import sys
from pathlib import Path
from types import ModuleType

import pytest

from conftest import FakeServer


def test_it_serves_a_turn_at_a_time(
    keepalive: ModuleType, server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each call of the timer goes on with the loop that the first one made, and comes back."""
    server.define("http", f"unix:{tmp_path / 'keepalive.sock'}")
    from keepalive_core.cockpit import process

    monkeypatch.setattr(process, "TURN_SECONDS", 0.01)
    handlers = keepalive.Handlers()
    assert [handlers.ksr_keepalive_http(None, "rtimer") for _ in range(3)] == [1] * 3
    assert (tmp_path / "keepalive.sock").is_socket()
    assert server.ksr.lines("err") == []


def test_without_the_packages_one_line_says_what_to_type(
    keepalive: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest of the module goes on as ever."""
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    handlers = keepalive.Handlers()
    assert [handlers.ksr_keepalive_http(None, "rtimer") for _ in range(3)] == [1] * 3
    [line] = server.ksr.lines("err")
    assert line.endswith("HTTP is not served, pings go on: apt-get install python3-aiohttp")
