"""What is kept of a destination for those who look at all of them, and how it is read."""

from collections.abc import Callable
from typing import Any

from ..kamailio import destination_rows, tables
from ..rules import record
from ..rules.rows import Registration
from ..rules.service_code import is_sound, shown_as
from ..rules.states import STATE_NAMES, UNKNOWN
from .shown_names import Name


class Row:
    """What is kept of a destination."""

    __slots__ = ("code", "groups", "key", "latency", "name", "owners", "shown", "since", "text", "uri")

    def __init__(self, key: str) -> None:
        self.key = key
        self.uri = key
        self.owners: tuple[tuple[str, str], ...] = ()
        """the names of its owners, each with the group that it is in for that one, "" for none"""
        self.groups: tuple[str, ...] = ()
        self.name: Name | None = None
        """what is kept of it beside this, if it is a name"""
        self.code = 0
        self.shown = STATE_NAMES[UNKNOWN]
        """as what it is counted"""
        self.since = 0
        """epoch seconds of the last change of its state, or of the mode that it is in"""
        self.latency = 0
        """us"""
        self.text = ""
        """in which is searched"""

    def read(self, registered: Registration, name: Name | None, one: Callable[[Any], Any]) -> None:
        """Read what is shown of it.

        Arguments: registered, how it is; name, what is kept of it if it is one; one, returns the one copy
        that there is of owners or groups.
        """
        # A row that is missing, or makes no sense, is mended within seconds.
        code = destination_rows.service_code(self.key)
        self.code = -1 if code is None else code
        if is_sound(code):
            self.shown = shown_as(code)
        self.uri = self.key if registered.uri == self.key else registered.uri
        self.owners = one(tuple((name, owner.group) for name, owner in registered.owners.items()))
        self.groups = one(registered.groups)
        self.name = name
        self.text = f"{self.key} {self.uri} {' '.join(self.groups)}".lower()
        if name is not None:
            self.text += f" {name.places}"
        admin = destination_rows.admin(self.key)
        try:
            text = tables.read_text(tables.HEALTH, self.key) or ""
            self.since, self.latency = record.since_and_latency(text)
        except (ValueError, IndexError):
            self.since = self.latency = 0
        if admin:
            self.since = admin.since
