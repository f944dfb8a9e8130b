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
from contract_runs import FakeRun, Outcome, Ports, Told, left, own_lines, request_of, second_request, told_in
from gateway import REASONS, Gateway
from keepalive_testing import signatures
from keepalive_testing.messages import Message
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

    def told(self, name: str, mark: str, expected: Outcome) -> Outcome:
        """Run a row; return what came of it: as much as is expected."""
        row = ROWS[name]
        self.server.begin_log()
        for gateway, answer in zip(self._gateways, (*row.answers, 200, 200), strict=False):
            gateway.silent = answer == SILENT
            gateway.code = answer or 200
            gateway.reason = REASONS.get(gateway.code, "Reason")
            gateway.requests.clear()
        self._send(request_of(name, row, self.ports, mark))
        replies: list[Message] = []
        if second := second_request(name, row, self.ports, mark):
            self._receive(replies, 1, mark)
            self._send(second)
        self._receive(replies, len(expected.answers), mark)
        wait_for("all calls", lambda: len(self._told()) >= len(expected.told), 2)
        wait_for("all that is sent", lambda: len(self._relayed(mark)) >= len(expected.relayed), 2)
        self._receive_more(replies, mark)
        added = ((reply.code, own_lines(reply.code, reply.fields)) for reply in replies)
        return Outcome(
            self._told(),
            [f"{reply.code} {reply.reason}" for reply in replies],
            self._relayed(mark),
            {left(code, lines) for code, lines in added if lines},
        )

    def _relayed(self, mark: str) -> list[str]:
        """Return what has come to the gateways, in its order; of what came again once."""
        came = sorted(request for gateway in self._gateways for request in list(gateway.requests))
        messages: dict[str, Message] = {}
        for request in came:
            # What comes again has the same Via, and so has what tm sends of its own to end an INVITE.
            if mark in request.text:
                messages.setdefault(request.header("Via"), Message(request.text))
        return [left(each.uri, each.fields) for each in messages.values()]

    def _told(self) -> Told:
        return told_in(self.server.log_lines("CONTRACT "))

    def works_side_by_side(self) -> bool:
        """Say whether more than one process had a part in the last row."""
        return len({line.partition(")")[0] for line in self.server.log_lines("CONTRACT ")}) > 1

    def _send(self, text: str) -> None:
        self._client.sendto(text.encode(), ("127.0.0.1", self.ports.server))

    def _receive(self, replies: list[Message], number: int, mark: str) -> None:
        self._client.settimeout(2)
        while len(replies) < number:
            reply = self._client.recv(65535).decode()
            if mark in reply:
                replies.append(Message(reply))

    def _receive_more(self, replies: list[Message], mark: str) -> None:
        """Receive what nobody expects."""
        with contextlib.suppress(TimeoutError):
            self._client.settimeout(0.05)
            while mark in (reply := self._client.recv(65535).decode()):
                replies.append(Message(reply))

    def close(self) -> None:
        """Stop all."""
        self._client.close()
        self.server.stop()
        print(self.server.log)
        self.server.forget()
        for gateway in self._gateways:
            gateway.close()


def by_route(outcome: Outcome) -> Outcome:
    """Return an outcome with the calls of each route together, in their order."""
    return outcome._replace(told=sorted(outcome.told, key=lambda call: call.partition(":")[0]))


@pytest.fixture(scope="module")
def real(checked_kind: str) -> Iterator[RealRun]:
    """The server for all rows."""
    gateways = [Gateway(), Gateway()]
    run = RealRun(checked_kind, Ports(free_port(), free_port(), *(each.port for each in gateways)), gateways)
    yield run
    run.close()


@pytest.mark.parametrize("name", ROWS)
def test_a_real_server_says_what_the_fake_says(
    real: RealRun, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each call returns or raises on a real server what it does on the fake, in the same order of routes.

    A reply that another process receives, as one over TCP, may be told of before the call that sent what it
    answers.
    """
    mark = uuid.uuid4().hex
    expected = FakeRun(real.version, monkeypatch, real.ports).told(name, mark)
    outcome = real.told(name, mark, expected)
    if real.works_side_by_side():
        expected, outcome = by_route(expected), by_route(outcome)
    different = [line for line in difflib.ndiff(expected.told, outcome.told) if line[0] in "-+"]
    assert not different, "\n".join([f"- the fake, + Kamailio {real.version}:", *different])
    assert sorted(outcome.answers) == sorted(expected.answers)
    assert outcome.relayed == expected.relayed
    assert outcome.replied == expected.replied
