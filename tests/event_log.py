"""A callback that keeps what it is told, and what that was: fixture ``events`` begins anew."""

from __future__ import annotations

EVENTS: list[dict[str, object]] = []


def with_event(uri: str, state: int, user_attr: object, event: dict[str, object]) -> None:
    """Keep an event, with the state as ``told``."""
    EVENTS.append({"uri": uri, "told": state, **event})
