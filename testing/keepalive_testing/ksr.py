"""A strict, stateful fake of KSR, for tests that need no server.

It has the functions that a real server listed (stubs/), with their parameters, and no others: anything
else is a violation, which fails the test even where the tested code catches exceptions. What it has not
been taught has the answer that a test gives it. What it imitates is shown by real servers: tests/contract.py
has the calls that are made on both.
"""

from __future__ import annotations

import json
import re
import socket as socketlib
from collections import deque
from collections.abc import Callable, Mapping
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

from keepalive_core.rules.parameters import PARAMETERS
from keepalive_testing import signatures
from keepalive_testing.calls import LOCAL_TIMEOUT, Call, Situation, preference
from keepalive_testing.drafts import Draft
from keepalive_testing.messages import Message, Uri
from keepalive_testing.routing import one
from keepalive_testing.variables import HIGHEST_INT, Name, Variables, transformed

NOT_READY = -255
NOT_LOADED = {"websocket"}
"""modules that a server behaves differently with, and that few load"""
NO_STUB = ("async", "x")
"""modules that servers have, and the stubs can't have or should not"""
# Parameters that keepalive-settings.cfg does not declare as Kamailio settings.
UNDECLARED = {name for name, setting in PARAMETERS.items() if not setting.at_run_time}


_PLACEHOLDER = re.compile(r"\$(?:\w+(?:\([^()]*\))?|\((?:[^()]|\([^()]*\))*\))")
"""a pseudo-variable in a text"""


class Violation(BaseException):
    """The tested code did what no server allows. No Exception, so that it can't be caught by mistake."""


class Reply(NamedTuple):
    """A reply that comes in."""

    code: int
    reason: str
    call_id: str
    address: str
    port: int


class Transaction:
    """A request that was sent by t_uac_send.

    With DNS failover tm goes on to the next target of a name behind a 503 and behind silence; targets says
    how many there are.
    """

    def __init__(self, method: str, uri: str, headers: str, hop: str, socket: str) -> None:
        self.method = method
        self.hop = hop
        self.socket = socket
        self.uri = uri
        self.headers = headers
        self.avps: dict[str, Any] = {}
        self.on_reply = ""
        self.on_failure = ""
        self.timeout_ms = 0
        self.resent_after_ms = 0
        given = re.search(r"^Call-ID: (.*?)\r$", headers, re.MULTILINE)
        self.call_id = given[1] if given else f"{id(self)}@127.0.0.1"
        self.targets = 1
        self.codes: list[int] = []
        """how each target's branch ended, LOCAL_TIMEOUT or the code it replied"""
        self.is_over = False

    @property
    def request(self) -> Message:
        """The request as which it has left."""
        headers = f"{self.headers}CSeq: 10 {self.method}\r\nContent-Length: 0\r\n"
        return Message(f"{self.method} {self.uri} SIP/2.0\r\n{headers}\r\n")

    def end_branch(self, branch: int, code: int) -> bool:
        """Take the end of one target's branch; say whether the failure function runs."""
        if self.is_over or branch < len(self.codes):
            return False
        self.codes.append(code)
        goes_on = code in (LOCAL_TIMEOUT, 503) and len(self.codes) < self.targets
        self.is_over = not goes_on
        return self.is_over and code >= 300

    def best_code(self) -> int:
        """Return tm's favourite among the ends, in which a timeout counts as a 408."""
        return min(self.codes, key=preference)


