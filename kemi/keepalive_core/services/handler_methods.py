"""The methods of a handler that Kamailio calls: which they are, and that each answers an int in every case.

5.6 fails at the next KSR call after a method returned None, and at child_init no version starts.
"""

import logging
from collections.abc import Callable
from functools import wraps
from types import FunctionType
from typing import Any, Final

log = logging.getLogger("keepalive")

# What Kamailio (app_python3) calls in a handler in every configuration, and what keepalive.cfg has it call.
CHILD_INIT: Final = "child_init"
_ROUTES: Final = ("ksr_request_route", "ksr_reply_route", "ksr_onsend_route")
_OURS: Final = "ksr_keepalive_"

# What Kamailio takes for an answer: a C int.
_C_INT: Final = range(-(2**31), 2**31)


def called(handler: object) -> list[str]:
    """Return the names of what Kamailio calls in a handler, or in a class of handlers, in any case."""
    return [name for name in dir(handler) if name in (CHILD_INIT, *_ROUTES) or name.startswith(_OURS)]


def without_self(method: Callable[..., object]) -> Any:
    """Return a function that takes a handler first, and does what a method without one does."""

    @wraps(method)
    def function(_: object, *args: Any) -> object:
        return method(*args)

    return function


def answering_int(method: FunctionType) -> Any:
    """Return a method that does what one does, and answers an int in every case."""

    @wraps(method)
    def answer(*args: Any) -> int:
        value = method(*args)
        # What as_int() would say of it: this runs with each ping and each reply, and a call takes 0.1 us.
        return value if type(value) is int and value in _C_INT else as_int(value, 1, method)

    return answer


def as_int(value: object, otherwise: int, method: FunctionType) -> int:
    """Return what a method answered, as Kamailio takes it.

    Arguments: value, the answer; otherwise, what it gets for None, and with a line of the log for what is no
    int of C; method, which gave the answer.
    """
    if isinstance(value, int) and value in _C_INT:
        return value
    if value is not None:
        log.error(
            "%s returned %.60r, and Kamailio needs an int: it gets %d", method.__qualname__, value, otherwise
        )
    return otherwise
