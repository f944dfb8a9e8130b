"""What a script changes of a message before that leaves: each route has a draft of its own."""

from __future__ import annotations

import copy

from keepalive_testing.messages import Message, long_name


class _Record(tuple[str, str]):
    """The header field in which record_route has recorded this server."""

    @property
    def scheme(self) -> str:
        """Of the URI in it."""
        return self[1].strip("<").partition(":")[0]


class Draft:
    """What a route makes of the message at hand. Arguments: uri, the request URI, "" of a reply."""

    def __init__(self, uri: str = "") -> None:
        self._uri = uri
        self.is_uri_set = False
        """whether the script has set it, be it as it was"""
        self._du: str | None = None
        self.is_new = True
        """whether it leads to where the request was not sent yet, as to tm"""
        self.flags: dict[str, set[int]] = {"message": set(), "branch": set()}
        """which are set; those of a transaction are the same in all of its routes"""
        self.is_recorded = False
        """whether record_route is done, as to rr"""
        self._ahead: list[tuple[str, str]] = []
        """header fields before all others"""
        self._behind: list[tuple[str, str]] = []
        self._removed: set[str] = set()
        """long names of header fields that do not leave, in small letters"""
        self._routes: list[str] | None = None
        """values of the Route fields, if they are not those that came in; "" of one that does not leave"""
        self.of_replies = ""
        """header lines of what the script replies itself"""

    def redirect(self) -> None:
        """Have what the script replies itself name the request URI, if that was set, as Kamailio has it."""
        if self.is_uri_set:
            self.of_replies += f"Contact: <{self._uri}>\r\n"

    def copy(self, is_new: bool = True) -> Draft:
        """Return what another route goes on with, with the same flags."""
        other = copy.deepcopy(self)
        other.is_new, other.flags = is_new, self.flags
        return other

    def snapshot(self, begun: Draft) -> Draft:
        """Return what a transaction keeps of it. Arguments: begun, as it was when that began."""
        other = copy.deepcopy(self)
        other._uri, other.is_uri_set = begun._uri, begun.is_uri_set
        other._du, other.is_recorded = begun._du, begun.is_recorded
        return other

    @property
    def uri(self) -> str:
        """The request URI."""
        return self._uri

    @uri.setter
    def uri(self, uri: str) -> None:
        self._uri, self.is_uri_set, self.is_new = uri, True, True

    @property
    def du(self) -> str | None:
        """The next hop, if it is not the request URI."""
        return self._du

    def send_to(self, hop: str) -> None:
        """Choose the next hop, "" for the request URI."""
        self._du, self.is_new = hop or None, True

    def send_unnoticed_to(self, hop: str) -> None:
        """Choose the same, which is nothing new to tm."""
        self._du = hop or None

    @property
    def hop(self) -> str:
        """To where it leaves."""
        return self._du or self._uri

    def insert(self, lines: str) -> None:
        """Add header lines before all others."""
        self._ahead += fields_of(lines)

    def record(self, line: str) -> None:
        """Record this server: see recorded()."""
        self._ahead += map(_Record, fields_of(line))

    def recorded(self, fields: list[tuple[str, str]], lines: dict[str, str]) -> list[tuple[str, str]]:
        """Return fields() with other lines in place of each that record() has added.

        One that came in, or that the script has added itself, may say the same, and leaves as it is.
        Arguments: fields; lines, for each scheme of the one that was added.
        """
        return [
            new
            for field in fields
            for new in (fields_of(lines[field.scheme]) if isinstance(field, _Record) else [field])
        ]

    def append(self, lines: str) -> None:
        """Add header lines behind all others."""
        self._behind += fields_of(lines)

    def remove(self, name: str) -> None:
        """Let no header field of a name leave that came in."""
        self._removed.add(long_name(name))

    @property
    def added(self) -> str:
        """All header lines that were added."""
        return "".join(f"{name}: {value}\r\n" for name, value in self._ahead + self._behind)

    def fields(self, message: Message) -> list[tuple[str, str]]:
        """Return the header fields with which a message leaves."""
        kept = [field for field in message.fields if long_name(field[0]) not in self._removed]
        if self._routes is not None:
            values = iter(self._routes)
            kept = [(name, next(values) if name.lower() == "route" else value) for name, value in kept]
            kept = [(name, value) for name, value in kept if value or name.lower() != "route"]
        return [*self._ahead, *kept, *self._behind]

    def route(self, values: list[str]) -> None:
        """Let the Route fields that came in have other values, "" for one that does not leave."""
        self._routes = values


def fields_of(lines: str) -> list[tuple[str, str]]:
    """Take header lines apart: names as they are written, and values."""
    parts = (line.partition(":") for line in lines.splitlines())
    return [(name.strip(), value.strip()) for name, _, value in parts]
