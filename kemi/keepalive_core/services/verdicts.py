"""What evidence does to its destination: the one place where a verdict is written down.

From top to bottom: gather what is needed, each row once and under one lock; decide; write; tell.
"""

import logging
import time
from functools import cached_property
from typing import Final, NamedTuple

from ..kamailio import clock, cluster_rows, counter_rows, destination_rows, queues, tables
from ..kamailio.kamailio_log import about
from ..rules import counted
from ..rules.cluster_own_word import Judged
from ..rules.cluster_voice import own_state, tell_again
from ..rules.criteria import Criteria
from ..rules.deciding import Decision, Facts, concerns_prober, decide, is_failure
from ..rules.evidence import Evidence, OfTargets
from ..rules.judging import Transition
from ..rules.minutely import Minutely
from ..rules.record import Health
from ..rules.schedule import Wish
from ..rules.service_code import code_of
from ..rules.states import UNKNOWN, UP
from ..rules.tracking import tracks
from ..rules.uptime import condition
from . import announcements, availability, change_lines, groups, slow_start, tracked, uplinks
from .announcements import Change
from .terms import Terms, terms_of

log = logging.getLogger("keepalive")


def apply(
    key: str, evidence: Evidence, criteria: Criteria | None = None, wish: Wish = Wish.REGULARLY
) -> bool:
    """Judge one piece of evidence, and write down what follows.

    Arguments: key, of the destination; evidence; criteria, that the ping bore, None for those in force; wish,
    for its next ping.
    Returns: whether the destination is monitored. Raises: SharedMemoryFull.
    """
    return judge(key, evidence, criteria, wish) is not None


def judge(
    key: str, evidence: Evidence, criteria: Criteria | None = None, wish: Wish = Wish.REGULARLY
) -> "Outcome | None":
    """Do what apply() does. Returns: what became of it, None if the destination is not monitored."""
    with tables.locked(key) as row:
        outcome = conclude(Case(key, row.record(), terms_of(key)), evidence, criteria, wish)
    tell(outcome)
    return outcome


# --- gather -----------------------------------------------------------------------------------------------


class Case:
    """A destination under its lock, with what is needed to judge it.

    Arguments: key; record, the text of what is known of it, None if it is not monitored; terms, on which it
    is.
    """

    def __init__(self, key: str, record: str | None, terms: Terms) -> None:
        self.key = key
        self.record = record
        self.terms = terms

    @cached_property
    def before(self) -> Health | None:
        """What is known of it; None if it is not monitored."""
        return None if self.record is None else destination_rows.health_of(self.key, self.record)


class Outcome(NamedTuple):
    """What became of a case, to be told of when its lock is released."""

    case: Case
    before: Health
    decision: Decision
    facts: Facts
    at: int
    """when the evidence came, in us"""
    change: Change | None = None
    """the news of it, if it is any"""


# --- decide -----------------------------------------------------------------------------------------------


def conclude(
    case: Case, evidence: Evidence, criteria: Criteria | None = None, wish: Wish = Wish.REGULARLY
) -> Outcome | None:
    """Judge a piece of evidence, under the destination's lock, and write down what follows.

    Behind the lock comes tell(). Arguments: as for apply().
    Returns: what is to be told; None if the destination is not monitored. Raises: SharedMemoryFull.
    """
    before = case.before
    if before is None:
        return None
    policy = case.terms.policy
    if case.terms.is_name and not isinstance(evidence, OfTargets):
        # A ping of the time when it was no name, or a report: its targets may be asked soon.
        if wish is not Wish.REGULARLY:
            _tell_prober(case.key, wish)
        return Outcome(case, before, Decision(before, Transition.STALE), Facts(policy.criteria), evidence.at)
    decision, facts = _decided(case, before, evidence, criteria or policy.criteria)
    change = None
    if decision.judged is not None:
        decision = _followed(case, evidence, decision, facts, decision.judged)
    if decision.transition is not Transition.STALE:
        change = _write(case, before, decision)
        if counter_rows.is_counting():
            count(case.terms, counted.word_for(evidence, facts.criteria))
        after = decision.health
        if wish is not Wish.REGULARLY or concerns_prober(before, after, facts.criteria, evidence):
            _tell_prober(case.key, wish)
    return Outcome(case, before, decision, facts, evidence.at, change)


def _decided(case: Case, before: Health, evidence: Evidence, criteria: Criteria) -> tuple[Decision, Facts]:
    """Return what is decided, and what that rests on; the socket's failures are counted with it."""
    policy, mass_failure = case.terms.policy, case.terms.mass_failure
    facts = Facts(criteria, policy.calls, int(time.time()), clustered=case.terms.is_clustered)
    is_up = own_state(before) == UP
    if not (is_up and mass_failure and is_failure(evidence, criteria, policy.calls)):
        return decide(before, evidence, facts), facts
    facts = facts._replace(threshold=uplinks.threshold(policy, mass_failure))
    with uplinks.locked(policy.socket) as uplink:
        facts = facts._replace(uplink=uplink)
        decision = decide(before, evidence, facts)
        if decision.uplink is not None:
            uplinks.store(policy.socket, decision.uplink)
    return decision, facts


# --- write ------------------------------------------------------------------------------------------------

_NEWS: Final = frozenset((Transition.CHANGED, Transition.DAMPED))


