"""When this server could not hear: at real sockets, and in several processes on the fake server."""

from __future__ import annotations

import importlib
import os
import select
import socket
from types import ModuleType
from typing import Any

import pytest

from conftest import FakeServer
from keepalive_core.rules.listening import BEAT
from keepalive_core.rules.schedule import SECOND
from open_sockets import address, arrive

pytestmark = pytest.mark.usefixtures("stamps")

A = "sip:192.168.10.20"


def beat_and_tick(server: FakeServer, seconds: float = 0.1) -> None:
    """Let time pass in which the watch and the prober do their work, and nothing is answered."""
    for _ in range(round(seconds * 10)):
        server.tick(0.1)
        server.ksr.handlers.ksr_keepalive_watch(None)


def next_ping(server: FakeServer) -> Any:
    """Wait for one more ping; return it."""
    before = len(server.ksr.sent)
    while len(server.ksr.sent) == before:
        beat_and_tick(server)
    return server.ksr.sent[-1]


def pass_time(server: FakeServer, seconds: float = 1) -> None:
    """Let time pass in which the watch beats and no ping leaves."""
    for _ in range(round(seconds * 10)):
        server.now += BEAT
        server.ksr.handlers.ksr_keepalive_watch(None)


def counts(keepalive: ModuleType, destination: str = A) -> tuple[int, int]:
    """How many pings were void, and failed."""
    known = keepalive.info(destination)
    return known["void"], known["failed"]


def test_a_server_that_stood_still_blames_nobody(keepalive: ModuleType, server: FakeServer) -> None:
    """A timeout that is in time to the ms is void if the server stood still before; the next counts."""
    keepalive.add_destination(A, "me", ping_interval=5, ping_timeout=1000)
    server.answer(200, 6)
    ping = next_ping(server)
    server.now += 6 * BEAT
    pass_time(server, 0.4)
    server.ksr.time_out(ping)
    assert counts(keepalive) == (1, 0)
    assert keepalive.info(A)["last_reason"] == "no verdict: no reply in 1000 ms: this server stood still"
    ping = next_ping(server)
    pass_time(server)
    server.ksr.time_out(ping)
    assert counts(keepalive) == (1, 1)


@pytest.mark.parametrize("seen", ["by the watch", "by whoever judges"])
@pytest.mark.parametrize(
    ("jump", "void"), [(3600, 1), (2, 1), (0.9, 1), (0.001, 0), (-3600, 0)], ids=lambda value: str(value)
)
def test_a_clock_that_jumps(
    keepalive: ModuleType,
    server: FakeServer,
    monkeypatch: pytest.MonkeyPatch,
    seen: str,
    jump: float,
    void: int,
) -> None:
    """Kamailio's timers follow it and end a time limit early: for that time the silence has a witness."""
    clock = importlib.import_module("keepalive_core.kamailio.clock")
    ahead = [1000 * SECOND]
    monkeypatch.setattr(clock, "wall_ahead", lambda: ahead[0])
    keepalive.add_destination(A, "me", ping_interval=5, ping_timeout=1000)
    server.answer(200, 6)
    ping = next_ping(server)
    pass_time(server, 0.1)
    ahead[0] += int(jump * SECOND)
    if seen == "by the watch":
        pass_time(server, 0.1)
    server.ksr.time_out(ping)
    assert counts(keepalive) == (void, 1 - void)
    assert keepalive.info(A)["last_reason"].endswith(" ms: its clock jumped") == bool(void)
    pass_time(server, 7)
    before = counts(keepalive)
    ping = next_ping(server)
    pass_time(server)
    server.ksr.time_out(ping)
    assert counts(keepalive) == (before[0], before[1] + 1)


@pytest.mark.parametrize("waits", [False, True], ids=["all was read", "something waited then"])
def test_a_watch_that_is_gone(
    keepalive: ModuleType, server: FakeServer, unread: socket.socket, waits: bool
) -> None:
    """If it alone stands still, silence counts again after seconds, and the log says so once a minute."""
    keepalive.add_destination(A, "me", ping_interval=2, ping_timeout=1000)
    beat_and_tick(server)
    if waits:
        arrive(unread, b"one")
        pass_time(server, 0.3)
        unread.recv(10)
    server.answer(200, 6)
    judged = []
    for _ in range(15):
        before = len(server.ksr.sent)
        while len(server.ksr.sent) == before:
            server.tick(0.1)
        server.tick(1)
        server.ksr.time_out(server.ksr.sent[-1])
        judged.append(counts(keepalive))
    void, failed = judged[-1]
    assert 3 <= void <= 6
    assert void + failed == 15
    assert judged == sorted(judged)
    [line] = server.ksr.lines("err")
    assert "the watch process has not been seen for " in line
    server.ksr.logged.clear()
    beat_and_tick(server, 1)
    ping = next_ping(server)
    void, failed = counts(keepalive)
    server.now += SECOND
    server.ksr.time_out(ping)
    assert counts(keepalive) == (void + 1, failed), "it is back"


