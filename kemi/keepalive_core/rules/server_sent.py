"""The text of server-sent events (pure).

From: the HTML standard, section 9.2.
"""

from typing import Final

from .notices import Notice, json_line

COMMENT: Final = b":\n\n"
"""says nothing, and keeps a connection alive"""
RETRY_MS: Final = 3000
"""after which a browser comes back, as the first event says"""

_MOST_DIGITS: Final = 18


def event(number: int, notice: Notice) -> bytes:
    """Return an event; its kind is the last word of the notice's."""
    kind = str(notice["event"]).rpartition(".")[2]
    return f"event: {kind}\nid: {number}\ndata: {json_line({'number': number, **notice})}\n\n".encode()


def hello(number: int, at: int, resumed: bool, server: str, version: str) -> bytes:
    """Return the first event.

    Arguments: number, behind which events follow; at, in epoch seconds; resumed, whether these are all that
    came behind the last one that the reader knows; server, its host's name; version, of keepalive.
    """
    notice = {"event": "keepalive.hello", "at": at, "resumed": resumed, "server": server, "version": version}
    return f"retry: {RETRY_MS}\n".encode() + event(number, notice)


def last_number(said: str) -> int | None:
    """Return the number that a reader's Last-Event-ID says, None if it says none."""
    return int(said) if said.isascii() and said.isdigit() and len(said) <= _MOST_DIGITS else None
