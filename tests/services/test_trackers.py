"""Destinations that track another one: they are not pinged, and judged by what that one's pings show."""

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest

import restarting
from conftest import FakeServer
from counted_calls import Calls
from keepalive_testing.ksr import Transaction

HOST = "sip:192.168.10.20"
TRUNK = "sip:trunk1@192.168.10.20"
OTHER = "sip:trunk2@192.168.10.20"


def uris(pings: Iterable[Transaction]) -> set[str]:
    """To what pings were sent."""
    return {ping.uri for ping in pings}


def retry_after(server: FakeServer, seconds: int) -> None:
    """Let the next ping be answered by a 503 with a Retry-After."""
    ping = server.next_ping()
    server.ksr.reply_headers = {"Retry-After": str(seconds)}
    server.ksr.reply(ping, 503)
    server.ksr.reply_headers = {}


@pytest.fixture
def tracked(up: ModuleType, server: FakeServer) -> ModuleType:
    """A server whose one destination is up, and tracked by TRUNK, with a fall of 2, which is up too."""
    up.add_destination(TRUNK, "me", track=HOST, fall=2)
    server.tick(0.2)
    server.answer(200, 2)
    assert up.state(TRUNK) == up.UP
    return up


def test_a_tracker_is_known_within_a_second_and_never_pinged(up: ModuleType, server: FakeServer) -> None:
    """Its registration has the tracked one asked at once, whose answer counts for both."""
    before = len(server.ksr.sent)
    up.add_destination(TRUNK, "me", track=HOST)
    server.answer(200, 1.5)
    assert up.state(TRUNK) == up.UP
    assert len(server.ksr.sent) == before + 1
    server.answer(200, 100)
    assert uris(server.ksr.sent) == {HOST}
    trunk, host = up.info(TRUNK), up.info(HOST)
    assert (trunk["tracks"], trunk["tracked_by"], trunk["not_pinged_because"]) == (f"{HOST}:5060", 0, "")
    assert (host["tracks"], host["tracked_by"]) == ("", 1)
    assert trunk["ok"] == host["ok"] - 1
    assert trunk["latency_ms"]["last"] == host["latency_ms"]["last"]


def test_a_tracker_has_rules_of_its_own(tracked: ModuleType, server: FakeServer) -> None:
    """Of what one ping shows each makes what its own rise, fall and codes say; each has a history."""
    tracked.add_destination(OTHER, "me", track=HOST, ping_reply_codes="200-299,503")
    server.answer(200, 2)
    server.ksr.reply(server.next_ping(), 503)
    server.tick(0.1)
    assert [tracked.state(each) for each in (HOST, TRUNK, OTHER)] == [tracked.DOWN, tracked.UP, tracked.UP]
    server.ksr.time_out(server.next_ping())
    server.tick(0.1)
    assert [tracked.state(each) for each in (HOST, TRUNK, OTHER)] == [tracked.DOWN] * 3
    assert tracked.info(TRUNK)["last_result"] == "timeout"
    assert tracked.info(TRUNK)["timeouts"] == 1
    assert [each["to"] for each in tracked.info(TRUNK)["history"]] == ["up", "down"]
    server.answer(200, 31)
    assert [tracked.state(each) for each in (HOST, TRUNK, OTHER)] == [tracked.UP] * 3


def test_a_tracker_never_has_a_ping_of_its_own(tracked: ModuleType, server: FakeServer) -> None:
    """Whatever is wished for it is wished for the one that it tracks: an order, a report, a new interval."""
    for order in (
        lambda: tracked.ping_now(TRUNK),
        lambda: tracked.report_failure(TRUNK, "seen"),
        lambda: tracked.set_admin(TRUNK, "maint"),
        lambda: tracked.set_admin(TRUNK, "ready"),
        lambda: tracked.add_destination(TRUNK, "me", track=HOST, fall=2, ping_interval=1),
    ):
        before = len(server.ksr.sent)
        order()
        server.answer(200, 3)
        assert uris(server.ksr.sent[before:]) <= {HOST}
        if order.__code__.co_names[0] == "ping_now":
            assert len(server.ksr.sent) > before


