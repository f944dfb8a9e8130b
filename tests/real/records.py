"""DNS records as the tests write them, a line each: ``_sip._udp.p.test SRV 10 60 5060 a.p.test``.

Names are absolute, without the dot at the end; the name "." is the root. An empty text is ``""``.
"""

from __future__ import annotations

import ipaddress
import shlex
import socket
import struct
from typing import NamedTuple

TYPES = {"A": 1, "CNAME": 5, "AAAA": 28, "SRV": 33, "NAPTR": 35}
"""their numbers: RFC 1035, RFC 3596, RFC 2782, RFC 3403"""


class Record(NamedTuple):
    """One record."""

    name: str
    type: str
    data: tuple[str, ...]

    @property
    def packed(self) -> bytes:
        """The data as it is sent, no name of it compressed."""
        data = self.data
        if self.type in ("A", "AAAA"):
            return ipaddress.ip_address(data[0]).packed
        if self.type == "CNAME":
            return packed_name(data[0])
        if self.type == "SRV":
            priority, weight, port = map(int, data[:3])
            return struct.pack("!HHH", priority, weight, port) + packed_name(data[3])
        order, preference = map(int, data[:2])
        texts = b"".join(bytes([len(text)]) + text.encode() for text in data[2:5])
        return struct.pack("!HH", order, preference) + texts + packed_name(data[5])

    @property
    def of_dnsmasq(self) -> str:
        """The line of dnsmasq's configuration that serves it; an address stands in its file of hosts."""
        if self.type == "CNAME":
            return f"cname={self.name},{self.data[0]}"
        if self.type == "SRV":
            priority, weight, port, target = self.data
            return f"srv-host={self.name}" + (
                "" if target == "." else f",{target},{port},{priority},{weight}"
            )
        return f"naptr-record={self.name},{','.join(self.data)}"


def records(text: str) -> list[Record]:
    """Return the records of lines."""
    fields = [shlex.split(line) for line in text.splitlines() if line.strip()]
    found = [Record(name, kind, tuple(data)) for name, kind, *data in fields]
    assert all(record.type in TYPES for record in found)
    return found


def packed_name(name: str) -> bytes:
    """Return a name as it is sent (RFC 1035 section 3.1)."""
    labels = [label.encode() for label in name.split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def answers(server: str, name: str, address: str) -> bool:
    """Say whether a DNS server says now that a name has an IPv4 address."""
    question = struct.pack("!HHHHHH", 1, 0x0100, 1, 0, 0, 0) + packed_name(name) + struct.pack("!HH", 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(0.5)
        try:
            client.connect((server, 53))
            client.send(question)
            return client.recv(1500).endswith(socket.inet_aton(address))
        except OSError:
            return False
