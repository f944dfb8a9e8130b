"""Evidence comes in: a reply, a ping's end, silence, a report; in whichever process learns of it.

What nearly all evidence is, one more success, is written down here at once. All else is for ``verdicts``.
"""

import time
from typing import Final, NamedTuple

from ..kamailio import answers, clock, counter_rows, destination_rows, host, rehearsal, tables, tm
from ..rules import counted, resending, uris
from ..rules.calls import ON, is_call_success
from ..rules.criteria import Criteria
from ..rules.evidence import Call, EndOfDrain, Expiry, Kind, Mismatch, Report, Result
from ..rules.judging import Transition, may_be_asked_again
from ..rules.latency import percentile
from ..rules.policy import Policy
from ..rules.record import Health, fast_call, fast_success
from ..rules.schedule import Wish
from ..rules.sockets import no_such_address
from ..rules.states import DOWN
from ..rules.times import SECOND
from ..rules.tracking import Shown
from ..rules.ways import through
from . import captures, complaints, departures, tracked, verdicts, watch
from .terms import terms_of
from .verdicts import Case, Outcome

# --- pings that are answered ------------------------------------------------------------------------------


def take_reply() -> None:
    """Take the reply that is at hand: judge a 2xx, keep any other until tm is at its end with the ping.

    One to a ping of a destination that is gone, and a stale one, change nothing. Raises: SharedMemoryFull.
    """
    code = answers.final_code()
    if not code:
        return
    ping = tm.ping_at_hand()
    if ping is None:
        complaints.of_no_ping()
        return
    fault = answers.mismatch(ping)
    if fault:
        _ignore_reply(ping, code, fault)
        return
    ended = clock.now()
    if ping.is_shown:
        captures.keep_reply(ping, code, ended)
    if answers.is_2xx(code):
        _take_reply(ping, code, ended)
    elif ping.is_over:
        _take_reply(ping, code, ended, answers.reply(ping, code, ended))
    elif ping.key == tm.REHEARSAL:
        rehearsal.tell_heard(answers.came_from())
    else:
        answers.keep(ping, answers.reply(ping, code, ended))


def take_end() -> None:
    """Judge the ping that tm is at its end with, having no target left. Raises: SharedMemoryFull."""
    ended = answers.ended()
    if ended is None:
        return
    ping, result = ended
    if ping.key == tm.REHEARSAL:
        rehearsal.tell_ended(ping.source)
        return
    if result.kind is Kind.REPLY:
        # A code from 300 on may be listed as alive.
        _take_reply(ping, result.code, result.ended, result)
        return
    seen = _look_at(ping.key)
    if seen is None:
        return
    socket = tm.left_from() if ping.criteria.resent_after else ""
    hindrance = _missing_address(socket) or _refusal(ping.key, seen)
    if hindrance:
        _judge(ping.key, ping.criteria, result._replace(kind=Kind.UNSENT, reason=hindrance), ping.trackers)
    else:
        _judge_silence(ping.key, ping.criteria, result, socket, seen, ping.trackers)


def _take_reply(ping: tm.Ping, code: int, ended: int, kept: Result | None = None) -> None:
    """Judge a reply: nearly always one more success.

    Arguments: ping, code and ended, when it came, in us; kept, all that it says, None for the reply at hand.
    """
    key = ping.key
    # As with tables.locked(key), in four calls of Python less.
    destination_rows.lock(key)
    try:
        record = destination_rows.record(key)
        if record and not (kept and kept.retry_after):
            try:
                again = fast_success(
                    record, ping.generation, ping.sent_us, ended, code, ping.criteria, int(time.time())
                )
            except (ValueError, IndexError):
                again = None  # the record makes no sense, which the verdict's way sees to
            if again:
                destination_rows.store_record(key, again, len(record))
                if ping.group_set:
                    counter_rows.count(counted.timed(counted.OK, ended - ping.sent_us), ping.group_set)
                if ping.trackers:
                    success = Result(ping.generation, ping.sent_us, ended, Kind.REPLY, code)
                    tracked.share_result(ping.trackers, key, Shown(success, ping.criteria))
                return
        if kept is None and key == tm.REHEARSAL:
            rehearsal.tell_heard(answers.came_from())
            return
        result = kept or answers.reply(ping, code, ended)
        outcome = verdicts.conclude(Case(key, record, terms_of(key)), result, ping.criteria)
        _share(outcome, ping.trackers, result, ping.criteria)
    finally:
        destination_rows.unlock(key)
    verdicts.tell(outcome)


def _judge(key: str, criteria: Criteria, result: Result, trackers: str, wish: Wish = Wish.REGULARLY) -> None:
    """Judge a ping's end that is no reply, for its destination and those that track it."""
    with tables.locked(key) as row:
        outcome = verdicts.conclude(Case(key, row.record(), terms_of(key)), result, criteria, wish)
        _share(outcome, trackers, result, criteria)
    verdicts.tell(outcome)


def _share(outcome: Outcome | None, trackers: str, result: Result, criteria: Criteria) -> None:
    """Share what a ping showed with those that track its destination, under its lock, if it was news."""
    if trackers and outcome is not None and outcome.decision.transition is not Transition.STALE:
        tracked.share_result(trackers, outcome.case.key, Shown(result, criteria))


def _ignore_reply(ping: tm.Ping, code: int, fault: str) -> None:
    """Count a reply that belongs to no ping of the destination; the ping that it claims stays open."""
    answers.ignore(ping, code)
    if verdicts.apply(ping.key, Mismatch(clock.now())):
        complaints.of_mismatch(ping.key, code, answers.came_from(), fault)


# --- pings that are not -----------------------------------------------------------------------------------


_NO_CONNECTION: Final = "the peer has closed the connection"