def test_what_calls_show_counts_for_the_one_that_they_went_to(
    tracked: ModuleType, server: FakeServer
) -> None:
    """Of trackers the tracked one learns nothing, and they nothing of it."""
    for _ in range(10):
        tracked.report_reply(TRUNK, 503)
    server.answer(200, 0.1)
    assert (tracked.state(TRUNK), tracked.state(HOST)) == (tracked.DOWN, tracked.UP)
    tracked.add_destination(OTHER, "me", track=HOST)
    server.answer(200, 2)
    for _ in range(10):
        tracked.report_reply(HOST, 503)
    server.tick(0.1)
    assert (tracked.state(OTHER), tracked.state(HOST)) == (tracked.UP, tracked.DOWN)


def test_a_drain_is_each_ones_own(tracked: ModuleType, server: FakeServer) -> None:
    """A 503 with Retry-After drains who honors it, until its time is over or a ping goes well."""
    tracked.add_destination(OTHER, "me", track=HOST, honor_retry_after=0)
    server.answer(200, 2)
    retry_after(server, 60)
    server.tick(0.3)
    assert [tracked.info(each)["drained"] for each in (HOST, TRUNK, OTHER)] == [1, 1, 0]
    assert [tracked.is_alive(each) for each in (HOST, TRUNK, OTHER)] == [2, 2, 2]
    assert [tracked.state(each) for each in (HOST, TRUNK, OTHER)] == [1, 1, 2]
    assert tracked.info(TRUNK)["drained_until"] == tracked.info(HOST)["drained_until"]
    assert tracked.info(TRUNK)["not_pinged_because"] == "track: Retry-After"
    asked, follows = (line for line in server.ksr.lines("warn") if "drained" in line)
    assert f"{HOST}:5060 asked for no calls, and is drained: 503" in asked
    assert f" is drained, as {HOST}:5060 is: 503" in follows
    server.tick(58)
    assert tracked.is_alive(TRUNK) == 2
    server.answer(200, 5)
    assert [tracked.is_alive(each) for each in (HOST, TRUNK, OTHER)] == [1, 1, 1]


def test_the_end_of_a_drain_needs_no_answer(tracked: ModuleType, server: FakeServer) -> None:
    """It ends by itself, as the tracked one's does, if that one is not there any more."""
    retry_after(server, 60)
    server.tick(0.3)
    tracked.del_destination(HOST, "me")
    server.tick(64)
    assert tracked.is_alive(TRUNK) == 1
    assert tracked.info(TRUNK)["drained_until"] == 0


def test_who_is_in_maintenance_learns_nothing(tracked: ModuleType, server: FakeServer) -> None:
    """Neither a tracker that is, nor those of a tracked one that is; it goes on when that is over."""
    tracked.set_admin(TRUNK, "maint")
    server.ksr.reply(server.next_ping(), 503)
    server.ksr.reply(server.next_ping(), 503)
    server.tick(0.2)
    assert (tracked.state(TRUNK), tracked.info(TRUNK)["failed"]) == (tracked.UP, 0)
    assert tracked.info(TRUNK)["not_pinged_because"] == "maintenance"
    tracked.set_admin(TRUNK, "ready")
    server.answer(503, 3)
    assert tracked.info(TRUNK)["failed"] >= 1
    server.answer(200, 31)
    tracked.set_admin(HOST, "maint")
    server.tick(0.1)
    assert tracked.info(TRUNK)["not_pinged_because"] == "track: maintenance"
    assert tracked.is_alive(TRUNK) == 1, "an administrator's word is of the one that it names"
    server.tick(550)
    assert tracked.state(TRUNK) == tracked.UP
    server.tick(100)
    assert tracked.state(TRUNK) == tracked.UNKNOWN
    assert tracked.info(TRUNK)["last_reason"].startswith("no fresh result for 600 s")
    tracked.set_admin(HOST, "ready")
    server.answer(200, 2)
    assert tracked.state(TRUNK) == tracked.UP


def test_stale_after_is_a_trackers_own(tracked: ModuleType, server: FakeServer) -> None:
    """It becomes unknown when nothing was learned for that long, whatever the tracked one says."""
    tracked.add_destination(TRUNK, "me", track=HOST, stale_after=45)
    server.answer(200, 61)
    assert tracked.state(TRUNK) == tracked.UP
    tracked.set_admin(HOST, "maint")
    server.tick(60)
    assert (tracked.state(TRUNK), tracked.state(HOST)) == (tracked.UNKNOWN, tracked.UP)


