"""Each change is looked at in its time, whether memory had room to tell of it or not."""

import sys
from itertools import count
from types import ModuleType

import pytest

from conftest import FakeServer

A = "sip:192.168.10.20"
B = "sip:192.168.10.21"
SECOND = 1_000_000


def test_a_flood_of_news_keeps_nobody_from_being_found(server: FakeServer, mocker) -> None:
    """What was there before the prober is asked in time, however much is announced meanwhile."""
    server.define("destinations", " ".join(f"10.0.0.{n + 1}" for n in range(200)))
    keepalive = server.process()
    server.answer(200, 2)
    server.process()
    begin = len(server.ksr.sent)
    changes = sys.modules["keepalive_core.services.prober"].the_prober._changes

    for _ in range(40):
        # Each look at its clock costs it a part of the tick.
        later = count(step=2000)
        mocker.patch.object(changes, "_clock", side_effect=lambda later=later: server.now + next(later))
        for turn in range(60):
            keepalive.ping_now(f"10.0.0.{turn % 3 + 1}")
        server.tick()
    assert len({ping.uri for ping in server.ksr.sent[begin:]}) == 200


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
    for _ in range(1200):
        keepalive.report_failure("10.0.0.1", "a call")
        before = len(server.ksr.sent)
        server.tick()
        for ping in server.ksr.sent[before:]:
            server.ksr.reply(ping, 200)
    assert 5 <= keys.call_count <= 7
    assert looks.call_count < 60 * 20
    assert len([line for line in server.ksr.lines("err") if "is not pinged sooner" in line]) == 1


def test_wishes_do_not_fill_memory_while_the_prober_stands_still(
    keepalive: ModuleType, server: FakeServer
) -> None:
    """A prober that waits for a name server finds a limited number of wishes; changes are not among those."""
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


def test_a_deletion_that_could_not_be_announced_is_noticed(
    keepalive: ModuleType, server: FakeServer, mocker
) -> None:
    """If memory has no room to tell the prober of a deletion, it finds out, and pings no more."""
    keepalive.add_destination(A, "me")
    server.answer(200, 32)
    from keepalive_core.kamailio import queues

    mocker.patch.object(queues, "_enqueue", side_effect=queues.SharedMemoryFull("an entry"))
    assert keepalive.del_destination(A, "me") == 0
    assert keepalive.state(A) == -1
    server.tick(5)
    sent = len(server.ksr.sent)
    server.tick(65)
    assert len(server.ksr.sent) == sent
