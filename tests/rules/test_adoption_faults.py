"""What is wrong with how a server has taken keepalive in, by what is known of it."""

from __future__ import annotations

import pytest

from keepalive_core.rules import adoption_faults
from keepalive_core.rules.adoption_faults import FAILURE, NATIVE, PYTHON, REPLY, TIMERS

ALL = adoption_faults.needed(NATIVE)


@pytest.mark.parametrize(
    ("engine", "include", "missing", "told"),
    [
        (
            NATIVE,
            "keepalive.cfg",
            [],
            ("native routes and includes keepalive.cfg; ", "keepalive-native.cfg", "says 1"),
        ),
        (NATIVE, "keepalive.cfg", ALL, ("native routes and includes keepalive.cfg; ",)),
        (
            PYTHON,
            "keepalive-native.cfg",
            [],
            ("includes keepalive-native.cfg", "include keepalive.cfg", "as ever"),
        ),
        (
            PYTHON,
            "keepalive-native.cfg",
            ["ksr_request_route"],
            ("in the place of your script", "no request is routed"),
        ),
        (
            NATIVE,
            "keepalive-lua-js.cfg",
            [],
            ("includes keepalive-lua-js.cfg; include keepalive-native.cfg",),
        ),
        (
            PYTHON,
            "keepalive.cfg",
            ALL,
            ("no ksr_keepalive_tick and 6 more", "of keepalive.Handlers,", "says 1"),
        ),
        (None, None, ALL, ("no ksr_keepalive_tick and 6 more", "of keepalive.Handlers,")),
        (PYTHON, "keepalive.cfg", [REPLY], ("has no ksr_keepalive_reply;", "says 1")),
        (
            PYTHON,
            "keepalive.cfg",
            ["ksr_keepalive_watch", FAILURE],
            ("ksr_keepalive_watch and 1 more", "says 1"),
        ),
        (PYTHON, "keepalive.cfg", ["ksr_keepalive_callbacks"], ("no callback is called",)),
        (NATIVE, "keepalive-native.cfg", ["is_alive"], ("has no is_alive;", "of keepalive.NativeHandlers,")),
    ],
)
def test_a_wrong_start_is_told(
    engine: str | None, include: str | None, missing: list[str], told: tuple[str, ...]
) -> None:
    """The cause, the cure, and what goes on meanwhile, for that kind of configuration."""
    fault = adoption_faults.of_start(engine, include, missing)
    assert fault is not None
    text = fault.text("1")
    assert all(part in text for part in told), text


@pytest.mark.parametrize(
    ("engine", "include", "missing"),
    [
        (NATIVE, "keepalive-native.cfg", []),
        (NATIVE, "keepalive-native.cfg", ["ksr_request_route"]),
        (NATIVE, None, []),
        (PYTHON, "keepalive.cfg", []),
        (PYTHON, "keepalive.cfg", ["is_alive", "is_down", "state"]),
        (None, None, []),
        ("lua", "keepalive.cfg", ["ksr_request_route"]),
        ("lua", "keepalive.cfg", ALL),
    ],
)
def test_a_right_start_is_none(engine: str | None, include: str | None, missing: list[str]) -> None:
    """Nothing is told of what is right, and of what can't be known yet."""
    assert adoption_faults.of_start(engine, include, missing) is None


@pytest.mark.parametrize("name", TIMERS)
@pytest.mark.parametrize(
    ("engine", "cure"),
    [
        (NATIVE, "needs a route[{}]"),
        (PYTHON, "of keepalive.Handlers, and keep its {}"),
        ("lua", "keepalive.lua"),
        ("jsdt", "keepalive.js"),
        (None, "native routes need keepalive-native.cfg"),
    ],
)
def test_a_timer_that_does_not_call_is_named(name: str, engine: str | None, cure: str) -> None:
    """With the cure; what is_alive says is another thing without pings than without the rest."""
    fault = adoption_faults.of_timers(engine, [other for other in TIMERS if other != name])
    assert fault is not None
    assert fault.cause == f"{name} was never called"
    assert cure.format(name) in fault.cure
    assert ("says 2" in fault.text("2")) is (name == "ksr_keepalive_tick")


def test_timers_that_do_not_call_are_one_fault() -> None:
    """It says of several that there are more, and of all of them that no ping has left."""
    some = adoption_faults.of_timers(NATIVE, ["ksr_keepalive_tick", "ksr_keepalive_callbacks"])
    none = adoption_faults.of_timers(NATIVE, [])
    assert some is not None
    assert some.cause == "ksr_keepalive_watch was never called, nor 2 more of the timers"
    assert none is not None
    assert "no ping has left" in none.cause
    assert adoption_faults.of_timers(NATIVE, list(TIMERS)) is None


@pytest.mark.parametrize(
    ("engine", "cures"),
    [
        (NATIVE, ["route(ksr_keepalive_local_request);"]),
        (PYTHON, ["keepalive.on_tm_event(event)"]),
        ("lua", ["ksr_keepalive_tm_event"]),
        (None, ["route(ksr_keepalive_local_request);", "keepalive.on_tm_event(event)"]),
    ],
)
def test_the_cure_of_the_event_is_that_of_the_configuration(engine: str | None, cures: list[str]) -> None:
    """If the kind is not known, both are told."""
    text = adoption_faults.of_event(engine).text("1")
    assert all(cure in text for cure in cures)
    assert ("route(" in text) is (engine in (NATIVE, None))


@pytest.mark.parametrize(
    ("engine", "lost", "told"),
    [
        (NATIVE, REPLY, "an onreply_route[ksr_keepalive_reply]"),
        (NATIVE, FAILURE, "a failure_route[ksr_keepalive_failure]"),
        (PYTHON, REPLY, "a function ksr_keepalive_reply, and no t_on_reply"),
        (PYTHON, FAILURE, "found out late"),
        (NATIVE, adoption_faults.DROPPED, "drops what it sends to itself"),
    ],
)
def test_what_a_ping_to_oneself_shows_is_told(engine: str, lost: str, told: str) -> None:
    """Each has a cure of its own."""
    assert told in adoption_faults.of_self_ping(engine, lost).text("1")


def test_a_language_is_told_what_it_has_to_load() -> None:
    """Native routes and Python have nothing to load."""
    assert "Lua: unless its script loads keepalive.lua" in adoption_faults.needed_of("lua")
    assert "JavaScript: unless its script loads keepalive.js" in adoption_faults.needed_of("jsdt")
    assert adoption_faults.needed_of(NATIVE) == adoption_faults.needed_of(PYTHON) == ""