def test_what_could_not_be_sent_is_void_for_all(tracked: ModuleType, server: FakeServer) -> None:
    """It has no verdict for those that track it either; the log names the one that is pinged alone."""
    tracked.add_destination(HOST, "me", ping_socket="udp:192.168.10.1:5060")
    server.missing_addresses.add("192.168.10.1")
    server.tick(100)
    trunk, host = tracked.info(TRUNK), tracked.info(HOST)
    assert host["void"] > 1
    assert (trunk["void"], trunk["state"]) == (host["void"], "up")
    assert trunk["not_pinged_because"] == f"track: {host['not_pinged_because']}" == "track: no such address"
    server.tick(400)
    assert [tracked.state(each) for each in (HOST, TRUNK)] == [tracked.UNKNOWN] * 2
    assert not [line for line in server.ksr.lines("warn") if TRUNK in line]
    server.missing_addresses.clear()
    server.answer(200, 2)
    assert [tracked.state(each) for each in (HOST, TRUNK)] == [tracked.UP] * 2


def test_silence_counts_for_all(tracked: ModuleType, server: FakeServer) -> None:
    """Whoever finds out that a ping has no end."""
    server.next_ping()
    server.tick(5)
    assert tracked.info(HOST)["last_result"] == tracked.info(TRUNK)["last_result"] == "lost"


def test_late_results_change_nothing(tracked: ModuleType, server: FakeServer) -> None:
    """What is old news to the tracked one is told to nobody."""
    old = server.next_ping()
    server.tick(5)
    assert tracked.info(TRUNK)["failed"] == 1
    server.ksr.reply(old, 200)
    server.ksr.time_out(old)
    server.tick(0.2)
    assert tracked.info(TRUNK)["failed"] == 1
    assert tracked.info(TRUNK)["consecutive"] == -1
    assert tracked.info(HOST)["state"] == "down"


def test_a_tracker_that_is_added_again_begins_anew(tracked: ModuleType, server: FakeServer) -> None:
    """It is another registration, which is known within a second."""
    tracked.del_destination(TRUNK, "me")
    tracked.add_destination(TRUNK, "me", track=HOST)
    assert tracked.state(TRUNK) == tracked.UNKNOWN
    server.answer(200, 2)
    assert (tracked.state(TRUNK), tracked.info(TRUNK)["ok"]) == (tracked.UP, 1)
    tracked.del_destination(TRUNK, "me")
    server.tick(0.2)
    assert tracked.info(HOST)["tracked_by"] == 0
    assert server.ksr.tables["keepalive_tracked"] == {}


def test_what_is_tracked_may_come_later_and_go(keepalive: ModuleType, server: FakeServer) -> None:
    """A tracker waits for it, which one line tells, and goes on as soon as it is there again."""
    keepalive.add_destination(TRUNK, "me", track=HOST)
    keepalive.add_destination(OTHER, "me", track=HOST)
    server.tick(8)
    assert server.ksr.lines("warn") == []
    server.tick(60)
    assert [line for line in server.ksr.lines("warn") if "is not monitored" in line] == [
        f"keepalive: {TRUNK}:5060, as 1 others do, tracks {HOST}:5060, and nothing is learned of it: "
        f"{HOST}:5060 is not monitored"
    ]
    assert keepalive.info(TRUNK)["not_pinged_because"] == "track: not monitored"
    assert keepalive.state(TRUNK) == keepalive.UNKNOWN
    keepalive.add_destination(HOST, "me")
    server.answer(200, 2)
    assert keepalive.state(TRUNK) == keepalive.state(OTHER) == keepalive.UP
    assert keepalive.info(TRUNK)["not_pinged_because"] == ""
    keepalive.del_destination(HOST, "me")
    server.tick(15)
    assert keepalive.state(TRUNK) == keepalive.UP
    assert len([line for line in server.ksr.lines("warn") if "is not monitored" in line]) == 2
    server.tick(620)
    assert keepalive.state(TRUNK) == keepalive.UNKNOWN
    keepalive.add_destination(HOST, "me")
    server.answer(200, 2)
    assert keepalive.state(TRUNK) == keepalive.UP