def _write(case: Case, before: Health, decision: Decision) -> Change | None:
    """Write down a decision: the record, what is_alive reads with its groups, the past, the queue of news.

    Returns: the change, if it is news.
    """
    key, after, registered = case.key, decision.health, case.terms.registered
    destination_rows.store_record(key, after.text(), len(case.record or ""))
    if (before.state, before.drain_until > 0) != (after.state, after.drain_until > 0):
        code = code_of(after, case.terms.admin)
        slow_start.follow(registered, code_of(before, case.terms.admin), code, case.terms.policy)
        groups.publish(key, code, registered)
    if decision.transition not in _NEWS:
        if decision.transition is Transition.VOID:
            availability.count_void(key, _condition(case, before), case.terms.unmeasured)
        return None
    if after.state != before.state:
        _count_change(case.terms, after.state)
    _write_past(case, before, after)
    uri = registered.uri if registered and not registered.target else key
    change = Change(key, after.generation, uri, after.state, before.state, after.reason)
    # Under the lock: two changes of a destination never overtake each other.
    if case.terms.is_told:
        announcements.announce(change, after.since)
    return change


def _condition(case: Case, known: Health) -> str:
    return condition(known.state, case.terms.admin)


def _write_past(case: Case, before: Health, after: Health) -> None:
    """Add a change to the history, and count the time until then."""
    change = [after.since, before.state, after.state, after.reason]
    was, word = _condition(case, before), _condition(case, after)
    try:
        availability.follow_change(case.key, change, was, word, case.terms.unmeasured)
    except tables.SharedMemoryFull as error:
        # The change itself is written down: its row was there before.
        log.error("a change of %s is missing in its history: %s", case.key, error)


def count(terms: Terms, word: str) -> None:
    """Count what came of a destination, as a word of rules/counted.py says, for the server's metrics."""
    if word and counter_rows.is_counting():
        counter_rows.count(word, terms.group_set)


def _count_change(terms: Terms, state: int) -> None:
    """Count a change of a destination; those of a name's targets are its own if it changes too."""
    if terms.registered is None or not terms.registered.target:
        count(terms, counted.CHANGES[state])


_minutely: Final = Minutely()


def _tell_prober(key: str, wish: Wish) -> None:
    try:
        queues.announce_change(key, wish)
    except tables.SharedMemoryFull as error:
        # It goes on at the pace it had, until its prober finds the change by itself.
        if _minutely.may_tell("not sooner", clock.now()):
            log.error("%s is not pinged sooner: %s", key, error)


def _followed(case: Case, evidence: Evidence, decision: Decision, facts: Facts, judged: Judged) -> Decision:
    """Have the cluster's process follow what own evidence makes of a destination.

    Returns: what is decided; if that process stands still, by this node alone.
    """
    if judged.own == judged.state or cluster_rows.is_followed(clock.now()) or case.before is None:
        return _tell_cluster(case.key, decision, judged)
    if _minutely.may_tell("alone", clock.now()):
        log.error("this node decides alone how %s is: the process of the cluster stands still", case.key)
    # Once it goes on it is to look whether the others see the same: that is too old to be said then, and so
    # is what was said before.
    alone = decide(case.before, evidence, facts._replace(clustered=False))
    return _tell_cluster(case.key, alone, Judged(UNKNOWN, 0, alone.health.state, stands=True))


def _tell_cluster(key: str, decision: Decision, judged: Judged) -> Decision:
    """Have the cluster's process hear what own evidence makes of a destination; if it can't, the next one."""
    try:
        queues.announce_own(key, judged.text())
    except tables.SharedMemoryFull as error:
        if _minutely.may_tell("not to the cluster", clock.now()):
            log.error("what pings of %s show is not told to the cluster now: %s", key, error)
        return decision._replace(health=tell_again(decision.health))
    return decision


# --- tell -------------------------------------------------------------------------------------------------


def tell(outcome: Outcome | None) -> None:
    """Tell the log what came of a piece of evidence, and in a cluster what tracks the destination.

    That follows what holds for it, whoever has decided that. Callbacks are told by their own process. Under
    no lock.
    """
    if outcome is None:
        return
    case, before, decision, facts, at, change = outcome
    key, after = case.key, decision.health
    if facts.uplink and decision.uplink and decision.uplink.frozen_until > facts.uplink.frozen_until:
        uplinks.log_freeze(case.terms.policy, decision.uplink, facts.threshold, at)
    if change:
        change_lines.write_change(change, after.since, case.terms.log_format)
    elif decision.transition is Transition.SHADOW:
        log.warning("%s would be down, were passive_mode on: %s", key, decision.remark, extra=about(key))
    if after.drain_until and not before.drain_until:
        if case.terms.is_name:
            log.warning("%s is drained, as its targets are: %s", key, after.reason, extra=about(key))
        elif tracked_one := tracks(key, case.terms.policy):
            log.warning("%s is drained, as %s is: %s", key, tracked_one, after.reason, extra=about(key))
        else:
            log.warning("%s asked for no calls, and is drained: %s", key, after.reason, extra=about(key))
    elif before.drain_until and not after.drain_until:
        log.warning("%s is drained no more", key, extra=about(key))
    is_news = change is not None or (before.drain_until > 0) != (after.drain_until > 0)
    if is_news and case.terms.is_clustered and not case.terms.is_name:
        tracked.share_state(key)
