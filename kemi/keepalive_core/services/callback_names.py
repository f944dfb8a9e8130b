"""Callbacks by their names, as which another process finds them."""

import importlib
import inspect
import sys
from collections.abc import Callable
from typing import Any, Final

from ..rules.quoting import quoted

Callback = Callable[..., object]
"""``callback(uri, state, user_attr)``, or with ``event`` as a fourth argument; what it returns is ignored"""

# A call of one of these makes an object, and runs none of its lines.
_NEVER_RUN: Final = (
    inspect.iscoroutinefunction,
    inspect.isgeneratorfunction,
    inspect.isasyncgenfunction,
)


class InvalidCallback(ValueError):
    """The object can't be called by another process; the message names it and the reason."""


def name_of(callback: object) -> str:
    """Return the ``module:name`` by which every process finds the callback.

    Raises: InvalidCallback for what has no such name, as a lambda, a local function or a bound method, and
    for what can't be called with a change.
    """
    if not callable(callback):
        raise InvalidCallback(f"callback {quoted(callback)} is not a function")
    module = getattr(callback, "__module__", None)
    name = getattr(callback, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str):
        raise InvalidCallback(f"callback {quoted(callback)} has no name, so no other process can find it")
    if any(is_that(callback) for is_that in _NEVER_RUN):
        raise InvalidCallback(
            f"callback {module}:{name} is a coroutine or a generator, which nobody would run"
        )
    if "<" in name:
        raise InvalidCallback(
            f"callback {name} is a lambda or a local function, which no other process can find"
        )
    try:
        found = find(f"{module}:{name}")
    except (ImportError, AttributeError) as error:
        raise InvalidCallback(f"callback {module}:{name} can't be found: {error}") from None
    if found is not callback:
        raise InvalidCallback(
            f"callback {module}:{name} is not what that name stands for: a bound method, or redefined"
        )
    if not _takes_change(callback):
        raise InvalidCallback(f"callback {module}:{name} does not take uri, state and user_attr")
    return f"{module}:{name}"


def find(name: str) -> Callback:
    """Return the callback of a ``module:name``. Raises: ImportError, AttributeError."""
    module, _, path = name.partition(":")
    # Looked up anew each time: a reload of the script may have replaced the function.
    found: Any = sys.modules.get(module) or importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    callback: Callback = found
    return callback


def takes_event(callback: Callback) -> bool:
    """Say whether a callback has a fourth parameter, for the event."""
    try:
        inspect.signature(callback).bind("uri", 0, None, None)
    except (TypeError, ValueError):
        return False
    return True


def _takes_change(callback: Callback) -> bool:
    """Say whether a callback can be called with three arguments or four, as far as Python can tell."""
    try:
        inspect.signature(callback).bind("uri", 0, None)
    except TypeError:
        return takes_event(callback)
    except ValueError:  # of some that are written in C nobody knows what they take
        return True
    return True
