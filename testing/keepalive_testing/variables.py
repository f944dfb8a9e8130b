"""KSR.pv: the pseudo-variables of real servers that the fake knows (tests/contract.py asks both)."""

from __future__ import annotations

import itertools
import operator
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from keepalive_testing.messages import Uri, at_port, is_urn, way_of
from keepalive_testing.routing import Routing

if TYPE_CHECKING:
    from keepalive_testing.calls import Situation

HIGHEST_INT = 1 << 31
_NAME = re.compile(
    r"\$(?:(?P<plain>\w+)(?:\((?P<of>.*)\))?|\((?P<name>\w+)(?:\((?P<inner>.*?)\))?(?:\[(?P<at>-?\d+|\*)\])?(?P<changes>(?:\{[^}]*\})*)\))$"
)


class Name:
    """A pseudo-variable as it is written: ``$rU``, ``$hdr(X)``, ``$(avp(x)[1])``, ``$(ru{uri.host})``."""

    def __init__(self, text: str) -> None:
        self.text = text
        found = _NAME.match(text)
        self.kind = (found["plain"] or found["name"]) if found else ""
        self.inner: str = (found["of"] or found["inner"] or "") if found else ""
        self.at: str = (found["at"] or "") if found else ""
        self.changes: list[str] = re.findall(r"\{([^}]*)\}", found["changes"] or "") if found else []


TAKING_A_NAME = {
    *("avp", "def", "hdr", "jsonrpl", "naptrquery", "sel", "sht", "shtitkey", "shtitval", "shv", "srvquery"),
    *("stat", "var"),
}
"""pseudo-variables that have something in brackets; those have nothing else"""
TAKING_AN_INDEX = {"avp", "hdr"}


def _of_uri(text: str | None, part: Callable[[Uri], Any]) -> Any:
    if text and is_urn(text):
        return NotImplemented
    parts = Uri.of(text) if text else None
    return None if parts is None else part(parts)


def _port(uri: Uri) -> str:
    usual = 5061 if uri.transport.lower() == "tls" else 5060
    return str(usual if uri.port is None else uri.port)


OF_URIS: dict[str, tuple[str, Callable[[Uri], Any]]] = {
    "rU": ("ru", lambda uri: uri.user),
    "rd": ("ru", lambda uri: uri.host or None),
    "rp": ("ru", _port),
    "rz": ("ru", lambda uri: uri.kind),
    "rP": ("ru", lambda uri: uri.transport or "UDP"),
    "dd": ("du", lambda uri: uri.host or None),
    "dp": ("du", _port),
    "fU": ("fu", lambda uri: uri.user),
    "fd": ("fu", lambda uri: uri.host or None),
    "tU": ("tu", lambda uri: uri.user),
    "td": ("tu", lambda uri: uri.host or None),
    "oU": ("ou", lambda uri: uri.user),
}
"""what is a part of a URI: the pseudo-variable of that, and the part"""

OF_MESSAGES: dict[str, Callable[[Situation], Any]] = {
    "rm": lambda at: at.message.method,
    "fu": lambda at: at.message.party("From").uri,
    "ft": lambda at: at.message.party("From").tag,
    "fn": lambda at: at.message.party("From").name,
    "tu": lambda at: at.message.party("To").uri,
    "tt": lambda at: at.message.party("To").tag,
    "tn": lambda at: at.message.party("To").name,
    "ci": lambda at: at.message.header("Call-ID"),
    "cs": lambda at: at.message.header("CSeq").partition(" ")[0],
    "ct": lambda at: at.message.header("Contact") or None,
    "cT": lambda at: next(iter(at.message.headers("Content-Type")), None),
    "ua": lambda at: next(iter(at.message.headers("User-Agent")), None),
    "rb": lambda at: at.message.body,
    "bs": lambda at: len(at.message.body),
    "mb": lambda at: str(at.message),
    "ml": lambda at: len(str(at.message)),
    "si": lambda at: at.source[0],
    "sp": lambda at: at.source[1],
    "su": lambda at: f"sip:{at_port(*at.source)}{way_of(at.transport)}",
    "rs": lambda at: at.message.code or None,
    "rr": lambda at: at.message.reason or None,
    "pr": lambda at: at.transport,
    "proto": lambda at: at.transport,
    "du": lambda at: at.call.draft.du,
}


