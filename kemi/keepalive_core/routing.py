"""What a route asks about the members of a group, and what it tells of calls: functions of keepalive.py."""

from .rules.states import DOWN, UP
from .services import alive_members, hops, picking, reports
from .services.refusals import never_raises

_OK, _ERROR = 0, -1


@never_raises(list[str]())
def targets(destination: str) -> list[str]:
    """Return where calls to a destination may be sent, as URIs for ``$du``: round the dead half of a name.

    Of a name these are the addresses behind it that are alive, by priority and at random by weight, each
    time anew. Of anything else it is the destination's own URI, or that of its outbound_proxy.

    Returns: [] if it is not alive, not monitored or malformed.
    From: RFC 2782, RFC 3263 section 4.3.
    """
    return hops.targets(destination)


@never_raises(_ERROR)
def next_target(destination: str) -> int:
    """Set ``$du`` to the first of targets() to which the call at hand was not sent yet.

    For request and failure routes alone: in child_init what it leaves with the "call" would be left to all
    processes. What was tried goes with the call; each destination is tried by itself.

    Returns: 1, or -1 if none is left.
    """
    return UP if hops.next_hop(destination) else _ERROR


@never_raises(list[str]())
def alive(group: str, targets: bool = False) -> list[str]:
    """Return the destinations of a group that are alive, the best first.

    Arguments: group, the name that add_destination was given; targets, whether targets() of each is wanted.
    Returns: their URIs, by falling priority, then by falling weight, then in the order of registration: those
    that is_alive says 1 of, unless it is another group that keeps them answering.
    """
    return hops.of_group(group) if targets else alive_members.alive(group)


@never_raises(_ERROR)
def is_group_alive(group: str) -> int:
    """Say whether any destination of a group is alive.

    Returns: 1 one is, 2 none is, -1 there is no such group.
    """
    anyone = alive_members.is_alive(group)
    return _ERROR if anyone is None else UP if anyone else DOWN


@never_raises("")
def pick(group: str) -> str:
    """Choose a destination of a group, at random by weight among the best that are alive.

    These are those of the highest priority. One of weight 0 is chosen only if none of them has a weight, and
    then all alike. What came up again gains its weight over ``slow_start`` seconds, as in HAProxy.

    Arguments: group, the name that add_destination was given.
    Returns: its URI, another one each time; "" if none is alive.
    """
    return picking.pick(group)


@never_raises(_ERROR)
def report_failure(destination: str, reason: str = "", target: str = "") -> int:
    """Count a failure that traffic showed, as a failed ping counts, and bring the next ping forward.

    For a failure or reply route. It disables nothing for good: pings bring the destination back.

    Arguments: destination; reason, for the log and info(); target, of a name, as targets() gave it, or its
    key. Without it, it is the one that next_target() has chosen, and if it has not, all are asked soon.
    Returns: 0, or -1 not monitored, malformed, or no target of it.
    """
    return _OK if reports.count(destination, False, reason, target) else _ERROR


@never_raises(_ERROR)
def report_success(destination: str, reason: str = "", target: str = "") -> int:
    """Count a success that traffic showed, as an answered ping counts. Returns: as report_failure()."""
    return _OK if reports.count(destination, True, reason, target) else _ERROR


@never_raises(_ERROR)
def report_reply(destination: str, code: int, target: str = "") -> int:
    """Count what a reply to a call says of the destination that the call went to.

    For a reply or failure route, with each final code. 408 and 5xx are failures of the destination; others,
    such as 404, 480, 486 and 603, are the callee's words and a sign of life. Failures alone take it down only
    if there are enough of them: see the parameters that begin with ``passive_``.

    Arguments: destination; code, of the reply, or 408 if none came; target, as in report_failure().
    Returns: as report_failure(), with a log line for what is no code.
    From: RFC 3261 section 21.
    """
    return _OK if reports.count_reply(destination, code, target) else _ERROR
