"""The process that serves HTTP, turned as a timer turns it."""

import asyncio
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from conftest import FakeServer

Signals = dict[int, Callable[[], None]]


@pytest.fixture
def signals(monkeypatch: pytest.MonkeyPatch, keepalive: ModuleType) -> Iterator[Signals]:
    """What the process does at signals, which this one goes on without; its loop ends with the test."""
    from keepalive_core.cockpit import process, taking_turns

    found: Signals = {}
    monkeypatch.setattr(process.signal, "signal", found.__setitem__)
    monkeypatch.setattr(process, "TURN_SECONDS", 0.01)
    monkeypatch.setattr(taking_turns, "stand_back", lambda: None)  # this process is that of all tests
    yield found
    loop = process.the_process._loop
    assert loop is not None
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    loop.close()


def test_it_serves_a_turn_at_a_time(
    keepalive: ModuleType, server: FakeServer, tmp_path: Path, signals: Signals
) -> None:
    """Each call of the timer goes on with the loop that the first one made, and comes back."""
    server.define("http", f"unix:{tmp_path / 'keepalive.sock'}")
    handlers = keepalive.Handlers()
    assert [handlers.ksr_keepalive_http(None, "rtimer") for _ in range(3)] == [1] * 3
    assert (tmp_path / "keepalive.sock").is_socket()
    assert server.ksr.lines("err") == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_its_end_leaves_no_socket(
    keepalive: ModuleType,
    server: FakeServer,
    tmp_path: Path,
    signals: Signals,
    number: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Kamailio ends its processes by a signal, wherever they are."""
    from keepalive_core.cockpit import process

    server.define("http", f"unix:{tmp_path / 'keepalive.sock'}")
    keepalive.Handlers().ksr_keepalive_http(None, "rtimer")
    ended: list[int] = []
    monkeypatch.setattr(process.os, "_exit", ended.append)
    signals[number]()
    assert ended == [0]
    assert list(tmp_path.iterdir()) == []


def test_what_goes_wrong_in_the_loop_is_told_once_a_minute(keepalive: ModuleType, server: FakeServer) -> None:
    """A client may do it again and again."""
    from keepalive_core.cockpit import process

    loop = asyncio.new_event_loop()
    for number in range(3):
        process._tell(loop, {"message": f"fault {number}"})
    loop.close()
    [line] = server.ksr.lines("err")
    assert line.endswith("HTTP: fault 0")


def test_without_the_packages_one_line_says_what_to_type(
    keepalive: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest of the module goes on as ever."""
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    handlers = keepalive.Handlers()
    assert [handlers.ksr_keepalive_http(None, "rtimer") for _ in range(3)] == [1] * 3
    [line] = server.ksr.lines("err")
    assert line.endswith("HTTP is not served, pings go on: apt-get install python3-aiohttp, and restart")
