"""A DNS server for the tests, which knows some names and no others."""

from __future__ import annotations

import socket
import struct
import threading

from real.server import reserve

_A = 1
_NO_SUCH_NAME = 3


class NameServer:
    """Answers for names with their IPv4 addresses, in their order, from a thread of its own.

    Arguments: addresses, by name.
    """

    def __init__(self, addresses: dict[str, list[str]]) -> None:
        self._addresses = addresses
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        number = next(number for number in range(1, 250) if reserve("name server", number))
        self.address = f"127.0.78.{number}"
        self._socket.bind((self.address, 53))
        threading.Thread(target=self._serve, daemon=True).start()

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
            self._socket.sendto(self._answer(question), peer)

    def _answer(self, question: bytes) -> bytes:
        # RFC 1035 section 4.1: 12 bytes of header; the name's labels, each behind its length; type, class.
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1 : at + 1 + question[at]].decode())
            at += 1 + question[at]
        known = self._addresses.get(".".join(labels).lower())
        wants_addresses = struct.unpack_from("!H", question, at + 1)[0] == _A
        records = [
            # The name is the one at offset 12; it may be remembered for a minute.
            struct.pack("!HHHIH", 0xC00C, _A, 1, 60, 4) + socket.inet_aton(address)
            for address in (known or [] if wants_addresses else [])
        ]
        code = _NO_SUCH_NAME if known is None else 0
        header = question[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, len(records), 0, 0)
        return header + question[12 : at + 5] + b"".join(records)
