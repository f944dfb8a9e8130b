"""Real servers say what the kit's fake of KSR says: each call of tests/contract.py."""

from __future__ import annotations

import contextlib
import difflib
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

import contract
from contract import ROWS, SILENT
from contract_runs import FakeRun, Ports, Told, request_of, second_request, told_in
from gateway import Gateway
from keepalive_testing import signatures
from real.server import Kamailio, Launch, free_port, wait_for


class RealRun:
    """A real server that runs contract.py, with two gateways and a client."""

    def __init__(self, kind: str, ports: Ports, gateways: list[Gateway]) -> None:
        self.ports = ports
        self._gateways = gateways
        self._client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._client.bind(("127.0.0.1", ports.client))
        self.server = Kamailio(
            kind,
            "contract.cfg",
            {
                "SCRIPT": Path(contract.__file__),
                "SERVER": ports.server,
                "SERVER_ADDRESS": f"sip:127.0.0.1:{ports.server}",
                "NODE": f"sip:127.0.0.1:{ports.gateway_a}",
                "GATEWAY_A": ports.gateway_a,
                "GATEWAY_B": ports.gateway_b,
                "WORD": "x",
            },
            Launch(children=1, port=ports.server),
        )
        version = str(self.server.rpc("core.version")).split()[1]
        self.version = next(each for each in signatures.VERSIONS if version.startswith(each))

    def told(self, name: str, mark: str, expected: tuple[Told, list[int]]) -> tuple[Told, list[int]]:
        """Run a row; return what it told, and the codes that the client was told: as much as is expected."""
        row = ROWS[name]
        self.server.begin_log()
        for gateway, answer in zip(self._gateways, (*row.answers, 200, 200), strict=False):
            gateway.silent = answer == SILENT
            gateway.code = answer or 200
        self._send(request_of(name, row, self.ports, mark))
        codes: list[int] = []
        if second := second_request(name, row, self.ports, mark):
            self._receive(codes, 1, mark)
            self._send(second)
        self._receive(codes, len(expected[1]), mark)
        wait_for("all calls", lambda: len(self._told()) >= len(expected[0]), 2)
        self._receive_more(codes, mark)
        return self._told(), codes

    def _told(self) -> Told:
        return told_in(self.server.log_lines("CONTRACT "))

    def _send(self, text: str) -> None:
        self._client.sendto(text.encode(), ("127.0.0.1", self.ports.server))

    def _receive(self, codes: list[int], number: int, mark: str) -> None:
        self._client.settimeout(2)
        while len(codes) < number:
            reply = self._client.recv(65535).decode()
            if mark in reply:
                codes.append(int(reply.split()[1]))

    def _receive_more(self, codes: list[int], mark: str) -> None:
        """Receive what nobody expects."""
        with contextlib.suppress(TimeoutError):
            self._client.settimeout(0.05)
            while mark in (reply := self._client.recv(65535).decode()):
                codes.append(int(reply.split()[1]))

    def close(self) -> None:
        """Stop all."""
        self._client.close()
        self.server.stop()
        print(self.server.log)
        self.server.forget()
        for gateway in self._gateways:
            gateway.close()


@pytest.fixture(scope="module")
def real(checked_kind: str) -> Iterator[RealRun]:
    """The server for all rows."""
    gateways = [Gateway(tcp=False), Gateway(tcp=False)]
    run = RealRun(checked_kind, Ports(free_port(), free_port(), *(each.port for each in gateways)), gateways)
    yield run
    run.close()


@pytest.mark.parametrize("name", ROWS)
def test_a_real_server_says_what_the_fake_says(
    real: RealRun, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each call returns or raises on a real server what it does on the fake, in the same order of routes."""
    mark = uuid.uuid4().hex
    expected = FakeRun(real.version, monkeypatch, real.ports).told(name, mark)
    told, codes = real.told(name, mark, expected)
    different = [line for line in difflib.ndiff(expected[0], told) if line[0] in "-+"]
    assert not different, "\n".join([f"- the fake, + Kamailio {real.version}:", *different])
    assert sorted(codes) == sorted(expected[1])
