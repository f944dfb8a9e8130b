"""Nodes of a cluster on a network that a test rules: the pure rules joined, with no server."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from keepalive_core.rules.cluster_acting import Acting, acting_after, begun, is_held, late, next_look
from keepalive_core.rules.cluster_calm import is_alone, is_calm
from keepalive_core.rules.cluster_facts import Fact
from keepalive_core.rules.cluster_own_word import Judged, word_after, word_kept
from keepalive_core.rules.cluster_owner import first
from keepalive_core.rules.cluster_talk import Manners, Talk
from keepalive_core.rules.cluster_verdict import Case, Finding, Outcome, Terms, find, has_to_ping
from keepalive_core.rules.cluster_view import is_degraded
from keepalive_core.rules.cluster_word import LACKS, MUTE, NO_WORD, Word
from keepalive_core.rules.states import DOWN, UNKNOWN, UP
from keepalive_core.rules.times import SECOND

TICK = SECOND // 5
PING_TIMEOUT = SECOND // 2
INTERVAL = 4 * SECOND
RISE, FALL = 1, 2
ASK_TIME = Terms(ping_us=PING_TIMEOUT, fall=FALL).answer_us
DEGRADED_PERCENT = 30


@dataclass
class Known:
    """What a node knows of a destination."""

    due: int
    state: int = UNKNOWN
    own: int = UNKNOWN
    """what this node says; unknown if it says nothing: then it is what holds"""
    streak: int = 0
    result_at: int = 0
    success: bool | None = False
    """of its last ping; None if that could not be sent"""
    could_not_ask: bool = False
    sent: int = 0
    asked_since: int = 0
    stands_until: int = 0
    """it is pinged anew, as its word was too old: until then its state stands"""
    unspoken: int = 0
    finding: Finding | None = None
    others: dict[str, str] = field(default_factory=dict)


class Node:
    """One node, from its start to its end: what services will do, in few lines."""

    def __init__(
        self,
        name: str,
        names: Iterable[str],
        keys: Iterable[str],
        rng: random.Random,
        now: int,
        terms: Callable[[str], Terms],
        skew: int = 0,
        manners: Manners | None = None,
    ) -> None:
        self.name = name
        self.terms = terms
        self.skew = skew
        self.talk = Talk(name, names, lambda: rng.randint(1, 2**31 - 1), manners)
        self.keys = {key: Known(now + rng.randrange(INTERVAL)) for key in keys}
        self.to_look: set[str] = set()
        self.pings: dict[str, int] = {}
        """when each destination was pinged last"""
        self.states: list[tuple[int, str, int]] = []
        self.waiting: set[str] = set()
        self.acting: dict[str, Acting] = {}
        """of what is not calm"""
        self._again: dict[str, int] = {}
        self._view = self.talk.view
        self._next_count = 0
        self._at_fault: set[str] = set()
        self._ticked = now

    def case(self, key: str) -> Case:
        return Case(key, self.talk.view, self.talk.words_of(key), self.terms(key))

    def _dated_case(self, key: str, now: int) -> Case:
        case, acting = self.case(key), self.acting.get(key)
        return case._replace(late=late(acting, case, now)) if acting else case

    def hear(self, text: str, now: int) -> list[Fact]:
        """A body comes."""
        heeded = self.talk.hear(text, now + self.skew)
        self.to_look |= heeded.keys
        return heeded.facts

    def tick(self, now: int, reaches: Callable[[str], bool | None]) -> list[tuple[str, str]]:
        """Results, what has changed, pings; returns what is to be sent."""
        for key in self.talk.take_back_old(now + self.skew):
            self.keys[key].due, self.keys[key].stands_until = now, now + ASK_TIME
            self.waiting.add(key)
        self._excuse(now)
        self._count_alone(now)
        for key, known in self.keys.items():
            if known.result_at and known.result_at <= now:
                self._judge(key, known, now)
        known = self.keys
        self.waiting = {key for key in self.waiting if known[key].asked_since or known[key].stands_until}
        self.to_look |= {key for key in self.waiting if now - known[key].asked_since >= ASK_TIME}
        self.to_look |= {key for key, at in self._again.items() if at <= now}
        if self.talk.view != self._view:
            self._view = self.talk.view
            self._follow_view(now)
        for key in sorted(self.to_look):
            self._look(key, now)
        self.to_look = set()
        for key, known in self.keys.items():
            if known.due <= now:
                self._turn(key, known, now, reaches)
        return self.talk.tick(now + self.skew)

    def _excuse(self, now: int) -> None:
        """No ping fails in whose time the node stood still: its answer may not have been heard."""
        for known in self.keys.values():
            if self._ticked < known.result_at < now - TICK and not known.success:
                known.result_at = 0
        self._ticked = now

    def _follow_view(self, now: int) -> None:
        for key, known in self.keys.items():
            if has_to_ping(self.case(key), 0) and now - self.pings.get(key, -INTERVAL) >= INTERVAL:
                known.due = min(known.due, now + 2 * TICK)
        self.to_look |= {*self.keys}

    def _turn(self, key: str, known: Known, now: int, reaches: Callable[[str], bool | None]) -> None:
        known.due = now + INTERVAL
        case = self.case(key)
        if not has_to_ping(case, known.unspoken) and not known.stands_until:
            known.unspoken = known.unspoken + 1 if case.is_unspoken() else 0
            return
        if known.result_at:
            return
        self.pings[key] = known.sent = now
        known.success = reaches(key)
        known.result_at = now + (PING_TIMEOUT if known.success is False else TICK)

    def _judge(self, key: str, known: Known, now: int) -> None:
        known.result_at = 0
        was_unsent, known.could_not_ask = known.could_not_ask, known.success is None
        if known.could_not_ask:
            unsent = Judged(UNKNOWN, 0, known.state, stands=True, cannot_ask=was_unsent)
            self._say(key, word_after(self.case(key), unsent))
            self.to_look.add(key)
            return
        known.stands_until = 0
        sign = 1 if known.success else -1
        known.streak = known.streak + sign if known.streak * sign > 0 else sign
        case = self._dated_case(key, now)
        judged = Judged(self._own(known), known.streak, known.state)
        self._say(key, word_after(case, judged))
        if known.streak < 0 and -known.streak < FALL:
            known.due = min(known.due, known.sent + SECOND)
        self.to_look.add(key)

    def _own(self, known: Known) -> int:
        """Return what its own pings make of it, as judging has it."""
        own, enough = known.own or known.state, RISE if known.streak > 0 else FALL
        is_over = own == UNKNOWN or abs(known.streak) >= enough
        return (UP if known.streak > 0 else DOWN) if is_over else own

    def _say(self, key: str, word: Word) -> None:
        self.talk.say(key, word)

    def _look(self, key: str, now: int) -> None:
        known = self.keys.get(key)
        if known is None:
            said = self.talk.words_of(key)
            del said[self.name]
            speaks = any(word.kind not in MUTE for word in said.values())
            self._say(key, Word(LACKS) if speaks else NO_WORD)
            return
        if now < known.stands_until:
            return
        known.stands_until = 0
        case = self.case(key)
        self._say(key, word_kept(case))
        case = self._dated_case(key, now)
        acting = self.acting.pop(key, None) or begun(case, known.state)
        finding = find(case, bool(known.asked_since) and now - known.asked_since >= ASK_TIME)
        self._follow_acting(case, acting_after(acting, case, finding, now), now)
        if finding.outcome is Outcome.HOLD:
            known.asked_since = known.asked_since or now
            self.waiting.add(key)
        elif finding.outcome is not Outcome.DOWN or case.mine.kind != "down":
            known.asked_since = 0
        state = finding.outcome.state
        if state is not None and state != known.state:
            known.state = state
            self.states.append((now, key, state))
        known.own = DOWN if case.mine.kind == "down" else UP if case.mine.answers else UNKNOWN
        others = {name: word.kind for name, word in case.words.items() if name != self.name}
        known.finding = finding
        if others != known.others and has_to_ping(case):
            # Another word: whoever is asked looks now, and so does who can't reach what others do.
            known.due = min(known.due, max(now, known.sent + SECOND))
        known.others = others

    def _follow_acting(self, case: Case, acting: Acting, now: int) -> None:
        self._again.pop(case.key, None)
        if is_calm(case) and not is_held(acting, case, now):
            return
        self.acting[case.key] = acting
        self.talk.decide(case.key, acting.outcome is Outcome.DOWN)
        if again := next_look(acting, case, now):
            self._again[case.key] = again

    def _is_alone(self, key: str, now: int) -> bool:
        found, acting = self.keys[key].finding, self.acting.get(key)
        return found is not None and acting is not None and is_alone(acting, self.case(key), found, now)

    def _count_alone(self, now: int) -> None:
        if now < self._next_count:
            return
        self._next_count = now + SECOND
        share = [key for key in self.keys if first(key, self.case(key).having().live) == self.name]
        alone = {key for key in share if self._is_alone(key, now)}
        before = self.talk.beat.degraded
        own = {self.keys[key].own for key in self._at_fault & {*self.keys}}
        is_over = not before or UP in own
        self._at_fault = alone if is_over else alone | (self._at_fault & {*share})
        degraded = is_degraded(len(self._at_fault), len(share), DEGRADED_PERCENT, before)
        self.talk.beat = self.talk.beat._replace(degraded=degraded)


class Network:
    """Nodes, and what becomes of what they send."""

    def __init__(self, number: int, keys: Iterable[str], seed: int) -> None:
        self.rng = random.Random(seed)
        self.now = SECOND
        self.names = [f"sip:10.0.0.{at + 1}:5060" for at in range(number)]
        self.all_keys = list(keys)
        self.only: dict[str, frozenset[str]] = {}
        """destinations that some nodes alone may ping"""
        self.extra: dict[str, list[str]] = {}
        """destinations that a node alone has, from its next start on"""
        self.nodes: dict[str, Node] = {}
        self.stopped: set[str] = set()
        self.dead: set[str] = set()
        self.cut: set[tuple[str, str]] = set()
        """from one to another nothing arrives"""
        self.unreachable: set[tuple[str, str]] = set()
        """which node can't reach which destination"""
        self.unsendable: set[tuple[str, str]] = set()
        """which node can't even ask which destination"""
        self.loss = self.copies = 0.0
        self.delay = 0
        self.under_way: list[tuple[int, int, str, str, str]] = []
        self.stopped_inbox: list[tuple[str, str]] = []
        self.sent = 0
        self.recording: list[tuple[str, str]] = []
        self.each_tick: list[Callable[[], None]] = []
        for name in self.names:
            self.start(name)

    def start(self, name: str) -> None:
        """A node begins, knowing nothing."""
        skew = self.rng.randrange(1, 10**6) * SECOND
        self.nodes[name] = Node(
            name,
            self.names,
            [*self.all_keys, *self.extra.get(name, ())],
            self.rng,
            self.now,
            lambda key: Terms(only=self.only.get(key, frozenset()), ping_us=PING_TIMEOUT, fall=FALL),
            skew,
            Manners(),
        )
        self.dead.discard(name)
        self.stopped.discard(name)
        self.under_way = [each for each in self.under_way if each[3] != name]
        self.stopped_inbox = [each for each in self.stopped_inbox if each[0] != name]

    def kill(self, name: str) -> None:
        self.dead.add(name)

    def up(self) -> list[Node]:
        """Nodes that run."""
        return [node for name, node in self.nodes.items() if name not in self.dead | self.stopped]

    def reaches(self, name: str, key: str) -> bool | None:
        """Say whether a node reaches a destination; None if nothing can leave it for there."""
        return None if (name, key) in self.unsendable else (name, key) not in self.unreachable

    def send(self, sender: str, to: str, text: str) -> None:
        self.sent += 1
        if len(self.recording) < 500:
            self.recording.append((to, text))
        for _ in range(1 + (self.rng.random() < self.copies)):
            if (sender, to) not in self.cut and self.rng.random() >= self.loss:
                late = self.rng.randrange(self.delay + 1)
                self.under_way.append((self.now + late, self.rng.random(), sender, to, text))

    def step(self) -> None:
        """One tick of all."""
        self.now += TICK
        arriving = sorted(each for each in self.under_way if each[0] < self.now)
        self.under_way = [each for each in self.under_way if each[0] >= self.now]
        for _, _, _, to, text in arriving:
            if to in self.stopped:
                self.stopped_inbox.append((to, text))
            elif to not in self.dead:
                self.nodes[to].hear(text, self.now)
        for node in self.up():
            late, self.stopped_inbox = self.stopped_inbox, []
            for to, text in late:
                if to == node.name:
                    node.hear(text, self.now)
                else:
                    self.stopped_inbox.append((to, text))
            for to, text in node.tick(self.now, lambda key, name=node.name: self.reaches(name, key)):
                self.send(node.name, to, text)
        for check in self.each_tick:
            check()

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds * SECOND / TICK)):
            self.step()

    def state(self, name: str, key: str) -> int:
        return self.nodes[name].keys[key].state

    def down_at(self, key: str) -> set[str]:
        return {node.name for node in self.up() if key in node.keys and node.keys[key].state == DOWN}
