"""Rules, reports, admin modes, groups and files, through the API, on the fake."""

from pathlib import Path
from types import ModuleType

import pytest

from conftest import FakeServer
from event_log import with_event

A = "sip:192.168.10.20"
B = "sip:192.168.10.21"

# --- rules ----------------------------------------------------------------------------------------------


def test_a_loss_is_confirmed_in_seconds(keepalive: ModuleType, server: FakeServer) -> None:
    """With fall 3 and a pending interval of 1 s, a dead gateway is down within 10 + 3 * 1 + 2 * 1 seconds."""
    options = {"fall": 3, "ping_interval": 10, "ping_interval_pending": 1, "ping_timeout": 1000}
    keepalive.add_destination(A, "me", **options)
    server.answer(200, 25)
    began = server.now
    timeouts = {}
    while keepalive.state(A) == keepalive.UP:
        before = len(server.ksr.sent)
        server.tick()
        for ping in server.ksr.sent[before:]:
            timeouts[server.now + 1_063_000] = ping
        for when in [when for when in timeouts if when <= server.now]:
            server.ksr.time_out(timeouts.pop(when))
        assert server.now - began < 15_000_000
    assert keepalive.info(A)["consecutive"] == -3


def test_rise_and_fall(keepalive: ModuleType, server: FakeServer) -> None:
    """Two failures of three change nothing; three do; then two successes of two bring it up."""
    keepalive.add_destination(A, "me", fall=3, rise=2, ping_interval=1)
    server.answer(200, 5)
    server.answer(503, 2)
    assert keepalive.state(A) == keepalive.UP
    server.answer(200, 1)
    server.answer(503, 3)
    assert keepalive.state(A) == keepalive.DOWN
    server.answer(200, 1)
    assert keepalive.state(A) == keepalive.DOWN
    server.answer(200, 1)
    assert keepalive.state(A) == keepalive.UP


def test_the_interval_while_down(keepalive: ModuleType, server: FakeServer) -> None:
    """What is down is pinged at its own interval, and at the regular one when it is up again."""
    keepalive.add_destination(A, "me", ping_interval=30, ping_interval_down=2)
    server.answer(503, 3)
    assert len(server.sent_times(20, 503)) in (9, 10, 11)
    server.sent_times(3, 200)
    assert len(server.sent_times(60, 200)) == 2


def test_jitter_moves_pings_within_its_part_of_the_interval(server: FakeServer) -> None:
    """With 10 percent, pings are up to half a second early or late of ten; with 0 they are not."""
    server.define("ping_jitter", "10")
    keepalive = server.process()
    keepalive.add_destination(A, "me", ping_interval=10)
    keepalive.add_destination(B, "me", ping_interval=10, ping_jitter=0)
    gaps: dict[str, list[float]] = {A: [], B: []}
    last: dict[str, float] = {}
    for _ in range(6000):
        before = len(server.ksr.sent)
        server.tick()
        for ping in server.ksr.sent[before:]:
            server.ksr.reply(ping, 200)
            if ping.uri in last:
                gaps[ping.uri].append((server.now - last[ping.uri]) / 1e6)
            last[ping.uri] = server.now
    assert max(gaps[A][1:]) - min(gaps[A][1:]) > 0.3
    assert all(8.8 <= gap <= 11.2 for gap in gaps[A][1:])
    assert all(9.8 <= gap <= 10.2 for gap in gaps[B][1:])


def test_what_is_sent(keepalive: ModuleType, server: FakeServer) -> None:
    """Method, From, headers, Max-Forwards, socket and proxy are those of the destination."""
    keepalive.add_destination(
        A,
        "me",
        ping_method="INFO",
        ping_from="sip:me@example.com",
        ping_headers="X-A: 1|X-B: 2",
        max_forwards=0,
        ping_socket="udp:127.0.0.1:5060",
        outbound_proxy="sip:proxy.example.com",
    )
    server.tick(1)
    [ping] = server.ksr.sent
    assert (ping.method, ping.hop, ping.socket) == ("INFO", "sip:proxy.example.com", "udp:127.0.0.1:5060")
    assert ping.headers == (
        f"From: <sip:me@example.com>\r\nTo: <{A}>\r\nCall-ID: {ping.call_id}\r\n"
        "X-A: 1\r\nX-B: 2\r\nMax-Forwards: 0\r\n"
    )


@pytest.mark.parametrize(
    ("codes", "code", "state"), [("2xx,404", 404, 1), ("200-499", 503, 2), ("any", 603, 1), ("2xx", 404, 2)]
)
def test_reply_codes(keepalive: ModuleType, server: FakeServer, codes: str, code: int, state: int) -> None:
    """A listed code is alive."""
    keepalive.add_destination(A, "me", ping_reply_codes=codes)
    server.answer(code, 2)
    assert keepalive.state(A) == state


def test_a_timeout_is_never_alive(keepalive: ModuleType, server: FakeServer) -> None:
    """Even if any code counts, silence does not."""
    keepalive.add_destination(A, "me", ping_reply_codes="any")
    while not server.ksr.sent:
        server.tick()
    server.now += 3_000_000
    server.ksr.time_out(server.ksr.sent[0])
    assert keepalive.state(A) == keepalive.DOWN


