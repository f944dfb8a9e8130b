"""Regular pings, and those out of turn, which have a budget of their own."""

from types import ModuleType

import pytest

from conftest import FakeServer


def test_an_outage_is_asked_within_its_budget(keepalive: ModuleType, server: FakeServer) -> None:
    """2,000 that fall silent at once are asked again at twice the steady rate, and each of them goes down."""
    server.define("fall", "3")
    server.define("ping_interval_pending", "1")
    keepalive = server.process()
    names = [f"sip:192.168.{number // 250}.{number % 250 + 1}" for number in range(2000)]
    for name in names:
        keepalive.add_destination(name, "me")
    server.answer(200, seconds=40)
    assert all(keepalive.state(name) == keepalive.UP for name in names)
    most, rate = 0, 2000 / 30
    for _ in range(90):
        before = len(server.ksr.sent)
        server.tick(1)
        most = max(most, len(server.ksr.sent) - before)
    assert most <= 3 * 1.25 * rate + 50, "the regular ones and twice as many"
    assert all(keepalive.state(name) == keepalive.DOWN for name in names)


@pytest.mark.parametrize(("free", "sent"), [(16, True), (14, False)])
def test_the_last_of_the_memory_is_for_calls(
    keepalive: ModuleType, server: FakeServer, free: int, sent: bool
) -> None:
    """Below 15 % of free shared memory a ping is void, no failure, and that is told once a minute."""
    keepalive.add_destination("sip:192.168.10.20", "me")
    server.answer(200, seconds=2)
    server.ksr.memory["free_size"] = server.ksr.memory["total_size"] * free // 100
    before = len(server.ksr.sent)
    server.answer(200, seconds=100)
    assert (len(server.ksr.sent) > before) == sent
    known = keepalive.info("sip:192.168.10.20")
    assert known["state"] == "up"
    assert (known["void"] > 0) != sent
    assert known["not_pinged_because"] == ("" if sent else "memory is short")
    told = [line for line in server.ksr.lines("err") if "less than 15 % of shared memory is free" in line]
    assert len(told) == (0 if sent else 2)


def test_a_void_ping_that_finds_no_room_costs_no_more(
    keepalive: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If shared memory has no room for what a void ping changes, one of a thousand tries that in a second."""
    names = [f"sip:10.0.{number // 250}.{number % 250}" for number in range(1000)]
    for name in names:
        keepalive.add_destination(name, "me", ping_interval=2)
    server.answer(200, seconds=3)
    from keepalive_core.kamailio.tables import SharedMemoryFull

    tried = []

    def refuse(key: str, *_: object) -> None:
        tried.append(key)
        raise SharedMemoryFull("no room")

    server.ksr.memory["free_size"] = server.ksr.memory["total_size"] // 10
    with monkeypatch.context() as patched:
        patched.setattr("keepalive_core.services.intake.take_silence", refuse)
        server.tick(10)
    probers = 2
    assert 5 <= len(tried) <= probers * 11
    server.tick(4)
    assert all(keepalive.info(name)["void"] > 0 for name in names), "it goes on when there is room again"
