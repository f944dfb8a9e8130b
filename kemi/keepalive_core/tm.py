"""Talking to tm: a ping goes out, its reply or its timeout comes back.

tm calls back in three places. Inside ``send`` it runs its local-request event, the one moment at which
the new transaction can be given a time limit, a reply and a failure function. The reply function then runs
in whichever worker receives the reply, the failure function in a timer process. What a ping is about
travels in an AVP of its transaction, where no peer can reach it.
"""

import logging
import re
import time
from typing import Final

import KSR

from . import kamailio_log
from .health import Kind, Result, Rules
from .quoting import one_line
from .settings import RESENT_AFTER, Policy

log = logging.getLogger("keepalive")

LOCAL_REQUEST: Final = "tm:local-request"
# Names of methods for a KEMI script, of routes for a native one.
REPLY_ROUTE: Final = "ksr_keepalive_reply"
FAILURE_ROUTE: Final = "ksr_keepalive_failure"
_PING: Final = "$avp(keepalive)"
# tm's timers tick every 1/16 s and end up to one tick early (measured: 441 ms where 500 were asked for). A
# reply that comes in time must not be taken for a timeout, so one tick is added.
_TICK_MS: Final = 63
# RFC 3261 section 17.1.2.2: the most that two copies of a request are apart, ms.
_T2_MS: Final = 4000
# Over these transports a request is sent once (RFC 3261 section 18.1.1).
_RELIABLE: Final = re.compile(r"^sips:|;transport=(?!udp)", re.IGNORECASE)
# Codes with which RFC 3261 section 20.33 allows a Retry-After; nothing is looked for in a 200.
_MAY_RETRY_AFTER: Final = 400

# Pieces of private memory that a process makes, and of which it frees every other one.
_PIECES: Final = 64
# Of a message's parts that are parsed the largest needs some 400 bytes.
_PIECE: Final = 768


class EventNotSeen(Exception):
    """tm sent a ping without asking us, so that its result can't be known."""

    def __init__(self) -> None:
        super().__init__(
            "tm's local-request event did not reach keepalive, so no ping can be followed: "
            'is modparam("tm", "event_callback") set to another function that does not call '
            "keepalive.on_tm_event(event)?"
        )


# The ping that is being sent by this process, between send() and tm's event: generation, key, policy, and
# whether its transport sees to it that it arrives.
_leaving: tuple[int, str, Policy, bool] | None = None
# When it left, us; 0 before the event.
_left = 0
# Whether this process has free pieces of memory.
_has_pieces = False


def clock() -> int:
    """Return the time, us: monotonic, and the same in all processes of a Linux machine."""
    return time.monotonic_ns() // 1000


def keep_pieces_free() -> None:
    """Keep small free pieces in this process's private memory.

    qm_malloc, Kamailio's usual memory manager, joins what is freed with its neighbours. So after each message
    there is one large piece, and for each part of the next one it walks over a thousand empty lists to that.
    Pieces that can't be joined, as what lies between them is in use, are found at once: a ping takes 0.82 of
    the CPU, which is what ``kamailio -X fm`` gives too (5.6.3, two servers at a time).
    """
    global _has_pieces
    _has_pieces = True
    names = [f"$var(keepalive_{number})" for number in range(_PIECES)]
    try:
        for name in names:
            KSR.pv.sets(name, " " * _PIECE)
        for name in names[::2]:
            KSR.pv.seti(name, 0)
    except SystemError:
        # Without room for them all goes on as before; Kamailio has said that it has none.
        pass


def is_reliable(uri: str, policy: Policy) -> bool:
    """Say whether a ping's transport sees to it that it arrives, so that tm sends it once."""
    return _RELIABLE.search(policy.proxy or uri) is not None


