"""When this server could not hear: at real sockets, and in several processes on the fake server."""

from __future__ import annotations

import gc
import importlib
import os
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from conftest import FakeServer
from keepalive_core.kamailio import connections, receive_queues
from keepalive_core.kamailio.connections import Connections
from keepalive_core.kamailio.receive_queues import Look, TaskQueue, UdpQueue, task_queues, udp_queues
from keepalive_core.rules.listening import BEAT
from keepalive_core.rules.schedule import SECOND
from real.server import wait_for

A = "sip:192.168.10.20"

# --- the kernel's queues ----------------------------------------------------------------------------------


@pytest.fixture(scope="module", autouse=True)
def stamps() -> Iterator[None]:
    """The kernel writes down when datagrams arrive, as it does soon after it was first asked to."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind(("127.0.0.1", 0))
        queue = UdpQueue(opened, 0)

        def are_written() -> bool:
            arrive(opened, b"one")
            queue._peek()
            stamped = queue._has_stamp()
            opened.recv(10)
            return stamped

        wait_for("stamps", are_written)
        yield


@pytest.fixture
def unread() -> Iterator[socket.socket]:
    """A socket of this process that nobody reads."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind(("127.0.0.1", 0))
        yield opened


def address(opened: socket.socket) -> str:
    """Return where a socket of IPv4 is bound."""
    return "{}:{}".format(*opened.getsockname())


def arrive(opened: socket.socket, what: bytes, times: int = 1) -> None:
    """Let datagrams arrive at a socket, all from one port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        for _ in range(times):
            peer.sendto(what, opened.getsockname())


class Looker:
    """Looks at a queue each tenth of a second of a clock of its own."""

    def __init__(self, queue: UdpQueue | TaskQueue) -> None:
        self.queue = queue
        self.now = 0

    def look(self, seconds: float = 0.1) -> Look:
        """Look as long, return the last look; what came is taken to have come just before the look."""
        for _ in range(round(seconds * 10)):
            self.now += BEAT
            seen = self.queue.look(self.now, 0)
        return seen


def test_a_queue_that_nobody_reads(unread: socket.socket) -> None:
    """What waits for a tenth of a second is unread, and since when it is known; it is not touched."""
    looker = Looker(UdpQueue(unread, 0))
    assert looker.look() == Look()
    arrive(unread, b"one")
    assert looker.look() == Look(), "it may be read at once"
    arrive(unread, b"two")
    assert looker.look() == Look(2 * BEAT)
    assert looker.look(5) == Look(2 * BEAT)
    assert unread.recv(10) == b"one", "it is still there"
    assert looker.look() == Look(), "the other has come since"
    assert unread.recv(10) == b"two"
    assert looker.look() == Look()


def test_the_same_datagram_again_and_again(unread: socket.socket) -> None:
    """A stranger repeats one, and it is read each time: somebody reads, although the same seems to wait."""
    looker = Looker(UdpQueue(unread, 0))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.connect(unread.getsockname())
        for _ in range(20):
            stranger.send(b"the same")
        for _ in range(100):
            assert looker.look() == Look()
            stranger.send(b"the same")
            assert unread.recv(10) == b"the same"
        assert looker.look() == Look()
        assert looker.look().unread_since, "nobody reads any more"


def test_a_long_queue_that_is_read_slowly(unread: socket.socket) -> None:
    """With each look another one is the oldest, and when that arrived the kernel knows."""
    queue = UdpQueue(unread, 0)
    arrive(unread, b"the same", 10)
    queue.look(BEAT, 0)
    stamps = []
    for number in range(2, 10):
        unread.recv(10)
        assert queue.look(number * BEAT, 0) == Look()
        stamps.append(queue._received)
    assert stamps == sorted(set(stamps)), "no two have come at one time"


def test_since_when_the_oldest_waits(unread: socket.socket) -> None:
    """If the wall clock tells when it arrived, that counts, and not the look that found it."""
    queue = UdpQueue(unread, 0)
    queue.look(100 * SECOND, 0)
    arrive(unread, b"one")
    assert queue._last_receipt() is None
    unread.recv(10, socket.MSG_PEEK)
    arrived = queue._last_receipt()
    assert arrived is not None
    ahead = arrived // 1000 - 130 * SECOND
    assert queue.look(150 * SECOND, ahead) == Look(130 * SECOND)
    unread.recv(10)
    arrive(unread, b"two")
    assert queue.look(160 * SECOND, ahead + 3600 * SECOND) == Look(130 * SECOND), "behind the one before"


def test_a_queue_that_overflows(unread: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is dropped at a full queue is lost; what has a wrong checksum tells nothing of this server."""
    looker = Looker(UdpQueue(unread, 0))
    looker.look()
    arrive(unread, b"x" * 1000, 5000)
    seen = looker.look()
    assert (seen.lost_since, seen.dropped > 1000) == (BEAT, True)
    assert looker.look().lost_since == 0
    overflowed = receive_queues.overflows()
    assert overflowed is not None
    monkeypatch.setattr(receive_queues, "overflows", lambda: overflowed)
    looker = Looker(UdpQueue(unread, 0))
    arrive(unread, b"x" * 1000, 10)
    assert looker.look().dropped == 0
    monkeypatch.setattr(receive_queues, "overflows", lambda: None)
    looker = Looker(UdpQueue(unread, 0))
    for _ in range(2):
        arrive(unread, b"x" * 1000, 10)
        assert looker.look().dropped == 10, "without the kernel's word all count"


