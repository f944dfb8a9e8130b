"""What a ping's result, or a report, does to its destination; runs in whichever process learns of it."""

import logging
import time
from collections.abc import Callable
from typing import Final

from ..kamailio import answers, clock, destination_rows, host, listening_rows, queues, tables, tm
from ..kamailio.kamailio_log import about
from ..rules import judging, uris
from ..rules.calls import ON, is_call_success, judge_call
from ..rules.criteria import Criteria
from ..rules.damping import damp
from ..rules.evidence import Kind, Report, Result
from ..rules.judging import Transition, Verdict
from ..rules.latency import percentile
from ..rules.pace import pace
from ..rules.policy import Policy
from ..rules.record import HISTORY, Health, fast_call, fast_success
from ..rules.remembered import Remembered
from ..rules.rows import Registration
from ..rules.schedule import SECOND, Minutely, Wish
from ..rules.service_code import code_of
from ..rules.sockets import no_such_address
from ..rules.states import DOWN
from . import callbacks, complaints, departures, groups, policies, uplinks, watch
from .callbacks import Change

log = logging.getLogger("keepalive")


def take_reply() -> None:
    """Take the reply that is at hand: judge a 2xx, keep any other until tm is at its end with the ping.

    One to a ping of a destination that is gone, and a stale one, change nothing. Raises: SharedMemoryFull.
    """
    replied = answers.replied()
    if replied is None:
        return
    ping, code = replied
    if ping is None:
        complaints.of_no_ping()
        return
    fault = answers.mismatch(ping)
    if fault:
        _ignore_reply(ping, code, fault)
        return
    ended = clock.now()
    if answers.is_2xx(code):
        if _one_more_success(ping, code, ended):
            return
        if ping.key == tm.REHEARSAL:
            listening_rows.store_rehearsed(ended)
        else:
            _judge(ping.key, ping.criteria, answers.reply(ping, code, ended))
    elif answers.is_over():
        _judge_reply(ping, answers.reply(ping, code, ended))
    else:
        answers.keep(ping, answers.reply(ping, code, ended))


def take_end() -> None:
    """Judge the ping that tm is at its end with, having no target left. Raises: SharedMemoryFull."""
    ended = answers.ended()
    if ended is None:
        return
    ping, result = ended
    if result.kind is Kind.REPLY:
        _judge_reply(ping, result)
    elif hindrance := _hindrance(ping):
        _judge(ping.key, ping.criteria, result._replace(kind=Kind.UNSENT, reason=hindrance))
    else:
        record_silence(ping.key, ping.criteria, result)


def _hindrance(ping: tm.Ping) -> str:
    """Return why the ping at hand did not leave this server, "" if it did."""
    return _missing_address(ping) or _refusal(ping.key)


def _missing_address(ping: tm.Ping) -> str:
    """Return why the ping at hand could not leave its socket, "" if it could.

    A connection leaves from any address, unless it is bound to one; then the prober knows.
    """
    socket = tm.left_from() if ping.criteria.resent_after else ""
    address = uris.address_of(socket).rpartition(":")[0].strip("[]") if socket else ""
    return "" if not address or host.has_address(address) else no_such_address(address)


def _refusal(key: str) -> str:
    policy, known = _policy(key), destination_rows.health(key)
    if policy is None or known is None:
        return ""
    # Of who is down already nothing is to be saved, and it may be down for long: it gets no datagrams beside.
    return departures.refusal(key, policy, sends=known.state != DOWN)


def _judge_reply(ping: tm.Ping, result: Result) -> None:
    # A code from 300 on may be listed as alive.
    if result.retry_after or not _one_more_success(ping, result.code, result.ended):
        _judge(ping.key, ping.criteria, result)


def _one_more_success(ping: tm.Ping, code: int, ended: int) -> bool:
    """Write down what nearly all replies are, one more success; False if it is judge() who has to decide."""
    with tables.locked(ping.key) as row:
        text = row.record()
        try:
            again = text and fast_success(
                text, ping.generation, ping.sent_us, ended, code, ping.criteria, int(time.time())
            )
        except (ValueError, IndexError):
            return False  # the row makes no sense, which judge()'s way sees to
        if not text or not again:
            return False
        destination_rows.store_record(ping.key, again, len(text))
        return True


