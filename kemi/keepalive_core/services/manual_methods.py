"""The five methods that the C module keepalive has: its names, the order of its parameters, its texts.

Two things are otherwise, as they are faults there: the list is always an array, and times are epoch seconds.
"""

from typing import Any

from ..kamailio import destination_rows
from ..rules import uris
from ..rules.checks import NotMonitored, Refused
from ..rules.operator import Operator
from ..rules.quoting import quoted
from . import driving, ownership
from .viewing import Answer


def add(operator: Operator, uri: str, listname: str) -> str:
    """Monitor a destination for an owner, which the C module calls a list; refused if it has it already."""
    registered = destination_rows.registration(uris.parse(uri).key)
    if registered and listname in registered.owners:
        raise Refused(f"couldn't add data to list: {quoted(listname)} has {quoted(uri)} already")
    driving.add_destination(operator, uri, listname, "", 0, 0, {})
    return "Ok. Destination added."


def delete(operator: Operator, uri: str, listname: str) -> str:
    """End an owner's interest in a destination."""
    driving.del_destination(operator, uri, listname)
    return "Ok. Destination removed."


def get(operator: Operator, uri: str, listname: str) -> dict[str, Any]:
    """Return a destination's state, if that owner has it."""
    key = ownership.owned_key(uris.parse(uri).key, listname)
    registered, known = destination_rows.registration(key), destination_rows.health(key)
    if registered is None or known is None or listname not in registered.owners:
        raise NotMonitored(uri)
    return {"uri": registered.uri, "owner": listname, "state": known.state}


def flush(operator: Operator, all: bool) -> Answer:
    """Remove what RPC added, or all that is monitored."""
    yield from driving.flush(operator, all)
    return "Ok. Destination list flushed."
