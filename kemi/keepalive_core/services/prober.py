"""The timer's tick: which pings leave now, and which were never answered.

The schedule lies in the memory of the one process that runs the tick; which destinations there are, and
how they are, is read from shared memory, at the start and when a change is announced.
"""

import random
from collections.abc import Callable
from functools import partial

from ..kamailio import (
    clock,
    cluster_defines,
    cluster_rows,
    counter_rows,
    destination_rows,
    listeners,
    queues,
    tracked_rows,
)
from ..rules import counted, tracking
from ..rules.fleet import Fleet
from ..rules.judging import is_spent
from ..rules.modes import is_maintenance
from ..rules.pinged import Pinged, Seen
from ..rules.policy import Policy
from ..rules.schedule import Wish, pings_allowed
from ..rules.times import SECOND
from . import cfg_group, configuration, name_states, policies, registrations, registry, startup, tracked
from .bulkhead import Bulkhead
from .changes import Changes
from .departures import Departures
from .expiries import Expiries
from .housekeeping import Housekeeping
from .interruptions import Pause, Stalls
from .mending import Common, Mending
from .node_share import NodeShare
from .pinging import Pinging
from .self_ping import SelfPing
from .share import Share
from .trackers import Trackers


class Prober:
    """Sends the pings of the server, or of its share of the destinations if there are several probers.

    Arguments: clock, returns the time in us; chance, returns a random number from 0 up to 1.
    """

    def __init__(
        self, clock: Callable[[], int] = clock.now, chance: Callable[[], float] = random.random
    ) -> None:
        self._clock = clock
        self._share, self._stalls = Share(), Stalls()
        self._bulkhead, self._departures = Bulkhead(clock), Departures()
        self._fleet = Fleet(chance, self._departures.of)
        self._node_share = NodeShare(self._fleet, clock)
        self._pause = Pause(self._fleet, self._share)
        self._expiries = Expiries(self._fleet, self._pause, self._stalls, clock)
        self._housekeeping = Housekeeping(self._fleet, self._share)
        self._mending, self._common, self._self_ping = Mending(self._fleet, clock), Common(), SelfPing()
        self._trackers = Trackers(self._fleet, self._share, self._bulkhead, clock)
        self._changes = Changes(self._look_at, self._fleet, self._share, self._bulkhead, clock)
        self._pinging = Pinging(
            *(self._fleet, self._departures, self._housekeeping, self._mending, self._bulkhead, clock),
        )
        self._has_begun = False
        """whether the destinations that were there before it are loaded"""
        self._last_tick = 0
        """when its last tick began, in us"""
        self._sent_in_last_tick = 0
        """how many pings"""
        self._next_second = 0
        self._each_second: tuple[Callable[[int], None], ...] = (
            self._join,
            self._keep_common_rows,
            self._follow_settings,
            self._pause.pause_or_resume,
            self._begin,
            self._changes.find_unannounced,
            self._changes.look_again,
            self._fleet.forget_the_gone,
            self._look_after_addresses,
            self._node_share.look_after_view,
            self._ping_itself,
            self._trackers.look_after_the_tracked,
            *self._housekeeping.tasks,
        )
        """what to do once a second, each called with the time in us; no ping and no deadline waits for it"""

    def tick(self) -> None:
        """Do what is due; its cost does not depend on the number of destinations."""
        now = self._clock()
        self._stalls.notice(self._last_tick, now)
        do = self._bulkhead.do
        if now >= self._next_second:
            self._next_second = now + SECOND
            for task in self._each_second:
                do(task, now)
        if not self._share.is_claimed:
            return
        if self._self_ping.under_way is not None:
            do(self._self_ping.go_on, now)
        if cluster_defines.is_on():
            # What is looked at next is asked at once if it is this node's.
            do(self._node_share.follow_view, now)
        do(self._changes.take_changes, now)
        if len(self._fleet):
            do(self._follow_addresses, now)
            do(self._mend_rows, now)
            self._bulkhead.for_each(self._pinging.overdue(now), self._pinging.give_up)
            lost = self._pinging.rehearsed(now)
            self._bulkhead.for_each(lost, lambda key: self._pinging.judge_lost(key, *lost[key]))
            self._expiries.end_what_is_over(now, self._bulkhead)
            if not self._pause.is_on:
                self._send_what_is_due(now)
        # Behind the pings, which do not wait for it.
        do(self._trackers.follow_the_tracked, now)
        # The first one may read files for seconds, and nobody waits for it.
        self._last_tick = now if self._last_tick else self._clock()

    def _send_what_is_due(self, now: int) -> None:
        fleet = self._fleet
        allowed = pings_allowed(fleet.rate_at(now), now - self._last_tick, self._sent_in_last_tick)
        regular, out_of_turn = fleet.pings.take(now, allowed, fleet.rate)
        self._sent_in_last_tick = len(regular)
        due = [key for key in regular + out_of_turn if fleet.get(key)]
        self._bulkhead.for_each(due, partial(fleet.plan_next, now=now))
        # Nothing but sending between: 68 us a ping where it was 77 in turns, as caches stay warm.
        self._bulkhead.for_each(due, self._pinging.ping)

    # --- once a second ------------------------------------------------------------------------------------

    def _join(self, now: int) -> None:
        self._share.claim()
        listeners.publish()
        configuration.read_defines()
        if counter_rows.is_counting():
            counter_rows.store_tick(self._share.number, now // SECOND, self._fleet.rate)
        if cluster_defines.is_on():
            cluster_rows.store_tick(self._share.number, now)

    def _keep_common_rows(self, now: int) -> None:
        if self._share.is_first:
            self._common.keep(now)

    def _follow_settings(self, now: int) -> None:
        changed = cfg_group.refresh() if self._share.is_first else configuration.has_changed()
        if not configuration.have_groups_changed() and not changed:
            return
        for key, pinged in self._fleet.items():
            was = pinged.of_name
            self._fleet.change_policy(key, _policy_now(pinged), now)
            self._expiries.follow_policy(key, pinged, now)
            is_elsewhere = not self._share.keeps(key, pinged.way) or not self._trackers.follows(key, pinged)
            has_other_nodes = pinged.policy.cluster_nodes != was.policy.cluster_nodes
            if was.is_name or pinged.way.is_name or is_elsewhere or has_other_nodes:
                name_states.follow_settings(key, was, pinged.of_name)
                self._changes.to_look_at.setdefault(key, Wish.REGULARLY)
        self._housekeeping.settings_changed()

    def _begin(self, now: int) -> None:
        if not self._has_begun:
            startup.start(may_take_seconds=True)
            self._changes.look_at_all(now)
            self._has_begun = True

    def _look_after_addresses(self, now: int) -> None:
        self._departures.look()

    def _ping_itself(self, now: int) -> None:
        if self._share.is_first:
            self._self_ping.begin(now)

    # --- what has changed ---------------------------------------------------------------------------------

    def _follow_addresses(self, now: int) -> None:
        """Ask anew what leaves from an address that this server has again."""
        back = self._departures.back()
        if back:
            self._fleet.ask_anew(back, now)

    def _mend_rows(self, now: int) -> None:
        """Have rows made anew that were lost, and look for more of them."""
        if self._mending.has_suspects and self._changes.is_all_followed:
            for key in self._mending.mend(self._changes.is_quiet):
                self._look_at(key, now)
        self._mending.look_around(now)

    def _look_at(self, key: str, now: int, wish: Wish = Wish.REGULARLY) -> None:
        """Take over how a destination is registered, and how it is, now."""
        seen = _seen(key)
        if seen is None:
            self._miss(key, now)
            self._share.take_back(key)
            return
        before = self._fleet.get(key)
        if before is not None and before.generation != seen.registered.generation:
            self._forget(key, now)
            before = None
        was = before.of_name if before else None
        pinged = self._node_share.follow(key, seen, wish, now)
        trackers = tracking.probers_of(tracked_rows.numbers(key))
        group_set = counted.set_of(seen.groups) if counter_rows.is_counting() else ""
        pinged.marks = f"{group_set} {trackers}"
        if self._share.hand_on(key, pinged.way, wish):
            # Nobody else knows what it was.
            name_states.follow_settings(key, was, pinged.of_name)
            self._forget(key, now)
            return
        name_states.follow_change(key, was, pinged.of_name, wish)
        if trackers and wish is not Wish.REGULARLY and not pinged.way.is_name and cluster_defines.is_on():
            # Whoever has just come to track it learns at once what holds for it.
            tracked.share_state(key)
        self._trackers.follow(key, pinged, now)
        self._expiries.follow(key, pinged, seen, now)
        # Of those that track another one, that one is told.
        voids = None if pinged.tracks else seen.health
        self._housekeeping.follow_voids(key, voids, seen.policy.criteria.fall)
        # Whoever registered it may not have known yet what unknown_as is.
        registrations.follow_unknown_as(key, seen.policy.unknown_as)
        is_over = is_spent(seen.health, seen.policy.criteria) and not seen.registered.target
        if is_over and self._node_share.owns(key):
            registry.give_up(key)

    def _miss(self, key: str, now: int) -> None:
        """Forget a destination that is gone; if only some of its rows are, have those made anew."""
        if key in self._fleet and registrations.is_there(key):
            self._mending.suspect(key)
        else:
            self._forget(key, now)

    def _forget(self, key: str, now: int) -> None:
        pinged = self._fleet.get(key)
        if pinged is not None and pinged.way.is_name:
            queues.announce_name(key)
        self._fleet.remove(key, now)
        self._node_share.forget(key)
        self._trackers.forget(key)
        self._expiries.forget(key)
        self._housekeeping.follow_voids(key, None)


def _policy_now(pinged: Pinged) -> Policy:
    """Return what is in force for a destination now: settings, or options of its groups, have changed."""
    if pinged.target:
        return policies.policy_of(destination_rows.registration(pinged.target.name))
    return policies.policy(pinged.policy.options, pinged.groups)


def _seen(key: str) -> Seen | None:
    """Return how a destination is registered, and how it is, now; None if a row of that is missing."""
    registered = destination_rows.registration(key)
    known = destination_rows.health(key)
    if registered is None or known is None:
        return None
    wanted = policies.as_wanted(registered)
    target = registered.target
    return Seen(
        registered,
        policies.policy_of(wanted),
        known,
        destination_rows.admin(key),
        wanted.groups if wanted else (),
        is_maintenance(destination_rows.admin(target.name)) if target else False,
    )


the_prober = Prober()