def test_a_queue_that_was_never_read(unread: socket.socket) -> None:
    """After a minute it is no witness any more, full or not; as soon as somebody reads, it is one again."""
    looker = Looker(UdpQueue(unread, 0))
    arrive(unread, b"one", 3)
    looker.look()
    assert looker.look(59) == Look(BEAT)
    assert looker.look(2) == Look()
    arrive(unread, b"x" * 1000, 5000)
    assert looker.look() == Look()
    unread.recv(10)
    looker.look()
    assert looker.look(600).unread_since, "workers that hang for ten minutes"


@pytest.mark.parametrize("when", ["before", "since", "while it waited"])
def test_a_queue_that_was_read_once(unread: socket.socket, when: str) -> None:
    """Whoever read it is back sooner or later, be it after ten minutes; no look needs to have seen that."""
    if when == "before":
        arrive(unread, b"one")
        unread.recv(10)
    looker = Looker(UdpQueue(unread, 0))
    if when == "since":
        looker.look()
        arrive(unread, b"one")
        unread.recv(10)
        looker.look()
    if when == "while it waited":
        arrive(unread, b"one")
        looker.look()
        unread.recv(10)
    arrive(unread, b"two")
    looker.look()
    assert looker.look(600).unread_since == looker.now - 600 * SECOND


class Unstamped(UdpQueue):
    """A queue of what came before the kernel was asked for stamps: it says that it came just now."""

    stamp = 0

    def _peek(self) -> object:
        self.stamp = 0
        return super()._peek()

    def _last_receipt(self) -> int | None:
        self.stamp = self.stamp or time.time_ns()
        return self.stamp


class WithoutStamps(UdpQueue):
    """A queue of a kernel that knows no stamps."""

    def _last_receipt(self) -> int | None:
        return None


@pytest.mark.parametrize("kind", [UdpQueue, Unstamped, WithoutStamps])
def test_datagrams_with_and_without_stamps(unread: socket.socket, kind: type[UdpQueue]) -> None:
    """Without stamps what waits has to tell: other bytes, or from elsewhere, are another datagram."""
    looker = Looker(kind(unread, 0))
    for text in (b"one", b"two", b"three"):
        arrive(unread, text)
    for _ in range(2):
        looker.look()
        assert looker.look().unread_since
        unread.recv(10)
        assert looker.look() == Look(), "the next one"
    assert looker.look(600).unread_since


