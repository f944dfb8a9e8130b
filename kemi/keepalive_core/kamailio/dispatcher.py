"""Kamailio's dispatcher: its sets are read, and states set in them, as kamcmd does it."""

from ..rules.dispatcher_list import WORDS, Entry, entries_of
from . import rpc


def entries() -> list[Entry]:
    """Return all destinations of all sets, from its list file or its database; not in mod_init: see rpc.

    Raises: rpc.Unanswered, as if there is none.
    """
    try:
        return entries_of(rpc.ask("dispatcher.list"))
    except ValueError as error:
        raise rpc.Unanswered(f"dispatcher.list answers {error}") from None


def set_state(entry: Entry, state: str) -> None:
    """Set the state of a destination in its set. Raises: rpc.Unanswered."""
    rpc.ask("dispatcher.set_state", WORDS[state], entry.number, entry.uri)
