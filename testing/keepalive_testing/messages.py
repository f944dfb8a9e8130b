"""SIP messages as texts, and the parts of them that scripts ask for."""

from __future__ import annotations

import re
from typing import NamedTuple

COMPACT = {
    "i": "call-id",
    "f": "from",
    "t": "to",
    "m": "contact",
    "v": "via",
    "l": "content-length",
    "c": "content-type",
    "s": "subject",
    "k": "supported",
    "e": "content-encoding",
    "a": "accept-contact",
    "j": "reject-contact",
    "b": "referred-by",
    "d": "request-disposition",
    "o": "event",
    "r": "refer-to",
    "u": "allow-events",
    "x": "session-expires",
    "y": "identity",
}
"""header names that have a short form, RFC 3261 section 7.3.3 and later ones"""
_URI = re.compile(
    r"(?P<scheme>sips?):(?:(?P<user>[^@]+)@)?(?P<host>\[[^\]]*\]|[^:;?@\s]*)(?::(?P<port>\d+))?(?P<rest>(?:[;?].*)?)$",
    re.IGNORECASE,
)
_PHONE = re.compile(r";(?i:user)=phone(?:[;?]|$)")
HIGHEST_PORT = 65535


def at_port(address: str, port: int) -> str:
    """Return what a URI or a Via says of an address and a port: one of IPv6 stands in brackets."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def way_of(transport: str) -> str:
    """Return what a URI says of a transport: nothing of UDP."""
    return "" if transport == "udp" else f";transport={transport}"


TRANSPORTS = {"udp": "udp", "tcp": "tcp", "tls": "tls", "sctp": "sctp", "ws": "tcp"}
"""what the parameter of a URI means; what else it says is nothing to Kamailio"""


class Uri(NamedTuple):
    """The parts of a URI; rest, its parameters and headers with their first ``;`` or ``?``."""

    scheme: str
    user: str | None
    host: str
    port: int | None
    rest: str
    password: str = ""
    """with its ``:``"""
    user_parameters: str = ""
    """with its ``;``, of a telephone: of any other they belong to its user"""

    @classmethod
    def of(cls, text: str) -> Uri | None:
        """Take a URI apart; None if it is none."""
        scheme, colon, number = text.partition(":")
        if colon and scheme.lower() == "tel":
            return cls(scheme, number.partition(";")[0], "", None, "")
        found = _URI.match(text)
        if found is None or not found["host"]:
            return None
        user, colon, password = (found["user"] or "").partition(":")
        user_parameters = ""
        if _PHONE.search(found["rest"]):
            user, semicolon, parameters = user.partition(";")
            user_parameters = semicolon + parameters
            if user_parameters and not user:
                return None
        port = int(found["port"]) if found["port"] else None
        if port is not None and port > HIGHEST_PORT:
            return None
        scheme = found["scheme"].lower()
        return cls(
            scheme, user or None, found["host"], port, found["rest"], colon + password, user_parameters
        )

    @property
    def transport(self) -> str:
        """What its parameter says, or the empty text."""
        found = re.search(r";transport=(\w+)", self.rest, re.IGNORECASE)
        return found[1] if found else ""

    @property
    def way(self) -> str:
        """The transport over which it is reached, one of TRANSPORTS."""
        return "tls" if self.scheme == "sips" else TRANSPORTS.get(self.transport.lower(), "udp")

    @property
    def source(self) -> tuple[str, int]:
        """Address and port from which it answers, if its host is an address."""
        return self.host.strip("[]"), self.port or (5061 if self.way == "tls" else 5060)

    @property
    def kind(self) -> str:
        """Its scheme, by which one of a telephone is a tel."""
        of_phones = {"sip": "tel", "sips": "tels"}
        return of_phones.get(self.scheme, self.scheme) if _PHONE.search(self.rest) else self.scheme

    def __str__(self) -> str:
        user = f"{self.user}{self.password}{self.user_parameters}@" if self.user is not None else ""
        port = f":{self.port}" if self.port is not None else ""
        return f"{self.scheme}:{user}{self.host}{port}{self.rest}"


def is_urn(uri: str) -> bool:
    """Say whether a URI is a urn, which Uri does not take apart."""
    return uri.lower().startswith("urn:")


class Party(NamedTuple):
    """What a From, a To or a Contact says: the name as it is written, the URI, and the tag."""

    name: str | None
    uri: str
    tag: str | None

    @classmethod
    def of(cls, value: str) -> Party:
        """Take the value of a header apart."""
        inside = re.match(
            r'\s*(?P<name>"(?:[^"\\]|\\.)*"|[^<"]*?)\s*<(?P<uri>[^>]*)>(?P<rest>.*)$', value, re.DOTALL
        )
        name, uri, rest = (
            (inside["name"], inside["uri"], inside["rest"]) if inside else ("", *value.partition(";")[::2])
        )
        tag = re.search(r";\s*tag\s*=\s*([^;\s]+)", f";{rest}", re.IGNORECASE)
        return cls(name or None, uri.strip(), tag[1] if tag else None)


class Message:
    """A request or a reply: its first line, its header fields in order, its body.

    Arguments: text, with line ends of either kind; those of the body stay.
    """

    def __init__(self, text: str) -> None:
        head, *rest = re.split(r"\r?\n\r?\n", text, maxsplit=1)
        self.body = "".join(rest)
        first, *lines = head.replace("\r\n", "\n").split("\n")
        self.first_line = first
        self.fields: list[tuple[str, str]] = []
        """names as they are written, and values"""
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon:
                raise ValueError(f"no header field: {line[:80]!r}")
            self.fields.append((name.strip(), value.strip()))
        parts = first.split(" ", 2)
        if len(parts) != 3 or "SIP/2.0" not in (parts[0], parts[2]):
            raise ValueError(f"no first line of SIP: {first[:80]!r}")
        self.is_reply = parts[0] == "SIP/2.0"
        self.code = int(parts[1]) if self.is_reply else 0
        self.reason = parts[2] if self.is_reply else ""
        self.method = self.header("CSeq").rpartition(" ")[2] if self.is_reply else parts[0]
        self.uri = "" if self.is_reply else parts[1]

    def headers(self, name: str) -> list[str]:
        """Return the values of all header fields of a name."""
        wanted = long_name(name)
        return [value for given, value in self.fields if long_name(given) == wanted]

    def header(self, name: str) -> str:
        """Return the value of the first header field of a name, "" if there is none."""
        return next(iter(self.headers(name)), "")

    def replace(self, name: str, value: str) -> None:
        """Give the first header field of a name another value."""
        at = next(at for at, (given, _) in enumerate(self.fields) if long_name(given) == long_name(name))
        self.fields[at] = (self.fields[at][0], value)

    def party(self, name: str) -> Party:
        """Return what the first From, To or Contact says."""
        return Party.of(self.header(name))

    def __str__(self) -> str:
        lines = [self.first_line, *(f"{name}: {value}" for name, value in self.fields)]
        return "\r\n".join(lines) + "\r\n\r\n" + self.body


def long_name(name: str) -> str:
    """Return the name of a header field that has two, in small letters."""
    return COMPACT.get(name.lower(), name.lower())
