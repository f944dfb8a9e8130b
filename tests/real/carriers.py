#!/usr/bin/env python3
"""The carriers of a lab: a program that answers OPTIONS at port 5060 of all addresses, and counts them.

It reads commands from its standard input, one JSON object a line, and writes one line of JSON for each.
"""

from __future__ import annotations

import json
import re
import select
import socket
import sys
import time
from collections import defaultdict
from typing import Any

_SO_RCVBUFFORCE = 33
_IP_PKTINFO = 8
_COPIED = re.compile(rb"^(?:Via|From|Call-ID|CSeq)\s*:.*?\r\n", re.MULTILINE | re.IGNORECASE)
_TO = re.compile(rb"^To\s*:.*?(?=\r\n)", re.MULTILINE | re.IGNORECASE)
_BRANCH = re.compile(rb"branch=([^;\s]+)")


class Carriers:
    """What is answered to whom.

    A destination is named by its URI, a node by its address; "*" stands for all of them.
    """

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 1 << 25)
        self.socket.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        self.socket.bind(("0.0.0.0", 5060))
        self._denied: set[tuple[str, str]] = set()
        self._asked: dict[tuple[str, str], list[float]] = defaultdict(list)
        self._last: dict[tuple[str, str], bytes] = {}
        """the branch of each one's last ping, by which one that is sent again is known"""

    def take(self) -> None:
        """Answer a request."""
        data, asked, _, peer = self.socket.recvmsg(65535, socket.CMSG_SPACE(12))
        if not data.startswith(b"OPTIONS "):
            return
        both = peer[0], data.split(b" ", 2)[1].decode()
        branch = _BRANCH.search(data)
        if branch and self._last.get(both) != branch[1]:
            self._last[both] = branch[1]
            self._asked[both].append(time.monotonic())
        if not self._denied.isdisjoint({both, ("*", both[1]), (both[0], "*")}):
            return
        to = _TO.search(data)
        head = b"SIP/2.0 200 OK\r\n" + b"".join(_COPIED.findall(data))
        head += (to[0] if to else b"To: <sip:x>") + b";tag=carrier\r\nContent-Length: 0\r\n\r\n"
        # From the very address that was asked: the first of the three numbers is the interface's.
        asked_at = [(*kind, bytes(4) + told[4:]) for *kind, told in asked]
        self.socket.sendmsg([head], asked_at, 0, peer)

    def deny(self, node: str, destinations: list[str]) -> int:
        """Answer a node's pings of destinations no more."""
        self._denied |= {(node, each) for each in destinations}
        return len(self._denied)

    def allow(self, node: str, destinations: list[str]) -> int:
        """Answer them again; those that were denied by the same words."""
        self._denied -= {(node, each) for each in destinations}
        return len(self._denied)

    def allow_all(self) -> int:
        """Answer all that is asked."""
        self._denied.clear()
        return 0

    def pings(self, since: float) -> list[tuple[str, str, float]]:
        """Return each ping since a time of time.monotonic(): node, destination, when."""
        return [(*both, at) for both, times in self._asked.items() for at in times if at >= since]


def main() -> None:
    """Serve until the input ends."""
    carriers = Carriers()
    asked = (carriers.deny, carriers.allow, carriers.allow_all, carriers.pings)
    commands: dict[str, Any] = {command.__name__: command for command in asked}
    while True:
        ready, _, _ = select.select([carriers.socket, sys.stdin.fileno()], [], [])
        if carriers.socket in ready:
            carriers.take()
        if sys.stdin.fileno() in ready:
            line = sys.stdin.buffer.raw.readline()  # type: ignore[union-attr]
            if not line:
                return
            command, *arguments = json.loads(line)
            print(json.dumps(commands[command](*arguments)), flush=True)


if __name__ == "__main__":
    main()
