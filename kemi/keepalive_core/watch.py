"""Notices when this server hears nothing, from a timer process that has nothing else to do.

It stands still, or its SIP workers do not read what arrives.
"""

import logging
from collections.abc import Sequence

from . import guards, receive_queues, shared_memory, tm
from .receive_queues import ReceiveQueue
from .schedule import SECOND

log = logging.getLogger("keepalive")

# What stands for all sockets, where it is not known from which one a ping leaves.
ANY = "any"
_MINUTE = 60 * SECOND
# So much of a minute may pass unread before it is told, us.
_UNTOLD = SECOND


class Watch:
    """What the watching process remembers between two beats."""

    def __init__(self) -> None:
        self._queues: Sequence[ReceiveQueue] | None = None
        # Nobody else writes it, so it need not be read again.
        self._pulse = guards.Pulse()
        self._minute = 0
        """when the minute began in which neglect is counted, us"""
        self._neglected: dict[str, int] = {}
        """for how long each socket was not read in it, us"""

    def beat(self) -> None:
        """Write down that the server is awake, and what it did not hear. Raises: SharedMemoryFull."""
        now = tm.clock()
        since = self._pulse.beat or now
        self._pulse = guards.next_beat(self._pulse, now)
        shared_memory.store_pulse(self._pulse)
        if self._queues is None:
            self._queues = receive_queues.of_this_process(now)
            for queue in self._queues:
                shared_memory.store_unread(queue.address, guards.Unread())
        for queue in self._queues:
            if queue.is_neglected(now):
                for address in (queue.address, ANY):
                    known = shared_memory.unread(address) or guards.Unread()
                    shared_memory.store_unread(address, guards.also_unread(known, since, now))
                self._count(queue, since, now)

    def _count(self, queue: ReceiveQueue, since: int, now: int) -> None:
        """Tell of a socket that is not read, once a minute and not for a tenth of a second."""
        if now - self._minute >= _MINUTE:
            self._minute = now
            self._neglected.clear()
        before = self._neglected.get(queue.address, 0)
        after = self._neglected[queue.address] = before + now - since
        if before < _UNTOLD <= after:
            log.warning(
                "for more than %d s no SIP worker read what arrived at %s (%d datagrams dropped so far): "
                "pings whose answer was to come meanwhile have no verdict; do the workers wait for "
                "something, or are they too few?",
                *(_UNTOLD // SECOND, queue.address, queue.dropped),
            )


watch = Watch()


# The witnesses that a silence may have, as the log tells them.
STOOD_STILL = "this server stood still"
_UNREAD = "nobody read what arrived at {}"


def server_witness(sent: int, ended: int, timeout: int) -> str:
    """Return why no answer to a ping would have been heard by this server, whatever socket it came to.

    Arguments: sent and ended, of the ping, us; timeout, its time limit, ms.
    Returns: a short sentence, the witness; "" if there is none.
    """
    return STOOD_STILL if guards.missed_a_beat(shared_memory.pulse(), sent, ended) else ""


def socket_witness(socket: str, copies: Sequence[int], latency: int, ended: int) -> str:
    """Return why no answer to a ping would have been read at the socket from which it left.

    Arguments: socket, such as udp:192.168.10.1:5060, "" if it is not known; copies, when each copy of the
    ping left, us; latency, after which the peer answers, us; ended, when its time was over, us.
    Returns: a short sentence, the witness; "" if there is none.
    """
    address = socket.removeprefix("udp:")
    known = shared_memory.unread(address) if address else None
    if known is None:
        address, known = "a UDP socket", shared_memory.unread(ANY)
    if known is None or not guards.was_unread_at_each(known, copies, latency, ended):
        return ""
    return _UNREAD.format(address)
