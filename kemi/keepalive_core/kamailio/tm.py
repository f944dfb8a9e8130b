"""Pings go out through the tm module.

Inside ``send`` tm runs its local-request event, the one moment at which the new transaction can be given a
time limit, a reply and a failure function. What a ping is about travels in an AVP of its transaction, where
no peer can reach it; what becomes of it comes to ``answers``.
"""

import logging
import os
from collections.abc import Iterator
from typing import Final, NamedTuple

import KSR

from ..rules.criteria import Criteria
from ..rules.pinged import NO_MARKS
from ..rules.policy import RESENT_AFTER, Policy
from ..rules.resending import T2_MS, TICK_MS
from ..rules.ways import Way
from . import clock, dmq, kamailio_log, private_memory

log = logging.getLogger("keepalive")

LOCAL_REQUEST: Final = "tm:local-request"
# Names of methods for a KEMI script, of routes for a native one.
REPLY_ROUTE: Final = "ksr_keepalive_reply"
FAILURE_ROUTE: Final = "ksr_keepalive_failure"
_PING: Final = "$avp(keepalive)"
# How that begins in a transaction that is over.
_OVER: Final = "over "
# How it begins in the transaction of a ping that is shown; behind _OVER, if it is both.
_SHOWN: Final = "shown "

# What a rehearsal, which is like a ping, has in the place of a destination's key.
REHEARSAL: Final = "rehearsal"
# How long tm waits for a reply to a rehearsal, in ms.
_REHEARSAL_MS: Final = 600
# The hexadecimal digits of a Call-ID.
_CALL_ID: Final = 32
# The bytes that are read of a message that is no UTF-8: its digits are what a transformation has room for.
_MOST_SHOWN: Final = 8192


class EventNotSeen(Exception):
    """tm sent a ping without asking us, so that its result can't be known."""

    def __init__(self) -> None:
        super().__init__("tm's local-request event did not reach keepalive")


class Ping(NamedTuple):
    """A ping that tm tells of."""

    key: str
    """of its destination"""
    criteria: Criteria
    """by which it is judged"""
    generation: int
    sent_us: int
    """when it left"""
    call_id: str
    """its own, which nobody can guess"""
    source: str
    """as in its Way"""
    group_set: str = ""
    """for which set of groups it is counted, as in rules/counted.py; "" if it is not"""
    trackers: str = ""
    """the numbers of the probers that have trackers of its destination, a digit each"""
    is_over: bool = False
    """whether a stranger's reply has ended its transaction: then tm tells no end of it"""
    is_shown: bool = False
    """whether somebody wants to see what comes back of it"""


class _Rehearsal(NamedTuple):
    """What is like a ping, between rehearse() and tm's event."""

    policy: Policy
    call_id: str
    peer: str
    """whom tm's end of it is to be told, address and port; "" for nobody"""


# The ping that this process is sending, between send() and tm's event: key and generation of its destination,
# what to send and on which way, its Call-ID, and its marks. A NamedTuple would take 0.3 us more of each ping.
_leaving: tuple[str, int, Policy, Way, str, str] | None = None
# The same of a rehearsal.
_rehearsing: _Rehearsal | None = None
# When the one of these left, in us; 0 before tm's event.
_left = 0
# The request of a ping that is shown, between send_shown() and tm's event; None for any other ping.
_request: str | None = None


