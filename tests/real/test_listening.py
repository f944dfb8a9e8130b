"""Servers that could not hear, and such that could: silence is void by a witness only."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from gateway import Gateway
from real.server import Kamailio, free_port, wait_for
from real.test_guards import let_pass, number_of, wait_for_number
from real.test_pings import DOWN
from responder import Responder


@pytest.fixture
def responder() -> Iterator[Responder]:
    """Many destinations that answer at once."""
    running = Responder()
    yield running
    running.close()


def start_twenty(start, responder: Responder, **defines: object) -> Kamailio:
    """Start a server that pings twenty each two seconds, and wait until all are up."""
    server = start(KEEPALIVE_PING_INTERVAL=2, KEEPALIVE_PING_TIMEOUT=1000, **defines)
    for uri in responder.uris(20):
        assert server.call("add_destination", uri, "test") == 0
    wait_for_number(server, "each['ok'] > 1", 20)
    return server


def wait_for_next_pings(server: Kamailio, number: int) -> None:
    """Wait until each destination was pinged once more, and answered."""
    pinged = number_of(server, "each['ok']")
    wait_for("a round", lambda: number_of(server, "each['ok']") >= pinged + number)


@pytest.mark.full
def test_workers_that_wait_for_a_minute_and_a_half(start, responder: Responder) -> None:
    """However long nobody reads, nobody goes down by that."""
    server = start_twenty(start, responder, KEEPALIVE_STALE_AFTER=0)
    workers = server.process_numbers("udp receiver")
    server.signal("STOP", *workers)
    let_pass(85)
    server.signal("CONT", *workers)
    wait_for_next_pings(server, 20)
    assert server.log_lines("up -> ") == []
    void, failed = (number_of(server, f"each['{count}']") for count in ("void", "failed"))
    print(f"MEASURED: {void} pings void, {failed} failed")
    assert failed == 0


@pytest.mark.since_6
@pytest.mark.parametrize("mode", [1, 2])
def test_workers_to_whom_threads_hand_on_what_they_read(start, responder: Responder, mode: int) -> None:
    """While they wait nobody goes down; other groups may wait, and who reads other sockets is heard."""
    port = free_port()
    server = start_twenty(
        start,
        responder,
        UDP_RECEIVER_MODE=mode,
        HANDED_ON=port,
        KEEPALIVE_PING_SOCKET=f"udp:127.0.0.2:{port}",
    )
    [other] = server.process_numbers("Async Task Worker - other")
    server.signal("STOP", other)
    push = "getattr(__import__('KSR'), 'async').task_group_data('ksr_nothing', 'other', 'a task')"
    for _ in range(3):
        assert int(server.call("evaluate", push)) > 0
    dead = [f"sip:dead{number}@127.0.0.1:{free_port()}" for number in range(2)]
    assert server.call("add_destination", dead[0], "test") == 0
    server.wait_for_state(dead[0], DOWN)
    workers = server.process_numbers("Async Task Worker - udp")
    assert len(workers) == 4
    server.signal("STOP", *workers)
    if mode == 2:
        heard = f"udp:127.0.0.1:{server.port}"
        assert server.call("add_destination", dead[1], "test", ping_socket=heard) == 0
        server.wait_for_state(dead[1], DOWN)
    let_pass(5)
    server.signal("CONT", *workers)
    wait_for_next_pings(server, 20)
    assert server.log_lines("up -> ") == []
    live = "'dead' not in each['destination'] and each"
    void, failed = (number_of(server, f"({live}['{count}'] or 0)") for count in ("void", "failed"))
    print(f"MEASURED: {void} pings void, {failed} failed")
    assert failed == 0
    assert void >= 20
    assert server.logged(f"no SIP worker read what arrived at 127.0.0.2:{port}")


def test_tcp_workers_that_read_nothing(start) -> None:
    """While all TCP workers wait, nobody goes down whose answer came; whoever gives none does."""
    gateways = [Gateway() for _ in range(5)]
    server = start(KEEPALIVE_PING_INTERVAL=2, KEEPALIVE_PING_TIMEOUT=1000)
    for gateway in gateways:
        assert server.call("add_destination", f"{gateway.uri};transport=tcp", "test") == 0
    wait_for_number(server, "each['ok'] > 1", 5)
    workers = server.process_numbers("tcp receiver")
    gateways[0].silent = True
    server.signal("STOP", *workers)
    server.logged(f"{gateways[0].uri};transport=tcp up -> down")
    let_pass(5)
    server.signal("CONT", *workers)
    wait_for_next_pings(server, 4)
    assert len(server.log_lines("up -> ")) == 1
    void = number_of(server, "each['void']")
    print(f"MEASURED: {void} pings void")
    assert void >= 4
    for gateway in gateways:
        gateway.close()


def test_a_stranger_who_repeats_himself(start, responder: Responder) -> None:
    """The same datagram waits at each look, and is read: a gateway that dies then goes down."""
    gateway = Gateway()
    server = start_twenty(start, responder)
    assert server.call("add_destination", gateway.uri, "test") == 0
    server.logged(f"{gateway.uri} unknown -> up")
    over = threading.Event()
    answered = [0]

    def repeat() -> None:
        body = '{"call": "evaluate", "args": ["__import__(\'time\').sleep(0.005)"], "options": {}}'
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.connect(("127.0.0.1", server.port))
            stranger.settimeout(1)
            datagram = server.request(body, stranger.getsockname()[1])
            # More than the four workers take at once, so that there is always one that waits.
            for _ in range(12):
                stranger.send(datagram)
            while not over.is_set():
                stranger.recv(65535)
                stranger.send(datagram)
                answered[0] += 1

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        gateway.silent = True
        server.logged(f"{gateway.uri} up -> down")
    finally:
        over.set()
        thread.join()
        gateway.close()
    print(f"MEASURED: {answered[0]} of a stranger's datagrams answered")
    assert server.log_lines("no SIP worker read") == []
    assert len(server.log_lines("up -> down")) == 1


def test_a_watch_that_stands_still_alone(start, responder: Responder) -> None:
    """A gateway that dies goes down, some seconds later than else; one that lives stays up."""
    gateway = Gateway()
    server = start_twenty(start, responder)
    assert server.call("add_destination", gateway.uri, "test") == 0
    server.logged(f"{gateway.uri} unknown -> up")
    watch = server.process_numbers("timer=keepalive_watch")
    server.signal("STOP", *watch)
    began = time.monotonic()
    gateway.silent = True
    wait_for("down", lambda: server.log_lines(f"{gateway.uri} up -> down"), 20)
    print(f"MEASURED: down after {time.monotonic() - began:.1f} s")
    server.logged("the watch process has not been seen for")
    server.signal("CONT", *watch)
    wait_for_next_pings(server, 20)
    assert len(server.log_lines("up -> down")) == 1
    gateway.close()
