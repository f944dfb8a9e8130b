"""The destinations that one prober pings, and when each of them is due (pure).

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
from .pace import pace
from .policy import Policy
from .schedule import SOONEST, Wish, next_ping, phase
from .sockets import Departure
from .target import Seen, Target, Timing
from .ways import way_of

# The time in us for which a destination that is gone is remembered: it may be added again.
_REMEMBERED_US = SOONEST


class Fleet:
    """The targets of one prober, by their keys.

    Arguments: chance, returns a random number from 0 up to 1; departure, says how pings to a URI leave.
    """

    def __init__(self, chance: Callable[[], float], departure: Callable[[str, Policy], Departure]) -> None:
        self.pings = Lanes()
        """when each is due; some keys may be of destinations that are gone"""
        self.rate = 0.0
        """pings in a second, all together"""
        self.behind: Counter[str] = Counter()
        """the number of destinations that are pinged from each socket"""
        self._targets: dict[str, Target] = {}
        self.get: Callable[[str], Target | None] = self._targets.get
        """returns a target, None if there is none of that key"""
        self._gone: OrderedDict[str, tuple[int, Target]] = OrderedDict()
        """destinations that left lately, the oldest first, and when they left, in us"""
        self._chance = chance
        self._departure = departure
        self._places = 0

    def __len__(self) -> int:
        return len(self._targets)

    def __contains__(self, key: str) -> bool:
        return key in self._targets

    def __getitem__(self, key: str) -> Target:
        return self._targets[key]

    def keys(self) -> KeysView[str]:
        """Return the keys of all targets."""
        return self._targets.keys()

    def items(self) -> ItemsView[str, Target]:
        """Return keys and targets: walks all of them."""
        return self._targets.items()

    def follow(self, key: str, seen: Seen, wish: Wish, now: int) -> Target:
        """Take over how a destination is registered, how it is, and when it is to be pinged."""
        target = self._targets.get(key)
        if target is None or target.generation != seen.registered.generation:
            target = self._take_in(key, seen, now)
        before = target.timing
        self._take_policy(target, seen.registered.uri, seen.policy)
        # Most destinations have the same owners, whose text is kept once.
        target.owners = sys.intern(json.dumps(seen.registered.owners))
        target.checksum = hash(target.registration)
        target.is_void = seen.health.voids > 0
        target.not_before = seen.health.not_before
        target.follow_pace(pace(seen.health, now))
        was_in_maintenance, target.admin = target.in_maintenance, seen.admin
        if was_in_maintenance and not target.in_maintenance:
            # During its maintenance nothing was learned of it.
            target.asked = 0
            wish = wish.joined_by(Wish.SOON)
        target.wish = target.wish.joined_by(wish)
        self._plan_again(key, target, before, now)
        return target

    def change_policy(self, key: str, policy: Policy, now: int) -> None:
        """Take over what is in force for a destination from now on."""
        target = self._targets[key]
        before = target.timing
        self._take_policy(target, target.uri, policy)
        target.follow_pace(target.pace)
        self._plan_again(key, target, before, now)

    def remove(self, key: str, now: int) -> None:
        """Ping a destination no more; one that is not there is no error."""
        target = self._targets.pop(key, None)
        if target is not None:
            self._count(target.policy, -1)
            self._gone[key] = now, target

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
        for key, target in self._targets.items():
            target.asked = 0
            # What was due before the pause keeps its time, so that pauses in a row put nothing off.
            if (self.pings.turn(key) or now) > paused:
                self.pings.put(key, target.leaves_at(target.first(now)))

    def ask_anew(self, addresses: AbstractSet[str], now: int) -> None:
        """Ask all soon that leave from one of this server's addresses: walks all of them."""
        for key, target in self._targets.items():
            if not addresses.isdisjoint(target.departure.addresses):
                self.pings.bring_forward(key, target.leaves_at(target.first(now)))

    def plan_next(self, key: str, now: int) -> None:
        """Put a destination's next ping where it belongs, at its turn."""
        target = self._targets[key]
        target.turn = now
        target.latest = now + target.interval + target.spread
        regular = next_ping(now, target.offset, target.interval, target.spread, self._chance())
        self.pings.put(key, max(regular, target.not_before))
        if target.pending:
            self.pings.ask(key, max(now + target.pending, target.not_before))

    def _plan_again(self, key: str, target: Target, before: Timing, now: int) -> None:
        """Put the next ping where it belongs, after a change of its timing, or a wish."""
        turn = self.pings.turn(key) or now
        # No interval moves a destination's first ping.
        if target.turn and target.timing != before:
            regular = next_ping(now, target.offset, target.interval, target.spread, self._chance())
            target.latest = max(target.latest, target.turn + target.interval + target.spread)
            turn = min(regular, turn if target.interval == before.interval else target.latest)
        self.pings.put(key, max(turn, target.not_before))
        if target.wish.is_order:
            # An order comes before the peer's wish.
            self.pings.ask_at_once(key, target.soon(now))
        if target.wish is Wish.SOON:
            self.pings.ask(key, target.soon(now), not_before=target.not_before)
        elif target.pending:
            self.pings.ask(key, now + target.pending, not_before=target.not_before)
        else:
            self.pings.leave(key)

    def _take_in(self, key: str, seen: Seen, now: int) -> Target:
        """Make a target of a new registration, perhaps of a destination that was there before."""
        self.remove(key, now)
        _, before = self._gone.pop(key, (0, None))
        if before is None:
            self._places += 1
            target = Target(seen.registered.generation, phase(self._places), seen.policy)
        else:
            target = Target(seen.registered.generation, before.place, seen.policy)
            target.sent = before.sent
        self._count(target.policy, 1)
        self._targets[key] = target
        self.pings.leave(key)
        # A destination that is added again and again is not put off by that.
        self.pings.bring_forward(key, target.first(now))
        return target

    def _take_policy(self, target: Target, uri: str, policy: Policy) -> None:
        if target.policy is not policy or target.uri != uri:
            self._count(target.policy, -1)
            self._count(policy, 1)
            target.uri, target.policy, target.way = uri, policy, way_of(uri, policy)
            target.departure = self._departure(uri, policy)

    def _count(self, policy: Policy, by: int) -> None:
        self.rate += by / policy.interval
        self.behind[policy.socket] += by