def test_track_may_be_changed_and_taken_back(tracked: ModuleType, server: FakeServer) -> None:
    """Who tracks nothing any more is pinged within a second; who tracks another one follows that."""
    tracked.add_destination(TRUNK, "me", fall=2)
    before = len(server.ksr.sent)
    server.answer(200, 1.5)
    assert TRUNK in uris(server.ksr.sent[before:])
    assert tracked.info(HOST)["tracked_by"] == 0
    other = "sip:192.168.10.21"
    tracked.add_destination(other, "me")
    tracked.add_destination(TRUNK, "me", track=other)
    server.answer(200, 2)
    failed = tracked.info(TRUNK)["failed"]
    for _ in range(3):
        ping = server.next_ping()
        server.ksr.reply(ping, 503 if ping.uri == HOST else 200)
    server.tick(0.2)
    assert (tracked.state(HOST), tracked.state(TRUNK)) == (tracked.DOWN, tracked.UP)
    assert tracked.info(TRUNK)["failed"] == failed


def test_a_group_may_track_one_of_its_members(up: ModuleType, server: FakeServer) -> None:
    """All others follow that one, and are pinged again when the group tracks it no more."""
    trunks = [f"sip:t{number}@192.168.10.20" for number in range(30)]
    for trunk in (HOST, *trunks):
        up.add_destination(trunk, "me", group="trunks")
    server.answer(200, 2)
    up.configure_group("trunks", track=HOST)
    server.answer(200, 2)
    before = len(server.ksr.sent)
    server.answer(200, 65)
    assert uris(server.ksr.sent[before:]) == {HOST}
    assert up.info(HOST)["tracked_by"] == 30
    assert len(up.alive("trunks")) == 31
    server.answer(503, 31)
    assert up.alive("trunks") == []
    assert up.is_group_alive("trunks") == up.DOWN
    up.configure_group("trunks")
    before = len(server.ksr.sent)
    server.answer(200, 2)
    assert uris(server.ksr.sent[before:]) >= set(trunks)
    assert up.info(HOST)["tracked_by"] == 0


def test_a_chain_follows_its_last_link(tracked: ModuleType, server: FakeServer) -> None:
    """Who tracks a tracker hears of what is asked in the end, tick by tick."""
    tracked.add_destination(OTHER, "me", track=TRUNK)
    server.answer(200, 2)
    assert tracked.state(OTHER) == tracked.UP
    assert [tracked.info(each)["tracked_by"] for each in (HOST, TRUNK, OTHER)] == [1, 1, 0]
    server.ksr.reply(server.next_ping(), 503)
    server.tick(0.3)
    assert (tracked.state(TRUNK), tracked.state(OTHER)) == (tracked.UP, tracked.DOWN)
    tracked.set_admin(HOST, "maint")
    assert tracked.info(OTHER)["not_pinged_because"] == "track: maintenance"
    before = len(server.ksr.sent)
    tracked.set_admin(HOST, "ready")
    tracked.ping_now(OTHER)
    server.answer(200, 2)
    assert uris(server.ksr.sent[before:]) == {HOST}


def test_circles_are_refused(tracked: ModuleType, server: FakeServer) -> None:
    """Itself, two, and many in a row; the log names what is wrong, and nothing changes."""
    for uri, other, fault in (
        (HOST, HOST, "can't track itself"),
        (HOST, TRUNK, "which tracks it in turn"),
    ):
        assert tracked.add_destination(uri, "me", track=other) == -1
        assert fault in server.ksr.lines("err")[-1]
    last = TRUNK
    for number in range(7):
        uri = f"sip:c{number}@192.168.10.20"
        is_too_many = tracked.add_destination(uri, "me", track=last) == -1
        last = uri
    assert is_too_many
    assert "too many in a row" in server.ksr.lines("err")[-1]
    assert tracked.info(HOST)["tracks"] == ""
    server.ksr.logged.clear()


def test_a_circle_that_options_of_groups_make_is_told(up: ModuleType, server: FakeServer) -> None:
    """Nobody goes round in it: no ping leaves, no queue fills, and one line says so."""
    up.add_destination(TRUNK, "me", group="a")
    up.add_destination(OTHER, "me", group="b")
    up.configure_group("a", track=OTHER)
    up.configure_group("b", track=TRUNK)
    before = len(server.ksr.sent)
    server.answer(200, 30)
    assert uris(server.ksr.sent[before:]) <= {HOST}
    assert up.info(TRUNK)["not_pinged_because"] == "track: in a circle"
    lines = [line for line in server.ksr.lines("warn") if "is in a circle" in line]
    assert len(lines) == 2, "one for each that is tracked"
    up.ping_now(TRUNK)
    server.tick(5)
    assert server.ksr.queues["keepalive_changes_0"] == type(server.ksr.queues["keepalive_changes_0"])()
    up.configure_group("b")
    server.answer(200, 31)
    assert up.state(TRUNK) == up.state(OTHER) == up.UP


