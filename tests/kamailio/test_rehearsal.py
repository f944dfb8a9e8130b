"""A rehearsal, and its reply; what follows from it is seen in tests/services/test_departures.py."""

from __future__ import annotations

import errno
import importlib
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from conftest import FakeServer

REQUEST = (
    b"OPTIONS sip:a SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1\r\n"
    b"via: SIP/2.0/UDP 127.0.0.1\r\n ;branch=z9hG4bK2\r\n"
    b"From: <sip:k@a>;tag=1\r\nTo: <sip:a>\r\nCall-ID: 1\r\nCSeq: 10 OPTIONS\r\n"
    b"Max-Forwards: 70\r\nX-To: none\r\nContent-Length: 0\r\n\r\n"
)


@contextmanager
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The socket of a rehearsal, and one in the place of Kamailio's."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as kamailio,
    ):
        peer.bind(("127.0.0.1", 0))
        peer.setblocking(False)
        kamailio.bind(("127.0.0.1", 0))
        yield peer, kamailio


def test_a_reply_has_what_it_has_to_have(server: FakeServer) -> None:
    """All Vias in their order, From, To, Call-ID and CSeq as they came, and nothing else of the request."""
    server.process()
    rehearsal = importlib.import_module("keepalive_core.kamailio.rehearsal")
    assert rehearsal._answer(REQUEST) == (
        b"SIP/2.0 200 OK\r\n"
        b"Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1\r\n"
        b"via: SIP/2.0/UDP 127.0.0.1\r\n ;branch=z9hG4bK2\r\n"
        b"From: <sip:k@a>;tag=1\r\nTo: <sip:a>\r\nCall-ID: 1\r\nCSeq: 10 OPTIONS\r\n"
        b"Content-Length: 0\r\n\r\n"
    )


@pytest.mark.parametrize("what", ["heard", "dropped", "taken", "lost"])
def test_what_a_rehearsal_finds(server: FakeServer, what: str) -> None:
    """It waits for nothing: it is asked again and again, for half a second at the most."""
    server.process()
    rehearsal = importlib.import_module("keepalive_core.kamailio.rehearsal")
    with sockets() as (peer, kamailio):
        begun, began = rehearsal.Rehearsal(peer), server.now
        assert begun.fault() is None
        if what in ("heard", "taken"):
            kamailio.sendto(REQUEST, peer.getsockname())
        if what != "lost":
            peer.sendto(b"control", peer.getsockname())
        if what == "heard":
            assert begun.fault() is None
            assert kamailio.recv(1000).startswith(b"SIP/2.0 200 OK")
            rehearsal.tell_heard(f"127.0.0.1:{peer.getsockname()[1]}")
        found = begun.fault()
        while found is None:
            server.now += 10_000
            found = begun.fault()
        assert found == {"dropped": rehearsal.DROPPED, "taken": rehearsal.TAKEN}.get(what, "")
        assert server.now - began == (0 if what in ("heard", "dropped") else 500_000)
        begun.end()
        assert peer.fileno() == -1


@pytest.mark.parametrize("reason", ["no such socket", "IPv6 alone", "no file descriptor", "not sent"])
def test_what_can_not_be_rehearsed(server: FakeServer, monkeypatch: pytest.MonkeyPatch, reason: str) -> None:
    """Nobody knows then what the routes do, and no socket stays open."""
    server.ksr.listening = [("udp", "::1" if reason == "IPv6 alone" else "127.0.0.1", 5060)]
    server.process()
    rehearsal, policies = (
        importlib.import_module(f"keepalive_core.{name}")
        for name in ("kamailio.rehearsal", "services.policies")
    )
    server.tick(1)
    before = len(os.listdir("/proc/self/fd"))
    if reason == "no file descriptor":
        monkeypatch.setattr(socket, "socket", _no_socket)
    elif reason == "not sent":
        server.ksr.unresolvable.add("sip:192.168.10.20")
    elsewhere = {"ping_socket": "udp:127.0.0.9:5060"} if reason == "no such socket" else {}
    assert rehearsal.begin("sip:192.168.10.20", policies.policy(elsewhere)) is None
    assert len(os.listdir("/proc/self/fd")) == before


def _no_socket(*_: object) -> socket.socket:
    raise OSError(errno.EMFILE, "Too many open files")


@pytest.mark.parametrize(
    ("comes", "found"),
    [
        ("reply end", ""),
        ("end", "TAKEN"),
        ("reply", "ENDLESS"),
        ("", "TAKEN"),
    ],
)
def test_one_that_goes_to_its_end_shows_both_ways(server: FakeServer, comes: str, found: str) -> None:
    """Its answer is one that tm ends it by: the reply has to come to keepalive, and then the end."""
    server.process()
    rehearsal = importlib.import_module("keepalive_core.kamailio.rehearsal")
    with sockets() as (peer, kamailio):
        begun = rehearsal.Rehearsal(peer, to_its_end=True)
        kamailio.sendto(REQUEST, peer.getsockname())
        peer.sendto(b"control", peer.getsockname())
        assert begun.fault() is None
        assert kamailio.recv(1000).startswith(b"SIP/2.0 500 ")
        own = f"127.0.0.1:{peer.getsockname()[1]}"
        if "reply" in comes:
            rehearsal.tell_heard(own)
        if "end" in comes:
            rehearsal.tell_ended(own)
        outcome = begun.fault()
        while outcome is None:
            server.now += 10_000
            outcome = begun.fault()
        assert outcome == (getattr(rehearsal, found) if found else "")
