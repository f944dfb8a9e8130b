"""What the words of a cluster's nodes make of one destination (pure).

In calm one node pings a destination, its owner. One that would say "down" asks the others first: it takes
``quorum`` nodes to say so, for all of them. Whoever is alone with its word is right for itself only.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final, NamedTuple

from . import states
from .cluster_owner import first, rank
from .cluster_view import View
from .cluster_word import DOWN, DRAIN, LACKS, MUTE, NO_WORD, NONE, UNSENT, UP, Word
from .times import SECOND

Words = Mapping[str, Word]
"""of one destination, by node; this node's own is among them"""


class Terms(NamedTuple):
    """On which terms a destination is in the cluster."""

    quorum: int = 2
    """so many nodes have to say that it is down"""
    vantage: int = 0
    """so many are asked, and no fewer than the quorum; 0 for all"""
    only: frozenset[str] = frozenset()
    """nodes that may ping it; none stands for all"""
    ping_us: int = SECOND
    """for so long a reply to a ping of it is waited for"""
    fall: int = 1
    """so many pings in a row have to fail before a node says that it can't reach it"""

    @property
    def answer_us(self) -> int:
        """For how long those are waited for that are asked for their word."""
        return self.ping_us * self.fall + _BESIDE_US

    @property
    def crossing_us(self) -> int:
        """Within how long of a word another one may come that rests on a ping from before it."""
        return self.ping_us + _BESIDE_US


# What an answer takes beyond the pings that it rests on: messages, and ticks of those asked.
_BESIDE_US: Final = SECOND


class Outcome(Enum):
    """What follows for this node's state of a destination."""

    STANDS = "nothing is known"
    UP = "up"
    DOWN = "down"
    ALONE = "down from this node alone"
    HOLD = "the others are being asked"

    @property
    def state(self) -> int | None:
        """The state that follows; None if it stays what it is."""
        return _STATES.get(self)


_STATES = {Outcome.UP: states.UP, Outcome.DOWN: states.DOWN, Outcome.ALONE: states.DOWN}


class Finding(NamedTuple):
    """What the words make of a destination, and what that rests on."""

    outcome: Outcome
    down: int
    """how many nodes whose words count say that it is down"""
    need: int
    """how many have to"""
    asked: tuple[str, ...]
    silent: frozenset[str] = frozenset()
    """those of the asked, but this node, that have not said anything, or only before they were asked"""
    is_fresh: bool = False
    """whether it has answered a node since the last one that can't reach it said so"""

    def text(self) -> str:
        """Say it in a sentence."""
        if self.outcome is Outcome.STANDS:
            return "no node has said anything"
        if self.outcome is Outcome.HOLD:
            return f"{', '.join(sorted(self.silent))} asked, as this node can't reach it"
        if self.outcome is Outcome.ALONE and self.down <= 1:
            return f"down here: only this node can't reach it ({self.down} of {len(self.asked)})"
        word = self.outcome.name.lower()
        return f"{word}: {self.down} of {len(self.asked)} nodes can't reach it, {self.need} are needed"


