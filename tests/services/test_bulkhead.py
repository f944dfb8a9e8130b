"""What fails of one task, or for one destination, is told and is not the others' trouble."""

from types import ModuleType

from conftest import FakeServer

A = "sip:192.168.10.20"
B = "sip:192.168.10.21"
SECOND = 1_000_000


def test_one_destinations_trouble_is_not_the_others(
    keepalive: ModuleType, server: FakeServer, mocker
) -> None:
    """An error while one is pinged is logged; the others are pinged, and it is tried again."""
    import keepalive_core.kamailio.tm as tm

    real = tm.send

    def send(key, *args):
        if "bad" in key:
            raise RuntimeError("trouble")
        return real(key, *args)

    mocker.patch.object(tm, "send", side_effect=send)
    keepalive.add_destination("sip:bad", "me")
    keepalive.add_destination(A, "me")
    server.tick(31)
    assert [ping.uri for ping in server.ksr.sent] == [A, A]
    assert len([line for line in server.ksr.lines("err") if "sip:bad can't be pinged now" in line]) == 2


def test_a_failing_read_stops_no_destination(keepalive: ModuleType, server: FakeServer, mocker) -> None:
    """One read that fails costs one ping at the most."""
    from keepalive_core.kamailio import destination_rows

    keepalive.add_destination(A, "me")
    server.answer(200, 32)
    mocker.patch.object(destination_rows, "health", side_effect=ValueError("torn"))
    server.tick(35)
    mocker.stopall()
    before = len(server.ksr.sent)
    server.tick(65)
    assert len(server.ksr.sent) >= before + 2
    assert keepalive.state(A) == keepalive.DOWN


def test_a_step_of_the_second_that_fails_does_not_keep_pings_from_leaving(
    keepalive: ModuleType, server: FakeServer, mocker
) -> None:
    """If settings can't be published, or a guard's counters have no room, pings and deadlines are in time."""
    from keepalive_core.kamailio import destination_rows, tables
    from keepalive_core.services import cfg_group

    keepalive.add_destination(A, "me", ping_interval=5, ping_timeout=1000)
    server.answer(200, 3)
    mocker.patch.object(cfg_group, "refresh", side_effect=tables.SharedMemoryFull("settings"))
    mocker.patch.object(destination_rows, "monitored_keys", side_effect=RuntimeError("broken"))
    server.ksr.room_left = 0
    before = len(server.ksr.sent)
    server.tick(12)
    assert len(server.ksr.sent) - before >= 2
    assert keepalive.state(A) == keepalive.DOWN, "its deadline was seen"
    assert len([line for line in server.ksr.lines("err") if "can't follow settings now" in line]) == 1


def test_each_message_has_a_minute_of_its_own(server: FakeServer) -> None:
    """What is told of one thing silences nothing else; the same is told again after a minute."""
    server.process()
    from keepalive_core.services.bulkhead import Bulkhead

    bulkhead = Bulkhead(lambda: server.now)
    for _ in range(3):
        bulkhead.tell("%s can't be pinged now", A)
        bulkhead.tell("tm's event did not come")
    assert len(server.ksr.lines("err")) == 2
    server.now += 60 * SECOND
    bulkhead.tell("%s can't be pinged now", B)
    assert len(server.ksr.lines("err")) == 3


def test_what_fails_is_tried_again_a_second_later(server: FakeServer) -> None:
    """One key's error is logged with its name, the others are done, and it has a time to be done again."""
    server.process()
    from keepalive_core.rules.schedule import Timetable
    from keepalive_core.services.bulkhead import Bulkhead

    done, again = [], Timetable()

    def act(key: str) -> None:
        if key == "bad":
            raise RuntimeError("trouble")
        done.append(key)

    Bulkhead(lambda: server.now).for_each(["a", "bad", "b"], act, again)
    assert done == ["a", "b"]
    assert again.take(server.now + SECOND // 2) == []
    assert again.take(server.now + SECOND + SECOND // 10) == ["bad"]
    assert "bad can't be pinged now" in server.ksr.lines("err")[0]
