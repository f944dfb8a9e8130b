"""Who is told of a change: the log, and the functions that users registered.

The process that decides a change writes the log line and queues the change; one timer process runs all
callbacks. So each runs once per change in the whole server, the changes of a destination come in their
order, and a slow callback holds up neither calls nor pings.
"""

import importlib
import inspect
import json
import logging
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from . import information, shared_memory
from .health import STATE_NAMES
from .kamailio_log import NOTICE, aloud
from .quoting import quoted

log = logging.getLogger("keepalive")

Callback = Callable[..., object]
"""``callback(uri, state, user_attr)``, or with ``event`` as a fourth argument; what it returns is ignored"""

NOT_MONITORED = -1
"""The state in the last change of a destination that is given up."""


class InvalidCallback(ValueError):
    """The object can't be called by another process; the message names it and the reason."""


class Change(NamedTuple):
    """A destination's state changed; the order of the fields is the event's in shared memory."""

    key: str
    generation: int
    uri: str
    state: int
    parting: list[list[Any]] = []  # noqa: RUF012 - a NamedTuple's default, never changed
    """callbacks and their user_attr, of owners whose registration is gone with this change"""


def name_of(callback: object) -> str:
    """Return the ``module:name`` by which every process finds the callback.

    Raises: InvalidCallback for what has no such name: a lambda, a local function, a bound method.
    """
    if not callable(callback):
        raise InvalidCallback(f"callback {quoted(callback)} is not a function")
    module = getattr(callback, "__module__", None)
    name = getattr(callback, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str):
        raise InvalidCallback(f"callback {quoted(callback)} has no name, so no other process can find it")
    if "<" in name:
        raise InvalidCallback(
            f"callback {name} is a lambda or a local function, which no other process can find"
        )
    try:
        found = _find(f"{module}:{name}")
    except (ImportError, AttributeError) as error:
        raise InvalidCallback(f"callback {module}:{name} can't be found: {error}") from None
    if found is not callback:
        raise InvalidCallback(
            f"callback {module}:{name} is not what that name stands for: a bound method, or redefined"
        )
    return f"{module}:{name}"


def _find(name: str) -> Callback:
    module, _, path = name.partition(":")
    # Looked up anew each time: a reload of the script may have replaced the function.
    found: Any = sys.modules.get(module) or importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    callback: Callback = found
    return callback


def _takes_event(callback: Callback) -> bool:
    try:
        inspect.signature(callback).bind("uri", 0, None, None)
    except (TypeError, ValueError):
        return False
    return True


def log_change(change: Change, old: int, why: str) -> None:
    """Write the one line that a change gets in the log, at NOTICE."""
    log.log(NOTICE, "%s %s -> %s: %s", change.uri, STATE_NAMES[old], STATE_NAMES[change.state], why)


def announce(change: Change) -> bool:
    """Queue a change for the process that runs callbacks; False if shared memory is full."""
    try:
        shared_memory.announce_event(json.dumps(change))
    except shared_memory.SharedMemoryFull:
        return False
    return True


def run_announced() -> None:
    """Run the callbacks of all queued changes."""
    for text in shared_memory.announced_events():
        run(Change(*json.loads(text)))


def run(change: Change) -> None:
    """Run the callbacks of one change: those of the destination's owners, then those for all changes."""
    registered = shared_memory.registration(change.key)
    for name, user_attr in change.parting:
        _call(name, change, user_attr)
    if registered is not None and registered.generation == change.generation:
        for owner in registered.owners.values():
            if owner.callback:
                _call(owner.callback, change, owner.user_attr)
    for name, user_attr in shared_memory.callbacks():
        _call(name, change, user_attr)


def _call(name: str, change: Change, user_attr: Any) -> None:
    try:
        callback = _find(name)
        with aloud():
            if _takes_event(callback):
                callback(change.uri, change.state, user_attr, information.of(change.key))
            else:
                callback(change.uri, change.state, user_attr)
    # BaseException: sys.exit() in a callback would end the process, and with it all of Kamailio.
    except BaseException:
        log.exception("callback %s failed for %s", name, change.uri)