def _call_ids() -> Iterator[str]:
    """Yield Call-IDs, of 128 random bits each: whoever has seen others can guess none.

    tm finds a reply's transaction by its Via alone, which a stranger can guess. A hundred are made at a time,
    as the system call takes longer than all else: 0.5 us a ping are 0.15 so.
    """
    while True:
        digits = os.urandom(100 * _CALL_ID // 2).hex()
        for at in range(0, len(digits), _CALL_ID):
            yield digits[at : at + _CALL_ID]


_next_call_id: Final = _call_ids().__next__


def send(key: str, generation: int, uri: str, policy: Policy, way: Way, marks: str = NO_MARKS) -> int:
    """Send one ping.

    Arguments: key and generation, of the destination; uri, the request URI; policy, what to send, from where,
    and how long tm waits for a final reply; way, on which it travels, and through whom; marks, group_set and
    trackers as in Ping, with a space between.
    Returns: when the ping left, in us; 0 if it did not, as the name can't be resolved, or no socket fits. Of
    a refused TCP connection tm tells by a timeout. Raises: EventNotSeen. From: RFC 3261 section 11.1.
    """
    global _leaving, _left
    if not private_memory.has_pieces:
        private_memory.keep_pieces_free()
    call_id = _next_call_id()
    _leaving, _left = (key, generation, policy, way, call_id, marks), 0
    try:
        sent = _t_uac_send(uri, policy, way.through, call_id)
    except SystemError as error:
        # Kamailio 5.6 says this, after the ping left, if a function that it calls on the ping's way (the
        # event's, ksr_onsend_route) is missing. If the event was seen, the ping can be followed all the same.
        if not _left:
            raise EventNotSeen from error
        sent = 1
    finally:
        _leaving = None
    if not sent > 0:
        return 0
    if not _left:
        raise EventNotSeen
    return _left


def send_shown(
    key: str, generation: int, uri: str, policy: Policy, way: Way, marks: str = NO_MARKS
) -> tuple[int, str]:
    """Send one ping as send() does, and have its reply known as one that is shown.

    Returns: what send() does, and the request as it leaves, "" if tm took none. Raises: likewise.
    """
    global _request
    _request = ""
    try:
        return send(key, generation, uri, policy, way, marks), _request
    finally:
        _request = None


def message_at_hand() -> str:
    """Return the text of the message at hand, of which what is no UTF-8 is replaced."""
    try:
        text = KSR.pv.get("$mb")
    except (UnicodeDecodeError, SystemError):
        digits = KSR.pv.get(f"$(mb{{s.substr,0,{_MOST_SHOWN}}}{{s.encode.hexa}})")
        text = bytes.fromhex(str(digits or "")).decode("utf-8", "replace")
    return str(text or "")


def _t_uac_send(uri: str, policy: Policy, through: str, call_id: str) -> int:
    # 5.6 and 6.0 take a "!" in headers for a sign of their own; RFC 3261 section 19.1.4: %21 is the same.
    ends = f"From: <{policy.from_uri}>\r\nTo: <{uri}>\r\n".replace("!", "%21")
    headers = f"{ends}Call-ID: {call_id}\r\n{policy.headers}"
    if not kamailio_log.is_debugged:
        return int(KSR.tm.t_uac_send(policy.method, uri, through, policy.socket, headers, ""))
    with kamailio_log.aloud():
        sent = int(KSR.tm.t_uac_send(policy.method, uri, through, policy.socket, headers, ""))
    log.debug("ping to %s: t_uac_send returned %s", uri, sent)
    return sent


def rehearse(uri: str, policy: Policy, peer: str, to_its_end: bool = False) -> bool:
    """Send what is like a ping to another next hop; its reply comes as any does, as one to REHEARSAL.

    Arguments: uri and policy, as for send(); peer, address and port of the next hop; to_its_end, whether its
    end is to come as that of any ping does, too.
    Returns: whether tm took it. Raises: EventNotSeen.
    """
    global _rehearsing, _left
    call_id = _next_call_id()
    _rehearsing, _left = _Rehearsal(policy, call_id, peer if to_its_end else ""), 0
    try:
        sent = _t_uac_send(uri, policy, f"sip:{peer}", call_id)
    except SystemError:
        sent = 1
    finally:
        _rehearsing = None
    if sent > 0 and not _left:
        raise EventNotSeen
    return sent > 0


def was_taken() -> bool:
    """Say whether tm took the ping that this process sent last, before it could not send it after all."""
    return _left > 0


was_event_seen = False
"""whether tm's event of any ping to a destination has come to this process"""


def on_event(event: str) -> bool:
    """Take tm's local-request event; say whether it was for what we send: a ping, or a word to a node.

    It runs for every request that Kamailio originates, in the process and inside the call that sends it.
    """
    global _left, _request, was_event_seen
    if event != LOCAL_REQUEST:
        return False
    if _rehearsing:
        policy, call_id, peer = _rehearsing
        _left = clock.now()
        KSR.pv.sets(_PING, f"0 {_left} {policy.udp_criteria_text} {call_id} {peer} {NO_MARKS} {REHEARSAL}")
        KSR.tm.t_on_reply(REPLY_ROUTE)
        if peer:
            KSR.tm.t_on_failure(FAILURE_ROUTE)
        KSR.tm.t_set_fr(0, _REHEARSAL_MS)
        return True
    if _leaving is None:
        return dmq.on_event()
    was_event_seen = True
    key, generation, policy, way, call_id, marks = _leaving
    # The clock starts here: behind the DNS lookup, in front of the network.
    _left = clock.now()
    # The criteria travel along, so that whoever gets the result need not look them up.
    criteria = policy.reliable_criteria_text if way.reliable else policy.udp_criteria_text
    KSR.pv.sets(_PING, f"{generation} {_left} {criteria} {call_id} {way.source} {marks} {key}")
    KSR.tm.t_on_reply(REPLY_ROUTE)
    KSR.tm.t_on_failure(FAILURE_ROUTE)
    limit = policy.timeout + TICK_MS
    KSR.tm.t_set_fr(0, limit)
    if limit > RESENT_AFTER and not way.reliable:
        # Whatever tm's own setting is: a reply that comes sooner answers the one copy that was sent.
        KSR.tm.t_set_retr(RESENT_AFTER + TICK_MS, T2_MS)
    if _request is not None:
        _request = message_at_hand()
        KSR.pv.sets(_PING, _SHOWN + KSR.pv.get(_PING))
    return True


def ping_at_hand() -> Ping | None:
    """Return the ping of the transaction at hand; None if it is none of ours, or a route took its AVP."""
    text = KSR.pv.get(_PING)
    if not isinstance(text, str):
        return None
    is_over = is_shown = False
    if not text[:1].isdigit():
        is_over = text.startswith(_OVER)
        text = text.removeprefix(_OVER)
        is_shown = text.startswith(_SHOWN)
        text = text.removeprefix(_SHOWN)
    try:
        generation, sent, criteria, call_id, source, group_set, trackers, key = text.split(" ", 7)
        return Ping(
            *(key, Criteria.from_text(criteria), int(generation), int(sent), call_id, source),
            *(group_set, trackers, is_over, is_shown),
        )
    except (ValueError, TypeError):
        return None


def mark_over() -> None:
    """Note in the transaction at hand that a stranger's reply has ended it."""
    text = KSR.pv.get(_PING)
    if isinstance(text, str) and not text.startswith(_OVER):
        KSR.pv.sets(_PING, _OVER + text)


def left_from() -> str:
    """Return the socket from which the ping at hand left, such as sip:192.168.10.1:5060; "" if not known.

    It is known in the failure function, whether the ping had a ping_socket or not.
    """
    socket = KSR.pv.get("$Ru")
    return socket if isinstance(socket, str) else ""
