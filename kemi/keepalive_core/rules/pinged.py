"""A destination, as its prober remembers it between two pings (pure). Times are microseconds of one clock."""

import json
from functools import lru_cache
from typing import Final, NamedTuple

from .modes import Admin
from .pace import Pace
from .policy import Policy
from .record import Health
from .rows import Behind, Owner, Registration, registration_text
from .schedule import SOONEST, Wish, first_ping
from .sockets import Departure
from .ways import Way

NO_MARKS: Final = " "
"""The marks of a ping that is counted for no group, and of whose destination nobody has trackers"""


class Seen(NamedTuple):
    """A destination, as it is registered and how it is."""

    registered: Registration
    policy: Policy
    health: Health
    admin: Admin | None
    groups: tuple[str, ...] = ()
    """those that it is in; of a target those of its name"""
    is_name_in_maintenance: bool = False
    """of a target: whether an administrator lets nobody ping its name"""


# Most destinations have the same owners.
@lru_cache(maxsize=4096)
def _groups(owners: str) -> tuple[str, ...]:
    return Registration(0, "", {name: Owner(*fields) for name, fields in json.loads(owners).items()}).groups


class OfName(NamedTuple):
    """What of a destination matters to its targets, if it is a name."""

    is_name: bool
    next_hop: str
    policy: Policy
    in_maintenance: bool
    marks: str


class Timing(NamedTuple):
    """What moves a destination's next ping when it changes."""

    interval: int
    """us"""
    not_before: int
    """us; 0 for none"""


class Pinged:
    """A destination, as the prober remembers it between two pings."""

    __slots__ = (
        "admin",
        "apart",
        "asked",
        "checksum",
        "departure",
        "generation",
        "in_flight",
        "in_maintenance",
        "interval",
        "is_void",
        "latest",
        "marks",
        "mine",
        "not_before",
        "offset",
        "owners",
        "pace",
        "pending",
        "place",
        "policy",
        "sent",
        "spread",
        "target",
        "tracks",
        "turn",
        "uri",
        "way",
        "wish",
    )

    def __init__(self, generation: int, place: float, policy: Policy) -> None:
        self.generation = generation
        self.place = place
        self.policy = policy
        self.uri = ""
        self.way: Way
        self.departure = Departure()
        self.owners = ""
        """JSON, its owners as its registration has them, which may be lost, and is made anew of this"""
        self.target: Behind | None = None
        """where it stands, if it is a target"""
        self.marks = NO_MARKS
        """what its pings bear: for which groups they are counted, as counted.set_of(), or ""; and trackers"""
        self.tracks = ""
        """the key of the destination that it tracks, as it is not pinged itself; "" if it is"""
        self.apart = 0
        """us, how far apart the pings of that one are; 0 if it tracks none"""
        self.checksum = 0
        """hash of registration, so that its row can be compared without a copy of it"""
        self.mine = True
        """whether this node of a cluster pings it; else it has no turn here, and is in no count"""
        self.is_void = False
        """whether its last ping had no verdict"""
        self.admin: Admin | None = None
        self.in_maintenance = False
        """whether an administrator lets nobody ping it, or its name"""
        self.wish = Wish.REGULARLY
        """what was wished since its last ping"""
        self.asked = 0
        """when the first ping left since it came, or since it was not to be pinged, in us; 0 before"""
        self.turn = 0
        """when its last turn was, whether it was pinged then or not, in us; 0 before the first"""
        self.latest = 0
        """when its next turn is at the latest, in us, whatever the intervals are meanwhile"""
        self.sent = 0
        """when its last ping left, in us"""
        self.in_flight = False
        """whether its last ping may have no result yet"""
        self.not_before = 0
        """no ping before this time in us, as a reply asked for that; 0 for none"""
        # What follows from policy and pace, at hand for the next ping; us.
        self.pace, self.interval, self.pending = Pace.REGULAR, 0, 0
        """of these the last is shorter, out of turn, while a change is under way; 0 for none"""
        self.offset = self.spread = 0

    @property
    def of_name(self) -> OfName:
        """What of it matters to its targets, if it is a name."""
        way = self.way
        return OfName(way.is_name, way.through or self.uri, self.policy, self.in_maintenance, self.marks)

    @property
    def timing(self) -> Timing:
        """What moves its next ping when it changes."""
        return Timing(self.interval, self.not_before)

    @property
    def trackers(self) -> str:
        """The numbers of the probers that have trackers of it, a digit each; "" if nobody tracks it."""
        return self.marks.rpartition(" ")[2]

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups that its owners put it into, as Registration has them."""
        return _groups(self.owners)

    @property
    def registration(self) -> str:
        """How it was registered when it was looked at the last time: the text of that row."""
        return registration_text(self.generation, self.uri, self.owners, self.target)

    def follow_pace(self, pace: Pace) -> None:
        """Take over the interval of a pace."""
        self.pace = pace
        self.interval, self.pending = self.policy.interval_at(pace), 0
        regular = self.policy.interval_at(Pace.REGULAR)
        if pace is Pace.PENDING and self.interval < regular:
            self.interval, self.pending = regular, self.interval
        self.offset = int(self.place * self.interval)
        self.spread = int(self.policy.jitter * self.interval)

    def soon(self, now: int) -> int:
        """Return when it may be pinged out of turn, in us."""
        return max(now, self.sent + SOONEST)

    def first(self, now: int) -> int:
        """Return when it is pinged if it is asked anew from now on, in us."""
        return max(first_ping(now, self.place), self.soon(now))

    def leaves_at(self, due: int) -> int:
        """Return when a ping leaves that is due at a time in us: an order comes before the peer's wish."""
        return due if self.wish.is_order else max(due, self.not_before)
