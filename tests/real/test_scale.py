"""Several probers, a DNS server that does not answer, memory that runs out, and the benchmarks."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from itertools import pairwise

import pytest

from gateway import Gateway
from real.server import NATIVE, ROOT, reserve, wait_for
from real.test_pings import DOWN, UP


@pytest.mark.parametrize("probers", [1, 3])
def test_one_prober_and_three_do_the_same(start, probers: int) -> None:
    """Each of twelve gateways is pinged by one of them, once a second; changes and deletions reach it."""
    gateways = [Gateway() for _ in range(12)]
    server = start(KEEPALIVE_PROBERS=probers, KEEPALIVE_PING_JITTER=0)
    for gateway in gateways:
        assert server.call("add_destination", gateway.uri, "test") == 0
    for gateway in gateways:
        server.wait_for_state(gateway.uri, UP)
    gateways[1].code = 503
    gateways[2].silent = True
    for gateway in gateways[1:3]:
        server.wait_for_state(gateway.uri, DOWN)
    assert server.call("del_destination", gateways[3].uri, "test") == 0
    seen = len(gateways[3].pings)
    wait_for("five pings more", lambda: len(gateways[4].pings) >= 8)
    assert len(gateways[3].pings) <= seen + 1
    for gateway in gateways[4:]:
        gaps = [b.at - a.at for a, b in pairwise(gateway.pings[1:])]
        assert all(0.8 < gap < 1.2 for gap in gaps), gaps
    processes = {each["DSC"] for each in server.rpc("core.psx") if "timer=keepalive_tick" in each["DSC"]}
    assert len(processes) == probers
    for gateway in gateways:
        gateway.close()


def test_a_dead_dns_server_holds_up_no_address(start, gateway: Gateway, own_dns) -> None:
    """Fifty names, whose DNS server does not answer: the address is pinged each second all the while."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as dead:
        address = f"127.0.0.{next(number for number in range(2, 255) if reserve('resolver', number))}"
        dead.bind((address, 53))
        server = start(resolver=address, KEEPALIVE_PING_JITTER=0, DNS_SECONDS=5)
        for number in range(50):
            assert server.call("add_destination", f"sip:gateway{number}.example.com", "test") == 0
        assert server.call("add_destination", gateway.uri, "test") == 0
        server.wait_for_state(gateway.uri, UP)
        dead.settimeout(10)
        assert b"example" in dead.recv(512), "it is asked"
        wait_for("ten pings", lambda: len(gateway.pings) >= 12, 20)
        gaps = [b.at - a.at for a, b in pairwise(gateway.pings[1:12])]
        print(f"MEASURED: the longest gap is {max(gaps):.2f} s, of 1 s")
        assert max(gaps) < 1.3
        # A call that asks for one of the names waits for nothing.
        began = time.monotonic()
        server.call("is_alive", "sip:gateway7.example.com")
        assert time.monotonic() - began < 1
        server.kill()


def test_full_memory_loses_nothing_that_was_there(start, gateway: Gateway) -> None:
    """If shared memory runs out the call that needed it says so; what was there is pinged and answers."""
    server = start(memory=8)
    assert server.call("add_destination", gateway.uri, "first") == 0
    server.wait_for_state(gateway.uri, UP)
    # Each ping on its way takes as much as ten of these: how many fit is to depend on no machine's speed.
    server.call("pause")
    filled = 0
    while (
        server.call(
            "add_destination", f"sip:127.9.{filled // 250}.{filled % 250}", "fill", 0, None, "x" * 900
        )
        == 0
    ):
        filled += 1
        assert filled < 20_000, "memory is never full"
    server.logged("add_destination: shared memory refused")
    print(f"MEASURED: full after {filled} destinations in 8 MB")
    assert filled > 500
    server.call("resume")
    assert server.call("is_alive", gateway.uri) == 1
    assert server.state(f"sip:127.9.{filled // 250}.{filled % 250}") == -1
    for number in range(filled):
        assert server.call("del_destination", f"sip:127.9.{number // 250}.{number % 250}", "fill") == 0
    gateway.silent = True
    server.wait_for_state(gateway.uri, DOWN, 20)
    gateway.silent = False
    server.wait_for_state(gateway.uri, UP, 20)
    assert server.call("add_destination", "sip:127.9.9.9", "fill") == 0


@pytest.mark.parametrize("script", ["run.py", "before.py", "soak.py", "faults.py", "cockpit_cost.py"])
def test_the_benchmarks_smallest_form(checked_kind: str, script: str, own_dns: None) -> None:
    """The benchmark and the soak run, on this machine's Kamailio."""
    if checked_kind != NATIVE:
        return  # they compare what is installed
    command = [sys.executable, str(ROOT / "bench" / script), "--smallest"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "this module" in done.stdout
