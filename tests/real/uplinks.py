"""Uplinks that can be cut: hosts in network namespaces of their own, each behind a link of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
import uuid

from places import ROOT
from real.network import free_net
from real.server import wait_for


class Uplink:
    """A link from this machine to another host, on which a gateway answers at port 5060 of many addresses.

    Its addresses are some of those that RFC 2544 keeps for tests.
    """

    def __init__(self) -> None:
        self._net = free_net()
        self.ours = f"{self._net}.1"
        self.virtual = f"{self._net}.9"
        """an address that this machine has between gain() and lose(), as one of a pair of servers"""
        self._host = f"keepalive-{uuid.uuid4().hex[:8]}"
        self._link = link = f"ka{uuid.uuid4().hex[:10]}"
        peer = "eth0"
        self._gateway: subprocess.Popen[bytes] | None = None
        self._ip("netns", "add", self._host)
        try:
            self._ip("link", "add", link, "type", "veth", "peer", "name", peer, "netns", self._host)
            self._ip("addr", "add", f"{self.ours}/24", "dev", link)
            self._ip("link", "set", link, "up")
            self._ip("-n", self._host, "addr", "add", f"{self._net}.2/24", "dev", peer)
            self._ip("-n", self._host, "link", "set", "lo", "up")
            self._ip("-n", self._host, "route", "add", "local", f"{self._net}.128/25", "dev", "lo")
            self.mend()
            gateway = [sys.executable, str(ROOT / "docker" / "gateway.py"), "0.0.0.0:5060"]
            self._gateway = subprocess.Popen(["ip", "netns", "exec", self._host, *gateway])
            wait_for("the gateway's port", self._listens)
        except BaseException:
            self.close()
            raise

    def _ip(self, *arguments: str) -> str:
        return subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True).stdout

    def _listens(self) -> bool:
        sockets = ["ip", "netns", "exec", self._host, "ss", "-lnu"]
        return ":5060" in subprocess.run(sockets, check=True, capture_output=True, text=True).stdout

    def destinations(self, number: int) -> list[str]:
        """Return a number of different URIs, 100 at the most, of the host behind it."""
        return [f"sip:{self._net}.{128 + each}" for each in range(number)]

    def gain(self) -> None:
        """Have the virtual address."""
        self._ip("addr", "add", f"{self.virtual}/24", "dev", self._link)

    def lose(self) -> None:
        """Have the virtual address no more."""
        self._ip("addr", "del", f"{self.virtual}/24", "dev", self._link)

    def cut(self) -> None:
        """Let nothing through any more, at the far end: packets leave, and are lost."""
        self._ip("-n", self._host, "link", "set", "eth0", "down")

    def break_behind_the_next_hop(self) -> None:
        """Let nothing come back any more, as where a router further on fails: the next hop is there."""
        assert self._gateway is not None
        self._gateway.send_signal(signal.SIGSTOP)

    def mend(self) -> None:
        """Let all through again."""
        self._ip("-n", self._host, "link", "set", "eth0", "up")

    def close(self) -> None:
        """End the gateway, and take the host and its link away."""
        if self._gateway is not None:
            self._gateway.kill()
            self._gateway.wait(10)
        self._ip("netns", "del", self._host)