def send(key: str, generation: int, uri: str, policy: Policy, reliable: bool) -> tuple[int, bool]:
    """Send one ping.

    Arguments: key and generation, of the destination; uri, the request URI; policy, what to send, from where
    and through whom, and how long tm waits for a final reply; reliable, as is_reliable() says.
    Returns: when the ping left, us, and whether it did. It does not where the name can't be resolved or no
    socket fits; a refused TCP connection is no such failure, tm tells of it by a timeout.
    Raises: EventNotSeen.
    From: RFC 3261 section 11.1.
    """
    global _leaving, _left
    if not _has_pieces:
        keep_pieces_free()
    _leaving, _left = (generation, key, policy, reliable), 0
    try:
        # 5.6 and 6.0 take a "!" in headers for a sign of their own; RFC 3261 section 19.1.4: %21 is the same.
        ends = f"From: <{policy.from_uri}>\r\nTo: <{uri}>\r\n".replace("!", "%21")
        with kamailio_log.aloud():
            sent = KSR.tm.t_uac_send(
                policy.method, uri, policy.proxy, policy.socket, ends + policy.headers, ""
            )
    except SystemError as error:
        # Kamailio 5.6 says this, after the ping left, where a function it calls on the ping's way (the
        # event's, ksr_onsend_route) is missing. If the event was seen, the ping can be followed all the same.
        if not _left:
            raise EventNotSeen from error
        sent = 1
    finally:
        _leaving = None
    if kamailio_log.is_debugged():
        log.debug("ping to %s: t_uac_send returned %s", uri, sent)
    if not sent > 0:
        return clock(), False
    if not _left:
        raise EventNotSeen
    return _left, True


def copies(sent: int, ended: int, rules: Rules) -> list[int]:
    """Return when each copy of a ping left, us, to one of tm's ticks.

    Arguments: sent, when the first did, us; ended, when its time was over, us; rules, that it bore.
    From: RFC 3261 section 17.1.2.2.
    """
    times = [sent]
    apart = (rules.resent_after + _TICK_MS) * 1000 if rules.resent_after else ended
    while times[-1] + apart < ended:
        times.append(times[-1] + apart)
        apart = min(2 * apart, _T2_MS * 1000)
    return times


def on_event(event: str) -> bool:
    """Take tm's local-request event; say whether it was for a ping of ours.

    It runs for every request that Kamailio originates, in the process and inside the call that sends it.
    """
    global _left
    if _leaving is None or event != LOCAL_REQUEST:
        return False
    generation, key, policy, reliable = _leaving
    # The clock starts here: behind the DNS lookup, in front of the network.
    _left = clock()
    # The rules travel along, so that whoever gets the result need not look them up.
    rules = policy.reliable_rules_text if reliable else policy.rules_text
    KSR.pv.sets(_PING, f"{generation} {_left} {rules} {key}")
    KSR.tm.t_on_reply(REPLY_ROUTE)
    KSR.tm.t_on_failure(FAILURE_ROUTE)
    limit = policy.timeout + _TICK_MS
    KSR.tm.t_set_fr(0, limit)
    if limit > RESENT_AFTER and not reliable:
        # Whatever tm's own setting is: a reply that comes sooner answers the one copy that was sent.
        KSR.tm.t_set_retr(RESENT_AFTER + _TICK_MS, _T2_MS)
    return True


def replied() -> tuple[str, Rules, int, int, int, int, int] | None:
    """Return what the reply at hand says of which destination; None for a provisional one.

    Returns: the destination's key, the rules to judge it by, and of the fields of a health.Result generation,
    sent, ended, code and retry_after. Nearly all replies need no Result, and no reason().
    """
    if not _has_pieces:
        keep_pieces_free()
    code = KSR.pv.get("$rs")
    if not isinstance(code, int) or code < 200:
        return None
    ping = _ping_at_hand()
    if ping is None:
        return None
    retry_after = _retry_after() if code >= _MAY_RETRY_AFTER else 0
    return *ping, clock(), code, retry_after


def reason() -> str:
    """Return the reason phrase of the reply at hand, in one line."""
    return one_line(_peers_text("$rr"))


def timed_out() -> tuple[str, Rules, Result] | None:
    """Return whose ping timed out, the rules to judge it by, and the result; None if it did not.

    The failure function runs for a received code of 300 and above too, a 408 among them; the reply
    function has judged that. t_branch_timeout tells them apart, the code does not.
    """
    ping = _ping_at_hand() if KSR.tm.t_branch_timeout() > 0 else None
    if ping is None:
        return None
    key, rules, generation, sent = ping
    return key, rules, Result(generation, sent, clock(), Kind.TIMEOUT)


def _ping_at_hand() -> tuple[str, Rules, int, int] | None:
    """Return key, rules, generation and time of sending of the transaction's ping; None if it is not ours."""
    ping = KSR.pv.get(_PING)
    if not isinstance(ping, str):
        return None
    generation, sent, rules, key = ping.split(" ", 3)
    return key, Rules.from_text(rules), int(generation), int(sent)


def reply_code() -> int:
    """Return the code of the reply at hand; in a failure route that of the best one, 408 where none came."""
    code = KSR.pv.get("$rs")
    if not isinstance(code, int) or code < 100:  # a failure route has a request at hand
        code = KSR.tm.t_get_status_code()
    return code if isinstance(code, int) else 0


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
