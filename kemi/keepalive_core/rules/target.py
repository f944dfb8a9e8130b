"""A destination, as its prober remembers it between two pings (pure). Times are microseconds of one clock."""

import json
from functools import lru_cache
from typing import NamedTuple

from .modes import MAINT, Admin
from .pace import Pace
from .policy import Policy
from .record import Health
from .rows import Owner, Registration
from .schedule import SOONEST, Wish, first_ping
from .sockets import Departure
from .ways import Way


class Seen(NamedTuple):
    """A destination, as it is registered and how it is."""

    registered: Registration
    policy: Policy
    health: Health
    admin: Admin | None


# Most destinations have the same owners.
@lru_cache(maxsize=4096)
def _groups(owners: str) -> tuple[str, ...]:
    return Registration(0, "", {name: Owner(*fields) for name, fields in json.loads(owners).items()}).groups


class Timing(NamedTuple):
    """What moves a destination's next ping when it changes."""

    interval: int
    """us"""
    not_before: int
    """us; 0 for none"""


class Target:
    """A destination, as the prober remembers it between two pings."""

    __slots__ = (
        "admin",
        "asked",
        "checksum",
        "departure",
        "generation",
        "group_set",
        "in_flight",
        "interval",
        "is_void",
        "latest",
        "not_before",
        "offset",
        "owners",
        "pace",
        "pending",
        "place",
        "policy",
        "sent",
        "spread",
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
        """JSON, its owners as its registration has them: that row may be lost, and is made anew of this"""
        self.group_set = ""
        """for which set of groups its pings are counted, as in rules/counted.py; "" if they are not"""
        self.checksum = 0
        """hash of registration, so that its row can be compared without a copy of it"""
        self.is_void = False
        """whether its last ping had no verdict"""
        self.admin: Admin | None = None
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
        self.pace = Pace.REGULAR
        self.interval = 0
        self.pending = 0
        """a shorter interval, out of turn, while a change is under way; 0 for none"""
        self.offset = 0
        self.spread = 0

    @property
    def timing(self) -> Timing:
        """What moves its next ping when it changes."""
        return Timing(self.interval, self.not_before)

    @property
    def in_maintenance(self) -> bool:
        """Whether an administrator lets nobody ping it."""
        return self.admin is not None and self.admin.mode == MAINT

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups that its owners put it into, as Registration has them."""
        return _groups(self.owners)

    @property
    def registration(self) -> str:
        """How it was registered when it was looked at the last time: the text of that row."""
        return f"[{self.generation}, {json.dumps(self.uri)}, {self.owners}]"

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
