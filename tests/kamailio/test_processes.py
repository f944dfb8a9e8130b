"""What Kamailio says of its processes, and which sockets they have open."""

from __future__ import annotations

import importlib
import os
import socket
import time
from pathlib import Path
from types import ModuleType

import pytest

from conftest import FakeServer


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


def test_a_process_knows_when_it_began(keepalive: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the kernel says; if it says nothing, when it is asked."""
    from keepalive_core.kamailio import processes

    began = processes.began()
    assert time.time() - 24 * 3600 < began < time.time()
    assert abs(processes.began() - began) < 0.1
    monkeypatch.setattr(processes, "Path", lambda name: Path("/nonexistent"))
    assert time.time() - 1 < processes.began() <= time.time()
