"""Calls of operators' methods, in a process that serves HTTP."""

import importlib
from collections.abc import Generator
from typing import Any

from conftest import FakeServer
from keepalive_testing.names import resolve

ANNA = ("anna", "unix socket")
A, B, C = (f"sip:192.168.10.{number}" for number in (20, 30, 40))
NAME = "sip:provider.example.com"
"""a destination that is a name"""
ONE, TWO, THREE = (f"sip:192.168.10.{number}:5060" for number in (1, 2, 3))
"""the hops to addresses behind it"""


class Desk:
    """An operator, who calls methods as JSON-RPC has them, and gets their results."""

    def __init__(self, server: FakeServer) -> None:
        server.define("http", "unix:/run/kamailio/keepalive.sock")
        server.define("cockpit", "1")
        self.server = server
        self.keepalive: Any = server.process()
        from keepalive_core.rules.operator import Operator
        from keepalive_core.services import change_log, operators, viewing

        self.anna = Operator(*ANNA)
        self._call = operators.call
        self._log = change_log.the_log
        self.snapshot = viewing.the_snapshot

    def call(self, name: str, /, *params: Any, **named: Any) -> Any:
        """Return a method's result; meanwhile time passes, and pings are answered by 200.

        ``start`` is its parameter ``from``, a name that none of Python's can have.
        """
        by_name = {{"start": "from"}.get(each, each): value for each, value in named.items()}
        found = self._call(name, by_name or list(params), self.anna)
        if not isinstance(found, Generator):
            return found
        while True:
            try:
                step = next(found)
            except StopIteration as end:
                return end.value
            if step:
                self.server.answer(200, 0.1)
                self._log.take()

    @staticmethod
    def part(name: str) -> Any:
        """Return a module of this process, such as ``kamailio.name_rows``."""
        return importlib.import_module(f"keepalive_core.{name}")

    def look(self) -> None:
        """Have the snapshot see what has changed of itself."""
        for _ in self.snapshot.look():
            pass

    def ping(self, seconds: float, *dead: str) -> None:
        """Let time pass in which pings are answered by 200, and by 503 of those hops that are dead."""
        for _ in range(round(seconds * 20)):
            before = len(self.server.ksr.sent)
            self.server.tick()
            for ping in self.server.ksr.sent[before:]:
                self.server.ksr.reply(ping, 503 if ping.hop in dead else 200, "Reason")
        self.server.tick()
        self.look()

    def add_name(self, *hops: str, fault: str = "", uri: str = NAME, **options: Any) -> list[str]:
        """Monitor a name, and have DNS say its addresses; return the keys of its targets."""
        assert self.keepalive.add_destination(uri, "me", dns_expand=1, **options) == 0
        self.server.tick()
        return resolve(uri, hops, fault=fault)

    @property
    def told(self) -> list[str]:
        """The NOTICE lines of operators' orders."""
        return [line for line in self.server.ksr.lines("notice") if "keepalive: anna" in line]
