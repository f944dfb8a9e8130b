#!/usr/bin/env python3
"""A small SIP gateway over UDP and TCP, for trying KeepAlive and for its tests.

As a program it answers 200 to what it gets, until it is stopped:

    python3 docker/gateway.py 127.0.0.1:5071
    python3 docker/gateway.py 127.0.0.1:5072 --code 404
    python3 docker/gateway.py 127.0.0.1:5073 --pause 15     # answers for 15 s, is silent for 15 s, ...

In a test it is an object whose answers can be changed while it runs.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from typing import NamedTuple

REASONS = {100: "Trying", 200: "OK", 404: "Not Found", 408: "Request Timeout", 503: "Service Unavailable"}


class Request(NamedTuple):
    """A request as it came in."""

    at: float
    """time.monotonic()"""
    text: str

    @property
    def method(self) -> str:
        return self.text.split(" ", 1)[0]

    @property
    def uri(self) -> str:
        return self.text.split(" ", 2)[1]

    def header(self, name: str) -> str:
        found = re.search(rf"^{name}\s*:\s*(.*?)\r?$", self.text, re.MULTILINE | re.IGNORECASE)
        return found.group(1) if found else ""


def _open(host: str, port: int, tcp: bool) -> tuple[socket.socket, socket.socket | None]:
    """Return a socket of UDP, and one of TCP at the same port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        udp = socket.socket(family, socket.SOCK_DGRAM)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        udp.bind((host, port))
        try:
            address = (host, udp.getsockname()[1])
            return udp, socket.create_server(address, family=family) if tcp else None
        except OSError:
            udp.close()
            # Of a port that the kernel chose for UDP, TCP may have a client: then another one.
            if port:
                raise


