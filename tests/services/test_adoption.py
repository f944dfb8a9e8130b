"""Who tells that keepalive is wrongly adopted, when and how often; tests/real has real servers that are."""

from __future__ import annotations

import importlib
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from conftest import FakeServer

UP = 1
SECOND = 1_000_000
TIMERS = [
    *("ksr_keepalive_tick", "ksr_keepalive_watch", "ksr_keepalive_callbacks", "ksr_keepalive_state_file"),
    "ksr_keepalive_resolve",
]


def adopted(server: FakeServer, engine: str | None, include: str = "keepalive.cfg") -> Any:
    """Begin as a server of an engine does; return what knows of its adoption."""
    server.ksr.defines["KEEPALIVE_INCLUDE"] = f'"{include}"'
    module = importlib.import_module("keepalive_core.services.adoption")
    known = module.the_adoption
    known.is_sound, known.engine, known._began = False, engine, server.now
    return known


def told(server: FakeServer) -> list[str]:
    """What was told of it."""
    return [text for level, text in server.ksr.logged if level == "err" and "wrongly adopted" in text]


def run(server: FakeServer, timers: list[str], seconds: int) -> None:
    """Let time pass, in which some of the timers call."""
    for _ in range(seconds):
        server.now += SECOND
        for timer in timers:
            getattr(server.ksr.handlers, timer)(None, "rtimer")


@pytest.mark.parametrize("lost", TIMERS)
def test_the_timers_tell_of_the_one_that_does_not_call(
    server: FakeServer, keepalive: ModuleType, lost: str
) -> None:
    """Within 15 s of the start, and once a minute, all of them together."""
    adopted(server, "")
    others = [timer for timer in TIMERS if timer != lost]
    run(server, others, 8)
    assert not told(server)
    run(server, others, 6)
    [line] = told(server)
    assert f"{lost} was never called; kamailio.cfg needs a route[{lost}]" in line
    run(server, others, 120)
    assert len(told(server)) == 3


def test_all_timers_that_call_are_well(server: FakeServer, keepalive: ModuleType) -> None:
    """Then nobody looks any more."""
    known = adopted(server, "")
    run(server, TIMERS, 2)
    assert known.is_sound
    run(server, TIMERS[:1], 100)
    assert not told(server)


def test_who_is_asked_tells_if_no_timer_calls(server: FakeServer, keepalive: ModuleType) -> None:
    """As with Lua without keepalive.lua: whoever is asked of a destination that is unknown, once a minute."""
    server.define("destinations", "192.168.10.20")
    adopted(server, "lua")
    assert keepalive.is_alive("sip:192.168.10.20") == UP
    assert not told(server)
    for _ in range(130):
        server.now += SECOND
        for _ in range(3):
            assert keepalive.is_alive("sip:192.168.10.20") == UP
            assert keepalive.is_alive("sip:192.168.10.99") == -1
    assert len(told(server)) == 3
    assert "load keepalive.lua in your script" in told(server)[0]
    assert "is_alive says 1 of each destination" in told(server)[0]


@pytest.mark.parametrize(("unknown_as", "answer"), [("up", "1"), ("down", "2"), ("error", "-1")])
def test_it_is_said_what_is_alive_answers(
    server: FakeServer, keepalive: ModuleType, unknown_as: str, answer: str
) -> None:
    """As unknown_as says."""
    keepalive.modparam("unknown_as", unknown_as)
    adopted(server, "python").look_at_start(SimpleNamespace())
    assert f"is_alive says {answer} of each destination" in told(server)[0]


class Router:
    """A class that is not made of keepalive.Handlers."""


def test_a_class_without_handlers_is_told_at_once_and_by_the_timer(
    server: FakeServer, keepalive: ModuleType
) -> None:
    """Kamailio calls a function of it by the timer, which tells of it once a minute."""
    handler: Any = Router()
    adopted(server, "python").look_at_start(handler)
    [line] = told(server)
    assert "no ksr_keepalive_tick and 6 more; make its class of keepalive.Handlers" in line
    server.ksr.handlers = handler
    run(server, ["ksr_keepalive_state_file"], 121)
    assert len(told(server)) == 3


def test_a_handler_that_takes_nothing_is_told_once(server: FakeServer, keepalive: ModuleType) -> None:
    """An object without room for a function is as it is."""
    adopted(server, "python").look_at_start(object())
    assert len(told(server)) == 1


def test_the_wrong_include_is_told_by_what_it_calls(server: FakeServer, keepalive: ModuleType) -> None:
    """Native routes with keepalive.cfg have ksr_keepalive_wrong_include called each second."""
    adopted(server, "", "keepalive.cfg").look_at_start(keepalive.NativeHandlers())
    assert "include keepalive-native.cfg in its place" in told(server)[0]
    run(server, ["ksr_keepalive_wrong_include"], 121)
    assert len(told(server)) == 3


@pytest.mark.parametrize(
    ("engine", "include"),
    [("", "keepalive-native.cfg"), ("python", "keepalive.cfg"), ("lua", "keepalive.cfg"), (None, "")],
)
def test_a_right_start_tells_nothing(
    server: FakeServer, keepalive: ModuleType, engine: str | None, include: str
) -> None:
    """Of no kind; with another language a line says what its script has to load."""
    adopted(server, engine, include).look_at_start(keepalive.NativeHandlers())
    assert not told(server)
    assert any("keepalive.lua" in text for _, text in server.ksr.logged) is (engine == "lua")


def test_an_include_that_can_not_be_read_is_none(server: FakeServer, keepalive: ModuleType) -> None:
    """An older copy of it has no such define."""
    known = adopted(server, "")
    del server.ksr.defines["KEEPALIVE_INCLUDE"]
    assert known.include() is None


def test_without_memory_nothing_is_told_and_nothing_fails(server: FakeServer, keepalive: ModuleType) -> None:
    """A line a minute has a row, for which there may be no room."""
    adopted(server, "lua")
    server.now += 20 * SECOND
    server.ksr.room_left = 0
    assert keepalive.is_alive("sip:192.168.10.20") == -1


def test_a_start_may_be_slow(server: FakeServer, keepalive: ModuleType) -> None:
    """A mod_init that asks a database for a minute ends before any timer can call: the first is not alone."""
    known = adopted(server, "")
    server.now += 60 * SECOND
    for timer in TIMERS:
        getattr(server.ksr.handlers, timer)(None, "rtimer")
        server.now += SECOND
    assert not told(server)
    run(server, TIMERS, 2)
    assert known.is_sound
