"""What an operator is told of replies and of tm if they are not as they should be.

Each is told by one process of all, once a minute at the most.
"""

import logging
from typing import Final

from ..kamailio import clock, destination_rows, server_rows, tm
from ..rules.criteria import Criteria
from ..rules.evidence import Result
from ..rules.listening import EARLY
from ..rules.times import SECOND

log = logging.getLogger("keepalive")

# This number of pings of a kind, each within this time in us of the last, is no jump of a clock, no chance.
_TIMES: Final = 3
_WHILE: Final = 600 * SECOND
# An operator who has read it once need not read it each minute.
_DAY: Final = 86_400


class _Repeated:
    """Pings of one kind, as this process sees them end."""

    def __init__(self) -> None:
        self._times = 0
        self._last = 0
        """when the last one ended, in us"""

    def is_seen_again(self, result: Result) -> bool:
        """Count one more; say whether there were enough. Pings that overlap count as one."""
        if result.sent >= self._last:
            self._times = self._times + 1 if result.ended - self._last < _WHILE else 1
            self._last = result.ended
        return self._times >= _TIMES


_early = _Repeated()
_endless = _Repeated()


def of_mismatch(key: str, code: int, came_from: str, fault: str) -> None:
    """Tell of a reply that does not count. Raises: SharedMemoryFull."""
    if server_rows.may_tell("mismatched", clock.now()):
        log.warning("a %d from %s to a ping of %s does not count: %s", code, came_from, key, fault)


def of_no_ping() -> None:
    """Tell of a reply whose transaction does not say to which ping it is. Raises: SharedMemoryFull."""
    if server_rows.may_tell("no ping", clock.now()):
        log.warning(
            "a reply to no known ping came to %s: does a route of yours change $avp(keepalive), "
            "or set t_on_reply(%s) for requests of its own?",
            *(tm.REPLY_ROUTE, tm.REPLY_ROUTE),
        )


def of_no_end(key: str, result: Result) -> None:
    """Tell if tm tells nothing of pings until their deadline, time and again. Raises: SharedMemoryFull."""
    known = destination_rows.health(key)
    # What a stranger has ended is told already.
    if known is None or known.mismatched or not _endless.is_seen_again(result):
        return
    if server_rows.may_tell("no end", clock.now()):
        log.warning(
            "pings end neither by a reply nor by their time limit, such as one of %s: does onsend_route drop "
            "them, or does a route of tm:local-request call t_on_reply, t_on_failure or t_set_fr behind "
            "keepalive?",
            key,
        )


def of_short_limit(criteria: Criteria, result: Result) -> None:
    """Tell if tm gives pings less time than they have, time and again. Raises: SharedMemoryFull.

    Arguments: criteria and result, of a ping that timed out.
    """
    lasted = result.ended - result.sent
    if lasted >= criteria.timeout * 1000 - EARLY or not _early.is_seen_again(result):
        return
    if server_rows.may_tell("short limit", clock.now(), _DAY):
        log.warning(
            "pings have %d ms for a reply, and not the %d of ping_timeout: does a route of tm:local-request "
            "call t_set_fr behind keepalive, or is tm's max_noninv_lifetime so short?",
            *(lasted // 1000, criteria.timeout),
        )