@pytest.mark.parametrize(("honor", "soonest", "latest"), [(1, 19.9, 25), (0, 0, 10.1)])
def test_retry_after(
    keepalive: ModuleType, server: FakeServer, honor: int, soonest: float, latest: float
) -> None:
    """After a 503 with Retry-After the next ping waits that long, if that is honored."""
    keepalive.add_destination(A, "me", ping_interval=10, honor_retry_after=honor)
    server.tick(1)
    server.ksr.reply_headers = {"Retry-After": "20"}
    server.ksr.reply(server.ksr.sent[0], 503, "Busy")
    [first, *_] = server.sent_times(30)
    assert soonest <= first <= latest


def test_retry_after_is_bounded(keepalive: ModuleType, server: FakeServer) -> None:
    """A peer that asks for a year is asked again after ten intervals."""
    keepalive.add_destination(A, "me", ping_interval=2)
    server.tick(1)
    server.ksr.reply_headers = {"Retry-After": "31536000"}
    server.ksr.reply(server.ksr.sent[0], 503, "Busy")
    [first, *_] = server.sent_times(30)
    assert 19 <= first <= 21


def test_stale_after(keepalive: ModuleType, server: FakeServer, events: list[dict[str, object]]) -> None:
    """A destination without a fresh result becomes unknown, and says so; the next result makes it known."""
    keepalive.add_destination(A, "me", 0, with_event, None, ping_interval=60, stale_after=25)
    server.answer(200, 2)
    server.tick(26)
    server.run_callbacks()
    assert keepalive.state(A) == keepalive.UNKNOWN
    assert [event["told"] for event in events] == [1, 0]
    assert "no fresh result for 25 s" in server.ksr.lines("notice")[-1]
    keepalive.ping_now(A)
    server.answer(200, 2)
    assert keepalive.state(A) == keepalive.UP


def test_remove_after(keepalive: ModuleType, server: FakeServer, events: list[dict[str, object]]) -> None:
    """After remove_after failures in a row a destination is given up, with a log line and a last callback."""
    keepalive.add_destination(A, "me", 0, with_event, "mine", ping_interval=1, remove_after=5)
    keepalive.register_callback(with_event)
    server.answer(503, 3.5)
    assert keepalive.state(A) == keepalive.DOWN
    server.answer(503, 5)
    assert keepalive.state(A) == -1
    assert [event["told"] for event in events] == [2, 2, -1, -1]
    assert "sip:192.168.10.20 is monitored no more: 5 failures in a row" in server.ksr.lines("warn")[0]
    sent = len(server.ksr.sent)
    server.tick(5)
    assert len(server.ksr.sent) == sent


def test_options_of_two_owners(keepalive: ModuleType, server: FakeServer) -> None:
    """If owners differ the first one's word counts; what it left open, the second may say."""
    keepalive.add_destination(A, "one", fall=2)
    keepalive.add_destination(A, "two", fall=5, rise=3)
    assert (keepalive.info(A)["fall"], keepalive.info(A)["rise"]) == (2, 3)
    keepalive.del_destination(A, "one")
    assert keepalive.info(A)["fall"] == 5


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ({"fal": 3}, "unknown parameter 'fal'"),
        ({"fall": 0}, "bad fall 0: 1 to 1000 failures is allowed"),
        ({"list_file": "/x"}, "list_file is no parameter of one destination"),
        ({"group": 7}, "a name is needed, not 7"),
        ({"priority": "high"}, "priority of"),
    ],
)
def test_a_bad_option_is_refused(
    keepalive: ModuleType, server: FakeServer, wrong: dict[str, object], fault: str
) -> None:
    """A bad option refuses the whole destination, by name and reason."""
    assert keepalive.add_destination(A, "me", **wrong) == -1
    assert fault in server.ksr.lines("err")[0]
    assert keepalive.state(A) == -1


def test_settings_changed_at_run_time_reach_every_destination(
    keepalive: ModuleType, server: FakeServer
) -> None:
    """A new fall holds for all destinations without one of their own."""
    keepalive.add_destination(A, "me", ping_interval=1)
    keepalive.add_destination(B, "me", ping_interval=1, fall=1)
    server.answer(200, 3)
    server.ksr.settings["fall"] = "3"
    server.answer(200, 2)
    server.answer(503, 1)
    assert keepalive.state(A) == keepalive.UP
    assert keepalive.state(B) == keepalive.DOWN


# --- reports --------------------------------------------------------------------------------------------


# --- groups and info ------------------------------------------------------------------------------------


