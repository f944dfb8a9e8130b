"""A wish or a change brings a ping forward and never puts it off, however often it comes."""

from collections import Counter
from collections.abc import Callable
from itertools import count, pairwise
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
    """Where more is wished for than may be sent, who has waited for longest comes first, wishes or not."""
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
    """Where more is wished for than may be sent out of turn, the intervals hold all the same."""
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


def test_pauses_in_a_row_put_nobody_off(server: FakeServer) -> None:
    """Each second paused or resumed, with more destinations than a second can ask, all are asked."""
    uris = [f"sip:10.0.{n // 250}.{n % 250 + 1}" for n in range(5000)]
    server.define("destinations", " ".join(uris))
    server.define("ping_interval", "600")
    keepalive = server.process()
    server.answer(200, 6)
    begin = len(server.ksr.sent)
    for _ in range(12):
        keepalive.pause()
        server.answer(200, 1)
        keepalive.resume()
        server.answer(200, 1)
    sent = [ping.uri for ping in server.ksr.sent[begin:]]
    assert set(sent) == set(uris)


def test_a_flood_of_news_keeps_nobody_from_being_found(server: FakeServer, mocker) -> None:
    """What was there before the prober is asked in time, however much is announced meanwhile."""
    server.define("destinations", " ".join(f"10.0.0.{n + 1}" for n in range(200)))
    keepalive = server.process()
    server.answer(200, 2)
    server.process()
    begin = len(server.ksr.sent)
    import keepalive_core.services.prober as room

    for _ in range(40):
        # Each look at its clock costs it a part of the tick.
        later = count(step=2000)
        mocker.patch.object(room.prober, "_clock", side_effect=lambda later=later: server.now + next(later))
        for turn in range(60):
            keepalive.ping_now(f"10.0.0.{turn % 3 + 1}")
        server.tick()
    assert len({ping.uri for ping in server.ksr.sent[begin:]}) == 200


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


def test_info_says_why_it_is_not_pinged(server: FakeServer) -> None:
    """Each reason, at once and in any process; where more than one holds, the widest."""
    server.ksr.settings["enabled"] = "0"
    keepalive = server.process()
    options = {"ping_interval": 5, "ping_timeout": 100, "ping_skip_if_fresh": 10}
    keepalive.add_destination(A, "me", **options)

    def reason() -> object:
        return keepalive.info(A)["not_pinged_because"]

    assert reason() == "not started"
    server.tick(1)
    assert reason() == "disabled"
    server.ksr.settings["enabled"] = "1"
    server.answer(200, 2)
    assert reason() == ""
    keepalive.report_reply(A, 200)
    assert reason() == "fresh calls"
    server.ksr.reply_headers = {"Retry-After": "20"}
    keepalive.ping_now(A)
    server.answer(503, 2)
    assert reason() == "Retry-After"
    keepalive.set_admin(A, "maint")
    assert reason() == "maintenance"
    keepalive.pause()
    assert reason() == "paused"
    server.ksr.settings["enabled"] = "0"
    server.tick(1)
    assert reason() == "disabled"
    sent = len(server.ksr.sent)
    server.ksr.settings["enabled"] = "1"
    keepalive.resume()
    keepalive.set_admin(A, "drain")
    server.answer(200, 15)
    assert len(server.ksr.sent) == sent, "it asked for 20 s"
    server.answer(200, 10)
    assert len(server.ksr.sent) > sent


# --- what memory had no room to tell of ---


def test_maintenance_of_which_memory_could_not_tell(keepalive: ModuleType, server: FakeServer) -> None:
    """It is set all the same: within seconds no ping leaves, and it ends in its time."""
    keepalive.add_destination(A, "me", ping_interval=1)
    server.answer(200, 2)
    server.ksr.room_left = 1
    assert keepalive.set_admin(A, "maint", 0.01) == 0
    assert not server.ksr.queues["keepalive_changes_0"], "there was no room"
    assert keepalive.is_alive(A) == 2
    server.answer(200, 30)
    assert keepalive.is_alive(A) == 1, "its end was found, and memory is full yet"
    sent = len(server.ksr.sent)
    server.answer(200, 5)
    assert len(server.ksr.sent) >= sent + 4


@pytest.mark.parametrize("what", ["a pace", "a drain", "a hold"])
def test_a_verdict_of_which_memory_could_not_tell(
    keepalive: ModuleType, server: FakeServer, what: str
) -> None:
    """What follows is done within seconds: the pace of a destination that is down, the end of a drain."""
    options = {"ping_interval": 3600, "ping_interval_down": 1, "drain_codes": "480", "drain_time": 5}
    keepalive.add_destination(A, "me", **options, ping_timeout=100)
    server.answer(200, 2)
    if what == "a hold":
        server.ksr.reply_headers = {"Retry-After": "20"}
    server.ksr.room_left = 1
    keepalive.ping_now(A)
    while len(server.ksr.sent) < 2:
        server.tick()
    server.ksr.room_left = 0
    server.ksr.reply(server.ksr.sent[1], {"a pace": 500, "a drain": 480, "a hold": 503}[what], "Reason")
    assert not server.ksr.queues["keepalive_changes_0"], "there was no room"
    server.ksr.room_left = None
    if what == "a pace":
        server.answer(200, 15)
        assert keepalive.state(A) == keepalive.UP
    else:
        assert keepalive.is_alive(A) == 2
        server.tick(30)
        assert keepalive.info(A)["drained_until"] == 0


def test_full_memory_does_not_have_all_looked_at_all_the_time(
    keepalive: ModuleType, server: FakeServer, mocker
) -> None:
    """While nothing can be announced, all are looked at once in ten seconds."""
    for number in range(20):
        keepalive.add_destination(f"10.0.0.{number + 1}", "me")
    server.answer(200, 2)
    from keepalive_core.kamailio import destination_rows

    looks = mocker.spy(destination_rows, "registration")
    server.ksr.room_left = 0
    keys = mocker.spy(destination_rows, "monitored_keys")
    times_of_pings(server, 60, lambda: keepalive.report_failure("10.0.0.1", "a call"))
    assert 5 <= keys.call_count <= 7
    assert looks.call_count < 60 * 20
    assert len([line for line in server.ksr.lines("err") if "is not pinged sooner" in line]) == 1


def test_wishes_do_not_fill_memory_while_the_prober_stands_still(
    keepalive: ModuleType, server: FakeServer
) -> None:
    """A prober that waits for a name server finds so many wishes and no more; changes are not among those."""
    keepalive.add_destination(A, "me")
    server.answer(200, 2)
    queue = server.ksr.queues["keepalive_changes_0"]
    queue.extend([(f"{A}:5060", "soon")] * 19_999)
    for _ in range(3):
        assert keepalive.report_success(A, "a call") == 0
    assert len(queue) == 20_000
    assert keepalive.ping_now(A) == 0
    assert keepalive.add_destination("sip:192.168.10.21", "me") == 0
    assert len(queue) == 20_002
    server.answer(200, 2)
    assert not queue
    assert keepalive.state("sip:192.168.10.21") == keepalive.UP
