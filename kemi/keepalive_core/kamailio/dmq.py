"""Nodes of a cluster talk through Kamailio's module dmq: it carries their messages, and judges nobody.

What comes is taken in a SIP worker, by route[ksr_keepalive_dmq] of keepalive-settings.cfg, or in a KEMI
script's request route by take_request(). It waits in a queue for the one process that reads it, and sends.

===================  ===================  ==========================================================
queue                key                  value
===================  ===================  ==========================================================
``keepalive_heard``  a message's body     "": of 500 that wait the oldest goes, and is asked for again
===================  ===================  ==========================================================
"""

from collections.abc import Iterator
from typing import Final

import KSR

from ..rules.cluster_lines import MOST_BYTES
from . import cluster_defines

CHANNEL: Final = "keepalive"
"""the user in the URI of each message"""
HEARD: Final = "keepalive_heard"
UNREADABLE: Final = ""
"""stands for a body that is no text"""
_METHOD: Final = "KDMQ"
# How long tm sends a message again, in ms: whatever is lost is asked for again.
_SEND_AGAIN_MS: Final = 1_500

_is_sending = False


def send(address: str, body: str) -> bool:
    """Send a message to another node, for the process of the cluster alone; whoever is dead gets it, too.

    Never under a lock, and never inside of tm's event: dmq waits there for a lock that it has itself.

    Arguments: address, as module dmq was given it. Returns: whether it left.
    """
    global _is_sending
    _is_sending = True
    try:
        return KSR.dmq.send_message(CHANNEL, address, body, "text/plain") > 0
    finally:
        _is_sending = False


def on_event() -> bool:
    """Give a message of ours its time limit in tm's local-request event; say whether it was one."""
    if _is_sending:
        KSR.tm.t_set_fr(0, _SEND_AGAIN_MS)
    return _is_sending


def heard(most: int) -> Iterator[str]:
    """Take the messages that have come, UNREADABLE for one that is no text. Arguments: most, so many."""
    for _ in range(most):
        if not KSR.mqueue.mq_fetch(HEARD) > 0:
            return
        try:
            yield KSR.mqueue.mqk_get(HEARD) or UNREADABLE
        except (UnicodeDecodeError, SystemError):
            yield UNREADABLE


def take_request() -> bool:
    """Take the request at hand if it is module dmq's; say whether it was. Then it has its reply."""
    if not cluster_defines.is_on() or KSR.pv.get("$rm") != _METHOD:
        return False
    is_ours = KSR.pv.get("$rU") == CHANNEL
    # A bus of the user's own is open to whom it was open to: dmq itself lets anybody join.
    if (is_ours or cluster_defines.brings_dmq()) and not KSR.dmq.is_from_node() > 0:
        KSR.sl.send_reply(403, "Forbidden")
    elif not is_ours:
        KSR.dmq.handle_message()
    else:
        _keep_body()
        KSR.sl.send_reply(200, "OK")
    return True


def _keep_body() -> None:
    try:
        body = KSR.pv.get("$rb")
    except (UnicodeDecodeError, SystemError):
        return
    if isinstance(body, str) and len(body) <= MOST_BYTES:
        KSR.mqueue.mq_add(HEARD, body, "")