class Variables(Routing):
    """What KSR.pv reads and sets of a request that a script routes, or of its replies."""

    shared_variables: dict[str, str | int]
    variables: dict[str, str | int]

    def named(self, text: str) -> Name:
        """Take the name of a pseudo-variable apart, which is to be one."""
        name = Name(text)
        if not text.startswith("$"):
            self.violate(f"{text!r:.80} is no pseudo-variable, which begins with $")
        has_its_name = bool(name.inner) == (name.kind in TAKING_A_NAME)
        is_right = has_its_name and (name.kind in TAKING_AN_INDEX or not name.at)
        known = {*TAKING_A_NAME, *OF_MESSAGES, *OF_URIS, "ru", "ou", "Ri", "Rp", "Ru"}
        if not is_right and name.kind in known:
            self.violate(f"{text} is no pseudo-variable: it has too much or too little in its brackets")
        if "$" in name.inner and name.kind != "sht":
            self.violate(f"the fake knows no {text}, whose name is in another pseudo-variable")
        if "." in name.inner and name.kind == "avp":
            self.violate(f"{text} is no AVP: Kamailio takes no dot in its name")
        return name

    def of_message(self, name: Name) -> Any:
        """Return a pseudo-variable's value in a route; NotImplemented for one that is not of messages."""
        at = self.here()
        if name.kind in ("ru", "ou"):
            return self._request_uri(at, at.call.draft.uri if name.kind == "ru" else at.message.uri)
        if name.kind in OF_URIS:
            return self._part(name.kind)
        if name.kind in OF_MESSAGES:
            return OF_MESSAGES[name.kind](at)
        if name.kind == "hdr":
            values = at.message.headers(name.inner)
            if name.at == "*":  # no comma stands before the first that says something
                return ",".join(itertools.dropwhile(operator.not_, values)) if values else None
            where = int(name.at or 0)
            return values[where] if -len(values) <= where < len(values) else None
        if name.kind in ("Ri", "Rp", "Ru"):
            transport, address, port = self.socket_at_hand
            uri = f"sip:{at_port(address, port)}{way_of(transport)}"
            return {"Ri": address, "Rp": port, "Ru": uri}[name.kind]
        if name.kind == "avp":
            values_ = at.call.avps.get(_avp(name.inner), [])[::-1]
            if name.at == "*":
                return ", ".join(map(str, values_)) or None
            where = int(name.at or 0)
            if where < 0:
                self.violate("the fake does not count AVPs from the last one")
            return values_[where] if where < len(values_) else None
        return NotImplemented

    def _part(self, kind: str) -> Any:
        whole, part = OF_URIS[kind]
        text = self.of_message(Name(f"${whole}"))
        self.refuse_urns(text or "")
        if kind == "rz":
            _of_uri(text, self.refuse_tels)
        return _of_uri(text, part)

    def _request_uri(self, at: Situation, uri: str) -> str | None:
        self.refuse_urns(uri)
        if at.message.is_reply or (Uri.of(uri) is None and self.version < "6.1"):
            return None
        return uri

    def set_of_message(self, name: Name, value: str | int) -> bool:
        """Set a pseudo-variable in a route; say whether it takes that."""
        call = self.here().call
        if name.kind == "avp" and name.at:
            self.violate("the fake does not set an AVP that has an index")
        if name.kind == "avp":
            call.avps.setdefault(_avp(name.inner), []).append(value)
            return True
        if name.kind not in ("ru", "rU", "rd", "du"):
            return bool(
                self.violate(
                    f"the fake does not set ${name.kind}: ksr.answers({name.text!r}, value) has it set"
                )
            )
        if not isinstance(value, str):
            return False
        if name.kind == "du":
            call.draft.send_to(value)
        elif name.kind == "ru":
            call.draft.uri = value
        else:
            return self._with(**({"user": value or None} if name.kind == "rU" else {"host": value}))
        return True

    def unset_of_message(self, name: Name) -> bool:
        """Take a value away."""
        call = self.here().call
        if name.kind == "du":
            call.draft.send_unnoticed_to("")
        elif name.kind == "avp":
            values = call.avps.get(_avp(name.inner), [])
            del values[0 if name.at == "*" else -1 :]
        else:
            self.violate(f"the fake does not unset ${name.kind}")
        return True


def _avp(inner: str) -> str:
    return inner.removeprefix("s:")


def transformed(text: str, change: str) -> Any:
    """Return what a transformation makes of a text; NotImplemented for one that the fake does not know."""
    if not text and change.startswith(("s.int", "s.substr")):
        return NotImplemented
    if change == "s.encode.hexa":
        return text.encode("utf-8", "surrogateescape").hex()
    if change == "s.decode.hexa":
        if not re.fullmatch("[0-9a-fA-F]*", text):
            return None
        return (
            bytes.fromhex(text).decode("utf-8", "surrogateescape") if len(text) % 2 == 0 else NotImplemented
        )
    if re.fullmatch(r"s\.substr,0,[1-9]\d*", change):
        size = int(change.removeprefix("s.substr,0,"))
        return text.encode("utf-8", "surrogateescape")[:size].decode("utf-8", "surrogateescape")
    if change == "s.len":
        return len(text.encode("utf-8", "surrogateescape"))
    if change == "s.int":
        number = int(text) if re.fullmatch(r"[+-]?\d+", text) else None
        # Each version does another thing with one that is too big.
        return number if number is None or -HIGHEST_INT <= number < HIGHEST_INT else NotImplemented
    if change in ("uri.user", "uri.host"):
        return _of_uri(text, lambda uri: getattr(uri, change.removeprefix("uri.")) or "")
    if change == "uri.port":
        return _of_uri(text, lambda uri: uri.port or 0)
    return NotImplemented
