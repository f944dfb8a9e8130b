"""What a node of a cluster tells the others, and what it makes of what they tell (pure: texts in, texts out).

Each node tells its own words to each of the others, and asks only their author for what it lacks. Facts alone
are passed on by whoever has them, as their author may be dead. Times are microseconds of one monotonic clock.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from . import cluster_lines, cluster_telling
from .cluster_facts import MOST_NUMBER, Fact, Facts
from .cluster_lines import Beat, Unreadable
from .cluster_peer import Peer
from .cluster_sayings import Sayings
from .cluster_view import MOST_BETWEEN_TICKS, Listened, Seen, View, view
from .cluster_word import DOWN, NO_WORD, Word
from .times import SECOND

MESSAGES_A_TICK: Final = 20
"""how many leave each tenth of a second; a node that is busy, and ticks later, makes up for it"""
MOST_MESSAGES_AT_ONCE: Final = 5 * MESSAGES_A_TICK
"""of the 500 that find room where they come in"""
_TICK_US: Final = SECOND // 10
MOST_MESSAGES: Final = 2**30
"""After so many in one life a node begins another one: numbers have an end"""
BETWEEN_BEATS_OF_THE_DEAD: Final = 5 * SECOND
"""Each message that a dead node does not answer is a line in Kamailio's log"""
_ANSWERS_US: Final = SECOND
"""Whoever lives has answered a node that begins within so long"""
_CATCHES_UP_US: Final = 3 * SECOND
"""Beyond the time for which it joins, a node that begins has so long to learn what the others say"""


class Manners(NamedTuple):
    """How a node talks."""

    heartbeat: int = SECOND
    timeout: int = 5 * SECOND
    """a node that was silent for so long is dead"""
    join: int = 2 * SECOND
    """for so long a node that begins listens, and pings nobody"""
    secrets: Sequence[bytes] = ()
    """it signs with the first one, and takes what any of them has signed"""


class Heeded(NamedTuple):
    """What a message changed."""

    keys: set[str]
    """destinations of which its sender says something else"""
    facts: list[Fact]
    """those that say more than was known"""


