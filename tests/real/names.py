"""A DNS server for the tests that may lie, be slow or say nothing: what no DNS server of Debian's does."""

from __future__ import annotations

import socket
import struct
import threading
import time

from real.records import TYPES, Record, packed_name, records
from real.server import reserve

_NO_SUCH_NAME = 3
_KINDS = {number: kind for kind, number in TYPES.items()}


def free_address() -> str:
    """Return an address of the loopback network for a DNS server, which nobody else gets."""
    return f"127.0.78.{next(number for number in range(1, 250) if reserve('name server', number))}"


def with_addresses(addresses: dict[str, list[str]]) -> str:
    """Return the records of names that have IPv4 addresses."""
    return "\n".join(f"{name} A {host}" for name, hosts in addresses.items() for host in hosts)


class NameServer:
    """Answers over UDP at port 53 of an address of its own, from a thread of its own.

    Arguments: text, its records, which may contradict each other (see records.py).
    """

    def __init__(self, text: str) -> None:
        self.say(text)
        self.mute: set[str] = set()
        """names that it gives no answer for, nor for those below them"""
        self.codes: dict[str, int] = {}
        """by name, the code of an answer without records, such as 2, SERVFAIL"""
        self.delay = 0.0
        """seconds that each answer takes"""
        self.asked: list[str] = []
        """what it was asked for, such as "provider.test A" """
        self.address = free_address()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((self.address, 53))
        threading.Thread(target=self._serve, daemon=True).start()

    def say(self, text: str) -> None:
        """Have these records from now on, and no others."""
        self._records = records(text)

    def close(self) -> None:
        """Stop."""
        # It wakes the thread, which waits for a question.
        self._socket.sendto(b"", (self.address, 53))

    def _serve(self) -> None:
        while True:
            question, peer = self._socket.recvfrom(1500)
            if not question:
                self._socket.close()
                return
            answer = self._answer(question)
            if answer:
                time.sleep(self.delay)
                self._socket.sendto(answer, peer)

    def _answer(self, question: bytes) -> bytes:
        # RFC 1035 section 4.1: 12 bytes of header; the name's labels, each behind its length; type, class.
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1 : at + 1 + question[at]].decode().lower())
            at += 1 + question[at]
        name = ".".join(labels)
        number: int = struct.unpack_from("!H", question, at + 1)[0]
        self.asked.append(f"{name} {_KINDS.get(number, number)}")
        if self.mute & {".".join(labels[first:]) for first in range(len(labels))}:
            return b""
        found, known = self._found(name, number)
        code = self.codes.get(name, 0 if known else _NO_SUCH_NAME)
        found = [] if code else found
        header = question[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, len(found), 0, 0)
        return header + question[12 : at + 5] + b"".join(map(self._sent, found))

    def _found(self, name: str, number: int) -> tuple[list[Record], bool]:
        """Return the records that answer a question, behind those of its aliases; and whether it has any."""
        found: list[Record] = []
        while True:
            own = [record for record in self._records if record.name == name]
            aliases = [record for record in own if record.type == "CNAME" and record not in found]
            found += [record for record in own if TYPES[record.type] == number and record not in found]
            if not aliases or TYPES["CNAME"] == number:
                return found, bool(own)
            found.append(aliases[0])
            name = aliases[0].data[0]

    @staticmethod
    def _sent(record: Record) -> bytes:
        # It may be remembered for no time.
        fixed = struct.pack("!HHIH", TYPES[record.type], 1, 0, len(record.packed))
        return packed_name(record.name) + fixed + record.packed
