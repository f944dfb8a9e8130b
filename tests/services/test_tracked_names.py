"""Who tracks a name follows what is found of it; who tracks another one is no name."""

from __future__ import annotations

from types import ModuleType

import pytest

from conftest import FakeServer
from keepalive_testing.names import resolve

NAME = "sip:provider.example"
TRUNK = "sip:trunk@provider.example"
ONE, TWO = "sip:192.168.10.20:5060", "sip:192.168.10.21:5060"


def answer(server: FakeServer, seconds: float, dead: str = "") -> set[str]:
    """Let time pass, in which all but those at some addresses answer; return what the pings were sent to."""
    asked = set()
    for _ in range(round(seconds * 20)):
        before = len(server.ksr.sent)
        server.tick()
        for ping in server.ksr.sent[before:]:
            asked.add(ping.uri)
            address = ping.hop.removeprefix("sip:").partition(":")[0]
            server.ksr.reply(ping, 503 if address and address in dead else 200, address=address)
    return asked


@pytest.fixture
def name(keepalive: ModuleType, server: FakeServer) -> ModuleType:
    """A server with a name of two targets, tracked by TRUNK with a fall of 2; all are up."""
    server.define("dns_expand", "1")
    assert keepalive.add_destination(NAME, "me") == 0
    server.tick()
    resolve(NAME, [ONE, TWO])
    answer(server, 3)
    assert keepalive.add_destination(TRUNK, "me", track=NAME, fall=2) == 0
    answer(server, 1.5)
    assert keepalive.state(NAME) == keepalive.state(TRUNK) == keepalive.UP
    return keepalive


def test_a_tracker_is_no_name_itself(name: ModuleType, server: FakeServer) -> None:
    """Its URI is one, but nobody asks DNS for it, or it; else, when it tracks nothing, it is one again."""
    assert answer(server, 40) == {NAME}
    assert (name.info(TRUNK)["tracks"], name.info(NAME)["tracked_by"]) == (NAME, 1)
    assert name.info(TRUNK)["not_pinged_because"] == ""
    queue = server.ksr.queues["keepalive_names"]
    queue.clear()
    answer(server, 40)
    assert TRUNK not in {key for key, _ in queue}
    name.add_destination(TRUNK, "me")
    server.tick(0.2)
    assert TRUNK in {key for key, _ in queue}


def test_it_follows_changes_and_turns_of_the_name(name: ModuleType, server: FakeServer) -> None:
    """Half a provider takes nothing from it; all of it does, at its own fall; and back."""
    answer(server, 35, dead="192.168.10.21")
    assert name.state(NAME) == name.state(TRUNK) == name.UP
    before = name.info(TRUNK)["ok"]
    for _ in range(32 * 20):
        answer(server, 0.05, dead="192.168.10.20 192.168.10.21")
        if name.state(NAME) == name.DOWN:
            break
    server.tick(0.2)
    assert (name.state(NAME), name.state(TRUNK)) == (name.DOWN, name.UP)
    assert name.info(TRUNK)["consecutive"] == -1
    answer(server, 31, dead="192.168.10.20 192.168.10.21")
    assert name.state(TRUNK) == name.DOWN
    assert name.info(TRUNK)["last_reason"].startswith("0 of 2 targets up")
    answer(server, 31)
    assert name.state(TRUNK) == name.UP
    assert name.info(TRUNK)["ok"] > before


def test_looks_between_turns_do_not_count(name: ModuleType, server: FakeServer) -> None:
    """However often others come that track the name, one that is told to wait for two failures waits."""
    for _ in range(32 * 20):
        answer(server, 0.05, dead="192.168.10.20 192.168.10.21")
        if name.state(NAME) == name.DOWN:
            break
    for number in range(5):
        name.add_destination(f"sip:t{number}@provider.example", "me", track=NAME)
        answer(server, 0.2, dead="192.168.10.20 192.168.10.21")
    assert {name.state(f"sip:t{number}@provider.example") for number in range(5)} == {name.DOWN}
    assert name.info(NAME)["tracked_by"] == 6


def test_an_order_for_it_has_all_targets_pinged(name: ModuleType, server: FakeServer) -> None:
    """As one for the name has."""
    before = len(server.ksr.sent)
    assert name.ping_now(TRUNK) == 0
    server.tick(1.2)
    assert {ping.hop for ping in server.ksr.sent[before:]} == {ONE, TWO}


def test_a_target_may_be_tracked(name: ModuleType, server: FakeServer) -> None:
    """A trunk that has one address of a provider only."""
    target = f"{NAME}#192.168.10.21:5060"
    trunk = "sip:half@192.168.10.21"
    assert name.add_destination(trunk, "me", track=target) == 0
    answer(server, 2)
    assert name.state(trunk) == name.UP
    answer(server, 31, dead="192.168.10.21")
    assert (name.state(trunk), name.state(NAME)) == (name.DOWN, name.UP)


def test_a_group_may_track_a_name_that_is_in_it(name: ModuleType, server: FakeServer) -> None:
    """The name is no tracker then, nor are its targets."""
    name.add_destination(NAME, "me", group="g")
    name.add_destination(TRUNK, "me", group="g")
    name.configure_group("g", track=NAME)
    assert answer(server, 40) == {NAME}
    assert name.info(NAME)["tracks"] == name.info(f"{NAME}#192.168.10.21:5060")["tracks"] == ""
    assert name.info(TRUNK)["tracks"] == NAME
    assert name.info(NAME)["tracked_by"] == 1


def test_a_name_that_becomes_unknown_or_is_not_there(name: ModuleType, server: FakeServer) -> None:
    """Nothing is known of its trackers then; one that DNS does not know is down, and so are they."""
    resolve(NAME, [], fault="no such name")
    answer(server, 62)
    assert name.state(TRUNK) == name.state(NAME)
    assert name.info(TRUNK)["last_reason"] == name.info(NAME)["last_reason"]
