"""What keeps exceptions from scripts and from Kamailio: each gets an answer, and the log says why."""

import logging
from collections.abc import Callable
from copy import copy
from functools import wraps
from typing import Final, ParamSpec, TypeVar

from ..kamailio.kamailio_log import about
from ..kamailio.rpc import Unanswered
from ..kamailio.tables import SharedMemoryFull
from ..rules.checks import Refused
from ..rules.parameters import InvalidSetting
from ..rules.uris import InvalidURI
from .callback_names import InvalidCallback
from .reloads import UnusableScript

P = ParamSpec("P")
R = TypeVar("R")

log = logging.getLogger("keepalive")

REFUSALS: Final = (
    *(InvalidURI, InvalidSetting, InvalidCallback, Refused),
    *(SharedMemoryFull, UnusableScript, Unanswered),
)
"""What says in one line what was wrong with a request, or why it can't be done now."""


def never_raises(answer: R, name: str = "") -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a function answer in every case: a refusal is one line in the log, a surprise has a traceback.

    Arguments: answer, what is returned instead; each caller gets one of its own; name, by which the log knows
    the function, its own if not given.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        called = name or function.__name__

        @wraps(function)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return function(*args, **kwargs)
            except REFUSALS as refusal:
                log.error("%s: %s", called, refusal, extra=about(called))
            except Exception:
                log.exception("%s failed", called, extra=about(called))
            # A list or a dictionary is the caller's to change, as any other answer is.
            return copy(answer)

        return guarded

    return decorate


def done(task: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> int:
    """Do what Kamailio calls for. Returns: 1, in every case; what goes wrong is in the log."""
    try:
        task(*args, **kwargs)
    except SharedMemoryFull as refusal:
        log.error("%s: %s", task.__name__, refusal, extra=about(task.__name__))
    # BaseException: what a signal's handler in a script raises may meet us anywhere, a sys.exit() too.
    except BaseException:
        name = str(getattr(task, "__name__", task))
        log.exception("%s failed", name, extra=about(name))
    return 1
