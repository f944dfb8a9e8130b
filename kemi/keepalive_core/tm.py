"""Talking to tm: a ping goes out, its reply or its timeout comes back.

tm calls back in three places. Inside ``send`` it runs its local-request event, the one moment at which
the new transaction can be given a time limit, a reply and a failure function. The reply function then runs
in whichever worker receives the reply, the failure function in a timer process. What a ping is about
travels in an AVP of its transaction, where no peer can reach it.
"""

import time
from typing import Final

import KSR

from .health import Kind, Result

LOCAL_REQUEST: Final = "tm:local-request"
# Names of methods for a KEMI script, of routes for a native one.
REPLY_ROUTE: Final = "ksr_keepalive_reply"
FAILURE_ROUTE: Final = "ksr_keepalive_failure"
_PING: Final = "$avp(keepalive)"
# tm's timers tick every 1/16 s and end up to one tick early (measured: 441 ms where 500 were asked for). A
# reply that comes in time must not be taken for a timeout, so one tick is added.
_TICK_MS: Final = 63


class EventNotSeen(Exception):
    """tm sent a ping without asking us, so that its result can't be known."""

    def __init__(self) -> None:
        super().__init__(
            "tm's local-request event did not reach keepalive, so no ping can be followed: "
            'is modparam("tm", "event_callback") set to another function that does not call '
            "keepalive.on_tm_event(event)?"
        )


class _Leaving:
    """The ping that is being sent by this process, between send() and tm's event."""

    __slots__ = ("generation", "key", "sent", "timeout")

    def __init__(self, key: str, generation: int, timeout: int) -> None:
        self.key = key
        self.generation = generation
        self.timeout = timeout
        self.sent = 0
        """when it left, us; 0 before the event"""


_leaving: _Leaving | None = None


def clock() -> int:
    """Return the time, us: monotonic, and the same in all processes of a Linux machine."""
    return time.monotonic_ns() // 1000


def send(key: str, generation: int, uri: str, from_uri: str, timeout: int) -> tuple[int, bool]:
    """Send one OPTIONS.

    Arguments: key and generation, of the destination; uri, the request URI; from_uri, the From URI;
    timeout, how long tm waits for a final reply, ms.
    Returns: when the ping left, us, and whether it did. It does not where the name can't be resolved or no
    socket fits; a refused TCP connection is no such failure, tm tells of it by a timeout.
    Raises: EventNotSeen.
    From: RFC 3261 section 11.1.
    """
    global _leaving
    leaving = _Leaving(key, generation, timeout)
    began = clock()
    _leaving = leaving
    try:
        headers = f"From: <{from_uri}>\r\nTo: <{uri}>\r\n"
        sent = KSR.tm.t_uac_send("OPTIONS", uri, "", "", headers, "")
    except SystemError as error:
        # Kamailio 5.6 says this, after the ping left, where a function it calls on the ping's way (the
        # event's, ksr_onsend_route) is missing. If the event was seen, the ping can be followed all the same.
        if not leaving.sent:
            raise EventNotSeen from error
        sent = 1
    finally:
        _leaving = None
    KSR.dbg(f"keepalive: ping to {uri}: t_uac_send returned {sent}\n")
    if not sent > 0:
        return began, False
    if not leaving.sent:
        raise EventNotSeen
    return leaving.sent, True


def on_event(event: str) -> bool:
    """Take tm's local-request event; say whether it was for a ping of ours.

    It runs for every request that Kamailio originates, in the process and inside the call that sends it.
    """
    leaving = _leaving
    if leaving is None or event != LOCAL_REQUEST:
        return False
    # The clock starts here: behind the DNS lookup, in front of the network.
    leaving.sent = clock()
    KSR.pv.sets(_PING, f"{leaving.generation} {leaving.sent} {leaving.key}")
    KSR.tm.t_on_reply(REPLY_ROUTE)
    KSR.tm.t_on_failure(FAILURE_ROUTE)
    KSR.tm.t_set_fr(0, leaving.timeout + _TICK_MS)
    return True


def replied() -> tuple[str, Result] | None:
    """Return what the reply at hand says: a destination's key and a result; None for a provisional one."""
    code = KSR.pv.get("$rs")
    if not isinstance(code, int) or code < 200:
        return None
    return _result(Kind.REPLY, code, _reason())


def timed_out() -> tuple[str, Result] | None:
    """Return whose ping timed out: a destination's key and a result; None if that is not what happened.

    The failure function runs for a received code of 300 and above too, a 408 among them; the reply
    function has judged that. t_branch_timeout tells them apart, the code does not.
    """
    return _result(Kind.TIMEOUT) if KSR.tm.t_branch_timeout() > 0 else None


def _result(kind: Kind, code: int = 0, reason: str = "") -> tuple[str, Result] | None:
    ended = clock()
    ping = KSR.pv.get(_PING)
    if not isinstance(ping, str):
        return None
    generation, sent, key = ping.split(" ", 2)
    return key, Result(int(generation), int(sent), ended, kind, code, reason)


def _reason() -> str:
    try:
        reason = KSR.pv.get("$rr")
    except (UnicodeDecodeError, SystemError):
        # A reason phrase may be in any encoding; one that is no UTF-8 is no reason to lose the reply.
        return ""
    return reason if isinstance(reason, str) else ""