class Gateway:
    """Answers SIP requests at an address, over UDP and TCP, from two threads of its own.

    Arguments: host, an IPv4 or IPv6 address; port, 0 for a free one; code and reason, of its answers; tcp,
    listen on TCP too; tls, what makes a connection of TCP one of TLS.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        code: int = 200,
        reason: str = "",
        tcp: bool = True,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.code = code
        self.invite_code = 0
        """the code for what belongs to calls, 0 for the same as for pings"""
        self.reason = reason
        self.silent = False
        self.deaf_to: set[str] = set()
        """methods that it does not answer"""
        self.deaf_once = False
        """answers nothing but what comes again"""
        self.provisional = 0
        """a provisional code to send before the answer, 0 for none"""
        self.copies = 1
        """how many times an answer is sent"""
        self.delay = 0.0
        """seconds before an answer"""
        self.headers: list[str] = []
        """more headers of an answer"""
        self.strangers: list[int] = []
        """codes of answers of another conversation, each sent before its own"""
        self.answers_from: socket.socket | None = None
        """another socket that answers over UDP leave from"""
        self.hang_ups = 0
        """how many more times it closes a TCP connection instead of an answer"""
        self.lost: set[int] = set()
        """which ones of ten pings in turn, 0 to 9, are not answered"""
        self.requests: list[Request] = []
        self._stopping = False
        self._connections: list[socket.socket] = []
        self._tls = tls
        self._udp, self._tcp = _open(host, port, tcp)
        self.host, self.port = self._udp.getsockname()[:2]
        threading.Thread(target=self._serve_udp, daemon=True).start()
        if self._tcp is not None:
            threading.Thread(target=self._serve_tcp, daemon=True).start()

    @property
    def uri(self) -> str:
        return f"sip:[{self.host}]:{self.port}" if ":" in self.host else f"sip:{self.host}:{self.port}"

    @property
    def pings(self) -> list[Request]:
        """The OPTIONS that came in, without retransmissions of one."""
        branches: dict[str, Request] = {}
        for request in list(self.requests):
            if request.method == "OPTIONS":
                branches.setdefault(request.header("Via"), request)
        return list(branches.values())

    def close(self) -> None:
        """Die: its port is closed from now on, and so are its connections."""
        if self._stopping:
            return
        self._stopping = True
        # A thread that waits in recvfrom keeps the port open beyond close(); this wakes it first.
        self._udp.sendto(b"", (self.host, self.port))
        self._udp.close()
        for stream in [self._tcp, *self._connections]:
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.shutdown(socket.SHUT_RDWR)
                stream.close()

    def _serve_udp(self) -> None:
        while not self._stopping:
            try:
                data, peer = self._udp.recvfrom(65535)
            except OSError:
                return
            for answer in self._answers(data):
                with contextlib.suppress(OSError):  # closed while it thought about the answer
                    (self.answers_from or self._udp).sendto(answer, peer)

    def _serve_tcp(self) -> None:
        assert self._tcp is not None
        while not self._stopping:
            try:
                connection, _ = self._tcp.accept()
            except OSError:
                return
            self._connections.append(connection)
            threading.Thread(target=self._serve_connection, args=(connection,), daemon=True).start()

    def _serve_connection(self, connection: socket.socket) -> None:
        if self._tls is not None:
            try:
                connection = self._tls.wrap_socket(connection, server_side=True)
            except OSError:  # ssl.SSLError too: nothing that it understands
                return
            self._connections.append(connection)
        buffered = b""
        while not self._stopping:
            try:
                data = connection.recv(65535)
            except OSError:
                break
            if not data:
                break
            buffered += data
            # Pings and the requests of the tests have no body over TCP.
            while b"\r\n\r\n" in buffered:
                head, _, buffered = buffered.partition(b"\r\n\r\n")
                if self.hang_ups:
                    self.hang_ups -= 1
                    connection.close()
                    return
                for answer in self._answers(head + b"\r\n\r\n"):
                    with contextlib.suppress(OSError):
                        connection.sendall(answer)
        connection.close()

    def _answers(self, data: bytes) -> Iterator[bytes]:
        if self._stopping or not data.strip():
            return
        request = Request(time.monotonic(), data.decode("utf-8", "replace"))
        self.requests.append(request)
        if request.method == "ACK" or request.text.startswith("SIP/2.0"):
            return
        for code in self.strangers:
            yield self._answer(request, code, stranger=True)
        if self.silent or request.method in self.deaf_to:
            return
        if self.deaf_once and sum(each.text == request.text for each in list(self.requests)) < 2:
            return
        if request.method == "OPTIONS" and (len(self.pings) - 1) % 10 in self.lost:
            return
        if self.delay:
            time.sleep(self.delay)
        final = self.invite_code if self.invite_code and request.method != "OPTIONS" else self.code
        codes = [self.provisional] if self.provisional else []
        for code in [*codes, *[final] * self.copies]:
            yield self._answer(request, code)

    def _answer(self, request: Request, code: int, stranger: bool = False) -> bytes:
        reason = self.reason if code == self.code and self.reason else REASONS.get(code, "Answer")
        copied = re.findall(
            r"^(?:Via|From|Call-ID|CSeq|Record-Route)\s*:.*?\r?$", request.text, re.MULTILINE | re.IGNORECASE
        )
        head = [
            f"SIP/2.0 {code} {reason}",
            *(line.rstrip("\r") for line in copied),
            f"To: {request.header('To')};tag={self.port}",
            f"Contact: <{self.uri}>",
            *self.headers,
            "Content-Length: 0",
        ]
        if stranger:
            head = [f"{line}-stranger" if line.startswith("Call-ID") else line for line in head]
        # Latin-1, so that a test can send a reason phrase that is no UTF-8.
        return ("\r\n".join(head) + "\r\n\r\n").encode("latin-1", "replace")


def main() -> None:
    """Run a gateway until it is stopped."""
    parser = argparse.ArgumentParser(description="A small SIP gateway.")
    parser.add_argument("address", help="host:port to listen on")
    parser.add_argument("--code", type=int, default=200, help="the code of its answers")
    parser.add_argument(
        "--pause", type=float, default=0, help="seconds of answers, then of silence, and so on"
    )
    arguments = parser.parse_args()
    host, _, port = arguments.address.rpartition(":")
    gateway = Gateway(host, int(port), arguments.code)
    while True:
        time.sleep(arguments.pause or 3600)
        gateway.silent = bool(arguments.pause) and not gateway.silent


if __name__ == "__main__":
    main()
