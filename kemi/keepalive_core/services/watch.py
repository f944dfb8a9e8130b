"""Notices when this server hears nothing, from a timer process that has nothing else to do.

It stands still, its clock jumps, or its SIP workers do not read what arrives. What the watch writes down is
the witness that a silence needs to be void.
"""

import logging
import re
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final

from ..kamailio import clock, listening_rows, processes, receive_queues, rpc, server_rows
from ..kamailio.connections import Connections
from ..kamailio.receive_queues import Look, TaskQueue, UdpQueue
from ..rules import listening, sockets, uris
from ..rules.listening import BEAT, LATE, Gap, Pulse, Queue
from ..rules.times import MINUTE, SECOND

log = logging.getLogger("keepalive")

# What stands for all sockets, if it is not known from which one a ping left.
ANY: Final = "any"
# A socket that was unread for longer than this in a minute, in us, is told of.
_UNTOLD: Final = SECOND
# Looks back to which what was unread counts: a worker that has read it needs a while until it is judged.
_LOOKS: Final = LATE // BEAT + 1
# A watch of which a process has seen nothing for this time in us, while it was awake itself, is gone.
_GONE: Final = 6 * SECOND
# The most time between two questions, in us, that a process counts as awake: it may have stood still.
_AWAKE: Final = 2 * SECOND
# How Kamailio describes the processes that read its UDP sockets: those that hand on what they read to workers
# of an async group (udp_receiver_mode, from 6.0 on), and those that are the workers.
_HANDS_ON: Final = "udp multithreaded receiver"
_READS: Final = re.compile(r"udp receiver child=\d+ sock=(\S+)")


