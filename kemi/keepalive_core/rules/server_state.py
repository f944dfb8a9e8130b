"""What the state file keeps of the server itself, on a line of its own (pure).

``"end"`` stands first on it, which every earlier version passes over. Times are seconds of the steady clock.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple

from .checks import Refused, group_to_configure
from .modes import DRAIN, Admin
from .state_row import Untrue, admin_of
from .unmeasured import Span, spans_of, text
from .uptime import Counted

NAME: Final = "server"
GROUP: Final = "group"


class ServerState(NamedTuple):
    """What is kept of a server."""

    until: int = 0
    """when the file was written"""
    unmeasured: Sequence[Span] = []
    """the times in which nothing was measured"""
    drain: Admin | None = None
    """of this server, until when, by whom and why"""

    def fields(self) -> dict[str, Any]:
        """Return it as the file has it."""
        fields: dict[str, Any] = {"until": self.until, "unmeasured": text(self.unmeasured)}
        return {NAME: fields | ({"drain": self.drain._asdict()} if self.drain else {})}

    @staticmethod
    def of(lines: Sequence[Mapping[str, Any]]) -> "ServerState":
        """Return what the lines of a file that are no destination's say of the server.

        What makes no sense, or was written by a later version in another way, is as if it were not there.
        """
        said: dict[str, Any] = {}
        for line in lines:
            if isinstance(line.get(NAME), dict):
                said = line[NAME]
        until = said.get("until")
        return ServerState(
            until if type(until) is int and 0 < until < _MOST_SECONDS else 0,
            _spans(said.get("unmeasured")),
            _drain(said.get("drain")),
        )


def group_fields(name: str, counted: Counted) -> dict[str, Any]:
    """Return what the file keeps of a group."""
    return {GROUP: name, "availability": counted.text()}


def groups_of(lines: Sequence[Mapping[str, Any]]) -> dict[str, Counted]:
    """Return what lines of a file say of groups; what makes no sense is left out."""
    found: dict[str, Counted] = {}
    for line in lines:
        with suppress(ValueError, Refused):
            name = group_to_configure(line.get(GROUP))
            found[name] = Counted.from_text(str(line.get("availability")))
    return found


# As many fit into a number of a table of Kamailio's.
_MOST_SECONDS: Final = 2**31 - 1


def _spans(value: Any) -> list[Span]:
    try:
        return spans_of(value)
    except ValueError:
        return []


def _drain(value: Any) -> Admin | None:
    try:
        said = admin_of(value)
    except Untrue:
        return None
    return said if said and said.mode == DRAIN else None