def test_the_udp_queues_of_a_process(unread: socket.socket) -> None:
    """All bound UDP sockets without a peer are looked at, of IPv6 too; no other, and none is closed."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connected,
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stream,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unbound,
    ):
        connected.connect(unread.getsockname())
        stream.bind(("127.0.0.1", 0))
        before = set(os.listdir("/proc/self/fd"))
        queues = udp_queues(0)
        addresses = {queue.address for queue in queues}
        assert len(os.listdir("/proc/self/fd")) == len(before) + len(queues)
        for queue in queues:
            queue.close()
        assert address(unread) in addresses
        assert not {address(each) for each in (connected, stream, unbound)} & addresses
        arrive(unread, b"one")
        assert unread.recv(10) == b"one"


POINTER = bytes(8)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The reading and the writing end of a pair by which pointers are handed on, the only pair there is."""
    gc.collect()
    reading, writing = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    yield reading, writing
    reading.close()
    writing.close()


def test_datagrams_that_are_handed_on(pair: tuple[socket.socket, socket.socket]) -> None:
    """A pair is a queue too, in which the same pointer may come again, as memory is used again."""
    reading, writing = pair
    before = len(os.listdir("/proc/self/fd"))
    queues = task_queues(0, {os.getpid()})
    assert len(os.listdir("/proc/self/fd")) == before + len(queues)
    lookers = [Looker(queue) for queue in queues]

    def look() -> list[Look]:
        return [seen for seen in (looker.look() for looker in lookers) if seen != Look()]

    writing.send(POINTER)
    assert look() == []
    for _ in range(50):
        writing.send(POINTER)
        assert reading.recv(8) == POINTER
        assert look() == []
    assert look() == [Look(51 * BEAT, 51 * BEAT)]
    assert look() == [Look(51 * BEAT, 51 * BEAT)]
    assert reading.recv(8) == POINTER
    assert look() == []
    for queue in queues:
        queue.close()


def test_tasks_that_are_no_datagrams(pair: tuple[socket.socket, socket.socket]) -> None:
    """What another process sent is no SIP that came in: however long it waits, it excuses nothing."""
    reading, writing = pair
    looker = Looker(TaskQueue(reading, 0, {os.getpid() + 1}))
    writing.send(POINTER)
    assert looker.look(10) == Look()
    assert reading.recv(8) == POINTER


# --- connections ------------------------------------------------------------------------------------------


