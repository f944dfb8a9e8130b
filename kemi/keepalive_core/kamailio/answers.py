"""What comes back of a ping: its reply, a reply of a stranger, or tm's word that no target is left.

The reply function runs in whichever worker receives a reply. A 2xx ends the ping. Behind any other code tm
may go on to the next target of a name; when none is left it runs the failure function: right behind the reply
function of the last reply and in the same process, or, if the last target was silent, in a timer process.

tm finds the transaction of a reply by its Via alone. So anybody who can guess that may end the transaction,
and tm can't be kept from it: but what belongs to no ping of ours does not count, and the true reply may come
behind it (up to 6.1.3; later versions let nothing through to a transaction that has ended).
"""

import ipaddress
import re
from typing import Final, NamedTuple

import KSR

from ..rules.evidence import Kind, Result
from ..rules.quoting import one_line
from . import clock, private_memory, rehearsal, tm

# RFC 3261 section 7.2: all codes, final codes, and those of them that are no success.
_LEAST: Final = 100
_FINAL: Final = 200
_NO_SUCCESS: Final = 300
# tm's code for a target to which a request could not be sent again.
_NOT_SENT_AGAIN: Final = 503
# Codes with which RFC 3261 section 20.33 allows a Retry-After; nothing is looked for in a 200.
_MAY_RETRY_AFTER: Final = 400


class End(NamedTuple):
    """A ping that tm is at its end with, and how it ended."""

    ping: tm.Ping
    result: Result


class _LastReply(NamedTuple):
    """A final reply from 300 on."""

    call_id: str
    """of its ping"""
    result: Result | None
    """what it says; None if it is a stranger's"""


# The last one that this process took.
_last_reply = _LastReply("", None)


def final_code() -> int:
    """Return the code of the reply at hand, 0 if it is a provisional one."""
    if not private_memory.has_pieces:
        private_memory.keep_pieces_free()
    code = KSR.pv.get("$rs")
    return code if isinstance(code, int) and code >= _FINAL else 0


def mismatch(ping: tm.Ping) -> str:
    """Return why the reply at hand does not count as one to a ping, in one sentence; "" if it does.

    tm has found the transaction by the Via's branch, and looks at nothing else of a reply.
    """
    # White space behind a value is not part of it (RFC 3261 section 7.3.1), but Kamailio leaves it there.
    if _peers_text("$ci").rstrip() != ping.call_id:
        return "its Call-ID is another one"
    if ping.source and ping.source not in (peers_address(), came_from()):
        return f"the ping went to {ping.source} (ping_check_source)"
    return ""


def came_from() -> str:
    """Return address and port that the reply at hand came from, such as 192.168.10.20:5060."""
    return f"{peers_address()}:{KSR.pv.get('$sp')}"


def peers_address() -> str:
    """Return the address that the message at hand came from, as a URI has it."""
    address = str(KSR.pv.get("$si"))
    # Kamailio writes 0:0:0:0:0:0:0:1 where a URI has [::1].
    return f"[{ipaddress.IPv6Address(address).compressed}]" if ":" in address else address


def ignore(ping: tm.Ping, code: int) -> None:
    """Ignore the reply at hand, a stranger's final one; tm itself can't be kept from taking it."""
    global _last_reply
    if is_2xx(code):
        tm.mark_over()
    else:
        _last_reply = _LastReply(ping.call_id, None)


def is_2xx(code: int) -> bool:
    """Say whether a final code is one that ends a ping at once."""
    return code < _NO_SUCCESS


def keep(ping: tm.Ping, result: Result) -> None:
    """Keep what a reply says: it counts if tm ends the ping behind it."""
    global _last_reply
    _last_reply = _LastReply(ping.call_id, result)


def reply(ping: tm.Ping, code: int, ended: int) -> Result:
    """Return all that the reply at hand says; ended, when it came, in us."""
    retry_after = _retry_after() if code >= _MAY_RETRY_AFTER else 0
    reason = one_line(_peers_text("$rr"))
    return Result(ping.generation, ping.sent_us, ended, Kind.REPLY, code, reason, retry_after)


def ended() -> End | None:
    """Return which ping tm is at its end with, and how it ended; None if a stranger has brought that end.

    The last target has the last word. t_get_status_code is that of tm's favourite among the targets, and so
    is t_branch_timeout: neither tells of the last one.
    """
    ping = tm.ping_at_hand()
    if ping is None:
        return None
    if _last_reply.call_id == ping.call_id:
        if _last_reply.result is None:
            tm.mark_over()
            return None
        return End(ping, _last_reply.result)
    # In a timer process no reply is behind it: nothing came, or not even the ping could be sent again.
    reason = ""
    if KSR.tm.t_branch_timeout() > 0:
        kind = Kind.TIMEOUT
    elif KSR.tm.t_get_status_code() == _NOT_SENT_AGAIN:
        kind = Kind.SEND_FAILED
    else:
        # Its code may be one that is alive, and whether it is a stranger's nobody has looked.
        kind, reason = Kind.UNHEARD, rehearsal.TAKEN
    return End(ping, Result(ping.generation, ping.sent_us, clock.now(), kind, reason=reason))


def reply_code() -> int:
    """Return the code of the reply at hand; in a failure route that of the best one, 408 if none came."""
    code = KSR.pv.get("$rs") if is_reply() else KSR.tm.t_get_status_code()
    return code if isinstance(code, int) else 0


def is_reply() -> bool:
    """Say whether a reply is at hand: a failure route has a request."""
    code = KSR.pv.get("$rs")
    return isinstance(code, int) and code >= _LEAST


def _retry_after() -> int:
    # RFC 3261 section 20.33: seconds, then perhaps a comment and parameters.
    seconds = re.match(r"\s*(\d{1,9})\b", _peers_text("$hdr(Retry-After)"))
    return int(seconds[1]) if seconds else 0


def _peers_text(name: str) -> str:
    try:
        text = KSR.pv.get(name)
    except (UnicodeDecodeError, SystemError):
        # A peer may write in any encoding; what is no UTF-8 is no reason to lose the reply.
        return ""
    return text if isinstance(text, str) else ""
