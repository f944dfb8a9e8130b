"""The destinations that one prober pings, and when each of them is due (pure).

Those that track another one are here too, and those that another node of a cluster pings, but they have no
turn, and are not counted.

Whatever asks for a ping, or changes when one is due, comes through here. A wish and a change bring a ping
forward. Two things alone put it off: a longer interval, to one such interval after the last turn at the most;
and a reply that asks for no ping before a time (Retry-After).
"""

import json
import sys
from collections import Counter, OrderedDict
from collections.abc import Callable, ItemsView, KeysView
from collections.abc import Set as AbstractSet

from .lanes import Lanes
from .modes import is_maintenance
from .pace import pace
from .pinged import Pinged, Seen, Timing
from .policy import Policy
from .schedule import SOONEST, Wish, next_ping, phase
from .sockets import Departure
from .take_over import SPREAD_US, TakeOver
from .tracking import tracks
from .ways import way_of

# The time in us for which a destination that is gone is remembered: it may be added again.
_REMEMBERED_US = SOONEST


class Fleet:
    """The destinations of one prober, by their keys.

    Arguments: chance, returns a random number from 0 up to 1; departure, says how pings to a URI leave.
    """

    def __init__(self, chance: Callable[[], float], departure: Callable[[str, Policy], Departure]) -> None:
        self.pings = Lanes()
        """when each is due; some keys may be of destinations that are gone"""
        self.rate = 0.0
        """pings in a second, all together"""
        self.behind: Counter[str] = Counter()
        """the number of destinations that are pinged from each socket"""
        self._targets: dict[str, Pinged] = {}
        self.get: Callable[[str], Pinged | None] = self._targets.get
        """returns a destination, None if there is none of that key"""
        self._gone: OrderedDict[str, tuple[int, Pinged]] = OrderedDict()
        """destinations that left lately, the oldest first, and when they left, in us"""
        self._taken_over = TakeOver()
        self._chance = chance
        self._departure = departure
        self._places = 0

    def __len__(self) -> int:
        return len(self._targets)

    def __contains__(self, key: str) -> bool:
        return key in self._targets

    def __getitem__(self, key: str) -> Pinged:
        return self._targets[key]

    def rate_at(self, now: int) -> float:
        """Return how many pings may leave in a second at a time in us, with those that are taken over."""
        return self.rate + self._taken_over.rate(now)

    def keys(self) -> KeysView[str]:
        """Return the keys of all destinations."""
        return self._targets.keys()

    def items(self) -> ItemsView[str, Pinged]:
        """Return keys and destinations: walks all of them."""
        return self._targets.items()

    def follow(self, key: str, seen: Seen, wish: Wish, now: int, mine: bool = True) -> Pinged:
        """Take over how a destination is registered, how it is, and when it is to be pinged.

        Arguments: mine, whether this node of a cluster pings it.
        """
        pinged = self._targets.get(key)
        if pinged is None or pinged.generation != seen.registered.generation:
            pinged = self._take_in(key, seen, now)
        before = pinged.timing
        self._take_policy(key, pinged, seen.registered.uri, seen.policy)
        comes_back = not pinged.mine
        self._take_or_leave(pinged, mine)
        pinged.target = seen.registered.target
        # Most destinations have the same owners, whose text is kept once.
        pinged.owners = sys.intern(json.dumps(seen.registered.owners))
        pinged.checksum = hash(pinged.registration)
        pinged.is_void = seen.health.voids > 0
        pinged.not_before = seen.health.not_before
        pinged.follow_pace(pace(seen.health, now))
        was_in_maintenance, pinged.admin = pinged.in_maintenance, seen.admin
        pinged.in_maintenance = is_maintenance(seen.admin) or seen.is_name_in_maintenance
        if was_in_maintenance and not pinged.in_maintenance:
            # During its maintenance nothing was learned of it.
            pinged.asked = 0
            wish = wish.joined_by(Wish.SOON if pinged.mine else Wish.REGULARLY)
        pinged.wish = pinged.wish.joined_by(wish)
        if comes_back and pinged.mine:
            # Another node has asked lately.
            self.pings.put(key, self._regular(pinged, now))
        self._plan_again(key, pinged, before, now)
        return pinged

    def change_policy(self, key: str, policy: Policy, now: int) -> None:
        """Take over what is in force for a destination from now on."""
        pinged = self._targets[key]
        before = pinged.timing
        self._take_policy(key, pinged, pinged.uri, policy)
        pinged.follow_pace(pinged.pace)
        self._plan_again(key, pinged, before, now)

    def take_over(self, key: str, now: int) -> None:
        """Ping a destination from now on that another node of a cluster has pinged until now."""
        pinged = self._targets[key]
        self._take_or_leave(pinged, mine=True)
        if not pinged.tracks:
            self._taken_over.add(now)
            due = max(now + int(pinged.place * SPREAD_US), pinged.soon(now))
            self.pings.bring_forward(key, pinged.leaves_at(due))

    def hand_over(self, key: str, now: int) -> None:
        """Leave a destination to another node of a cluster; whoever wished a ping of it still gets that."""
        pinged = self._targets[key]
        self._take_or_leave(pinged, mine=False)
        if not pinged.mine:
            self._plan_once(key, pinged, now)

    def remove(self, key: str, now: int) -> None:
        """Ping a destination no more; one that is not there is no error."""
        pinged = self._targets.pop(key, None)
        if pinged is not None:
            self._count(pinged, -1)
            self._gone[key] = now, pinged

    def forget_the_gone(self, now: int) -> None:
        """Forget destinations that left and were not added again."""
        while self._gone:
            key, (left, _) = next(iter(self._gone.items()))
            if now < left + _REMEMBERED_US:
                return
            del self._gone[key]
            self.pings.remove(key)

    def resume(self, paused: int, now: int) -> None:
        """Ask all anew, spread as at a start: walks all of them.

        Arguments: paused, since when nobody was asked, in us; now, in us.
        """
        for key, pinged in self._targets.items():
            pinged.asked = now if pinged.tracks and pinged.asked else 0
            if pinged.tracks or not pinged.mine:
                continue
            # What was due before the pause keeps its time, so that pauses in a row put nothing off.
            if (self.pings.turn(key) or now) > paused:
                self.pings.put(key, pinged.leaves_at(pinged.first(now)))

    def ask_anew(self, addresses: AbstractSet[str], now: int) -> None:
        """Ask all soon that leave from one of this server's addresses: walks all of them."""
        for key, pinged in self._targets.items():
            is_asked = pinged.mine and not pinged.tracks
            if is_asked and not addresses.isdisjoint(pinged.departure.addresses):
                self.pings.bring_forward(key, pinged.leaves_at(pinged.first(now)))

    def plan_next(self, key: str, now: int) -> None:
        """Put a destination's next ping where it belongs, at its turn."""
        pinged = self._targets[key]
        if not pinged.mine:
            return  # it was ordered
        pinged.turn = now
        pinged.latest = now + pinged.interval + pinged.spread
        self.pings.put(key, max(self._regular(pinged, now), pinged.not_before))
        if pinged.pending:
            self.pings.ask(key, max(now + pinged.pending, pinged.not_before))

    def _regular(self, pinged: Pinged, now: int) -> int:
        return next_ping(now, pinged.offset, pinged.interval, pinged.spread, self._chance())

    def _plan_again(self, key: str, pinged: Pinged, before: Timing, now: int) -> None:
        """Put the next ping where it belongs, after a change of its timing, or a wish."""
        if pinged.tracks:
            self.pings.remove(key)
            return
        if not pinged.mine:
            self._plan_once(key, pinged, now)
            return
        # Whoever has tracked another one has no turn yet.
        turn = self.pings.turn(key) or pinged.first(now)
        # No interval moves a destination's first ping.
        if pinged.turn and pinged.timing != before:
            regular = self._regular(pinged, now)
            pinged.latest = max(pinged.latest, pinged.turn + pinged.interval + pinged.spread)
            turn = min(regular, turn if pinged.interval == before.interval else pinged.latest)
        self.pings.put(key, max(turn, pinged.not_before))
        self._heed_wish(key, pinged, now)
        if pinged.pending and pinged.wish is not Wish.SOON:
            self.pings.ask(key, now + pinged.pending, not_before=pinged.not_before)

    def _plan_once(self, key: str, pinged: Pinged, now: int) -> None:
        """Have one ping at the most of what another node pings: it was ordered, or calls of this one fail."""
        self.pings.have_no_turn(key)
        self._heed_wish(key, pinged, now)

    def _heed_wish(self, key: str, pinged: Pinged, now: int) -> None:
        if pinged.wish.is_order:
            # An order comes before the peer's wish.
            self.pings.ask_at_once(key, pinged.soon(now))
        if pinged.wish is Wish.SOON:
            self.pings.ask(key, pinged.soon(now), not_before=pinged.not_before)
        elif not pinged.pending or not pinged.mine:
            self.pings.leave(key)

    def _take_in(self, key: str, seen: Seen, now: int) -> Pinged:
        """Remember a new registration, perhaps of a destination that was there before."""
        self.remove(key, now)
        _, before = self._gone.pop(key, (0, None))
        if before is None:
            self._places += 1
            pinged = Pinged(seen.registered.generation, phase(self._places), seen.policy)
        else:
            pinged = Pinged(seen.registered.generation, before.place, seen.policy)
            pinged.sent = before.sent
        self._targets[key] = pinged
        self.pings.leave(key)
        # A destination that is added again and again is not put off by that.
        self.pings.bring_forward(key, pinged.first(now))
        return pinged

    def _take_policy(self, key: str, pinged: Pinged, uri: str, policy: Policy) -> None:
        if pinged.policy is not policy or pinged.uri != uri:
            self._count(pinged, -1)
            pinged.uri, pinged.policy, pinged.way = uri, policy, way_of(key, uri, policy)
            tracked = tracks(key, policy)
            if pinged.tracks and not tracked:
                pinged.asked = pinged.apart = 0
            pinged.tracks = tracked
            self._count(pinged, 1)
            is_sent = not pinged.way.is_name and not pinged.tracks
            pinged.departure = self._departure(pinged.way.through or uri, policy) if is_sent else Departure()

    def _take_or_leave(self, pinged: Pinged, mine: bool) -> None:
        # Each node looks at the targets of a name by itself.
        mine = mine or pinged.way.is_name
        if pinged.mine is not mine:
            self._count(pinged, -1)
            pinged.mine = mine
            # What others have asked is no time in which this node has asked.
            pinged.asked = 0
            self._count(pinged, 1)

    def _count(self, pinged: Pinged, by: int) -> None:
        # Whoever has just come is not counted yet; and of a name the targets are.
        if pinged.uri and pinged.mine and not pinged.way.is_name and not pinged.tracks:
            self.rate += by / pinged.policy.interval
            self.behind[pinged.policy.socket] += by
