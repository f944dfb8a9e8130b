"""What all processes tell the one that serves HTTP: notices, and how a ping was that is shown.

Without KEEPALIVE_HTTP and KEEPALIVE_WEBHOOK there is no such process, and nothing is queued. What finds no
room is counted: then that process looks for what it was not told (``change_log``).
"""

import logging
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice
from typing import Any, Final

from ..kamailio import queues, variables
from ..rules import notices
from ..rules.notices import Notice

log = logging.getLogger("keepalive")

# So many take 10 ms to read.
_AT_A_TIME: Final = 1000


@cache
def is_wanted() -> bool:
    """Say whether there is a process that tells others."""
    return variables.is_defined("cockpit")


def put(notice: Notice) -> None:
    """Have a notice told, if there is anybody to tell it; it never raises for want of memory."""
    if is_wanted():
        queues.feed(notices.json_line(notice))


def put_order(noted: Mapping[str, Any]) -> None:
    """Have an operator's order told; noted, as the order book keeps it."""
    put(notices.order(noted))


def taken() -> Iterator[Notice]:
    """Take what was put, the first of it: for the process that tells others."""
    for text in islice(queues.fed(), _AT_A_TIME):
        try:
            yield notices.read(text)
        except ValueError as error:
            log.error("what was to be told can't be read: %s", error)