def test_a_watch_that_stood_still_with_all_others(keepalive: ModuleType, server: FakeServer) -> None:
    """Whoever judged just before a standstill and is the first behind it knows no more than others."""
    ours = [f"sip:192.168.20.{number}" for number in range(10)]
    for uri in ours:
        keepalive.add_destination(uri, "me", ping_interval=60, ping_timeout=32_000)
    before = len(server.ksr.sent)
    beat_and_tick(server, 1)
    pings = server.ksr.sent[before:]
    assert len(pings) == 10
    server.now += SECOND // 2
    server.ksr.time_out(pings[0])
    server.now += 20 * SECOND
    for ping in pings[1:]:
        server.now += 1000
        server.ksr.time_out(ping)
    assert {counts(keepalive, uri) for uri in ours} == {(1, 0)}
    assert server.ksr.lines("err") == []


def test_rows_that_were_lost(keepalive: ModuleType, server: FakeServer, unread: socket.socket) -> None:
    """Whatever somebody does with our table, it is known again soon what was not heard."""
    server.ksr.first_socket = f"sip:{address(unread)}"
    keepalive.add_destination(A, "me", ping_interval=5, ping_timeout=1000)
    server.answer(200, 6)
    ping = next_ping(server)
    pass_time(server, 0.1)
    server.now += 5 * BEAT
    pass_time(server, 0.1)
    table = server.ksr.tables["keepalive"]
    rows = {row for row in table if row.startswith(("pulse", "gaps", "queue"))}
    for row in rows:
        del table[row]
    pass_time(server, 0.1)
    server.ksr.time_out(ping)
    assert counts(keepalive) == (1, 0)
    pass_time(server, 1)
    assert rows <= set(table)
    assert f"queue {address(unread)}" in rows


@pytest.mark.parametrize(
    ("options", "destination", "first_socket", "void"),
    [
        ({}, A, None, 1),
        ({}, A, "OURS", 1),
        ({}, A, "OTHER", 0),
        ({"ping_socket": "udp:OURS"}, A, None, 1),
        ({"ping_socket": "udp:192.168.10.1:5060"}, A, None, 1),
        ({"ping_socket": "udp:OTHER"}, A, None, 0),
        ({}, f"{A};transport=tcp", None, 0),
    ],
    ids=[
        "from any socket",
        "from the one that tm took",
        "from the other, which tm took",
        "from this one",
        "from one that is not known",
        "from another",
        "over TCP",
    ],
)
def test_silence_while_nobody_reads(
    keepalive: ModuleType,
    server: FakeServer,
    unread: socket.socket,
    options: dict[str, str],
    destination: str,
    first_socket: str | None,
    void: int,
) -> None:
    """A timeout is void if nobody read what came to the socket the ping left from, and else a failure."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        known = {"OURS": unread, "OTHER": other}
        if first_socket:
            server.ksr.first_socket = f"sip:{address(known[first_socket])}"
        for name, opened in known.items():
            server.ksr.listening.append(("udp", *opened.getsockname()))
            options = {key: value.replace(name, address(opened)) for key, value in options.items()}
        keepalive.add_destination(destination, "me", ping_interval=5, ping_timeout=1000, **options)
        server.answer(200, 6)
        arrive(unread, b"before")
        unread.recv(10)
        for neglected in (True, False):
            if neglected:
                pass_time(server, 0.1)
                arrive(unread, b"one")
            ping = next_ping(server)
            pass_time(server, 1)
            if neglected:
                server.ksr.time_out(ping)
                assert counts(keepalive, destination) == (void, 1 - void)
                assert ("nobody read what arrived at" in keepalive.info(destination)["last_reason"]) == void
                pass_time(server, 0.5)
                unread.recv(10)
            else:
                server.ksr.time_out(ping)
                assert counts(keepalive, destination) == (void, 2 - void)
        [line] = [line for line in server.ksr.lines("warn") if "no SIP worker" in line]
        assert f"for more than 1 s no SIP worker read what arrived at {address(unread)} (0 data" in line


@pytest.mark.parametrize("late", [0, 1.9], ids=["in time", "late"])
def test_a_copy_that_never_left_is_not_waited_for(
    keepalive: ModuleType, server: FakeServer, unread: socket.socket, late: float
) -> None:
    """All answers to a ping found no room at the socket: it is void, however late tm tells of its end."""
    server.ksr.first_socket = f"sip:{address(unread)}"
    server.ksr.listening.append(("udp", *unread.getsockname()))
    unread.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    keepalive.add_destination(A, "me", ping_interval=10, ping_timeout=1500)
    server.answer(200, 11)
    ping = next_ping(server)
    for _ in range(11):
        for _ in range(20):
            arrive(unread, b"stranger")
        pass_time(server, 0.1)
    while select.select([unread], [], [], 0)[0]:
        unread.recv(10)
    pass_time(server, 0.4 + late)
    server.ksr.time_out(ping)
    assert counts(keepalive) == (1, 0)


def test_a_slow_peer_may_have_answered_at_any_time(
    keepalive: ModuleType, server: FakeServer, unread: socket.socket
) -> None:
    """Of a peer whose pings are all sent twice no latency is known: a ping is void by neglect at any time."""
    keepalive.add_destination(A, "me", ping_interval=5, ping_timeout=3000)
    server.ksr.handlers.ksr_keepalive_watch(None)
    server.tick(1)
    server.now += 600_000
    server.ksr.reply(server.ksr.sent[-1], 200)
    assert keepalive.info(A)["void"] == 0
    ping = next_ping(server)
    pass_time(server, 2.5)
    arrive(unread, b"one")
    pass_time(server, 0.5)
    server.ksr.time_out(ping)
    unread.recv(10)
    assert (keepalive.info(A)["void"], keepalive.state(A)) == (1, 1)


@pytest.mark.parametrize("transport", ["tcp", "tls"])
@pytest.mark.parametrize("proxied", [False, True], ids=["straight", "through a proxy"])
@pytest.mark.parametrize("named", [False, True], ids=["to an address", "to a name"])
def test_silence_while_nobody_reads_a_connection(
    keepalive: ModuleType,
    server: FakeServer,
    connection: tuple[socket.socket, socket.socket],
    transport: str,
    proxied: bool,
    named: bool,
) -> None:
    """A timeout is void while what its peer said is unread, and else a failure."""
    ours, theirs = connection
    host, port = theirs.getsockname()
    said = f"a port {port}" if named else f"{host}:{port}"
    peer = f"sip:{'gateway.example' if named else host}:{port};transport={transport}"
    uri, options = (A, {"outbound_proxy": peer}) if proxied else (peer, {})
    keepalive.add_destination(uri, "me", ping_interval=5, ping_timeout=1000, **options)
    server.answer(200, 6)
    theirs.send(b"SIP/2.0 200 OK")
    for void, failed in ((1, 0), (1, 1)):
        ping = next_ping(server)
        pass_time(server)
        server.ksr.time_out(ping)
        assert counts(keepalive, uri) == (void, failed)
        if not failed:
            assert f"nobody read what came from {said}" in keepalive.info(uri)["last_reason"]
            ours.recv(100)


@pytest.mark.parametrize("is_told", [True, False])
def test_sockets_of_others(
    keepalive: ModuleType, server: FakeServer, unread: socket.socket, is_told: bool
) -> None:
    """What nobody reads at a socket at which Kamailio does not listen excuses nothing, if that is known."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        ours.bind(("127.0.0.1", 0))
        host, port = ours.getsockname()
        if is_told:
            server.ksr.listening = [("udp", host, port)]
        keepalive.add_destination(A, "me", ping_interval=5, ping_timeout=1000)
        server.answer(200, 6)
        pass_time(server, 0.1)
        arrive(unread, b"one")
        ping = next_ping(server)
        pass_time(server)
        server.ksr.time_out(ping)
        assert counts(keepalive) == ((0, 1) if is_told else (1, 0))
        assert bool([line for line in server.ksr.lines("warn") if "no SIP worker" in line]) != is_told


