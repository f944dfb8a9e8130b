"""A wish or a change brings a ping forward and never puts it off, however often it comes."""

from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from types import ModuleType

import pytest

from conftest import FakeServer

A = "sip:192.168.10.20"
SECOND = 1_000_000

# What is asked for faster than a tick comes, by the calls of a busy server or by a script.
WISHES: dict[str, Callable[[ModuleType], object]] = {
    "ping_now": lambda keepalive: keepalive.ping_now(A),
    "report_success": lambda keepalive: keepalive.report_success(A, "a call"),
    "report_failure": lambda keepalive: keepalive.report_failure(A, "a call"),
    "report_reply": lambda keepalive: keepalive.report_reply(A, 503),
    "good and bad replies": lambda keepalive: (
        keepalive.report_reply(A, 200),
        keepalive.report_reply(A, 503),
    ),
}


def times_of_pings(
    server: FakeServer, seconds: float, between: Callable[[], object], behind: Callable[[], object] = int
) -> list[int]:
    """Let time pass, do something before and behind each tick, and return when pings left, us."""
    # A real tick never comes at the first moment of a slot.
    server.now += 1234 - server.now % 10_000
    times = []
    for _ in range(round(seconds * 20)):
        between()
        before = len(server.ksr.sent)
        server.tick()
        times += [server.now] * (len(server.ksr.sent) - before)
        for ping in server.ksr.sent[before:]:
            server.ksr.reply(ping, 200)
        behind()
    return times


def are_a_second_apart(times: list[int], interval: int) -> bool:
    """Say whether pings are a second apart, but for one in each interval, s, that left in its turn."""
    hasty = sum(later - sooner < SECOND for sooner, later in pairwise(times))
    return hasty <= (times[-1] - times[0]) // (interval * SECOND) + 1


@pytest.mark.parametrize("wish", WISHES.values(), ids=WISHES)
def test_wishes_at_any_rate_are_heard_once_a_second(
    keepalive: ModuleType, server: FakeServer, wish: Callable[[ModuleType], object]
) -> None:
    """Twenty a second bring a ping each second, beside the one in its turn."""
    keepalive.add_destination(A, "me", ping_interval=30, ping_interval_pending=20)
    server.answer(200, 2)
    times = times_of_pings(server, 20, lambda: wish(keepalive))
    assert 19 <= len(times) <= 21
    assert are_a_second_apart(times, 30)


@pytest.mark.parametrize("wish", WISHES.values(), ids=WISHES)
def test_a_gateway_that_is_back_comes_up_while_calls_fail(
    keepalive: ModuleType, server: FakeServer, wish: Callable[[ModuleType], object]
) -> None:
    """The ping that is due finds that it is back, whatever is asked for meanwhile."""
    keepalive.add_destination(A, "me", ping_interval=5, rise=1, passive_min=1000)
    server.answer(503, 6)
    assert keepalive.state(A) == keepalive.DOWN
    states: list[int] = []
    times_of_pings(server, 6, lambda: wish(keepalive), lambda: states.append(keepalive.state(A)))
    assert keepalive.UP in states