class FakeKSR(Variables):
    """One server: its shared memory, its tm, its log.

    Arguments: version, of the stubs to hold on to.
    """

    def __init__(self, version: str = "5.6") -> None:
        known = ", ".join(signatures.VERSIONS)
        assert version in signatures.VERSIONS, f"kamailio_version is none of {known}: {version:.80}"
        self.version = version
        self.violations: list[str] = []
        self.answered: dict[str, Any] = {}
        """what functions and pseudo-variables say that the fake does not know, see answers()"""
        self.at_hand: Situation | None = None
        """in what the script is called that routes a request; None if it is keepalive's own work"""
        self.calls: list[Call] = []
        """requests that clients sent, see request_of()"""
        self.logged: list[tuple[str, str]] = []
        self.debug_of_process: int | None = None
        """the log level of the process, None if it is the server's"""
        self.phase = "route"
        """mod_init, child_init or route: where settings can be read, and where that crashes"""
        self.tables: dict[str, dict[str, Any]] = {}
        self.cells: dict[tuple[str, str], int] = {}
        """how long the cells of texts are, by table and key, bytes"""
        self.initial: dict[str, int] = {}
        self.tables_exist = True
        self.room_left: int | None = None
        """how many more new entries fit into shared memory; None: any number"""
        self.refusals_left: int | None = None
        """how many new entries find no room before there is some again; None: as long as it is so"""
        self.memory = {"total_size": 64 << 20, "free_size": 60 << 20}
        """shared memory as Kamailio counts it, bytes"""
        self.locks: list[tuple[str, str]] = []
        self.written_under: dict[str, str] = {}
        """tables, and in which table the row of a key has to be locked while theirs of that key is written"""
        self.queues: dict[str, deque[tuple[str, str]]] = {}
        self.queue_sizes: dict[str, int] = {}
        self._fetched: dict[str, tuple[str, str]] = {}
        self._iterators: dict[str, tuple[list[tuple[str, Any]], int]] = {}
        self.defines: dict[str, str] = {}
        self.settings: dict[str, str | int] = {}
        self.settings_to_come: dict[str, str] = {}
        """what cfg.sets has set, and the process does not see before its next tick"""
        self.takes_settings = True
        """whether there is memory for cfg.sets"""
        self.sent: list[Transaction] = []
        self.unresolvable: set[str] = set()
        self.fails_behind_event = False
        """whether tm can't send what it has asked the event for"""
        self.drops: bool | str = False
        """whether a route of tm:local-request drops what is sent, which tm takes for sent; or what alone"""
        self.takes_replies = False
        """whether a route has replies come to a function of its own"""
        self.has_private_memory = True
        self.listening = [
            (transport, address, 5060)
            for address in ("192.168.10.1", "10.0.0.1", "127.0.0.1", "2001:db8::1")
            for transport in ("udp", "tcp", "tls")
        ]
        """transport, address and port of each socket"""
        self.records: dict[tuple[str, str], list[dict[str, Any]]] = {}
        """what DNS says: fields of records, by "naptr" or "srv" and the name"""
        self._found: dict[tuple[str, str], list[dict[str, Any]]] = {}
        """what ipops has found, by kind and place; to 5.6 a place is known when it was read once"""
        self.shared_variables: dict[str, str | int] = {}
        """script variables of the server, $shv"""
        self.variables: dict[str, str | int] = {}
        """script variables of the process"""
        self.values: dict[str, list[str]] = {}
        """AVPs of the request at hand that code of ours has emptied before, the newest value last"""
        self.du: str | None = None
        """to where the call at hand is sent"""
        self.routes: dict[str, Callable[[], int]] = {}
        """routes of kamailio.cfg"""
        self.first_socket: str | None = None
        """from which pings leave that have no ping_socket, such as sip:127.0.0.1:5060"""
        self.reply_headers: dict[str, str] = {}
        """of the reply that comes in"""
        self.rpc: Callable[[str, list[Any]], Any] | None = None
        """answers an RPC command; what it raises is the error. None: there is no such command"""
        self._rpc_reply = ""
        self.request: dict[str, Any] = {}
        """the request at hand: rm, rU, si, and whether its URI is one of ours"""
        self.replied: list[tuple[int, str, str]] = []
        """what was replied to requests: code, reason and headers"""
        self._more_headers = ""
        self.told: list[tuple[str, str, int]] = []
        """what was sent to other nodes: address, body, and for how long tm sends it again in ms"""
        self.is_from_node = True
        """whether dmq knows who sent the request at hand"""
        self.handed_to_dmq = 0
        """how many requests dmq was to handle"""
        self.handlers: Any = None
        """the object that mod_init returned"""
        self.missing = ""
        """a route that the script does not have, and that 5.6 has looked for since its last call of KSR"""
        self.timers_handlers: Any = None
        """the same in tm's timer process, if that is another one"""
        self.event_function = "ksr_keepalive_tm_event"
        self._current: Transaction | None = None
        self._reply: Reply | None = None
        self._branch_timeout = False
        self._best_code = -1
        self.hands_on_late_replies = True
        """whether a reply behind the end reaches the reply function; not from 6.1.4 on"""
        self.module = self._build(signatures.load(version))

    # --- building ---

    def _build(self, modules: dict[str, dict[str, signatures.Signature]]) -> ModuleType:
        inside = {
            name: _Strict(f"KSR.{name}", self, modules.get(name, {})) for name in (*modules, *NO_STUB) if name
        }
        top = _Strict("KSR", self, modules[""], inside)
        top.__dict__.update({name: module for name, module in inside.items() if name not in NOT_LOADED})
        return top

    def checked(self, name: str, signature: signatures.Signature) -> Callable[..., Any]:
        """Return a function of KSR, by its full name, that takes what the server's takes."""
        module, _, function = name.removeprefix("KSR.").rpartition(".")
        known: Callable[..., Any] | None = getattr(self, f"_{module or 'core'}_{function}", None)
        short = name.removeprefix("KSR.")

        def call(*args: Any) -> Any:
            kinds = signature.parameters
            if [type(arg) for arg in args] != kinds:
                if len(args) != len(kinds) or not all(map(isinstance, args, kinds)):
                    self.violate(f"{name}{args!r}: takes {[kind.__name__ for kind in kinds]}")
                # Of a kind of a text or a number, such as True, Kamailio takes what it is.
                args = tuple(map(_plain, args))
            if not all(-HIGHEST_INT <= arg < HIGHEST_INT for arg in args if isinstance(arg, int)):
                self.violate(f"{name}{args!r}: a number has 32 bits")
            if module:  # of the log's own functions this is a violation
                for arg in args:
                    self.take(arg)
            if short in self.answered:
                answer = self.answered[short]
                value = answer(*args) if callable(answer) else answer
            else:
                value = known(*args) if known else self._not_imitated(name)
            if self.missing and self.at_hand:
                missing, self.missing = self.missing, ""
                raise SystemError(f"{name} returned a result with an exception set: no {missing}")
            return value

        return call

    def _not_imitated(self, name: str) -> Any:
        short = name.removeprefix("KSR.")
        return self.violate(
            f"the fake does not imitate {name}: ksr.answers({short!r}, value) gives it an answer"
        )

    def answers(self, name: str, value: Any) -> None:
        """Say what a function or a pseudo-variable answers that the fake does not know, or in its place.

        Arguments: name, such as "registrar.lookup" or "$fs"; value, or a function that is given the arguments
        and returns the value. A script may set such a pseudo-variable.
        """
        self.answered[name] = value

    @staticmethod
    def take(arg: object) -> None:
        """Raise for a text that Kamailio's functions can't be given."""
        if isinstance(arg, str):
            if "\0" in arg:
                raise ValueError("embedded null character")
            if not arg.isascii():
                arg.encode()

    def unlisted(self, name: str) -> Any:
        """Return what has an answer of the test's own, though the stubs do not list it."""
        short = name.removeprefix("KSR.")
        if any(each.startswith(f"{short}.") for each in self.answered):
            return _Strict(name, self, {})
        if short not in self.answered and short.partition(".")[0] in NO_STUB:
            return lambda *_: self._not_imitated(name)
        if short not in self.answered:
            return self.violate(f"{name}: no server has that")
        answer = self.answered[short]
        return answer if callable(answer) else lambda *_: answer

    def violate(self, what: str) -> None:
        """Note what the tested code did wrong, and stop it."""
        self.violations.append(what)
        raise Violation(what)

    # --- kex ---

    def _kex_setdebug(self, level: int) -> int:
        self.debug_of_process = level
        return 1

    def _kex_resetdebug(self) -> int:
        self.debug_of_process = None
        return 1

    # --- ipops ---

    def _query(self, kind: str, name: str, place: str) -> int:
        if (kind, place) not in self._found:
            return -3
        self._found[kind, place] = self.records.get((kind, name), [])[:32]
        return 1

    def _ipops_naptr_query(self, name: str, place: str) -> int:
        return self._query("naptr", name, place)

    def _ipops_srv_query(self, name: str, place: str) -> int:
        return self._query("srv", name, place)

    def _of_records(self, kind: str, place: str, part: str) -> Any:
        found = self._found.setdefault((kind, place), [])
        if part == "count":
            return len(found)
        field, _, at = part.rstrip("]").partition("[")
        return found[int(at)][field]

    # --- core ---

    def _log(level: str) -> Callable[[FakeKSR, str], int]:  # type: ignore[misc]  # noqa: N805
        def write(self: FakeKSR, text: str) -> int:
            if not text.endswith("\n") or "\n" in text[:-1]:
                self.violate(f"a log entry is one line with its end: {text!r}")
            if "\0" in text or (not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text)):
                self.violate(f"KSR raises for {text!r}")
            if level != "dbg" or self.debug_of_process in (None, 3):
                self.logged.append((level, text[:-1]))
            return 0

        return write

    _core_err = _log("err")
    _core_warn = _log("warn")
    _core_notice = _log("notice")
    _core_info = _log("info")
    _core_dbg = _log("dbg")

    def lines(self, level: str) -> list[str]:
        """What was logged at a level."""
        return [text for at, text in self.logged if at == level]

    def _core_route(self, name: str) -> int:
        return self.routes[name]() if name in self.routes else -1

    def _core_is_myself_ruri(self) -> bool:
        if self.at_hand is None:
            return bool(self.request.get("is ours", True))
        return not self.at_hand.message.is_reply and self.is_ours(self.call.draft.uri)

    # --- requests ---

    def options(self, address: str = "192.168.10.20", **other: Any) -> None:
        """Have an OPTIONS to this server at hand. Arguments: address, of who asks; other, what differs."""
        self.request = {"rm": "OPTIONS", "si": address, "rU": None} | other

    def _hdr_append_to_reply(self, header: str) -> int:
        if self.at_hand:
            self._header_line(header)
            self.call.draft.of_replies += header
        else:
            self._more_headers += header
        return 1

    def _sl_sl_send_reply(self, code: int, reason: str) -> int:
        if not reason and self.version >= "6.1":
            return -1
        if self.at_hand and self.at_hand.message.is_reply:
            return 1  # and nothing is sent
        if self.at_hand:
            return self.call.answer(code, reason, in_transaction=False)
        self.replied.append((code, reason, self._more_headers))
        self._more_headers = ""
        return 1

    def _sl_send_reply(self, code: int, reason: str) -> int:
        if self.at_hand and self.at_hand.route in ("branch", "every reply", "onsend"):
            return -1
        if self.at_hand and (reason or self.version < "6.1"):
            return self.call.answer(code, reason, in_transaction=self.call.has_transaction)
        return self._sl_sl_send_reply(code, reason)

    def _tm_t_reply(self, code: int, reason: str) -> int:
        if self.at_hand:
            call = self.here("request", "failure").call
            return call.answer(code, reason, in_transaction=True) if call.has_transaction else -1
        return self._sl_sl_send_reply(code, reason)

    def _tm_t_newtran(self) -> int:
        return super()._tm_t_newtran() if self.at_hand else 1

    # --- requests that a script routes ---

    def request_of(self, message: Message, source: tuple[str, int], of: Call | None = None) -> Call:
        """Let a client's request go through the script.

        Arguments: message; source, address and port of the client; of, the call that a CANCEL is to end.
        """
        call = Call(self, message, source, of)
        self.calls.append(call)
        self.run("ksr_request_route", Situation("request", call, message, source))
        call.end_of_route()
        return call

    def retransmitted(self, call: Call) -> None:
        """Let a client send its request again."""
        again = Situation("request", call, call.message, call.source, call.has_transaction)
        before = call.draft, call.on.copy(), call.avps
        call.draft, call.is_found_again, call.avps = Draft(call.message.uri), False, {}
        self.run("ksr_request_route", again)
        if again.is_again:
            call.draft, call.on, call.avps = before

    def run(self, name: str, situation: Situation, demanded: bool = True) -> None:
        """Call a function of the script, if it has that or is to have it."""
        function = getattr(self.handlers, name, None)
        if function is None:
            if demanded:
                self.violate(f"the script has no {name}" if self.handlers else "no script runs")
            self.missing = name if self.version < "6" else ""
            return
        if isinstance(self.handlers, ModuleType):
            self.missing = ""  # as Python looks into a module it forgets the error of before
        before, self.at_hand = self.at_hand, situation
        try:
            self._call(function)
        finally:
            self.at_hand, self.missing = before, ""

    # --- pv ---

    def _pv_get(self, text: str) -> Any:
        if text in self.answered:
            answer = self.answered[text]
            return answer() if callable(answer) else answer
        name = self.named(text)
        value = self.of_message(name) if self.at_hand else NotImplemented
        if value is NotImplemented:
            value = self._value(name)
        for change in name.changes:
            if value is None:
                break
            value = transformed(str(value), change)
            if value is NotImplemented:
                self.violate(f"the fake does not know {change}")
        if isinstance(value, str):
            # What is no UTF-8 is kept in halves of characters, as Python has it.
            value.encode("utf-8", "surrogateescape").decode()
        return value

    def _pv_gete(self, text: str) -> Any:
        value = self._pv_get(text)
        return "" if value is None else value

    def _pv_getw(self, text: str) -> Any:
        value = self._pv_get(text)
        return "<null>" if value is None else value

    def _pv_getvs(self, text: str, other: str) -> Any:
        value = self._pv_get(text)
        return other if value is None else value

    def _pv_getvn(self, text: str, other: int) -> Any:
        value = self._pv_get(text)
        return other if value is None else value

    def _pv_geti(self, text: str) -> int:
        value = self._pv_get(text)
        if isinstance(value, str):
            number = re.match(r"[+-]?\d+", value)
            return max(-HIGHEST_INT, min(int(number[0]), HIGHEST_INT - 1)) if number else 0
        return value if isinstance(value, int) else 0

    def _pv_is_null(self, text: str) -> bool:
        return self._pv_get(text) is None

    def _value(self, name: Name) -> Any:
        kind, inner = name.kind, name.inner
        known: dict[str, dict[str, Any]] = {
            "def": self.defines,
            "du": {"": self.du},
            "hdr": self.reply_headers,
            "jsonrpl": {"body": self._rpc_reply},
            "stat": self.memory,
        }
        if inner in known.get(kind, {}):
            return known[kind][inner]
        if kind in ("def", "du", "hdr"):
            return None
        if kind == "sel" and inner.startswith(("cfg_get.keepalive.", "cfg_get.core.", "cfg_get.tcp.")):
            return self._setting(inner.rpartition(".")[2])
        stored = self._stored(kind, inner)
        if stored is not NotImplemented:
            return stored
        if kind in ("naptrquery", "srvquery"):
            return self._of_records(kind.removesuffix("query"), *inner.split("=>"))
        if kind == "mb":
            return self._message()
        if self._current and kind in ("rm", "ru"):
            return self._current.method if kind == "rm" else self._current.uri
        if kind in ("rm", "rU", "rb") or (self.request and kind in ("si", "rs")):
            return self.request.get(kind)
        if kind in ("rs", "rr", "ci", "si", "sp", "Ru"):
            return self._of_message(kind)
        return self.violate(
            f"the fake does not know {name.text}: ksr.answers({name.text!r}, value) says what it is"
        )

    def _stored(self, kind: str, inner: str) -> Any:
        """Return what scripts keep for themselves; NotImplemented for what is none of that."""
        if kind == "avp":
            return self._avp(inner)
        if kind in ("var", "shv"):
            return (self.variables if kind == "var" else self.shared_variables).get(inner, 0)
        if kind == "sht":
            return self._htable_sht_get(*self._place(inner))
        if kind in ("shtitkey", "shtitval"):
            items, at = self._iterators.get(inner, ([], -1))
            return items[at][kind == "shtitval"] if 0 <= at < len(items) else None
        return NotImplemented

    def _place(self, inner: str) -> tuple[str, str]:
        """Return the table and the key that $sht(table=>key) means, which may have pseudo-variables in it."""
        table, _, key = inner.partition("=>")
        return table, _PLACEHOLDER.sub(lambda found: str(self._pv_getw(found[0])), key)

    def _avp(self, name: str) -> Any:
        if self.values.get(name):
            return self.values[name][-1]
        return self._current.avps.get(name) if self._current else None

    def new_call(self) -> None:
        """Have another call at hand from now on."""
        self.values.clear()
        self.du = None

    def update_settings(self) -> None:
        """See what cfg.sets has set, as a timer does between two ticks."""
        self.settings |= self.settings_to_come
        self.settings_to_come.clear()

    def _setting(self, name: str) -> str | int | None:
        if self.phase == "child_init":
            self.violate(f"the setting {name} in child_init crashes the server")
        if self.phase != "mod_init" and name in UNDECLARED:
            self.violate(f"the setting {name} is not declared, and an error at each read")
        return None if self.phase == "mod_init" else self.settings.get(name)

    def _of_message(self, kind: str) -> Any:
        """Return what a reply says; a failure function has the request at hand."""
        if kind == "Ru":
            socket = self._current.socket if self._current else ""
            return f"sip:{socket.partition(':')[2]}" if socket else self.first_socket
        if self._reply is None:
            return self._current.call_id if kind == "ci" and self._current else None
        known = dict(zip(("rs", "rr", "ci", "si", "sp"), self._reply, strict=True))[kind]
        if isinstance(known, str) and "\udcff" in known:
            raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")
        return known

    def _message(self) -> str:
        """Return the text of the message at hand."""
        ping = self._current
        call_id = ping.call_id if ping else ""
        if self._reply is None:
            return f"{ping.method} {ping.uri} SIP/2.0\r\n{ping.headers}\r\n" if ping else ""
        return f"SIP/2.0 {self._reply.code} {self._reply.reason}\r\nCall-ID: {call_id}\r\n\r\n"

    def _pv_sets(self, text: str, value: str) -> bool:
        if text in self.answered:
            self.answered[text] = value
            return True
        name = self.named(text)
        kind, inner = name.kind, name.inner
        if kind == "shv":
            self.shared_variables[inner] = value
            return True
        if kind == "sht":
            return self._htable_sht_sets(*self._place(inner), value) > 0
        if self.at_hand and kind != "var":
            return self.set_of_message(name, value)
        if kind == "du":
            self.du = value
            return True
        if kind == "var":
            if not self.has_private_memory:
                return False
            self.variables[inner] = value
            return True
        if kind == "avp" and inner in self.values:
            self.values[inner].append(value)
            return True
        if kind != "avp" or self._current is None:
            self.violate(f"{text} set where no transaction is")
        assert self._current is not None
        self._current.avps[inner] = value
        return True

    def _pv_unset(self, name: str) -> bool:
        known = self.named(name)
        if known.kind == "var":
            self.variables.pop(known.inner, None)
            return True
        if known.kind == "sht":
            return self._htable_sht_rm(*self._place(known.inner)) > 0
        if self.at_hand:
            return self.unset_of_message(known)
        if not name.startswith("$(avp(") or not name.endswith(")[*])"):
            self.violate(f"{name} is not all values of an AVP")
        self.values[name[len("$(avp(") : -len(")[*])")]] = []
        return True

    def _pv_seti(self, text: str, value: int) -> bool:
        if text in self.answered:
            self.answered[text] = value
            return True
        name = self.named(text)
        kind, inner = name.kind, name.inner
        if kind == "shv":
            self.shared_variables[inner] = value
            return True
        if kind == "sht":
            return self._htable_sht_seti(*self._place(inner), value) > 0
        if self.at_hand and kind != "var":
            return self.set_of_message(name, value)
        if kind != "var":
            self.violate(f"{text} is no variable of a process")
        self.variables[inner] = value
        return True

    # --- jsonrpcs ---

    def _jsonrpcs_exec(self, text: str) -> int:
        request = json.loads(text)
        try:
            reply = {"result": self._command(request["method"], request["params"])}
        except LookupError as error:
            reply = {"error": {"code": 500, "message": str(error)}}
        self._rpc_reply = json.dumps({"jsonrpc": "2.0", **reply, "id": request["id"]})
        return 1

    def _command(self, method: str, parameters: list[Any]) -> Any:
        if self.phase == "mod_init":
            self.violate("jsonrpcs.exec crashes the server as long as jsonrpcs has not started")
        if method == "core.sockets_list":
            return [
                {"socket": {"proto": transport, "address": address, "port": str(port), "mcast": "no"}}
                for transport, address, port in self.listening
            ]
        if method in ("cfg.sets", "cfg.seti"):
            group, name, text = parameters
            if group != "keepalive" or name not in self.settings or not self.takes_settings:
                raise LookupError("Failed to set the variable")
            self.settings_to_come[name] = str(text)
            return {}
        if self.rpc is None:
            raise LookupError("Method Not Found")
        return self.rpc(method, parameters)

    # --- htable ---

    def add_table(self, name: str, initial: int | None = None) -> None:
        """Declare a table, as modparam("htable", "htable", ...) does."""
        self.tables[name] = {}
        if initial is not None:
            self.initial[name] = initial

    def _table(self, name: str) -> dict[str, Any] | None:
        return self.tables.get(name) if self.tables_exist else None

    def _htable_sht_get(self, table: str, key: str) -> Any:
        if "\0" in key or any("\ud800" <= character <= "\udfff" for character in key):
            raise SystemError("returned a result with an exception set")
        found = (self._table(table) or {}).get(key)
        if isinstance(found, str):
            found = found.encode("utf-8", "surrogateescape").decode()  # raises as Kamailio does
        return self.initial.get(table) if found is None else found

    def _set(self, table: str, key: str, value: Any) -> int:
        owner = self.written_under.get(table)
        if owner and (owner, key) not in self.locks:
            self.violate(f"{key} of {table} is written without the lock of {owner}")
        rows = self._table(table)
        if rows is None:
            return -1
        if key not in rows and not self._take_room():
            return -1
        if isinstance(value, str):
            before, size = rows.get(key), len(value.encode())
            # A text that is no longer than the one before is written into its cell.
            if not isinstance(before, str) or len(before.encode("utf-8", "surrogateescape")) < size:
                self.cells[table, key] = size
        rows[key] = value
        return 1

    def _take_room(self) -> bool:
        """Take the room that a new entry needs; say whether there was some."""
        if self.room_left is None:
            return True
        if self.room_left > 0:
            self.room_left -= 1
            return True
        if self.refusals_left is not None:
            self.refusals_left -= 1
            if self.refusals_left <= 0:
                self.room_left = self.refusals_left = None
        return False

    _htable_sht_sets = _set
    _htable_sht_seti = _set

    def _htable_sht_rm(self, table: str, key: str) -> int:
        rows = self._table(table)
        if rows is None:
            return -1
        if rows.pop(key, None) is not None and self.room_left is not None:
            self.room_left += 1
        return 1

    def _htable_sht_inc(self, table: str, key: str) -> int:
        return self._counted(table, key, 1)

    def _htable_sht_dec(self, table: str, key: str) -> int:
        return self._counted(table, key, -1)

    def _counted(self, table: str, key: str, step: int) -> int:
        rows = self._table(table)
        if rows is None or (key not in rows and table not in self.initial):
            return NOT_READY
        if isinstance(rows.get(key), str):
            return NOT_READY
        value = int(rows.get(key, self.initial.get(table, 0))) + step
        if not -HIGHEST_INT <= value < HIGHEST_INT:
            self.violate(f"{key[:80]} of {table} is counted to {value}: a number has 32 bits")
        rows[key] = value
        return value

    def _htable_sht_lock(self, table: str, key: str) -> int:
        if not self.tables_exist:
            self.violate("sht_lock before the tables exist crashes the server")
        if table not in self.tables:
            return -1
        self.locks.append((table, key))
        return 1

    def _htable_sht_unlock(self, table: str, key: str) -> int:
        if (table, key) not in self.locks:
            self.violate(f"unlock of {table} {key}, which is not locked")
        self.locks.remove((table, key))
        return 1

    def _htable_sht_iterator_start(self, name: str, table: str) -> int:
        rows = self._table(table)
        if rows is None:
            return -1
        self._iterators[name] = (list(rows.items()), -1)
        return 1

    def _htable_sht_iterator_next(self, name: str) -> int:
        if name not in self._iterators:
            return -1
        items, at = self._iterators[name]
        has_more = at + 1 < len(items)
        self._iterators[name] = (items, at + 1 if has_more else -1)  # behind its end it begins again
        return one(has_more)

    def _htable_sht_iterator_end(self, name: str) -> int:
        return 1 if self._iterators.pop(name, None) else -1

    # --- dmq ---

    def _dmq_send_message(self, channel: str, address: str, body: str, kind: str) -> int:
        if self.locks:
            self.violate(f"a node of the cluster is told something while {self.locks} are held")
        sent = Transaction("KDMQ", f"sip:{channel}@{address[4:]}", "", address, "")
        self._run_event(sent)
        self.told.append((address, body, sent.timeout_ms))
        return 1

    def _dmq_is_from_node(self) -> int:
        return 1 if self.is_from_node else -1

    def _dmq_handle_message(self) -> int:
        self.handed_to_dmq += 1
        if self.at_hand:
            self.call.answer(202, "Accepted DMQ", in_transaction=False)
        return 0

    # --- mqueue ---

    def add_queue(self, name: str, size: int = 0) -> None:
        """Declare a queue, as modparam("mqueue", "mqueue", ...) does, which keeps so many entries."""
        self.queues[name] = deque()
        self.queue_sizes[name] = size

    def _mqueue_mq_add(self, queue: str, key: str, value: str) -> int:
        if queue not in self.queues:
            return -1
        if not self._take_room():
            return -1
        self.queues[queue].append((key, value))
        if 0 < self.queue_sizes[queue] < len(self.queues[queue]):
            self.queues[queue].popleft()
        return 1

    def _mqueue_mq_fetch(self, queue: str) -> int:
        self._fetched.pop(queue, None)
        if queue not in self.queues:
            return -1
        if not self.queues[queue]:
            return -2
        self._fetched[queue] = self.queues[queue].popleft()
        if self.room_left is not None:
            self.room_left += 1
        return 1

    def _mqueue_mq_size(self, queue: str) -> int:
        return len(self.queues[queue]) if queue in self.queues else -1

    def _mqueue_mqk_get(self, queue: str) -> str | None:
        return self._fetched.get(queue, (None, None))[0]

    def _mqueue_mqv_get(self, queue: str) -> str | None:
        return self._fetched.get(queue, (None, None))[1]

    # --- tm ---

    def _tm_t_uac_send(self, method: str, uri: str, hop: str, socket: str, headers: str, body: str) -> int:
        if self.locks:
            self.violate(f"a ping is sent while {self.locks} are held")
        if "To:" not in headers or "From:" not in headers or uri in self.unresolvable:
            return -1
        transaction = Transaction(method, uri, headers, hop, socket)
        self._run_event(transaction)
        if self.fails_behind_event:
            return -1
        if self.drops is True or uri == self.drops:
            return 1
        if hop.startswith("sip:127.0.0.1:") and not transaction.on_failure:
            # A rehearsal: it comes where it is sent to, and its answer comes back.
            port = int(hop.split(":")[2])
            with socketlib.socket(socketlib.AF_INET, socketlib.SOCK_DGRAM) as sender:
                sender.sendto(f"{method} {uri} SIP/2.0".encode(), ("127.0.0.1", port))
            if not self.takes_replies:
                self.reply(transaction, address="127.0.0.1", port=port)
            return 1
        self.sent.append(transaction)
        return 1

    def _run_event(self, transaction: Transaction) -> None:
        """Call tm's event function for what is about to be sent, whatever else is at hand."""
        event = getattr(self.handlers, self.event_function, None)
        before, self._current, self.at_hand = self.at_hand, transaction, None
        if event is not None:
            self._call(event, "tm:local-request")
        self._current, self.at_hand = None, before

    def _in_event(self) -> Transaction:
        if self._current is None:
            self.violate("has no effect outside of tm's local-request event")
        assert self._current is not None
        return self._current

    def _tm_t_on_reply(self, name: str) -> int:
        if self.at_hand:
            return self._named("reply", name)
        self._in_event().on_reply = name
        return 1

    def _tm_t_on_failure(self, name: str) -> int:
        if self.at_hand:
            return self._named("failure", name)
        self._in_event().on_failure = name
        return 1

    def _tm_t_set_fr(self, invite_ms: int, other_ms: int) -> int:
        if self.at_hand:
            self.call.fr_ms = (invite_ms, other_ms)
            return one(min(invite_ms, other_ms) >= 0)
        self._in_event().timeout_ms = other_ms
        return 1

    def _tm_t_set_retr(self, first_ms: int, most_ms: int) -> int:
        self._in_event().resent_after_ms = first_ms
        return 1

    def _tm_t_branch_timeout(self) -> int:
        if self.at_hand:
            return one(self.at_hand.route == "failure" and self.call.ended_with == LOCAL_TIMEOUT)
        return one(self._branch_timeout)

    def _tm_t_get_status_code(self) -> int:
        return self._status() if self.at_hand else self._best_code

    # --- what a peer or a timer does ---

    def _call(self, function: Callable[..., Any], *args: Any) -> None:
        answer = function(SimpleNamespace(), *args)
        if not isinstance(answer, int):
            self.violate(f"{function.__name__} returned {answer!r}, Kamailio needs an int")

    def _run(self, transaction: Transaction, name: str, handlers: Any = None) -> None:
        self._current = transaction
        try:
            self._call(getattr(handlers or self.handlers, name))
        finally:
            self._current = None

    def reply(
        self,
        transaction: Transaction,
        code: int = 200,
        reason: str = "OK",
        call_id: str = "",
        address: str = "192.168.10.20",
        port: int = 5060,
        branch: int | None = None,
    ) -> None:
        """Let a reply come in, in this process.

        Arguments: transaction, to which its Via leads; code, reason; call_id, address and port, where they
        are not the peer's; branch, which target's it is, the last one's if not given.
        """
        if transaction.is_over and not self.hands_on_late_replies:
            return
        if hasattr(self.handlers, "ksr_reply_route"):
            hop = Uri.of(transaction.hop or transaction.uri)
            call = Call(self, transaction.request, (address, port))
            call.run_route_of_all_replies(code, reason, hop.way if hop else "udp")
        self._reply = Reply(code, reason, call_id or transaction.call_id, address, port)
        self._run(transaction, transaction.on_reply)
        self._reply = None
        branch = len(transaction.codes) if branch is None else branch
        if code >= 200 and transaction.end_branch(branch, code):
            self._end(transaction)

    def time_out(self, transaction: Transaction) -> None:
        """Let tm give up waiting for a target."""
        self._timer_ends(transaction, LOCAL_TIMEOUT)

    def can_not_resend(self, transaction: Transaction) -> None:
        """Let tm find that a request can't be sent again, as to a network without a route."""
        self._timer_ends(transaction, 503)

    def _timer_ends(self, transaction: Transaction, code: int) -> None:
        if transaction.end_branch(len(transaction.codes), code):
            self._end(transaction, self.timers_handlers)

    def _end(self, transaction: Transaction, handlers: Any = None) -> None:
        best = transaction.best_code()
        self._branch_timeout, self._best_code = best == LOCAL_TIMEOUT, best % 1000
        self._run(transaction, transaction.on_failure, handlers)
        self._branch_timeout, self._best_code = False, -1


def _plain(arg: str | int) -> str | int:
    return str.__str__(arg) if isinstance(arg, str) else int(arg)


class _Strict(ModuleType):
    """A module with the functions that a server has, in which a missing name is a violation.

    Arguments: name; fake; functions; inside, modules that it has, by name. A test may mock each of both, and
    behind that they are here again.
    """

    def __init__(
        self,
        name: str,
        fake: FakeKSR,
        functions: dict[str, signatures.Signature],
        inside: Mapping[str, ModuleType] | None = None,
    ) -> None:
        super().__init__(name)
        self.__dict__["_fake"] = fake
        self.__dict__["_functions"] = functions
        self.__dict__["_inside"] = inside or {}

    def __dir__(self) -> list[str]:
        return [*self.__dict__["_functions"], *self.__dict__["_inside"]]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name in self.__dict__["_inside"]:
            return self.__dict__["_inside"][name]
        fake, full = self.__dict__["_fake"], f"{self.__name__}.{name}"
        signature = self.__dict__["_functions"].get(name)
        if signature is None:
            return fake.unlisted(full)
        function = fake.checked(full, signature)
        setattr(self, name, function)
        return function