class Case(NamedTuple):
    """A destination, as one node sees it."""

    key: str
    view: View
    words: Words
    terms: Terms = Terms()
    late: frozenset[str] = frozenset()
    """nodes whose "down" does not count yet: they may have asked it before it came back"""

    @property
    def mine(self) -> Word:
        """What this node says itself."""
        return self.words.get(self.view.me, NO_WORD)

    def having(self) -> View:
        """Return the view of those that may ping it, have it, and can ask it."""
        among = self._allowed()
        lacking = frozenset(node for node in among.counted if self._says(node) in (LACKS, UNSENT))
        return among.among(among.live - lacking)

    def _allowed(self) -> View:
        return self.view.among(self.terms.only) if self.terms.only else self.view

    def may_speak(self) -> bool:
        """Say whether this node may ping it, so that its word is wanted at all."""
        return not self.terms.only or self.view.me in self.terms.only

    def may_own(self) -> frozenset[str]:
        """Return who may ping it in calm: those that are ready, or, if none is, all that live."""
        among = self.having()
        return among.ready or among.live

    def owner(self) -> str:
        """Return who pings it in calm: the first that is ready; "" if no node may.

        While it answers somebody, those that can't reach it are passed over.
        """
        ready = self.having().ready
        reaching = {node for node in ready if self._says(node) != DOWN} if self.speaker(UP, DRAIN) else ready
        return first(self.key, reaching or self.may_own())

    def owner_if_up(self) -> str:
        """Return who would own it if this node could reach it."""
        me = self.view.me
        return self._replace(words={**self.words, me: Word(UP)}).owner()

    def asked(self) -> tuple[str, ...]:
        """Return who looks at it once somebody can't reach it, first ones first, a quorum at least."""
        wanting = rank(self.key, self.having().fit)
        most = self.terms.vantage and max(self.terms.vantage, self.terms.quorum)
        return tuple(wanting[: most or None])

    def is_doubted(self) -> bool:
        """Say whether another node, whose word counts, can't reach it."""
        return self.doubting() > 0

    def doubting(self) -> int:
        """Return how many other nodes, whose words count, can't reach it."""
        return sum(self._says(node) == DOWN for node in self.having().counted - {self.view.me})

    def is_unspoken(self) -> bool:
        """Say whether no node whose word counts has one: its owner may not have it, or still have no turn."""
        return all(self._says(node) in MUTE for node in self.view.counted)

    def is_agreed(self) -> bool:
        """Say whether so many nodes can't reach it, or do not have it any more, that it may be given up.

        One that could not ask, or has not said anything, agrees to nothing. Nor does one that hears no other:
        as soon as it does again, what it decided alone would be over at once.
        """
        among = self._allowed()
        if len(self.view.live) == 1:
            return False
        agreeing = sum(self._says(node) in (DOWN, LACKS) for node in among.counted)
        return agreeing >= max(1, min(self.terms.quorum, len(among.live)))

    def speaker(self, *kinds: str) -> str:
        """Return a node whose word counts and is of one of some kinds, this one first; "" for none."""
        saying = [node for node in self.having().counted if self._says(node) in kinds]
        return self.view.me if self.view.me in saying else min(saying, default="")

    def drain_until(self, now: int) -> int:
        """Return when the drain may be over that it asked nodes for, in us; 0 for none."""
        ends = (self.words[node].ends for node in self.having().counted if self._says(node) == DRAIN)
        return max((end for end in ends if end > now), default=0)

    def is_spokesman(self) -> bool:
        """Say whether this node is the first to want it of those that it answers, itself taken for one.

        So is its owner, as soon as it has spoken. Until then the former one is, or whoever stood in.
        """
        me = self.view.me
        answered = {node for node in self.having().counted if self.words.get(node, NO_WORD).answers}
        return first(self.key, answered | {me}) == me

    def _says(self, node: str) -> str:
        return self.words.get(node, NO_WORD).kind


def find(case: Case, waited: bool = False) -> Finding:
    """Return what the words make of a destination.

    Arguments: case; waited, whether the time is over that those asked have for an answer.
    """
    among, mine, me = case.having(), case.mine, case.view.me
    asked = case.asked()
    need = max(1, min(case.terms.quorum, len(asked)))
    said = [(node, case.words[node]) for node in among.counted if node in case.words]
    down = sum(word.kind == DOWN and node not in case.late for node, word in said)
    answers = any(word.answers for _, word in said)
    lost = sum(word.kind == DOWN for _, word in said)
    is_fresh = any(word.kind == DRAIN or (word.kind == UP and word.fresh >= lost > 0) for _, word in said)
    spoken = {node for node, word in said if word.kind != NONE and (word.kind != UP or is_fresh)}
    found = Finding(Outcome.STANDS, down, need, asked, frozenset(asked) - spoken - {me}, is_fresh)
    if down >= need:
        return found._replace(outcome=Outcome.DOWN)
    if mine.kind == DOWN and me not in case.late:
        # Nobody answers one that is degraded or paused.
        is_heard = me in case.view.fit and not case.view.degraded
        if not waited and found.silent and (is_heard or not answers):
            return found._replace(outcome=Outcome.HOLD)
        return found._replace(outcome=Outcome.ALONE if answers else Outcome.DOWN)
    return found._replace(outcome=Outcome.UP) if answers else found


def reason(case: Case, found: Finding) -> str:
    """Return why the state of a destination becomes what is found; "" if this node's own evidence says it."""
    if found.outcome is Outcome.UP:
        if case.mine.answers and not found.down:
            return ""
        doubt = f", and {found.down} of {len(found.asked)} nodes can't reach it" if found.down else ""
        return f"it answers {case.speaker(UP, DRAIN)}{doubt}"
    # A paused node's word is not among those that are counted.
    is_only_here = case.mine.kind == DOWN and not case.is_doubted()
    who = "only this node" if is_only_here else f"{found.down} of {len(found.asked)} nodes"
    why = case.mine.reason if is_only_here else case.words.get(case.speaker(DOWN), NO_WORD).reason
    return f"{who} can't reach it: {why}" if why else f"{who} can't reach it"


def has_to_ping(case: Case, turns_unspoken: int = 0) -> bool:
    """Say whether this node pings a destination when its turn comes.

    Arguments: case; turns_unspoken, how many turns of it have passed in which it was unspoken: then whoever
    has it stands in for its owner.
    """
    me = case.view.me
    if not case.view.pings or not case.may_speak():
        return False
    # One that could not ask it tries again.
    if case.view.asks_all or case.mine.kind in (DOWN, UNSENT) or case.owner() == me:
        return True
    if case.is_doubted():
        return case.terms.quorum > 1 and me in case.asked()
    return (case.mine.answers or turns_unspoken > 0) and case.is_spokesman()