def _judge(key: str, criteria: Criteria, result: Result) -> None:
    wall = int(time.time())
    _apply(key, lambda known: judging.judge(known, result, criteria, wall), criteria, result.ended)


def _ignore_reply(ping: tm.Ping, code: int, fault: str) -> None:
    """Count a reply that belongs to no ping of the destination; the ping that it claims stays open."""
    answers.ignore(ping, code)
    with tables.locked(ping.key) as row:
        text = row.record()
        if text is None:
            return
        known = row.known(text)
        if known is None:
            return
        again = known._replace(mismatched=known.mismatched + 1).text()
        destination_rows.store_record(ping.key, again, len(text))
    complaints.of_mismatch(ping.key, code, answers.came_from(), fault)


def record_silence(key: str, criteria: Criteria, result: Result) -> None:
    """Judge a ping that had no reply, by its time limit or before. Raises: SharedMemoryFull."""
    witness = _witness(key, criteria, result) if result.kind.is_silent else ""
    if witness:
        result = result._replace(kind=Kind.UNHEARD, reason=witness)
    _judge(key, criteria, result)
    if result.kind is Kind.TIMEOUT:
        complaints.of_short_limit(criteria, result)
    elif result.kind is Kind.LOST:
        complaints.of_no_end(key, result)


def _witness(key: str, criteria: Criteria, result: Result) -> str:
    """Return why this server would not have heard an answer, "" if it would."""
    witness = watch.server_witness(result.sent, result.ended, criteria.timeout)
    if witness:
        return witness
    policy, known = _policy(key), destination_rows.health(key)
    if policy is None or known is None:
        return ""
    if not criteria.resent_after:
        return watch.connection_witness(*uris.peer_of(policy.proxy or key))
    copies = tm.copies(result.sent, result.ended, criteria)
    latency = percentile(known.samples, 95)
    if not latency and known.resent:
        # So slow that each ping is sent twice, and how slow is not known (Karn's rule): any time may be its.
        latency = result.ended - result.sent
    socket = tm.left_from() if result.kind is Kind.TIMEOUT else policy.socket
    return watch.socket_witness(socket, copies, latency, result.ended)


def report(key: str, success: bool, reason: str) -> bool:
    """Judge what a script reports, and bring the next ping forward; False if it is not monitored.

    Raises: SharedMemoryFull.
    """
    policy = _policy(key)
    if policy is None:
        return False
    wall = int(time.time())
    reported = Report(success, reason, clock.now())
    _apply(
        key,
        lambda known: judging.judge_report(known, reported, policy.criteria, wall),
        policy.criteria,
        reported.at,
        Wish.SOON,
    )
    return True


def report_call(key: str, code: int) -> bool:
    """Judge what a reply to a call says; False if the destination is not monitored.

    Raises: SharedMemoryFull.
    """
    policy = _policy(key)
    if policy is None:
        return False
    now = clock.now()
    wall = int(time.time())
    calls = policy.calls
    if calls.mode == ON and is_call_success(code):
        with tables.locked(key) as row:
            text = row.record()
            try:
                again = fast_call(text, now, calls.window * SECOND, wall) if text else None
            except (ValueError, IndexError):
                again = None  # as above
            if text and again:
                destination_rows.store_record(key, again, len(text))
                return True
    _apply(
        key,
        lambda known: judge_call(known, code, now, policy.criteria, calls, wall),
        policy.criteria,
        now,
        Wish.SOON if is_call_success(code) is False and calls.mode == ON else Wish.REGULARLY,
    )
    return True


# As this process looked them up, as long as the revision stays. They are shared by many.
_policies: Remembered[str, Policy] = Remembered(4 << 20, lambda _, policy: 0)
_policies_at: int | None = None


def _policy(key: str) -> Policy | None:
    """Return what is in force for a destination, None if it is not monitored.

    It is looked up after a change only, and a good call goes from text to text: 6 us a report instead of 20.
    """
    global _policies_at
    # Read before what it stands for: a change that comes meanwhile makes the answer an old one.
    revision = tables.revision()
    if revision != _policies_at:
        _policies.forget()
        _policies_at = revision
    found = _policies.answers.get(key)
    if found is None:
        registered = destination_rows.registration(key)
        if registered is None:
            return None
        found = _policies.remember(key, policies.policy_of(registered))
    return found