@pytest.mark.parametrize("probers", [2, 5])
def test_several_probers_share_trackers(server: FakeServer, probers: int) -> None:
    """Whichever prober has a tracker, and whoever has the tracked one: they all follow."""
    server.define("probers", str(probers))
    keepalive = server.process()
    from keepalive_core.services.prober import Prober

    running = [Prober(lambda: server.now) for _ in range(probers)]

    def run(seconds: float, code: int = 200) -> None:
        for _ in range(round(seconds * 20)):
            before = len(server.ksr.sent)
            server.now += 50_000
            for prober in running:
                prober.tick()
            for ping in server.ksr.sent[before:]:
                server.ksr.reply(ping, code)

    run(2)
    trunks = [f"sip:t@192.168.20.{number}" for number in range(1, 41)]
    keepalive.add_destination(HOST, "me")
    for trunk in trunks:
        keepalive.add_destination(trunk, "me", track=HOST)
    run(3)
    assert {keepalive.state(trunk) for trunk in trunks} == {keepalive.UP}
    assert keepalive.info(HOST)["tracked_by"] == 40
    row = server.ksr.tables["keepalive_tracked"][f"{HOST}:5060"]
    assert row.count(":") == probers - 1, "host names are the last one's"
    run(31, 503)
    assert {keepalive.state(trunk) for trunk in trunks} == {keepalive.DOWN}
    assert uris(server.ksr.sent) == {HOST}
    for trunk in trunks:
        keepalive.del_destination(trunk, "me")
    run(0.3)
    assert server.ksr.tables["keepalive_tracked"] == {}


def test_lost_rows_are_made_anew(tracked: ModuleType, server: FakeServer) -> None:
    """Those of a tracker as any; that somebody tracks it, the tracked one learns again."""
    del server.ksr.tables["keepalive_tracked"][f"{HOST}:5060"]
    tracked.add_destination(HOST, "me", fall=2)
    server.tick(3)
    assert server.ksr.tables["keepalive_tracked"][f"{HOST}:5060"] == "0:1"
    for table in ("destination", "health", "state", "news"):
        server.ksr.tables[f"keepalive_{table}"].pop(f"{TRUNK}:5060", None)
        server.answer(200, 40)
        assert tracked.state(TRUNK) == tracked.UP
        assert tracked.info(TRUNK)["tracks"] == f"{HOST}:5060"
    assert uris(server.ksr.sent) == {HOST}


def test_without_memory_trackers_hear_of_a_later_ping(tracked: ModuleType, server: FakeServer) -> None:
    """What found no room is told once, and what is tracked is told as soon as there is room."""
    ping = server.next_ping()
    server.ksr.room_left = 0
    server.ksr.reply(ping, 200)
    server.tick(0.2)
    assert any("is not told to those that track it" in line for line in server.ksr.lines("err"))
    tracked.add_destination(OTHER, "me", track=HOST)
    server.ksr.room_left = None
    ok = tracked.info(TRUNK)["ok"]
    tracked.add_destination(OTHER, "me", track=HOST)
    server.answer(200, 31)
    assert tracked.info(TRUNK)["ok"] > ok
    assert tracked.state(OTHER) == tracked.UP
    server.ksr.logged.clear()


def test_fresh_calls_save_no_ping_of_the_tracked(up: ModuleType, server: FakeServer) -> None:
    """They would show nothing of those that track it."""
    up.add_destination(HOST, "me", ping_skip_if_fresh=60)
    up.add_destination(TRUNK, "me", track=HOST)
    server.answer(200, 2)
    before = len(server.ksr.sent)
    for _ in range(4):
        up.report_reply(HOST, 200)
        server.answer(200, 30)
    assert len(server.ksr.sent) - before >= 3
    assert up.info(HOST)["not_pinged_because"] == ""
    up.del_destination(TRUNK, "me")
    server.answer(200, 1)
    up.report_reply(HOST, 200)
    assert up.info(HOST)["not_pinged_because"] == "fresh calls"