@pytest.fixture
def connection() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The end of a connection that is this server's, and its peer's."""
    with socket.create_server(("127.0.0.1", 0)) as peer, socket.create_connection(peer.getsockname()) as ours:
        theirs, _ = peer.accept()
        with theirs:
            yield ours, theirs


def test_what_a_peer_said_over_a_connection(connection: tuple[socket.socket, socket.socket]) -> None:
    """It is unread until somebody reads it; a tenth of a second is the same moment."""
    ours, theirs = connection
    now = [SECOND]
    known = Connections(lambda: now[0], lambda: None)
    host, port = theirs.getsockname()

    def is_unread() -> bool:
        now[0] += BEAT
        return known.unread_from(host, port)

    assert not is_unread()
    theirs.send(b"SIP/2.0 200 OK")
    wait_for("the kernel's word", is_unread)
    assert known.unread_from("", port), "a name stands for any address"
    assert not known.unread_from("", port + 1)
    ours.recv(100)
    assert known.unread_from(host, port), "as it was a moment ago"
    assert not is_unread()
    assert not known.unread_from(*ours.getsockname()), "nobody says anything to itself"
    assert not known.unread_from("[2001:db8::1]", 5060)
    theirs.shutdown(socket.SHUT_WR)
    wait_for("the connection's end, which is unread too", is_unread)


@pytest.mark.parametrize("whose", ["ours", "another program's", "nobody knows"])
@pytest.mark.parametrize("named", [False, True])
def test_what_another_program_did_not_read(
    connection: tuple[socket.socket, socket.socket], whose: str, named: bool
) -> None:
    """It is no witness, even though the peer is the same; if nobody knows whose it is, it is one."""
    ours, theirs = connection
    host, port = theirs.getsockname()
    number = str(os.fstat(ours.fileno()).st_ino)
    known: set[str] | None = {"ours": {"1", number}, "another program's": {"1"}}.get(whose)
    theirs.send(b"x")
    wait_for("the kernel's word", lambda: connections._look(connections._UNREAD))
    asked = Connections(lambda: SECOND, lambda: known)
    assert asked.unread_from("" if named else host, port) == (whose != "another program's")


def test_the_sockets_that_kamailio_has_open(
    server: FakeServer, connection: tuple[socket.socket, ...]
) -> None:
    """All those of its processes; if one of them keeps that a secret, or is gone, nobody knows."""
    server.process()
    processes = importlib.import_module("keepalive_core.kamailio.processes")
    assert processes.open_sockets() is None, "there is no jsonrpcs"
    numbers = [os.getpid()]
    server.ksr.rpc = lambda method, parameters: [{"PID": number, "DSC": "tcp main"} for number in numbers]
    found = processes.open_sockets()
    assert {str(os.fstat(each.fileno()).st_ino) for each in connection} <= found
    numbers.append(2**30)
    assert processes.open_sockets() is None


@pytest.mark.parametrize(
    ("peer", "unread"),
    [
        ("127.0.0.1:5060", True),
        ("127.0.0.1:5061", False),
        ("127.0.0.2:5060", False),
        ("[2001:db8::1]:5061", True),
        ("[2001:db8::2]:5061", False),
    ],
)
def test_the_kernels_tables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, peer: str, unread: bool) -> None:
    """Addresses stand there in hexadecimal words of the machine, the port behind them."""

    def words(*numbers: int) -> str:
        return "".join(
            f"{int.from_bytes(number.to_bytes(4, 'big'), sys.byteorder):08X}" for number in numbers
        )

    six = (0x20010DB8, 0, 0)
    rest = "00:00000000 00000000     0        0 1 1 0 20 4 30 10 -1"
    lines = [
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
        f"   0: {words(0x0A000001)}:9C40 {words(0x7F000001)}:13C4 01 00000000:0000015C {rest}",
        f" 100: {words(0x0A000001)}:9C40 {words(0x7F000001)}:13C5 01 0000015C:00000000 {rest}",
        f"1001: {words(*six, 9)}:9C40 {words(*six, 1)}:13C5 01 00000000:00000001 {rest}",
        f"1002: {words(*six, 9)}:9C40 {words(*six, 2)}:13C5 01 00000000:00000000 {rest}",
    ]
    table = tmp_path / "tcp"
    table.write_text("\n".join(lines) + "\n")
    monkeypatch.setattr(connections, "_TABLES", (table, tmp_path / "of no IPv6"))
    host, _, port = peer.rpartition(":")
    assert Connections(lambda: SECOND, lambda: None).unread_from(host, int(port)) == unread


# --- on a server ------------------------------------------------------------------------------------------


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
    """Kamailio's timers follow it and end a time limit early: by as much the silence has a witness."""
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
    ("described", "address"),
    [
        ("udp receiver child=0 sock=127.0.0.1:5060", "127.0.0.1:5060"),
        ("udp receiver child=11 sock=10.0.0.1:5060 (sip.example.com:5060)", "10.0.0.1:5060"),
        ("udp receiver child=0 sock=[[::1]]:5060", "[::1]:5060"),
        ("udp receiver child=0 sock=[2001:DB8:0:0:0:0:0:1]:5060", "[2001:db8::1]:5060"),
        ("udp multithreaded receiver (udp)", ""),
        ("Async Task Worker - udp receiver child=0 sock=127.0.0.1:5060", ""),
        ("udp receiver child=0 sock=", ""),
    ],
)
def test_what_kamailio_says_of_its_processes(keepalive: ModuleType, described: str, address: str) -> None:
    """Which address a worker reads, of IPv6 too, whose brackets Kamailio doubles."""
    watch = importlib.import_module("keepalive_core.services.watch")
    assert watch._read_by_worker(described) == address


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
        writing.send(POINTER)
        ping = next_ping(server)
        pass_time(server)
        server.ksr.time_out(ping)
        assert counts(keepalive) == (void, 1 - void)
        reading.recv(8)
        ping = next_ping(server)
        pass_time(server)
        server.ksr.time_out(ping)
        assert counts(keepalive) == (void, 2 - void)