CHANGES: dict[str, Callable[[ModuleType, FakeServer, int], object]] = {
    "an owner's options": lambda keepalive, _, turn: keepalive.add_destination(
        A, "me", ping_interval=4 + turn % 3, fall=1 + turn % 2
    ),
    "the interval": lambda keepalive, server, turn: server.define("ping_interval", str(4 + turn % 3)),
    "maintenance": lambda keepalive, _, turn: keepalive.set_admin(A, ("maint", "ready")[turn % 2]),
    "a drain": lambda keepalive, _, turn: keepalive.set_admin(A, ("drain", "ready")[turn % 2]),
    "a pause": lambda keepalive, _, turn: (keepalive.pause if turn // 20 % 2 else keepalive.resume)(),
    "another registration": lambda keepalive, *_: (
        keepalive.del_destination(A, "me"),
        keepalive.add_destination(A, "me", ping_interval=4),
    ),
    "away and back": lambda keepalive, _, turn: (
        keepalive.del_destination(A, "me") if turn % 2 else keepalive.add_destination(A, "me")
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_changes_at_any_rate_put_no_ping_off(
    keepalive: ModuleType,
    server: FakeServer,
    change: Callable[[ModuleType, FakeServer, int], object],
) -> None:
    """Changed with each tick, it is pinged once in its longest interval, and out of turn once a second."""
    keepalive.add_destination(A, "me", ping_interval=4)
    server.answer(200, 5)
    turns = iter(range(1000))
    times = times_of_pings(server, 40, lambda: change(keepalive, server, next(turns)))
    assert all(later - sooner <= 6.2 * SECOND for sooner, later in pairwise(times))
    assert are_a_second_apart(times, 4)
    assert len(times) >= 40 // 6 - 1


def test_a_weaker_wish_takes_nothing_from_a_stronger_one(keepalive: ModuleType, server: FakeServer) -> None:
    """ping_now asks although calls go well; a call that is reported meanwhile does not change that."""
    keepalive.add_destination(A, "me", ping_interval=5, ping_skip_if_fresh=3600)
    server.answer(200, 2)
    keepalive.report_reply(A, 200)
    keepalive.ping_now(A)
    keepalive.report_success(A, "a call")
    sent = len(server.ksr.sent)
    server.tick(1.2)
    assert len(server.ksr.sent) == sent + 1


def test_all_get_their_turn_however_much_is_wished_for(server: FakeServer) -> None:
    """If more is wished for than may be sent, who has waited for longest comes first, wishes or not."""
    uris = [f"sip:10.0.{n // 250}.{n % 250 + 1}" for n in range(4000)]
    server.define("destinations", " ".join(uris))
    server.define("ping_interval", "60")
    keepalive = server.process()
    server.answer(200, 3)
    begin = len(server.ksr.sent)

    for _ in range(12):
        for uri in uris[:3000]:
            keepalive.ping_now(uri)
        times_of_pings(server, 0.2, int)
    sent = Counter(ping.uri for ping in server.ksr.sent[begin:])
    assert set(uris[:3000]) <= set(sent)
    assert max(sent.values()) <= 3
    times_of_pings(server, 58, int)
    assert set(uris) == {ping.uri for ping in server.ksr.sent[begin:]}


def test_wishes_of_many_put_nobodys_turn_off(server: FakeServer) -> None:
    """If more is wished for than may be sent out of turn, the intervals hold all the same."""
    uris = [f"sip:10.0.{n // 250}.{n % 250 + 1}" for n in range(1000)]
    quick = [f"sip:10.1.0.{n + 1}" for n in range(20)]
    server.define("destinations", " ".join(uris))
    server.define("ping_interval", "3600")
    keepalive = server.process()
    for uri in quick:
        keepalive.add_destination(uri, "me", ping_interval=2)
    server.answer(200, 3)
    begin = len(server.ksr.sent)
    for _ in range(20):
        for uri in uris + quick:
            keepalive.report_success(uri)
        times_of_pings(server, 0.5, int)
    sent = Counter(ping.uri for ping in server.ksr.sent[begin:])
    assert all(5 <= sent[uri] <= 11 for uri in quick)
    assert max(sent[uri] for uri in uris) <= 2
    assert sum(sent[uri] for uri in uris) > 300, "the budget is used"


def test_a_first_ping_waits_for_its_time_not_for_an_interval(
    keepalive: ModuleType, server: FakeServer
) -> None:
    """Never pinged, as calls kept it fresh, a destination takes a new interval at once."""
    keepalive.add_destination(A, "me", ping_interval=3600, ping_skip_if_fresh=3)
    keepalive.report_reply(A, 200)
    server.tick(2)
    assert server.ksr.sent == []
    keepalive.add_destination(A, "me", ping_interval=5)
    server.tick(6)
    assert len(server.ksr.sent) == 1


def test_after_maintenance_it_is_asked_soon(keepalive: ModuleType, server: FakeServer) -> None:
    """What was known before is as old as the maintenance was long."""
    keepalive.add_destination(A, "me", ping_interval=3600)
    server.answer(200, 2)
    keepalive.set_admin(A, "maint")
    server.answer(200, 30)
    sent = len(server.ksr.sent)
    keepalive.set_admin(A, "ready")
    server.answer(200, 0.2)
    assert len(server.ksr.sent) == sent + 1