class Talk:
    """One life of one node among the others.

    Arguments: me, its name; others, theirs; chance, returns a random number from 1 to 2**31 - 1; manners.
    """

    def __init__(
        self, me: str, others: Iterable[str], chance: Callable[[], int], manners: Manners | None = None
    ) -> None:
        self.me = me
        self.peers = {name: Peer(name) for name in others if name != me}
        self.facts = Facts(me)
        self.beat = Beat()
        """what this node says of itself; sums and clock are filled in"""
        self.suspects = False
        """whether this node is to look at all destinations for itself"""
        self.is_behind = False
        """whether it has still to follow what others have said that can own its share"""
        self.manners = manners or Manners()
        self._chance = chance
        self.life = chance()
        self._sayings = Sayings()
        self._told = 0
        """up to this number of what it says the others are to be told"""
        self._number = 0
        """of its last message"""
        self._listened = Listened()
        self._was_cut_off = False
        """whether one is heard again since the last tick that may have held this node for dead"""
        self._in_turn = list(self.peers.values())
        """who has to be told something is told in this order"""
        self.view = self._look()
        """as it is since the last tick, or the last message of one who is back"""

    # --- what there is to know ------------------------------------------------------------------------------

    @property
    def is_joining(self) -> bool:
        """Whether it still listens before it pings, or follows what it has heard."""
        return self.is_behind or self._listened.us < self.manners.join

    @property
    def is_new(self) -> bool:
        """Whether this node has begun so lately that it may not know yet what the others say."""
        return self._listened.us < self.manners.join + _CATCHES_UP_US

    @property
    def is_catching_up(self) -> bool:
        """Whether others have said more than is known here, or have not had the time to answer."""
        behind = [peer for peer in self.peers.values() if not peer.is_caught_up]
        has_begun_just_now = self._listened.us < _ANSWERS_US
        return bool(behind) if has_begun_just_now else any(map(self._is_live, behind))

    def is_doubted(self, key: str) -> bool:
        """Say whether another node, whether it counts or not, can't reach a destination."""
        return any(peer.words.words.get(key, NO_WORD).kind == DOWN for peer in self.peers.values())

    def words_of(self, key: str) -> dict[str, Word]:
        """Return what each node says of a destination, whether it counts or not."""
        said = {name: peer.words.words.get(key, NO_WORD) for name, peer in self.peers.items()}
        return {**said, self.me: self._sayings.words.get(key, NO_WORD)}

    def said(self) -> list[str]:
        """Return the destinations of which this node says something."""
        return [*self._sayings.words]

    def heard_at(self, peer: Peer, now: int) -> int:
        """Return when another node was heard last, in us; 0 for never. Time in which I slept is none."""
        silence = peer.silence(self._listened.us)
        return 0 if silence is None else now - silence

    # --- say ------------------------------------------------------------------------------------------------

    def say(self, key: str, word: Word) -> bool:
        """Say something of a destination; return whether that is news."""
        return self._sayings.say(key, word)

    def decide(self, key: str, decided: bool) -> None:
        """Say of what this node can't reach whether it is down for it: whoever begins learns that so.

        Arguments: key, of any destination; decided.
        """
        begins = any(peer.beat.joining and self._is_live(peer) for peer in self.peers.values())
        self._sayings.decide(key, decided, begins)

    def say_fact(self, kind: str, key: str, value: str, ends: int = 0) -> Fact:
        """Say what an administrator said here, at all nodes."""
        said = self.facts.say(kind, key, value, ends)
        self._owe_facts([said], self.peers.values())
        return said

    def _owe_facts(self, facts: Iterable[Fact], peers: Iterable[Peer]) -> None:
        for peer in peers:
            peer.owed_facts.update(dict.fromkeys(each.subject for each in facts))

    def take_back_old(self, now: int) -> list[str]:
        """Take back each "down" if this node stood still, or was cut off: others may have held it for dead.

        Whoever answered them meanwhile would be down at once when some are back together: what is said anew
        counts. To be called before each tick; returns the destinations.
        """
        silent = self.manners.timeout - 2 * self.manners.heartbeat
        stood_still = self._listened.stood(now) >= max(silent, MOST_BETWEEN_TICKS)
        was_cut_off, self._was_cut_off = self._was_cut_off, False
        if not (stood_still or was_cut_off):
            return []
        old = [key for key, word in self._sayings.words.items() if word.kind == DOWN]
        for key in old:
            self.say(key, NO_WORD)
        return old

    # --- hear -----------------------------------------------------------------------------------------------

    def hear(self, text: str, now: int) -> Heeded:
        """Take over what a body says. Raises: Unreadable."""
        message = cluster_lines.read(text, now, self.manners.secrets)
        peer = self.peers.get(message.sender)
        if message.to != self.me:
            raise Unreadable(f"it is to another node, {message.to}")
        if peer is None:
            is_me = message.sender == self.me
            raise Unreadable(f"{message.sender} is {'this node itself' if is_me else 'no peer of this node'}")
        if message.who:
            peer.has_asked = message.who
        was_silent, life = peer.is_silent, peer.life
        if not peer.counts(message, self._listened.us, now):
            return Heeded(set(), [])
        if was_silent and life in (0, peer.life):
            # Else it was dead, and has begun anew.
            self._was_cut_off = True
        keys = peer.take(message, now)
        for pull in message.pulls:
            peer.owed.add(pull.above, min(pull.to, self._sayings.newest))
        if message.beat:
            self._follow_beat(peer, message.beat)
        facts = [fact for fact in message.facts if self.facts.take(fact)]
        self.view = self._look()
        return Heeded(keys, facts)

    def _follow_beat(self, peer: Peer, beat: Beat) -> None:
        peer.beat = beat
        self.facts.see(beat.clock)
        buckets = peer.still_differ(self.facts.differing(beat.sums), self.facts.sums)
        peer.owed_facts.update(dict.fromkeys(self.facts.in_buckets(buckets)))

    # --- tell -----------------------------------------------------------------------------------------------

    def tick(self, now: int) -> list[tuple[str, str]]:
        """Return which bodies go to which nodes now; to be called every tenth of a second or so."""
        passed = self._listened.stood(now)
        self._listened = self._listened.tick(now)
        if self._sayings.is_worn or self._number >= MOST_MESSAGES:
            self._begin_anew()
        for peer in self.peers.values():
            if not self._is_live(peer):
                peer.fell_silent()
            elif self._told < self._sayings.newest:
                peer.owed.add(self._told, self._sayings.newest)
        self._told = self._sayings.newest
        self.view = self._look()
        at_once = max(1, passed // _TICK_US) * MESSAGES_A_TICK
        return list(self._bodies(now, min(at_once, MOST_MESSAGES_AT_ONCE)))

    def _begin_anew(self) -> None:
        """Say all with new numbers, in a new life."""
        self.life, self._sayings, self._number = self._chance(), self._sayings.anew(), 0
        for peer in self.peers.values():
            peer.owed.take(MOST_NUMBER)

    def _is_live(self, peer: Peer) -> bool:
        return peer.is_live(self._listened.us, self.manners.timeout)

    def _look(self) -> View:
        beat = self.beat
        me = Seen(
            self.me, self._listened.us, beat.degraded, beat.paused, self.is_joining, True, self.suspects
        )
        others = [seen for peer in self.peers.values() if (seen := peer.seen())]
        return view(me, others, self._listened.us, self.manners.timeout)

    def _bodies(self, now: int, left: int) -> Iterator[tuple[str, str]]:
        """Give each node in turn one message, as long as there is something to tell; left, so many."""
        waiting = deque(self._in_turn)
        while waiting and left:
            peer = waiting.popleft()
            lines = self._lines(peer, now)
            if lines:
                left -= 1
                self._number += 1
                head = (self.me, peer.name, self.life, self._number, self._sayings.newest)
                secret = self.manners.secrets[0] if self.manners.secrets else b""
                yield peer.name, cluster_lines.body([cluster_lines.head(*head), *lines], secret)
                waiting.append(peer)
                # Whoever has been told something is the last one, in the next tick too.
                self._in_turn.remove(peer)
                self._in_turn.append(peer)

    def _lines(self, peer: Peer, now: int) -> list[str]:
        lines = self._small(peer, now)
        room = cluster_telling.ROOM - sum(len(line) + 1 for line in lines)
        if self._is_live(peer):
            facts = cluster_telling.facts(peer, self.facts, room, now)
            room -= sum(len(line) + 1 for line in facts)
            lines += facts
            lines += cluster_telling.words(peer, self._sayings, room, bool(lines), now)
        return lines

    def _small(self, peer: Peer, now: int) -> list[str]:
        """Return the lines that a message has before words and facts."""
        lines = []
        is_live = self._is_live(peer)
        if peer.has_asked:
            lines.append(f"here {peer.has_asked}")
            peer.has_asked = 0
        if nonce := peer.asks_for_proof(self._chance(), is_live, now):
            lines.append(f"who {nonce}")
        pause = self.manners.heartbeat if is_live else BETWEEN_BEATS_OF_THE_DEAD
        beat = self._full_beat()
        is_news = is_live and beat.standing != peer.told_standing
        if not peer.beaten or now - peer.beaten >= pause or lines or is_news:
            lines.append(cluster_lines.beat_line(beat))
            peer.beaten, peer.told_standing = now, beat.standing
        if is_live and (gap := peer.gap(now)):
            lines.append(f"pull {gap[0]} {gap[1]}")
        return lines

    def _full_beat(self) -> Beat:
        sums = tuple(self.facts.sums)
        return self.beat._replace(sums=sums, clock=self.facts.clock, joining=self.is_joining)