def expire(key: str, reason: str) -> None:
    """Make a destination unknown, because no fresh result stands behind its state.

    Raises: SharedMemoryFull.
    """
    wall = int(time.time())
    _apply(key, lambda known: judging.expire(known, reason, wall), Criteria(), clock.now())


def end_drain(key: str) -> None:
    """End the drain that a destination asked for, if its time is over. Raises: SharedMemoryFull."""
    now = clock.now()
    _apply(key, lambda known: judging.end_drain(known, now), Criteria(), now)


def _apply(
    key: str, rule: Callable[[Health], Verdict], criteria: Criteria, now: int, wish: Wish = Wish.REGULARLY
) -> None:
    """Ask a rule and the guards, and write down what they change: state first, then the news of it."""
    with tables.locked(key) as row:
        text = row.record()
        if text is None:
            return
        before = row.known(text)
        if before is None:
            return
        verdict = rule(before)
        if verdict.transition is Transition.STALE:
            return
        verdict = damp(before, uplinks.guard(key, before, verdict, now), now, criteria)
        after = verdict.health
        destination_rows.store_record(key, after.text(), len(text))
        if wish is not Wish.REGULARLY or _concerns_prober(before, after, criteria, now):
            _tell_prober(key, wish)
        change = _make_known(key, before, verdict)
    _log(key, before, verdict, change)


def _make_known(key: str, before: Health, verdict: Verdict) -> Change | None:
    """Show what is_alive is to answer, and announce a change; return that."""
    after = verdict.health
    shown = (before.state, before.drain_until > 0) != (after.state, after.drain_until > 0)
    news = verdict.transition in _NEWS
    if not shown and not news:
        return None
    registered = destination_rows.registration(key)
    if shown:
        groups.publish(key, code_of(after, destination_rows.admin(key)), registered)
    if not news:
        return None
    change = _write_down(key, before, after, registered)
    # Under the lock: two changes of a destination never overtake each other.
    callbacks.announce(change)
    return change


_NEWS: Final = frozenset((Transition.CHANGED, Transition.DAMPED))


def _log(key: str, before: Health, verdict: Verdict, change: Change | None) -> None:
    after = verdict.health
    if change:
        callbacks.log_change(change, before.state, after.reason)
    elif verdict.transition is Transition.SHADOW:
        log.warning("%s would be down, were passive_mode on: %s", key, verdict.remark, extra=about(key))
    if after.drain_until and not before.drain_until:
        log.warning("%s asked for no calls, and is drained: %s", key, after.reason, extra=about(key))
    elif before.drain_until and not after.drain_until:
        log.warning("%s is drained no more", key, extra=about(key))


def _concerns_prober(before: Health, after: Health, criteria: Criteria, now: int) -> bool:
    """Say whether the next ping is not simply the one of the schedule; in the steady case it is."""
    return (
        after.not_before != before.not_before
        or after.drain_until != before.drain_until
        or pace(after, now) != pace(before, now)
        or min(after.voids, criteria.fall + 1) != min(before.voids, criteria.fall + 1)
        or judging.is_spent(after, criteria)
    )


_minutely: Final = Minutely()


def _tell_prober(key: str, wish: Wish) -> None:
    try:
        queues.announce_change(key, wish)
    except tables.SharedMemoryFull as error:
        # It goes on at the pace it had, until its prober finds the change by itself.
        if _minutely.may_tell("not sooner", clock.now()):
            log.error("%s is not pinged sooner: %s", key, error)


def _write_down(key: str, before: Health, after: Health, registered: Registration | None) -> Change:
    past = destination_rows.history(key)
    past.append([after.since, before.state, after.state, after.reason])
    try:
        destination_rows.store_history(key, past[-HISTORY:])
    except tables.SharedMemoryFull as error:
        # The change itself is written down: its row was there before.
        log.error("a change of %s is missing in its history: %s", key, error)
    return Change(key, after.generation, registered.uri if registered else key, after.state)