class Record:
    """What is known of the answers that come to one socket."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._known = Queue()
        self._unread: deque[int] = deque(maxlen=_LOOKS)
        self._written = 0
        """when the row was written, in us"""
        self._minute = 0
        """when the minute began in which neglect is counted, in us"""
        self._neglected = 0
        """for how long the socket was not read in it, in us"""
        self._dropped = 0
        """datagrams, in all"""

    def write(self, look: Look, since: int, now: int) -> None:
        """Write down one more look. Raises: SharedMemoryFull."""
        before = self._known
        self._unread.append(look.unread_since)
        if look.lost_since:
            self._known = listening.also_dropped(self._known, look.lost_since, now)
        unread_since = _earliest(self._unread)
        if unread_since != self._known.unread_since:
            self._known = self._known._replace(unread_since=unread_since)
        # Whatever somebody does with our table: a row that was lost is back within a second.
        if self._known != before or now - self._written >= SECOND:
            listening_rows.store_queue(self._address, self._known)
            self._written = now
        self._dropped += look.dropped
        if look.unread_since or look.lost_since:
            self._count(now - since, now)

    def _count(self, neglected: int, now: int) -> None:
        """Tell of a socket that is not read, once a minute and not for a tenth of a second."""
        if now - self._minute >= MINUTE:
            self._minute, self._neglected = now, 0
        before, self._neglected = self._neglected, self._neglected + neglected
        if before < _UNTOLD <= self._neglected and self._address != ANY:
            log.warning(
                "for more than %d s no SIP worker read what arrived at %s (%d datagrams dropped so far): "
                "pings whose answer was to come meanwhile have no verdict; do the workers wait for "
                "something, or are they too few?",
                *(_UNTOLD // SECOND, self._address, self._dropped),
            )


class Watch:
    """What the watching process remembers between two beats. Nobody else writes it, so it reads nothing."""

    def __init__(self) -> None:
        self._pulse = Pulse()
        self._gaps: tuple[Gap, ...] = ()
        self._queues: list[tuple[UdpQueue, Record]] | None = None
        self._any = Record(ANY)
        self._tasks: list[TaskQueue] = []
        """of the datagrams that are handed on"""
        self._handed_on: set[str] = set()
        """the addresses whose datagrams are"""

    def beat(self) -> None:
        """Write down that the server is awake, and what it did not hear. Raises: SharedMemoryFull."""
        now, ahead = clock.now(), clock.wall_ahead()
        since = self._pulse.beat or now
        before, found = self._gaps, listening.gap(self._pulse, now, ahead)
        self._gaps = listening.remembered(before, found, now)
        self._pulse = Pulse(now, ahead)
        listening_rows.store_pulse(self._pulse)
        if self._queues is None:
            self._queues = []  # what can't be found is not looked for again and again
            self._queues = self._find_queues(now)
        waiting = _joined([queue.look(now, ahead) for queue in self._tasks])
        looks = []
        for queue, record in self._queues:
            look = queue.look(now, ahead)
            if queue.address in self._handed_on:
                look = _joined([look, waiting])
            record.write(look, since, now)
            looks.append(look)
        self._any.write(_joined(looks), since, now)
        if before or self._gaps:
            # Last, as only this row grows: memory may have no room for it.
            listening_rows.store_gaps(self._gaps)

    def _find_queues(self, now: int) -> list[tuple[UdpQueue, Record]]:
        found, addresses = receive_queues.udp_queues(now), _sip_addresses()
        # What else has sockets, another module or a library, may leave unread whatever comes there.
        queues = [queue for queue in found if queue.address in addresses] or found
        for other in found:
            if other not in queues:
                other.close()
        all_processes = processes.described()
        senders = {number for number, what in all_processes if what.startswith(_HANDS_ON)}
        if senders:
            self._tasks = receive_queues.task_queues(now, senders)
            read = (_read_by_worker(what) for _, what in all_processes)
            self._handed_on = {queue.address for queue in queues}.difference(read)
        return [(queue, Record(queue.address)) for queue in queues]


def _sip_addresses() -> set[str]:
    """Return the addresses and ports at which Kamailio listens over UDP, none if it does not say."""
    try:
        listeners = sockets.read_listeners(rpc.ask("core.sockets_list"))
    except (rpc.Unanswered, ValueError):
        return set()
    hosts = ((f"[{one.address}]" if one.family == 6 else one.address, one) for one in listeners)
    return {f"{host}:{one.port}" for host, one in hosts if one.transport == "udp"}


def _read_by_worker(described: str) -> str:
    """Return the address at which a process reads itself, "" if it does not."""
    found = _READS.match(described)
    # Kamailio puts an IPv6 address, which has its brackets, into brackets.
    return _address(f"udp:{found[1]}".replace("[[", "[").replace("]]", "]")) if found else ""


def _joined(looks: Sequence[Look]) -> Look:
    """Return what looks at several queues say together."""
    if not any(map(any, looks)):
        return Look()
    unread, lost, dropped = zip(*looks, strict=True)
    return Look(_earliest(unread), _earliest(lost), sum(dropped))


def _earliest(times: Iterable[int]) -> int:
    """Return the earliest of some times in us; 0 stands for none."""
    return min(filter(None, times), default=0)


the_watch = Watch()
connections = Connections(lambda: clock.now(), processes.open_sockets)

# The last beat that this process saw, when it looked last, and for how long it was awake since, in us.
_last_seen = (0, 0, 0)


def server_witness(sent: int, ended: int, timeout: int) -> str:
    """Return why no answer to a ping would have been heard by this server, whatever socket it came to.

    Arguments: sent and ended, of the ping, in us; timeout, its time limit, in ms.
    Returns: a short sentence, the witness; "" if there is none.
    """
    pulse, gaps, now = listening_rows.pulse(), listening_rows.gaps(), clock.now()
    # Whoever asks may have been woken before the watch.
    present = listening.gap(pulse, now, clock.wall_ahead())
    if present and not _is_watch_gone():
        gaps.append(present)
    missed = listening.missed(gaps, sent, ended, timeout * 1000)
    return missed.witness() if missed else ""


def socket_witness(socket: str, copies: Sequence[int], latency: int, ended: int) -> str:
    """Return why no answer to a ping would have been read at the socket from which it left.

    Arguments: socket, such as udp:192.168.10.1:5060, "" if it is not known; copies, when each copy of the
    ping left, in us; latency, after which the peer answers, in us; ended, when its time was over, in us.
    Returns: a short sentence, the witness; "" if there is none.
    """
    address = _address(socket)
    known = listening_rows.queue(address) if address else None
    if known is None:
        address, known = "a UDP socket", listening_rows.queue(ANY)
    if known is None or _is_watch_gone() or not listening.read_no_answer(known, copies, latency, ended):
        return ""
    return f"nobody read what arrived at {address}"


def was_unread(since: int, now: int) -> bool:
    """Say whether what may have arrived between two times, in us, over UDP was not read by anybody."""
    return bool(socket_witness("", [since], now - since, now))


def connection_witness(address: str, port: int) -> str:
    """Return why no answer to a ping over a connection would have been read by now.

    Arguments: address, of the peer; "" if it is a name, of which that is not known; port, of the peer.
    Returns: a short sentence, the witness; "" if there is none.
    """
    if not connections.unread_from(address, port):
        return ""
    return (
        f"nobody read what came from {address}:{port}"
        if address
        else f"nobody read what came from a port {port}"
    )


def _address(socket: str) -> str:
    """Return address and port of a socket such as udp:192.168.10.1:5060; "" if it has none."""
    try:
        return uris.parse(f"sip:{socket.partition(':')[2]}").key.removeprefix("sip:")
    except uris.InvalidURI:
        return ""


def _is_watch_gone() -> bool:
    """Say whether the watch has made no beat, although this process was awake for long enough to see one."""
    global _last_seen
    last, looked, awake = _last_seen
    beat, now = listening_rows.pulse().beat, clock.now()
    awake = awake + min(now - looked, _AWAKE) if beat == last else 0
    _last_seen = beat, now, awake
    if awake < _GONE:
        return False
    if server_rows.may_tell("watch", now):
        log.error(
            "the watch process has not been seen for %d s: silence counts again, whether this server hears "
            "or not; was the process of timer=keepalive_watch stopped?",
            (now - beat) // SECOND,
        )
    return True