class _Seen(NamedTuple):
    """A destination, as it was when the silence began to be looked into."""

    policy: Policy
    health: Health


def _look_at(key: str) -> _Seen | None:
    """Return how a destination is, None if it is not monitored; under its lock the host is not asked."""
    with tables.locked(key) as row:
        case = Case(key, row.record(), terms_of(key))
        return None if case.before is None else _Seen(case.terms.policy, case.before)


def take_silence(key: str, criteria: Criteria, result: Result, socket: str, trackers: str = "") -> None:
    """Judge a ping that had no reply, by its time limit or before.

    Arguments: key, of the destination; criteria, that the ping bore; result; socket, from which it left, ""
    if that is not known; trackers, as in tm.Ping.
    Raises: SharedMemoryFull.
    """
    seen = _look_at(key)
    if seen is not None:
        _judge_silence(key, criteria, result, socket, seen, trackers)


def _judge_silence(
    key: str, criteria: Criteria, result: Result, socket: str, seen: _Seen, trackers: str
) -> None:
    witness = _witness(key, criteria, result, socket, seen) if result.kind.is_silent else ""
    if witness:
        result = result._replace(kind=Kind.UNHEARD, reason=witness)
    wish = Wish.SOON if witness == _NO_CONNECTION else Wish.REGULARLY
    _judge(key, criteria, result, trackers, wish)
    if result.kind is Kind.TIMEOUT:
        complaints.of_short_limit(criteria, result)
    elif result.kind is Kind.LOST:
        complaints.of_no_end(key, result)


def _witness(key: str, criteria: Criteria, result: Result, socket: str, seen: _Seen) -> str:
    """Return why this server would not have heard an answer, "" if it would."""
    witness = watch.server_witness(result.sent, result.ended, criteria.timeout)
    if witness:
        return witness
    if not criteria.resent_after:
        peer = uris.peer_of(through(key, seen.policy) or key)
        return watch.connection_witness(*peer) or _closed_connection(peer, criteria, result, seen)
    latency = percentile(seen.health.samples, 95)
    if not latency and seen.health.resent:
        # The peer is slower than tm's first repetition, so its latency is not known (Karn's rule): the answer
        # may have come at any time.
        latency = result.ended - result.sent
    copies = resending.copies(result.sent, result.ended, criteria)
    return watch.socket_witness(socket, copies, latency, result.ended)


def _closed_connection(peer: tuple[str, int], criteria: Criteria, result: Result, seen: _Seen) -> str:
    """Return that the peer closed the connection on which it may have been asked, "" if it did not.

    A peer may close an idle one in the moment in which a ping leaves on it. So it is asked once more, over a
    new one, before it is down by that.
    """
    if result.kind is not Kind.TIMEOUT or not may_be_asked_again(seen.health, criteria):
        return ""
    return "" if watch.connections.is_established(*peer) else _NO_CONNECTION


def _refusal(key: str, seen: _Seen) -> str:
    """Return why this server sent nothing, although it could, "" if it did."""
    # A destination that is down already can lose nothing, and may be down for long: it gets no datagrams.
    next_hop = through(key, seen.policy) or key
    return departures.refusal(next_hop, seen.policy, sends=seen.health.state != DOWN)


def _missing_address(socket: str) -> str:
    """Return why a ping could not leave a socket that is there no more, "" if it could.

    A connection leaves from any address, unless it is bound to one; then the prober knows.
    """
    address = uris.address_of(socket).rpartition(":")[0].strip("[]") if socket else ""
    return "" if not address or host.has_address(address) else no_such_address(address)


# --- what is not a ping's ---------------------------------------------------------------------------------


def report(key: str, success: bool, reason: str) -> bool | None:
    """Judge what a script reports, and bring the next ping forward.

    Returns: False if it is not monitored; None if it is a name, which only its targets speak for.
    Raises: SharedMemoryFull.
    """
    with tables.locked(key) as row:
        terms = terms_of(key)
        if terms.is_name:
            return None
        case = Case(key, row.record(), terms)
        outcome = verdicts.conclude(case, Report(success, reason, clock.now()), wish=Wish.SOON)
    verdicts.tell(outcome)
    return outcome is not None


def report_call(key: str, code: int) -> bool | None:
    """Judge what a reply to a call says. Returns: as report(). Raises: SharedMemoryFull."""
    now = clock.now()
    success = is_call_success(code)
    with tables.locked(key) as row:
        record = row.record()
        terms = terms_of(key)
        if terms.is_name:
            return None
        calls = terms.policy.calls
        if success and record and calls.mode == ON:
            again = _one_more_good_call(record, now, calls.window * SECOND)
            if again:
                destination_rows.store_record(key, again, len(record))
                verdicts.count(terms, counted.CALLS[0])
                return True
        wish = Wish.SOON if success is False and calls.mode == ON else Wish.REGULARLY
        outcome = verdicts.conclude(Case(key, record, terms), Call(code, now), wish=wish)
    verdicts.tell(outcome)
    return outcome is not None


def _one_more_good_call(record: str, now: int, window: int) -> str | None:
    """Return the record after one more call that went well; None if judge_call() has to decide."""
    try:
        return fast_call(record, now, window, int(time.time()))
    except (ValueError, IndexError):
        return None  # the row makes no sense, which judge_call()'s way sees to


def expire(key: str, reason: str) -> None:
    """Make a destination unknown, because no fresh result stands behind its state.

    Raises: SharedMemoryFull.
    """
    verdicts.apply(key, Expiry(reason, clock.now()))


def end_drain(key: str) -> None:
    """End the drain that a destination asked for, if its time is over. Raises: SharedMemoryFull."""
    verdicts.apply(key, EndOfDrain(clock.now()))
