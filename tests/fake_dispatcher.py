"""Kamailio's dispatcher on the fake server: its two RPC commands, as real servers answered them."""

from __future__ import annotations

from typing import Any

from conftest import FakeServer


class FakeDispatcher:
    """The sets; a test may change them, as a reload or a route does."""

    def __init__(self, server: FakeServer) -> None:
        server.ksr.rpc = self._command
        self.rows: list[dict[str, Any]] = []
        self.set: list[tuple[str, int, str]] = []
        """what was set from outside of it"""
        self.refuses = False

    def add(self, uri: str, number: int = 1, flags: str = "AX", **attributes: Any) -> None:
        """Put a destination into a set."""
        self.rows.append({"number": number, "URI": uri, "FLAGS": flags, "ATTRS": attributes})

    def mark(self, uri: str, flags: str, number: int = 1) -> None:
        """Change a state, as ds_mark_dst and a second pinger do."""
        next(row for row in self.rows if (row["number"], row["URI"]) == (number, uri))["FLAGS"] = flags

    def flags(self, uri: str, number: int = 1) -> str:
        """The state of a destination in a set."""
        return str(next(row["FLAGS"] for row in self.rows if (row["number"], row["URI"]) == (number, uri)))

    def _command(self, method: str, parameters: list[Any]) -> Any:
        if not self.rows:
            raise LookupError("No Destination Sets")
        if method == "dispatcher.list":
            numbers = sorted({row["number"] for row in self.rows})
            targets = {n: [{"DEST": row} for row in self.rows if row["number"] == n] for n in numbers}
            return {"RECORDS": [{"SET": {"ID": n, "TARGETS": targets[n]}} for n in numbers]}
        assert method == "dispatcher.set_state"
        word, number, uri = parameters
        if self.refuses:
            raise LookupError("State Update Failed")
        self.mark(uri, f"{word.upper()}X", number)
        self.set.append((word, number, uri))
        return None
