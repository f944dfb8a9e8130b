"""Runs the table of contract.py: the requests, and what the fake says."""

from __future__ import annotations

import itertools
import json
import sys
from typing import NamedTuple

import pytest

import contract
from contract import ROWS, SILENT, Row
from gateway import REASONS
from keepalive_testing.calls import Call
from keepalive_testing.drafts import fields_of
from keepalive_testing.ksr import FakeKSR
from keepalive_testing.messages import Message

UNRESOLVABLE = "sip:none.invalid"


class Ports(NamedTuple):
    """Of whom a run speaks, all at 127.0.0.1."""

    server: int = 5060
    client: int = 5090
    gateway_a: int = 5071
    gateway_b: int = 5072

    def fill(self, text: str) -> str:
        """Put the true ports into a text."""
        for name, port in zip(("SERVER", "GATEWAY_A", "GATEWAY_B"), (self[0], *self[2:]), strict=True):
            text = text.replace(name, str(port))
        return text


Told = list[str]
"""of each call in its order: where it was made, its text, and what came of it"""
# What every message has, and what says of which row it is.
USUAL = {"via", "from", "to", "call-id", "cseq", "content-length", "max-forwards", "server", "x-row"}


class Outcome(NamedTuple):
    """What came of a row: what its calls told, all replies, and what left, to either side."""

    told: Told
    answers: list[str]
    """codes of replies, each with its reason"""
    relayed: list[str]
    """request URIs, each with the header lines that are not usual"""
    replied: set[str]
    """codes of replies, each with the header lines that the script has added"""


def left(start: object, fields: list[tuple[str, str]]) -> str:
    """Return a message that has left as one line. Arguments: start, what it is; fields, its header."""
    return f"{start} {[': '.join(field) for field in fields if field[0].lower() not in USUAL]}"


def own_lines(code: int, fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the header fields of a reply that a row has added, or Kamailio to a redirection."""
    has_contact = code in range(300, 400)
    return [field for field in fields if field[0].startswith("X-") or (has_contact and field[0] == "Contact")]


def request_of(name: str, row: Row, ports: Ports, mark: str, method: str = "") -> str:
    """Return the request of a row. Arguments: mark, that no other has; method, in the place of its own."""
    first, uri = row.request.split(" ", 1)
    to = [line for line in row.headers if line.startswith("To:")] or ["To: <sip:bob@example.com>"]
    lines = [
        f"{method or first} {uri} SIP/2.0",
        f"Via: SIP/2.0/UDP 127.0.0.1:{ports.client};branch=z9hG4bK{mark}",
        'From: "Alice" <sip:alice@example.com>;tag=1',
        *to,
        f"Call-ID: {mark}",
        f"CSeq: 1 {method or first}",
        f"X-Row: {name}",
        *(line for line in row.headers if not line.startswith("To:")),
        "Content-Length: 5",
    ]
    return ports.fill("\r\n".join(lines)) + "\r\n\r\nhello"


def second_request(name: str, row: Row, ports: Ports, mark: str) -> str:
    """Return what the client sends behind the first request, "" for nothing."""
    if not row.then:
        return ""
    return request_of(name, row, ports, mark, "CANCEL" if row.then == "CANCEL" else "")


class FakeRun:
    """A fake server that runs contract.py. Arguments: version, of Kamailio; ports, which it is to name."""

    def __init__(self, version: str, monkeypatch: pytest.MonkeyPatch, ports: Ports = Ports()) -> None:  # noqa: B008
        self.ports = ports
        self.ksr = FakeKSR(version)
        monkeypatch.setitem(sys.modules, "KSR", self.ksr.module)
        for name in ("facts", "rows", "turn"):
            self.ksr.add_table(name)
        self.ksr.add_table("counters", initial=0)
        self.ksr.add_queue("facts")
        self.ksr.add_queue("two", 2)
        self.ksr.listening = [(transport, "127.0.0.1", ports.server) for transport in ("udp", "tcp")]
        self.ksr.unresolvable.add(UNRESOLVABLE)
        self.ksr.defines |= {
            "SERVER": str(ports.server),
            "GATEWAY_A": str(ports.gateway_a),
            "GATEWAY_B": str(ports.gateway_b),
            "WORD": '"x"',
        }
        self.ksr.handlers = contract.mod_init()
        self.ksr.event_function = "ksr_event"

    def told(self, name: str, mark: str = "mark") -> Outcome:
        """Run a row; return what came of it."""
        row = ROWS[name]
        self.ksr.logged.clear()
        self.ksr.sent.clear()
        client = ("127.0.0.1", self.ports.client)
        calls = [self.ksr.request_of(Message(request_of(name, row, self.ports, mark)), client)]
        second = second_request(name, row, self.ports, mark)
        if row.then == "CANCEL":
            calls.append(self.ksr.request_of(Message(second), client, calls[0]))
        elif second:
            self.ksr.retransmitted(calls[0])
        for answer, later in itertools.zip_longest(row.answers, row.answers[1:]):
            self._answer(calls[0], answer)
            if answer in range(100, 200) and later is not None:
                calls[0].time_out()  # each gateway has one answer
        replies = [reply for call in calls for reply in call.replies]
        return Outcome(
            told_in([text for _, text in self.ksr.logged]),
            [f"{reply.code} {reply.reason}" for reply in replies],
            [left(branch.uri, branch.fields) for call in calls for branch in call.relayed],
            {left(reply.code, fields_of(reply.headers)) for reply in replies if reply.headers},
        )

    def _answer(self, call: Call, code: int) -> None:
        for ping in self.ksr.sent:
            self.ksr.reply(ping, code, REASONS[code])
        if not call.is_waiting:
            return
        if code == SILENT:
            call.time_out()
        else:
            call.reply(code, REASONS.get(code, "Reason"))


def told_in(lines: list[str]) -> Told:
    """Return what lines of a log tell."""
    parts = (line.partition("CONTRACT ")[2] for line in lines)
    entries = (json.loads(part)[1:] for part in parts if part)
    return [f"{where}: {call} -> {value!r}" for where, call, value in entries]
