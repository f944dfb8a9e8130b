"""What administrators said to any node of a cluster, which holds at all of them (pure).

A fact is about one thing, such as the mode of a destination. Of two about one thing the one with the higher
number wins everywhere, then the one of the later name: a number is one more than any that its author has seen
(Lamport, "Time, clocks, and the ordering of events", 1978). Clocks are not compared: an end travels as the
time that is left.
"""

import zlib
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

BUCKETS: Final = 8
"""Facts lie in so many, each with a sum: what differs is found without telling all"""
MOST_ENDED: Final = 4_096
"""Of facts that say "nothing any more" the newest are remembered"""
MOST_NUMBER: Final = 2**31 - 1
MOST_FACTS: Final = 200_000
"""Of more things than that nothing is heard, whoever says it"""

Subject = tuple[str, str]
"""what a fact is about: its kind, such as "admin", and a destination's key or another name"""


class Fact(NamedTuple):
    """Something that an administrator said."""

    number: int
    author: str
    """the node that it was said to"""
    kind: str
    key: str
    value: str = ""
    """"" if it says that nothing is said any more"""
    ends: int = 0
    """in us of this machine's clock; 0 for never"""

    @property
    def subject(self) -> Subject:
        """What it is about."""
        return (self.kind, self.key)

    def holds(self, now: int) -> bool:
        """Say whether it says anything at a time in us."""
        return bool(self.value) and not 0 < self.ends <= now

    def digest(self) -> int:
        """Return 32 bits that say which fact it is."""
        return zlib.crc32(f"{self.kind} {self.key} {self.number} {self.author}".encode())


def bucket(subject: Subject) -> int:
    """Return the bucket of what is about a thing."""
    return zlib.crc32(" ".join(subject).encode()) % BUCKETS


class Facts:
    """What one node knows.

    Arguments: me, its name.
    """

    def __init__(self, me: str) -> None:
        self.clock = 0
        """the highest number that it has seen"""
        self.sums = [0] * BUCKETS
        """the digests of the facts of each bucket, added up"""
        self._me = me
        self._facts: dict[Subject, Fact] = {}
        self._empty: dict[Subject, None] = {}

    def __len__(self) -> int:
        return len(self._facts)

    def __iter__(self) -> Iterator[Fact]:
        return iter(self._facts.values())

    @property
    def is_full(self) -> bool:
        """Whether of more things than those that are known nothing is heard."""
        return len(self._facts) >= MOST_FACTS

    def get(self, subject: Subject) -> Fact | None:
        """Return what is known of a thing."""
        return self._facts.get(subject)

    def say(self, kind: str, key: str, value: str, ends: int = 0) -> Fact:
        """Say something here; what was said of it before, anywhere, is over."""
        # Whoever said a number beyond that would be read by nobody.
        number = min(self.clock + 1, MOST_NUMBER)
        said = Fact(number, self._me, kind, key, value, ends)
        self.take(said)
        return said

    def take(self, fact: Fact) -> bool:
        """Take over a fact; return whether it says more than is known."""
        self.see(fact.number)
        known = self._facts.get(fact.subject)
        if known and (known.number, known.author) >= (fact.number, fact.author):
            return False
        if known is None and self.is_full:
            return False
        self._drop(fact.subject)
        self._facts[fact.subject] = fact
        self._add(fact, 1)
        if not fact.value:
            self._note_empty(fact.subject)
        return True

    def empty(self, subject: Subject) -> None:
        """Remember of a fact that is long over as much as of one that says nothing any more.

        It stays the same fact: nobody is told, and whatever is said of its subject meanwhile is newer.
        """
        known = self._facts.get(subject)
        if known and known.value:
            self._facts[subject] = known._replace(value="")
            self._note_empty(subject)

    def _note_empty(self, subject: Subject) -> None:
        self._empty[subject] = None
        if len(self._empty) > MOST_ENDED:
            self._drop(min(self._empty, key=lambda each: self._facts[each][:2]))

    def see(self, number: int) -> None:
        """Take note of a number: what is said here from now on has a higher one."""
        self.clock = max(self.clock, number)

    def differing(self, sums: Iterable[int]) -> set[int]:
        """Return in which buckets another node, whose sums these are, knows something else."""
        return {at for at, (mine, theirs) in enumerate(zip(self.sums, sums, strict=False)) if mine != theirs}

    def in_buckets(self, buckets: set[int]) -> list[Subject]:
        """Return what the facts of some buckets are about."""
        return [subject for subject in self._facts if bucket(subject) in buckets]

    def _drop(self, subject: Subject) -> None:
        known = self._facts.pop(subject, None)
        self._empty.pop(subject, None)
        if known:
            self._add(known, -1)

    def _add(self, fact: Fact, sign: int) -> None:
        at = bucket(fact.subject)
        self.sums[at] = (self.sums[at] + sign * fact.digest()) % 2**32
