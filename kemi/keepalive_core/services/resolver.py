"""Asks DNS for the addresses behind names, in a process of its own that pings nothing: no ping waits for it.

It alone registers targets and removes them, and writes what DNS said. A name's prober tells it of names that
come, change and go, and when all targets of one fail; each minute it looks for those it was not told of.
"""

import time
from collections.abc import Callable, Generator, Iterator
from typing import Final, NamedTuple

from ..kamailio import clock, destination_rows, dns, listeners, name_rows, queues, tables
from ..rules import uris
from ..rules.dns_records import NO_ANSWER, Answer, Kind, Question
from ..rules.expansion import Expansion, expand
from ..rules.places import Asking
from ..rules.question_order import QuestionOrder
from ..rules.resolution import OF_STATE_FILE, Resolution, Target
from ..rules.times import MINUTE, SECOND
from ..rules.uris import NextHop
from ..rules.ways import through
from . import configuration, name_states, policies, registrations, resolver_log

# A tick takes as long, in seconds, or one question.
_TURN: Final = 0.05
_LOOK_AGAIN: Final = MINUTE


class Name(NamedTuple):
    """What is asked for, and what its targets are pinged with."""

    hop: NextHop
    uri: str


class Resolver:
    """Lives in the process of the timer ``keepalive_resolver``.

    Arguments: ask, asks DNS and waits for the answer; hosts, the names that are found without it.
    """

    def __init__(
        self, ask: Callable[[Question], Answer] = dns.answer, hosts: dns.HostsFile | None = None
    ) -> None:
        self._ask = ask
        self._hosts = hosts or dns.HostsFile()
        self._names: dict[str, Name] = {}
        self._order = QuestionOrder()
        self._asking: Iterator[None] | None = None
        """the rest of the questions for a name"""
        self._looking: Iterator[None] | None = None
        """the rest of a look at all destinations"""
        self._next_look = 0
        self._seen: tuple[int, int | None] | None = None
        """what was registered, and in force, when the last look began that came to its end"""
        self._recalled: dict[str, list[str]] = {}
        """of names, the hops of their targets of before the restart"""
        self._next_recall = 0
        self._unasked: set[str] = set()
        """names that have come, and were neither asked for yet nor given targets of before the restart"""
        self._was_slow = False
        """whether a question for the name that is being asked for took its time, and had no answer"""
        self._is_mute = False
        """whether DNS left a question without an answer, and has answered none since"""

    def tick(self) -> None:
        """Look at the names that were announced, and ask DNS for those that are due."""
        if not listeners.are_known():
            return  # what can't be reached from here is no target
        until = time.monotonic() + _TURN
        for key, at_once in queues.announced_names():
            self._look_at(key, at_once)
        self._go_on_looking(until)
        while self._go_on_asking() and time.monotonic() < until:
            pass

    # --- which names there are ---

    def _look_at(self, key: str, at_once: bool = False) -> None:
        """Take in a name that is new, or has changed, and one that is none any more."""
        name, known = _name(key), self._names.get(key)
        if name is None:
            self._forget(key)
            return
        if known is not None and known.uri != name.uri:
            for target in _resolution(key).all_targets:
                registrations.register_target(key, target.hop)
        if known is not None and known.hop != name.hop:
            # The targets of another host are none of this one's, should that have no address.
            name_rows.store_resolution(key, _resolution(key).disowned())
        # Only now: what fails half-way is done again.
        self._names[key] = name
        if known is None or known.hop != name.hop:
            self._order.come(key, name.hop.host, clock.now(), self._hosts.has(name.hop.host))
            self._unasked.add(key)
        elif at_once:
            self._order.hurry(key, clock.now())
        else:
            self._settle(key)

    def _forget(self, key: str) -> None:
        """Ask for a name no more, and ping none of its targets."""
        self._names.pop(key, None)
        self._unasked.discard(key)
        self._order.go(key)
        if known := name_rows.resolution(key):
            # First, so that no call looks for a target among those that are going.
            name_rows.drop_resolution(key)
            for target in known.all_targets:
                registrations.remove_target(target.key)

    def _settle(self, key: str) -> None:
        """Let the targets go that a name had before, when it is known whether the new ones are up."""
        known = name_rows.resolution(key)
        if known is None:
            self._order.hurry(key, clock.now())
        elif known.kept and known.is_new_known and name_states.are_decided(known):
            self._write(key, known, known._replace(kept=()))

    def _go_on_looking(self, until: float) -> None:
        """Look for names of which nobody told, and for targets that are nobody's; some in each tick."""
        if self._looking is None:
            now = clock.now()
            state = destination_rows.registered(), tables.revision()
            if now < self._next_look or state == self._seen:
                return
            self._next_look, self._seen = now + _LOOK_AGAIN, None
            self._looking = self._look_at_all(state)
        looking, self._looking = self._looking, None
        for _ in looking:
            if time.monotonic() >= until:
                self._looking = looking
                return

    def _look_at_all(self, state: tuple[int, int | None]) -> Iterator[None]:
        """Look at each once; state, what was registered, and in force, when this began."""
        for key in name_rows.resolved_keys():
            if key not in self._names:
                self._look_at(key)
            yield
        for key in destination_rows.monitored_keys():
            if uris.is_target(key):
                self._look_at_target(key)
            elif key in self._names or _name(key):
                self._look_at(key)
            yield
        # Only now: a look that fails half-way is done again.
        self._seen = state

    def _look_at_target(self, key: str) -> None:
        """Remove a target that its name does not have."""
        name = uris.name_of(key)
        known = name_rows.resolution(name)
        if known is None and name in self._names:
            # Its row was lost: what it had is not known until it is asked for again.
            self._order.hurry(name, clock.now())
        elif known is None or key not in {target.key for target in known.all_targets}:
            registrations.remove_target(key)

    # --- asking ---

    def _go_on_asking(self) -> bool:
        """Ask DNS one question. Returns: whether a name is due."""
        if self._asking is None:
            now, interval = clock.now(), int(configuration.values()["dns_interval"] * SECOND)
            turn = self._order.take(now, interval)
            if turn is None:
                return False
            if turn.is_late(interval):
                resolver_log.tell_late(turn, len(self._order), interval, now)
            self._asking = self._ask_for(turn.key)
        # What has failed is not gone on with.
        asking, self._asking = self._asking, None
        if next(asking, True) is None:
            self._asking = asking
        return True

    def _ask_for(self, key: str) -> Iterator[None]:
        """Ask for a name, one question in each step, and write down what DNS said."""
        name = self._names[key]
        self._unasked.discard(key)
        was_mute, self._was_slow = self._is_mute, False
        found = Expansion((), NO_ANSWER)
        if (yield from self._is_answered(key, name.hop.host)):
            found = yield from self._answered(self._expanding(key, name))
        self._order.note(key, self._was_slow)
        now = self._names.get(key)
        if now and now.hop == name.hop:
            before = _resolution(key)
            after = before.renewed(*found, int(time.time()))._replace(host=name.hop.host)
            if after.says_none:
                self._recalled.pop(key, None)
            elif not after.targets:
                after = after.recalled(self._recall(key))
            self._write(key, before, after)
        # Two in a row: one alone may be dead itself.
        if was_mute and self._is_mute:
            yield from self._recall_all()

    def _recall_all(self) -> Iterator[None]:
        """Give all names that wait for a mute DNS server the targets of before a restart, which are pinged.

        A round of many such names takes hours. Each is looked at once: DNS may fail at once for each of them.
        """
        while self._unasked:
            key = self._unasked.pop()
            if name_rows.resolution(key) is None and (found := self._recall(key)):
                waits = Resolution(fault=NO_ANSWER, host=self._names[key].hop.host)
                self._write(key, Resolution(), waits.recalled(found))
                yield

    def _recall(self, key: str) -> list[Target]:
        """Return the targets that a name had before a restart, while DNS has not answered since."""
        now = clock.now()
        if now >= self._next_recall:
            self._next_recall, self._recalled = now + MINUTE, registrations.remembered_targets()
        hops = [hop for hop in self._recalled.get(key, ()) if not listeners.hindrance(uris.hop(hop))]
        return [Target(uris.target_key(key, hop), hop, record=OF_STATE_FILE) for hop in sorted(hops)]

    def _is_answered(self, key: str, host: str) -> Generator[None, None, bool]:
        """Ask one question first if there may be no answer: a whole expansion has several, each as slow."""
        if self._hosts.has(host) or not (self._is_mute or self._order.is_slow(key)):
            return True
        answer = self._answer(Question(Kind.ADDRESS, host))
        yield
        return answer.fault != NO_ANSWER

    def _expanding(self, key: str, name: Name) -> Asking[Expansion]:
        return expand(key, name.hop, listeners.hindrance, _resolution(key), listeners.is_own)

    def _answered(self, expanding: Asking[Expansion]) -> Generator[None, None, Expansion]:
        try:
            question = next(expanding)
            while True:
                answer = self._answer(question)
                yield
                question = expanding.send(answer)
        except StopIteration as end:
            found: Expansion = end.value
            return found

    def _answer(self, question: Question) -> Answer:
        """Ask DNS; while it is mute, not for NAPTR and SRV records of a name that is found without it."""
        is_address = question.kind is Kind.ADDRESS
        if self._is_mute and not is_address:
            return Answer(fault=NO_ANSWER)
        began = time.monotonic()
        answer = self._ask(question)
        if not (is_address and self._hosts.has(question.name)):
            is_slow = answer.fault == NO_ANSWER and time.monotonic() - began >= dns.SLOW
            self._was_slow = self._was_slow or is_slow
            self._is_mute = is_slow or (answer.fault == NO_ANSWER and self._is_mute)
        return answer

    def _write(self, key: str, before: Resolution, after: Resolution) -> None:
        """Write what DNS said of a name; have what is new pinged, and what is gone no more."""
        had = {target.key for target in before.all_targets}
        for target in after.all_targets:
            is_there = target.key in had and destination_rows.service_code(target.key) is not None
            if not is_there and not registrations.register_target(key, target.hop):
                self._forget(key)
                return
        name_rows.store_resolution(key, after)
        for gone in sorted(had - {target.key for target in after.all_targets}):
            registrations.remove_target(gone)
        if after.differs_from(before):
            queues.announce_change(key)
            resolver_log.tell(key, before, after)


def _resolution(key: str) -> Resolution:
    return name_rows.resolution(key) or Resolution()


def _name(key: str) -> Name | None:
    """Return what is asked for a destination, None if it is no name, or not monitored."""
    registered = destination_rows.registration(key)
    if registered is None or not policies.is_name(registered):
        return None
    policy = policies.policy_of(registered)
    return Name(uris.next_hop(through(key, policy) or registered.uri), registered.uri)


the_resolver = Resolver()