PROCESSES = [
    {"IDX": 1, "PID": 4711, "DSC": "udp receiver child=0 sock=OTHER (sip.example.com:5060)"},
    {"IDX": 2, "PID": os.getpid(), "DSC": "udp multithreaded receiver (sip)"},
    {"IDX": 3, "PID": 4712, "DSC": "Async Task Worker - sip"},
]


@pytest.mark.parametrize(
    ("first_socket", "processes", "void"),
    [
        ("OURS", PROCESSES, 1),
        ("OTHER", PROCESSES, 0),
        ("OTHER", PROCESSES[1:], 1),
        ("OURS", PROCESSES[::2], 0),
        ("OURS", None, 0),
    ],
    ids=["handed on", "read by workers", "all are handed on", "none is handed on", "without jsonrpcs"],
)
def test_silence_while_nobody_takes_what_is_handed_on(
    keepalive: ModuleType,
    server: FakeServer,
    unread: socket.socket,
    pair: tuple[socket.socket, socket.socket],
    first_socket: str,
    processes: list[dict[str, Any]] | None,
    void: int,
) -> None:
    """The kernel's UDP queue is empty, but what was taken from it waits: that excuses its sockets' pings."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        known = {"OURS": unread, "OTHER": other}
        server.ksr.first_socket = f"sip:{address(known[first_socket])}"
        if processes is not None:
            told = [{**each, "DSC": str(each["DSC"]).replace("OTHER", address(other))} for each in processes]
            server.ksr.rpc = lambda method, parameters: told
        keepalive.add_destination(A, "me", ping_interval=5, ping_timeout=1000)
        server.answer(200, 6)
        pass_time(server, 0.1)
        reading, writing = pair
        writing.send(bytes(8))
        ping = next_ping(server)
        pass_time(server)
        server.ksr.time_out(ping)
        assert counts(keepalive) == (void, 1 - void)
        reading.recv(8)
        ping = next_ping(server)
        pass_time(server)
        server.ksr.time_out(ping)
        assert counts(keepalive) == (void, 2 - void)