def test_to_mass_failure_all_are_one(server: FakeServer) -> None:
    """500 trackers that fail with their host freeze nobody; with a host that is frozen they stay up."""
    server.define("mass_failure", "30")
    keepalive = server.process()
    hosts = [f"sip:192.168.30.{number}" for number in range(1, 11)]
    trunks = [f"sip:t{number}@192.168.30.10" for number in range(100)]
    for host in hosts:
        keepalive.add_destination(host, "me", ping_interval=10)
    for trunk in trunks:
        keepalive.add_destination(trunk, "me", track=hosts[-1])
    server.answer(200, 12)
    assert server.ksr.tables["keepalive_uplink"]["default 0"] == 10

    def fail(which: set[str], seconds: float) -> None:
        for _ in range(round(seconds * 20)):
            before = len(server.ksr.sent)
            server.tick()
            for ping in server.ksr.sent[before:]:
                server.ksr.reply(ping, 503 if ping.uri in which else 200)

    fail({hosts[-1]}, 10)
    assert {keepalive.state(trunk) for trunk in trunks} == {keepalive.DOWN}
    assert [keepalive.state(host) for host in hosts] == [keepalive.UP] * 9 + [keepalive.DOWN]
    server.answer(200, 12)
    assert {keepalive.state(trunk) for trunk in trunks} == {keepalive.UP}
    fail(set(hosts), 10)
    states = [keepalive.state(host) for host in hosts]
    frozen = states[-1] == keepalive.UP
    assert keepalive.UP in states
    assert {keepalive.state(trunk) == keepalive.UP for trunk in trunks} == {frozen}


def test_pings_are_counted_once(server: FakeServer) -> None:
    """Metrics have the ping of the tracked one, and the changes of all."""
    server.define("http", "1")
    keepalive = server.process()
    keepalive.add_destination(HOST, "me", group="hosts")
    keepalive.add_destination(TRUNK, "me", track=HOST, group="trunks")
    server.answer(200, 35)
    server.answer(503, 31)
    counted = server.ksr.tables["keepalive_metrics"]
    assert any(key.startswith("ok/") and key.endswith(" hosts") for key in counted)
    assert {key for key in counted if key.endswith(" trunks")} == {"to_up trunks", "to_down trunks"}


def test_trackers_of_a_list_outlive_a_restart(server: FakeServer, tmp_path: Path) -> None:
    """Their states come back from the state file, and their options from the list; nobody pings them."""
    lines = (HOST, f"{TRUNK} track={HOST} fall=2", f"group.trunks.track={HOST}", f"{OTHER} group=trunks")
    (tmp_path / "list").write_text("\n".join(lines))
    server.define("list_file", str(tmp_path / "list"))
    server.define("state_file", str(tmp_path / "state"))
    keepalive = server.process()
    server.answer(200, 3)
    server.ksr.reply(server.next_ping(), 503)
    server.tick(0.2)
    states = {HOST: keepalive.DOWN, TRUNK: keepalive.UP, OTHER: keepalive.DOWN}
    assert {uri: keepalive.state(uri) for uri in states} == states
    restarting.write_state_file(server)
    restarting.stop(server)
    keepalive = server.process()
    server.tick(0.2)
    assert {uri: keepalive.state(uri) for uri in states} == states
    assert keepalive.info(TRUNK)["consecutive"] == -1
    server.answer(200, 31)
    assert {uri: keepalive.state(uri) for uri in states} == dict.fromkeys(states, keepalive.UP)
    assert uris(server.ksr.sent) == {HOST}
    assert keepalive.info(HOST)["tracked_by"] == 2


def test_one_that_all_track_is_pinged(server: FakeServer) -> None:
    """As kamailio.cfg may say: behind one session border controller is everybody."""
    server.define("track", HOST)
    keepalive = server.process()
    for uri in (HOST, TRUNK, OTHER):
        assert keepalive.add_destination(uri, "me") == 0
    server.answer(200, 40)
    assert uris(server.ksr.sent) == {HOST}
    assert [keepalive.state(uri) for uri in (HOST, TRUNK, OTHER)] == [keepalive.UP] * 3
    assert keepalive.modparam("track", OTHER) == 0


