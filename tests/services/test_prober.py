"""The tick: pings leave in time, results of any order and kind do what they should."""

from types import ModuleType

import pytest

from conftest import FakeServer
from keepalive_core.rules.parameters import PARAMETERS

A = "sip:192.168.10.20"


def test_pings_leave_once_an_interval(up: ModuleType, server: FakeServer) -> None:
    """One ping an interval, for ever, whether it is up or down."""
    server.next_ping()
    for _ in range(5):
        began = server.now
        server.next_ping()
        assert 29_900_000 <= server.now - began <= 30_100_000
    assert up.state(A) == up.DOWN


def test_late_and_double_results_change_nothing(up: ModuleType, server: FakeServer) -> None:
    """After the deadline, a late reply and a late timeout; after a newer ping's result, an older one's."""
    old = server.next_ping()
    server.tick(5)
    assert up.state(A) == up.DOWN
    server.ksr.reply(old, 200)
    server.ksr.time_out(old)
    assert up.state(A) == up.DOWN
    new = server.next_ping()
    server.ksr.reply(new, 200)
    for late in (old, new):
        server.ksr.reply(late, 503)
        server.ksr.time_out(late)
    assert up.state(A) == up.UP
    assert len(server.ksr.lines("notice")) == 3


def test_results_for_the_deleted_and_the_added_again_change_nothing(
    up: ModuleType, server: FakeServer
) -> None:
    """A reply for a destination that is gone, or that is a new registration, is dropped without a word."""
    ping = server.next_ping()
    up.del_destination(A, "me")
    server.ksr.reply(ping, 503)
    assert up.state(A) == -1
    up.add_destination(A, "me")
    server.ksr.reply(ping, 503)
    server.tick(1)
    assert up.state(A) == 0
    server.ksr.reply(server.ksr.sent[-1], 200)
    assert len([line for line in server.ksr.lines("notice") if "503" in line]) == 0
    assert server.ksr.lines("err") == []


def test_a_deleted_destination_is_pinged_no_more(up: ModuleType, server: FakeServer) -> None:
    """From the tick after the deletion no ping leaves, and no deadline comes."""
    server.next_ping()
    up.del_destination(A, "me")
    sent = len(server.ksr.sent)
    server.tick(65)
    assert len(server.ksr.sent) == sent
    assert server.ksr.lines("err") == []


def test_many_destinations_are_never_sent_in_one_burst(server: FakeServer) -> None:
    """Of 2,000 destinations no tick sends more than it may; the rate is even from the second round."""
    server.define("destinations", " ".join(f"10.0.{n // 250}.{n % 250 + 1}" for n in range(2000)))
    server.process()
    rates = []
    for _ in range(1240):
        before = len(server.ksr.sent)
        server.tick()
        rates.append(len(server.ksr.sent) - before)
        for ping in server.ksr.sent[before:]:
            server.ksr.reply(ping, 200)
    assert max(rates) == 100
    known = {ping.uri for ping in server.ksr.sent[: sum(rates[:24])]}
    assert len(known) == 2000, "all known within little more than a second"
    steady = rates[620:1220]
    assert sum(steady) == 2000
    assert max(steady) <= 7, "67 a second"


def test_after_a_stall_pings_are_caught_up_evenly(server: FakeServer) -> None:
    """A process that stood still for a minute sends what is overdue in a stream."""
    server.define("destinations", " ".join(f"10.0.{n // 250}.{n % 250 + 1}" for n in range(1000)))
    server.process()
    server.answer(200, 40)
    server.now += 60_000_000
    before = len(server.ksr.sent)
    rates = []
    while sum(rates) < 1000:
        server.tick()
        rates.append(len(server.ksr.sent) - before - sum(rates))
        assert 1 <= rates[-1] <= 100, rates
    assert len(rates) <= 20
    assert len({ping.uri for ping in server.ksr.sent[before:]}) == 1000, "none twice"


def test_the_prober_finds_what_was_there_before_it(keepalive: ModuleType, server: FakeServer) -> None:
    """A prober that starts anew takes over all destinations with their states."""
    for number in range(5):
        keepalive.add_destination(f"10.0.0.{number + 1}", "me")
    server.tick(1)
    for ping in server.ksr.sent:
        server.ksr.reply(ping, 200)
    server.process()
    server.answer(200)
    assert len({ping.uri for ping in server.ksr.sent[5:]}) == 5
    assert keepalive.state("10.0.0.1") == 1
    assert len(server.ksr.lines("notice")) == 5, "no change by the change of prober"


def test_an_update_leaves_the_first_ping_where_it_is(keepalive: ModuleType, server: FakeServer) -> None:
    """What changes before a destination's first ping does not put that off by an interval."""
    uris = [f"sip:10.0.0.{number + 1}" for number in range(20)]
    for fall in (1, 3):
        for uri in uris:
            keepalive.add_destination(uri, "me", fall=fall)
        server.tick()
    server.tick(1)
    assert {ping.uri for ping in server.ksr.sent} == set(uris)


@pytest.mark.parametrize("before", [0, 86400])
def test_stale_after_may_be_set_later(up: ModuleType, server: FakeServer, before: int) -> None:
    """A limit that an update sets or shortens holds as one that was there from the start."""
    up.add_destination(A, "me", stale_after=before)
    server.tick(1)
    up.add_destination(A, "me", stale_after=5)
    server.tick(8)
    assert up.state(A) == up.UNKNOWN


def test_a_state_file_out_of_reach_does_not_stop_the_pings(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If Kamailio's user may not search the folder, the destinations are pinged all the same."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.exists", refuse)
    monkeypatch.setattr("pathlib.Path.read_text", refuse)
    monkeypatch.setattr("pathlib.Path.replace", refuse)
    server.define("state_file", "/root/keepalive.json")
    server.define("destinations", "10.0.0.1")
    server.process()
    server.tick(2)
    assert [ping.uri for ping in server.ksr.sent] == ["sip:10.0.0.1"]


def test_a_new_interval_holds_at_once(up: ModuleType, server: FakeServer) -> None:
    """From an hour to five seconds: the next ping does not wait for the end of the hour."""
    up.modparam("ping_interval", 3600)
    server.tick(2)
    server.ksr.settings["ping_interval"] = "5"
    before = len(server.ksr.sent)
    server.tick(16)
    assert 3 <= len(server.ksr.sent) - before <= 4
    assert "keepalive: operator (kamcmd cfg): ping_interval 3600 -> 5" in server.ksr.lines("notice")


def test_a_tick_with_nothing_due_asks_shared_memory_for_changes_alone(
    up: ModuleType, server: FakeServer, mocker
) -> None:
    """Between two pings a tick makes one call: is there a change to look at?"""
    from keepalive_core.kamailio import destination_rows, variables

    server.tick(2)
    names = ("health", "registration", "monitored_keys", "raw")
    spies = [mocker.spy(destination_rows, name) for name in names]
    spies.append(mocker.spy(variables, "configured"))
    calls = []
    for _ in range(20):
        server.tick()
        calls.append(sum(spy.call_count for spy in spies) - sum(calls))
    # Those of a cluster are not asked for by a server that is in none.
    asked = [each for name, each in PARAMETERS.items() if not name.startswith("cluster_")]
    once_a_second = sum(each.at_run_time for each in asked) + 2 + 1
    assert sorted(calls) == [0] * 19 + [once_a_second], "the settings, and a destination, once a second"