def test_what_a_process_remembers_follows_each_change(server: FakeServer) -> None:
    """A process that was asked for a group, and told of a call, goes by what others changed since."""
    asked, other = server.process(), server.process()
    for uri, priority in ((A, 1), (B, 2)):
        other.add_destination(uri, "me", group="g", priority=priority, passive_min=1)
    assert asked.alive("g") == [B, A]
    changes = [
        (lambda: server.answer(200, 2), [B, A]),
        (lambda: other.set_admin(B, "drain"), [A]),
        (lambda: other.set_admin(B, "ready"), [B, A]),
        (lambda: other.report_failure(A), [B]),
        (lambda: other.report_success(A), [B, A]),
        (lambda: other.add_destination(A, "me", group="g", priority=3), [A, B]),
        (lambda: other.add_destination(B, "me", group="other"), [A]),
        (lambda: other.del_destination(A, "me"), []),
    ]
    for change, answer in changes:
        change()
        assert asked.alive("g") == answer
        asked.alive("g").append("what a script does with its list is its own affair")
        assert asked.is_group_alive("g") == (1 if answer else -1)
    other.add_destination(A, "me", group="g", unknown_as="down")
    assert (asked.alive("g"), asked.is_group_alive("g")) == ([], 2)
    other.add_destination(A, "me", group="g")
    assert asked.alive("g") == [A]
    server.ksr.settings["unknown_as"] = "down"
    server.tick(2)
    assert (asked.alive("g"), asked.state(A)) == ([], asked.UNKNOWN)
    assert asked.alive(None) == asked.alive(["g"]) == []


def test_groups(keepalive: ModuleType, server: FakeServer) -> None:
    """alive gives those that are alive, the best first; is_group_alive says whether there is one."""
    for name, priority, weight in (("a", 10, 1), ("b", 20, 1), ("c", 10, 5), ("d", 20, 1)):
        keepalive.add_destination(f"sip:{name}", "me", group="carriers", priority=priority, weight=weight)
    keepalive.add_destination("sip:other", "me", group="others")
    server.answer(200, 2)
    assert keepalive.alive("carriers") == ["sip:b", "sip:d", "sip:c", "sip:a"]
    assert keepalive.is_group_alive("carriers") == 1
    keepalive.set_admin("sip:b", "drain")
    keepalive.del_destination("sip:d", "me")
    assert keepalive.alive("carriers") == ["sip:c", "sip:a"]
    keepalive.add_destination("sip:a", "me", group="carriers", priority=30)
    assert keepalive.alive("carriers") == ["sip:a", "sip:c"]
    for name in ("sip:a", "sip:c"):
        keepalive.set_admin(name, "maint")
    assert keepalive.alive("carriers") == []
    assert keepalive.is_group_alive("carriers") == 2
    assert keepalive.is_group_alive("others") == 1
    for nothing in ("none", "", None, 7):
        assert keepalive.alive(nothing) == []
        assert keepalive.is_group_alive(nothing) == -1


# --- files ----------------------------------------------------------------------------------------------


def test_the_list_file(server: FakeServer, tmp_path: Path) -> None:
    """Lines with options are monitored; a bad line is named by its number; reload applies the difference."""
    file = tmp_path / "keepalive.list"
    file.write_text(
        f"# gateways\n{A} group=carriers fall=3  # first\n\nsip:bad:port\n{B} fall=0\nsip:c\n{A}\n"
    )
    server.define("list_file", str(file))
    keepalive = server.process()
    assert keepalive.state(A) == 0
    assert keepalive.state("sip:c") == 0
    assert keepalive.state(B) == -1
    faults = [line.split(", ", 1)[1] for line in server.ksr.lines("err")]
    assert [fault.split(":")[0] for fault in faults] == ["line 4", "line 5", "line 7"]
    server.answer(200, 2)
    before = keepalive.info(A)
    file.write_text(f"{A} group=carriers fall=2\n{B}\n")
    assert keepalive.reload() == 0
    assert keepalive.info(A)["fall"] == 2
    assert keepalive.info(A)["ok"] == before["ok"]
    assert keepalive.is_alive(A) == 1
    assert keepalive.state(B) == 0
    assert keepalive.state("sip:c") == -1
    assert keepalive.alive("carriers") == [A]


@pytest.mark.parametrize("broken", [None, b"\xff\xfe", b"\x00\x01 garbage\n???\n"])
def test_a_broken_list_file_changes_nothing(server: FakeServer, tmp_path: Path, broken: bytes | None) -> None:
    """A file that is gone, no text or without one good line leaves all as it was."""
    file = tmp_path / "keepalive.list"
    file.write_text(f"{A}\n")
    server.define("list_file", str(file))
    keepalive = server.process()
    assert keepalive.state(A) == 0
    if broken is None:
        file.unlink()
    else:
        file.write_bytes(broken)
    assert keepalive.reload() == -1
    assert keepalive.state(A) == 0
    assert "nothing has changed" in server.ksr.lines("err")[-1]


def test_a_start_without_its_list_file_names_it(server: FakeServer, tmp_path: Path) -> None:
    """A file that is not there at the start has one line of log; what kamailio.cfg defines is monitored."""
    file = tmp_path / "missing.list"
    server.define("list_file", str(file))
    server.define("destinations", A)
    keepalive = server.process()
    assert keepalive.state(A) == 0
    [line] = server.ksr.lines("err")
    assert str(file) in line
    assert "No such file" in line