def test_a_tracker_is_given_up_by_its_own_rule(tracked: ModuleType, server: FakeServer) -> None:
    """Who failed so often in a row is monitored no more; the others go on."""
    tracked.add_destination(OTHER, "me", track=HOST, remove_after=2)
    server.answer(200, 2)
    server.answer(503, 65)
    assert [tracked.state(uri) for uri in (HOST, TRUNK, OTHER)] == [tracked.DOWN, tracked.DOWN, -1]
    assert tracked.info(HOST)["tracked_by"] == 1


def test_the_drain_of_the_tracked_takes_nothing_from_others(tracked: ModuleType, server: FakeServer) -> None:
    """An administrator drains that one alone, and it is pinged as ever."""
    tracked.set_admin(HOST, "drain")
    ok = tracked.info(TRUNK)["ok"]
    server.answer(200, 31)
    assert (tracked.is_alive(HOST), tracked.is_alive(TRUNK)) == (2, 1)
    assert tracked.info(TRUNK)["ok"] > ok


@pytest.mark.parametrize("value", [5, None, "sip:" + "x" * 5000, "sip:[::", "a b", "tel:+4930", b"sip:a"])
def test_what_is_no_destination_is_refused(tracked: ModuleType, server: FakeServer, value: object) -> None:
    """With one line of a bounded length; nothing changes."""
    before = tracked.info(TRUNK)
    assert tracked.add_destination(TRUNK, "me", track=value) == -1
    assert tracked.configure_group("g", track=value) == -1
    assert all("bad track" in line and len(line) < 400 for line in server.ksr.lines("err"))
    assert len(server.ksr.lines("err")) == 2
    assert tracked.info(TRUNK)["options"] == before["options"]
    server.ksr.logged.clear()


def test_a_flood_of_results_is_told_and_ends(tracked: ModuleType, server: FakeServer) -> None:
    """If one is pinged more often than its trackers can be judged, the newest count, and a line says so."""
    from keepalive_core.services.prober import the_prober

    backlog = the_prober._trackers._backlog
    backlog.take = lambda: None
    for _ in range(12):
        tracked.ping_now(HOST)
        server.answer(200, 1.2)
    assert len([line for line in server.ksr.lines("warn") if "some results are left out" in line]) == 1
    del backlog.take
    server.ksr.reply(server.next_ping(), 503)
    server.ksr.reply(server.next_ping(), 503)
    server.tick(0.2)
    assert tracked.state(TRUNK) == tracked.DOWN


def test_a_tick_judges_no_more_than_it_has_time_for(server: FakeServer) -> None:
    """A thousand trackers are judged in slices, and pings of others leave meanwhile."""
    keepalive = server.process()
    trunks = [f"sip:t{number}@192.168.10.20" for number in range(1000)]
    keepalive.add_destination(HOST, "me")
    for trunk in trunks:
        keepalive.add_destination(trunk, "me", track=HOST)
    server.answer(200, 5)
    assert {keepalive.state(trunk) for trunk in trunks} == {keepalive.UP}
    server.ksr.reply(server.next_ping(), 503)
    from keepalive_core.services.prober import the_prober

    clock = the_prober._trackers._clock
    elapsed = [0]

    def slow() -> int:
        elapsed[0] += 20_000
        return clock() + elapsed[0]

    the_prober._trackers._clock = slow
    downs = []
    for _ in range(40):
        elapsed[0] = 0
        server.tick()
        downs.append(sum(keepalive.state(trunk) == keepalive.DOWN for trunk in trunks))
        if downs[-1] == 1000:
            break
    assert downs[-1] == 1000
    assert max(later - sooner for sooner, later in pairwise(downs)) <= 4 * 32


def test_a_reply_costs_one_call_more_however_many_track(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one that nobody tracks it costs what it did; a tick without trackers asks for none."""
    calls = Calls(server, monkeypatch)
    costs = []
    calls.api.add_destination(HOST, "me")
    for number in (0, 1, 100):
        for each in range(number):
            calls.api.add_destination(f"sip:t{each}@192.168.10.20", "me", track=HOST)
        server.answer(200, 3)
        ping = server.next_ping()
        costs.append(calls.of(server.ksr.reply, ping, 200))
        server.answer(200, 2)
    assert costs[1:] == [costs[0] + 1] * 2
    server.answer(200, 1.5)
    busy = min(calls.of(server.tick) for _ in range(10))
    for each in range(100):
        calls.api.del_destination(f"sip:t{each}@192.168.10.20", "me")
    server.answer(200, 3)
    assert min(calls.of(server.tick) for _ in range(10)) == busy - 1
