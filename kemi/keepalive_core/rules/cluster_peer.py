"""What a node of a cluster knows of another one, and has to tell it (pure).

Times are microseconds: of this machine's clock, and of the time for which this node has listened.
"""

from typing import Final

from .cluster_facts import Subject
from .cluster_lines import Beat, Message
from .cluster_ranges import Ranges
from .cluster_sayings import Heard
from .cluster_view import Seen
from .times import SECOND

PROOF_US: Final = 8 * SECOND
"""For so long an answer to a question for proof is waited for"""
ASK_AGAIN_US: Final = SECOND
BETWEEN_LIVES_US: Final = 5 * SECOND
"""While a life of a node is heard, another one that says it is that node waits for so long"""
SETTLES_US: Final = SECOND
"""Whoever is heard again has so long to hear this node, and to take back what it said in between"""
PULL_US: Final = SECOND // 2
"""When nothing of a range has come for so long, it is asked for"""
# A former life that speaks again within so many is a second process of that name.
_FORMER_LIVES: Final = 4
_WINDOW: Final = 1 << 10


class Numbers:
    """Which numbers of messages have come: each counts once (the window of RFC 4303 section 3.4.3)."""

    def __init__(self) -> None:
        self._newest = 0
        self._seen = 0
        """a bit for each number from the newest one down"""

    def is_new(self, number: int) -> bool:
        """Take note of a number; return whether its message counts: it is no copy, nor too old to tell."""
        ahead = number - self._newest
        if ahead > 0:
            self._seen = (self._seen << min(ahead, _WINDOW) | 1) % (1 << _WINDOW)
            self._newest = number
            return True
        bit = 1 << -ahead
        if -ahead >= _WINDOW or self._seen & bit:
            return False
        self._seen |= bit
        return True


class Peer:
    """Another node.

    Arguments: name.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.life = 0
        """the life of it that counts; 0 before one has proved that it lives"""
        self.is_twice = False
        """whether two processes say that they are this node"""
        self.beat = Beat()
        """the last one"""
        self.owed = Ranges()
        """which words of this node it is still to be told"""
        self.owed_facts: dict[Subject, None] = {}
        """of which facts it is still to be told"""
        self.has_asked = 0
        """the number that it asked for as a proof, until it is answered"""
        self.beaten = 0
        """when it was told of this node's state last, in us; 0 for never"""
        self.told_standing = Beat().standing
        """what of that it was told then"""
        self._numbers = Numbers()
        self._words = Heard(0)
        self._coming: Heard | None = None
        """what a new life says, until all of it is here"""
        self._former: list[int] = []
        self._heard: int | None = None
        self.is_silent = True
        """whether nothing was heard of it since it was dead, or at all"""
        self._settles = 0
        """when its words may count again that was silent, in us of listened time"""
        self._is_settled = True
        self._is_caught_up = False
        self._nonce = 0
        self._asked = 0
        self._adopted = 0
        self._wants_proof = False
        self._moved = 0
        """when something of its words came or was asked for, in us"""
        self._differed: dict[int, int] = {}

    # --- who it is ---

    def is_live(self, listened: int, timeout: int) -> bool:
        """Say whether it was heard lately, in us of listened time."""
        return self._heard is not None and listened - self._heard < timeout

    def silence(self, listened: int) -> int | None:
        """Return for how much of the listened time, in us, it has said nothing; None if it never spoke."""
        return None if self._heard is None else listened - self._heard

    @property
    def is_caught_up(self) -> bool:
        """Whether all that it has said is known here."""
        return self._is_caught_up

    def seen(self) -> Seen | None:
        """Return it as a view needs it; None if no life of it has ever counted."""
        if self._heard is None:
            return None
        beat = self.beat
        return Seen(self.name, self._heard, beat.degraded, beat.paused, beat.joining, self._is_caught_up)

    def counts(self, message: Message, listened: int, now: int) -> bool:
        """Say whether a message is one of the life that counts, and no copy.

        Another life has to say a number first that it was asked for just now: a recording can't.
        """
        is_another = message.life != self.life
        if is_another and not self._proves(message, now):
            self._wants_proof = True
            return False
        if not self._numbers.is_new(message.number):
            return False
        if self.is_silent:
            self.is_silent, self._settles = False, listened + (0 if is_another else SETTLES_US)
        self._heard, self._is_settled = listened, listened >= self._settles
        return True

    def _proves(self, message: Message, now: int) -> bool:
        if not self._nonce or message.here != self._nonce or now - self._asked >= PROOF_US:
            return False
        self.is_twice = message.life in self._former
        self._former = [*self._former, self.life][-_FORMER_LIVES:]
        self.life, self._coming, self._numbers = message.life, Heard(message.life), Numbers()
        self._nonce, self._adopted = 0, now
        self._wants_proof = False
        self.owed = Ranges()
        return True

    def asks_for_proof(self, nonce: int, is_live: bool, now: int) -> int:
        """Return the number that it is asked for now; 0 if it is not asked. Arguments: nonce, at random."""
        waits = self._asked and now - self._asked < ASK_AGAIN_US
        if not self._wants_proof or waits or (is_live and now - self._adopted < BETWEEN_LIVES_US):
            return 0
        self._wants_proof = False
        # An answer that is under way still counts.
        if not self._nonce or now - self._asked >= PROOF_US // 2:
            self._nonce = nonce
        self._asked = now
        return self._nonce

    # --- what it says ---

    @property
    def words(self) -> Heard:
        """What it says: what a former life said counts until all of the new one is here."""
        return self._words

    @property
    def behind(self) -> int:
        """How many numbers of its words may be lacking here."""
        return (self._coming or self._words).behind

    def take(self, message: Message, now: int) -> set[str]:
        """Take over the words of a message that counts; return the destinations that it concerns."""
        heard = self._coming or self._words
        before = heard.behind
        heard.announce(message.newest)
        changed: set[str] = set()
        for piece in message.pieces:
            changed |= heard.take(piece)
        if message.pieces and heard.behind < before:
            self._moved = now
        if heard.gap is not None or not self._is_settled:
            return set() if self._coming else changed
        if self._coming:
            changed = {*self._words.words, *heard.words}
            self._words, self._coming = heard, None
        if not self._is_caught_up:
            self._is_caught_up = True
            changed = {*self._words.words}
        return changed

    def gap(self, now: int) -> tuple[int, int] | None:
        """Return which words it is to be asked for now; None for none."""
        gap = (self._coming or self._words).gap
        if gap is None or (self._moved and now - self._moved < PULL_US):
            return None
        self._moved = now
        return gap

    def fell_silent(self) -> None:
        """Take note that it is dead: when it is back, it has to catch up before its words count."""
        self.is_silent, self._is_caught_up = True, False
        self.owed = Ranges()
        self.owed_facts.clear()

    def still_differ(self, differing: set[int], sums: list[int]) -> set[int]:
        """Return the buckets of facts in which it differed already, from the same ones, at its last beat."""
        before = self._differed
        self._differed = {at: hash((sums[at], self.beat.sums[at])) for at in differing}
        return {at for at, pair in self._differed.items() if before.get(at) == pair}
