"""Regular pings, and those out of turn, which have a budget of their own."""

from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import FakeServer
from keepalive_core.rules.lanes import Lanes

SECOND = 1_000_000
TICK = 90_000


@given(st.integers(0, 5000), st.integers(0, 5000), st.floats(0, 4000), st.integers(1, 60))
def test_a_second_has_room_for_twice_the_rate(regular: int, others: int, rate: float, ticks: int) -> None:
    """However many wait, out of turn leaves twice the steady rate, and what two ticks keep of it."""
    lanes = Lanes()
    for number in range(regular):
        lanes.put(f"regular {number}", 0)
    for number in range(others):
        lanes.ask(f"other {number}", 0)
    now, left = SECOND, 0
    for _ in range(ticks):
        first, then = lanes.take(now, 100, rate)
        assert all(key.startswith("regular") for key in first)
        assert all(key.startswith("other") for key in then)
        left += len(then)
        now += TICK
    a_second = max(2 * rate, 50)
    assert left <= a_second * (ticks * TICK / SECOND + 0.2)
    assert left >= min(others, int(a_second * (ticks - 1) * TICK / SECOND)) - ticks, "what fits does leave"


def test_nothing_regular_waits() -> None:
    """A thousand that are pending change nothing for those whose turn it is."""
    lanes = Lanes()
    for number in range(1000):
        lanes.ask(f"other {number}", 0)
    lanes.put("regular", SECOND)
    assert lanes.take(SECOND, 100, 1.0)[0] == ["regular"]


def test_what_is_asked_for_waits_for_what_is_regular_alone() -> None:
    """Thousands that somebody asked for leave in what those leave over whose turn it is, at once and all."""
    lanes = Lanes()
    for number in range(300):
        lanes.ask_at_once(f"wished {number}", 0)
        lanes.ask(f"other {number}", 0)
    for number in range(70):
        lanes.put(f"regular {number}", 2 * SECOND)
    first, then = lanes.take(SECOND, 100, 1.0)
    assert first == [f"wished {number}" for number in range(100)]
    assert len(then) == 10
    first, _ = lanes.take(2 * SECOND, 100, 1.0)
    assert first[:70] == [f"regular {number}" for number in range(70)]
    assert first[70:] == [f"wished {number}" for number in range(100, 130)]
    lanes.put("wished 130", 3 * SECOND)
    first, _ = lanes.take(3 * SECOND, 1000, 1.0)
    assert sorted(first) == sorted(f"wished {number}" for number in range(130, 300)), "each is had once"


def test_a_key_is_had_once() -> None:
    """Out of turn or in its turn, whichever comes first, and not at the other time too."""
    lanes = Lanes()
    lanes.put("a", 3 * SECOND)
    lanes.ask("a", 2 * SECOND)
    lanes.ask("a", 4 * SECOND)
    assert lanes.turn("a") == 3 * SECOND
    assert lanes.take(SECOND, 10, 100.0) == ([], [])
    assert lanes.take(2 * SECOND, 10, 100.0) == ([], ["a"])
    assert lanes.take(5 * SECOND, 10, 100.0) == ([], [])
    lanes.put("a", 6 * SECOND)
    lanes.ask("a", 6 * SECOND)
    assert lanes.take(6 * SECOND, 10, 100.0) == (["a"], [])
    assert lanes.take(9 * SECOND, 10, 100.0) == ([], [])


def test_a_key_may_be_put_off_or_left_alone_out_of_turn() -> None:
    """A time before which it is not to be had holds out of turn; its turn is for others to move."""
    lanes = Lanes()
    lanes.ask("a", SECOND)
    lanes.ask("a", SECOND, not_before=2 * SECOND)
    assert lanes.take(SECOND, 10, 100.0) == ([], [])
    assert lanes.take(2 * SECOND, 10, 100.0) == ([], ["a"])
    lanes.put("a", 4 * SECOND)
    lanes.ask("a", 3 * SECOND)
    lanes.leave("a")
    assert lanes.take(3 * SECOND, 10, 100.0) == ([], [])
    lanes.remove("a")
    assert lanes.turn("a") is None
    assert lanes.take(9 * SECOND, 10, 100.0) == ([], [])


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
