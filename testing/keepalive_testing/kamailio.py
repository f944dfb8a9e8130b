"""What a test has of the kit: a Kamailio that runs a script, answers for its gateways, and takes requests."""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
import time
import uuid
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from keepalive_testing.calls import Call
from keepalive_testing.ksr import FakeKSR, Transaction
from keepalive_testing.messages import Message, Uri, at_port, long_name
from keepalive_testing.names import resolve
from keepalive_testing.server import FakeServer

CLIENT = ("192.0.2.10", 5060)
LONGEST_WORD = 80
"""characters of what a test was given that a complaint repeats"""
_KEMI = Path(__file__).parent / "kemi"
DEFINES = {
    name
    for file in ("keepalive.cfg", "keepalive-settings.cfg")
    for name in re.findall(r"\bKEEPALIVE_[A-Z_0-9]+\b", (_KEMI / file).read_text())
}
"""what kamailio.cfg may define for keepalive"""
PATIENCE_S = 600
"""for how long a destination may take to change its state, in seconds of the server's clock"""


class Kamailio:
    """A server with keepalive in it, without any network: the test says what comes in.

    ksr is the fake of KSR, server has the clock; keepalive is the API, as the script has it.
    """

    def __init__(self, ksr: FakeKSR, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ksr = ksr
        self.server = FakeServer(ksr, monkeypatch)
        self._monkeypatch = monkeypatch
        # What has an end, such as a drain, has it by the wall's clock.
        wall, self._began = time.time, self.server.now
        monkeypatch.setattr(time, "time", lambda: wall() + (self.server.now - self._began) / 1_000_000)
        self._keepalive: Any = None
        self.script: Any = None
        """the script's module, or what it was loaded from"""
        self._silent: set[str] = set()
        """destinations whose pings are not answered"""

    def end(self) -> None:
        """Have the wall's clock be right again, for whoever keeps it beyond this test, as a mock does."""
        self._began = self.server.now

    @property
    def keepalive(self) -> Any:
        """The API, as the script has it."""
        assert self._keepalive is not None, "no script runs: kamailio.load(...) comes first"
        return self._keepalive

    # --- the script ---

    def load(self, script: str | Path | ModuleType | type | object, **defines: object) -> Any:
        """Start the script, as app_python3 does: import it, call its mod_init and its child_init.

        Arguments: script, the path of a file, a module, a class or an object with ksr_request_route;
        defines, what kamailio.cfg would define, such as ``KEEPALIVE_DESTINATIONS="sip:192.168.10.20"``.
        Returns: the object whose ksr_ functions Kamailio calls.
        """
        for name, value in defines.items():
            self._define(name, value)
        self._keepalive = self.server.process()
        self.script = self._executed(script)
        handlers = self._handlers(self.script)
        self.ksr.handlers = handlers
        if hasattr(handlers, "child_init"):
            answer = self._int("child_init", handlers.child_init(1))
            assert answer >= 0, f"child_init returned {answer}: Kamailio would not start"
        else:
            is_whole = isinstance(self.script, ModuleType)
            assert not is_whole, "the script has no child_init(rank): Kamailio would not start"
        if hasattr(handlers, "ksr_keepalive_tick"):
            self.server.tick()
        return handlers

    def _define(self, name: str, value: object) -> None:
        parameter = name.removeprefix("KEEPALIVE_").lower()
        is_ours = name.upper().startswith("KEEPALIVE_") or f"KEEPALIVE_{name.upper()}" in DEFINES
        is_known = name in DEFINES or name.startswith("KEEPALIVE_HTTP_") or not is_ours
        assert is_known, f"{_short(name)} is no define of keepalive's, such as KEEPALIVE_PING_INTERVAL"
        if name.startswith("KEEPALIVE_") and f"KEEPALIVE_{parameter.upper()}" in self.ksr.defines:
            self.server.define(parameter, str(value))
        else:
            self.ksr.defines[name] = str(value) if isinstance(value, int) else f'"{value}"'

    def _executed(self, script: Any) -> Any:
        """Have a script's file executed in this process, whose keepalive no other has."""
        if isinstance(script, (str, Path)):
            return self._imported(script)
        if isinstance(script, ModuleType):
            file = getattr(script, "__file__", None)
            return self._imported(file, script) if file else script
        for base in (script if isinstance(script, type) else type(script)).__mro__:
            module = sys.modules.get(base.__module__)
            is_ours = base.__module__.partition(".")[0] == "keepalive_core"
            is_current = not is_ours or getattr(module, base.__name__, None) is base
            assert is_current, f"{_short(script)} is of an earlier keepalive: load its file or module"
        return script

    def _imported(self, path: str | Path, module: ModuleType | None = None) -> ModuleType:
        file = Path(path).resolve()
        assert file.is_file(), f"there is no script {path}"
        self._monkeypatch.syspath_prepend(str(file.parent))
        # What it imports of its own folder has another test's keepalive; this test's own stays.
        for name, other in list(sys.modules.items()):
            where = str(getattr(other, "__file__", None) or "")
            is_ours = name.partition(".")[0] in ("keepalive", "keepalive_core", "keepalive_testing")
            if where.startswith(f"{file.parent}/") and not is_ours and "site-packages" not in where:
                self._monkeypatch.delitem(sys.modules, name)
        spec = module and module.__spec__
        spec = spec or importlib.util.spec_from_file_location(file.stem, file)
        assert spec is not None, f"{path} is no file of Python: its name does not end with .py"
        assert spec.loader is not None
        module = module or importlib.util.module_from_spec(spec)
        self._monkeypatch.setitem(sys.modules, module.__name__, module)
        spec.loader.exec_module(module)
        return module

    def _handlers(self, script: Any) -> Any:
        if isinstance(script, type):
            return script()
        if not hasattr(script, "mod_init"):
            is_object = hasattr(script, "ksr_request_route") and not isinstance(script, ModuleType)
            assert is_object, f"{_short(script)} has no mod_init(): Kamailio would not start"
            return script
        handlers = script.mod_init()
        assert handlers is not None, "mod_init returned None: Kamailio would not start"
        return handlers

    def _int(self, function: str, value: object) -> int:
        assert isinstance(value, int), f"{function} returned {value!r}, Kamailio needs an int"
        return value

    def python_exec(self, function: str, *text: str) -> int:
        """Call a function of the script as a native route does, with one text or none; return its int."""
        has = hasattr(self.ksr.handlers, function)
        assert has, f"what the script's mod_init returned has no function {_short(function)}"
        return self._int(function, getattr(self.ksr.handlers, function)(None, *text))

    # --- destinations ---

    def up(self, *destinations: str) -> None:
        """Let destinations answer their pings from now on, and wait until all are up."""
        self._silent -= {self._key(uri) for uri in destinations}
        self._wait_for(destinations, self.keepalive.UP)

    def down(self, *destinations: str) -> None:
        """Let destinations be silent from now on, and wait until all are down."""
        self._silent |= {self._key(uri) for uri in destinations}
        self._wait_for(destinations, self.keepalive.DOWN)

    def resolve(self, name: str, *hops: str) -> None:
        """Let DNS say what is behind a destination that is a name.

        Arguments: name, such as "sip:provider.com"; hops, such as "sip:192.168.10.20:5060".
        """
        self._assert_is_monitored(name)
        for hop in hops:
            parts = Uri.of(hop)
            assert parts is not None, f"{_short(hop)} is no hop, such as sip:192.168.10.20:5060"
            assert parts.port, f"{_short(hop)} is no hop, such as sip:192.168.10.20:5060"
        resolve(name, hops)

    def _key(self, uri: str) -> str:
        return str(self.keepalive.info(uri).get("uri", uri)) if self.keepalive.state(uri) != -1 else uri

    def _assert_is_monitored(self, uri: str) -> None:
        is_monitored = self.keepalive.state(uri) != -1
        assert is_monitored, f"{_short(uri)} is not monitored: the script has not added it"

    def _assert_is_pinging(self) -> None:
        assert self.keepalive is not None
        has = hasattr(self.ksr.handlers, "ksr_keepalive_tick")
        assert has, "nothing is pinged: what mod_init returned has no ksr_keepalive_tick"

    def _wait_for(self, destinations: tuple[str, ...], state: int) -> None:
        for uri in destinations:
            self._assert_is_monitored(uri)
        self._assert_is_pinging()
        for _ in range(PATIENCE_S):
            if all(self.keepalive.state(uri) == state for uri in destinations):
                break
            for uri in destinations:
                self.keepalive.ping_now(uri)
            self.wait(1)
        known = {_short(uri): self.keepalive.info(uri).get("last_reason") for uri in destinations[:10]}
        assert all(self.keepalive.state(uri) == state for uri in destinations), f"no change of state: {known}"
        self.server.run_callbacks()

    def wait(self, seconds: float) -> None:
        """Let time pass, in which destinations are pinged and answer, or are silent, and callbacks run."""
        self._assert_is_pinging()
        for _ in range(max(1, round(seconds * 20))):
            before = len(self.ksr.sent)
            self.server.tick()
            for ping in self.ksr.sent[before:]:
                self._answer(ping)
        self.server.run_callbacks()

    def _answer(self, ping: Transaction) -> None:
        parts = Uri.of(ping.hop or ping.uri)
        host, port = parts.source if parts else ("", 5060)
        if ping.uri in self._silent or ping.hop in self._silent:
            self.ksr.time_out(ping)
        else:
            self.ksr.reply(ping, 200, "OK", address=host, port=port)

    # --- requests ---

    def request(
        self, method: str, uri: str = "sip:42@example.com", *lines: str, source: tuple[str, int] = CLIENT
    ) -> Call:
        """Send a request through the script.

        Arguments: method; uri; lines, more lines of its header, or in the place of those that it has, such as
        "To: <sip:42@example.com>;tag=x"; source, address and port of the client.
        """
        mark = uuid.uuid4().hex
        fields = [
            f"Via: SIP/2.0/UDP {at_port(*source)};branch=z9hG4bK{mark}",
            "Max-Forwards: 70",
            "From: <sip:alice@example.com>;tag=alice",
            f"To: <{uri}>",
            f"Call-ID: {mark}",
            f"CSeq: 1 {method}",
            "Content-Length: 0",
        ]
        given = {long_name(line.partition(":")[0]) for line in lines}
        fields = [field for field in fields if long_name(field.partition(":")[0]) not in given]
        return self.message("\r\n".join([f"{method} {uri} SIP/2.0", *fields, *lines]) + "\r\n\r\n", source)

    def message(self, text: str, source: tuple[str, int] = CLIENT) -> Call:
        """Send a request through the script, as a text."""
        return self.ksr.request_of(Message(text), source)

    def cancel(self, call: Call) -> Call:
        """Let the sender of an INVITE give it up; return what became of the CANCEL."""
        assert call.message.method == "INVITE", f"no {call.message.method} can be given up"
        invite = Message(str(call.message))
        # All of it is the same but the method, which stands in two places (RFC 3261, section 9.1).
        invite.replace("CSeq", invite.header("CSeq").replace("INVITE", "CANCEL"))
        text = str(invite).replace("INVITE", "CANCEL", 1)
        return self.ksr.request_of(Message(text), call.source, call)

    def retransmit(self, call: Call) -> None:
        """Let the sender send a request again, as the network lost the answer."""
        self.ksr.retransmitted(call)


def _short(given: object) -> str:
    text = str(given)
    return text if len(text) <= LONGEST_WORD else f"{text[:LONGEST_WORD]}..."
