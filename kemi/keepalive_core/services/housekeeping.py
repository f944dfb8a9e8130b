"""What a prober does once a second, beside its pings."""

import logging
import time
from collections.abc import Callable
from typing import Final

from ..kamailio import destination_rows, group_rows, uplink_rows, variables
from ..rules.evidence import NO_VERDICT, Kind
from ..rules.fleet import Fleet
from ..rules.minutely import Minutely
from ..rules.record import Health
from ..rules.times import MINUTE, SECOND
from . import cfg_group, configuration, group_options, groups, lists, registrations, startup
from .inspection import Groups
from .lists import Outcome
from .share import Share

log = logging.getLogger("keepalive")

CROWDED: Final = 8
"""More destinations than this in a table's slot are walked one by one, at each reply and is_alive"""
REPLACE_AGAIN = MINUTE
"""us after which a list of destinations that could not be followed is tried again"""


class Housekeeping:
    """The tasks of one prober; the first of the probers has some for the whole server.

    Arguments: fleet and share, the prober's.
    """

    def __init__(self, fleet: Fleet, share: Share) -> None:
        self._fleet = fleet
        self._share = share
        self._told_crowded = False
        self._minutely = Minutely()
        self._voids: dict[str, None] = {}
        """destinations of which more than ``fall`` pings in a row had no verdict, the first one first"""
        self._unsent: dict[str, dict[str, str]] = {}
        """by the kind of hindrance, the destinations since that was told, each with the reason in full"""
        self._list: tuple[str, bool] | None = None
        """the list of destinations of kamailio.cfg that was followed last, as far as that went"""
        self._next_list = 0
        self._next_missed = 0
        self._groups = Groups()
        self._group_options = group_options.Kept()
        self.tasks: tuple[Callable[[int], None], ...] = (
            self._follow_configured_destinations,
            self._bring_in_missed,
            self._publish_behind,
            self._keep_options_of_groups,
            self._tell_if_crowded,
            self._tell_of_voids,
            self._tell_of_unsent,
            self._inspect_groups,
        )
        """what to do each second, each called with the time in us; one's trouble is not the others'"""

    def follow_voids(self, key: str, known: Health | None, fall: int = 0) -> None:
        """Take over whether more than ``fall`` pings in a row had no verdict; None for who is gone.

        What is not sent is told elsewhere.
        """
        is_told = known is not None and known.result == Kind.UNSENT.word
        if known is not None and known.voids > fall and not is_told:
            self._voids[key] = None
        else:
            self._voids.pop(key, None)

    def note_unsent(self, key: str, why: str) -> None:
        """Take over that this server could not send a ping, and why: the kind of it, a colon, and more."""
        self._unsent.setdefault(why.partition(":")[0], {})[key] = why

    def settings_changed(self) -> None:
        """Have what is_alive reads, and the groups, follow other settings. Raises: SharedMemoryFull."""
        for key, pinged in self._fleet.items():
            registrations.follow_unknown_as(key, pinged.policy.unknown_as)
        if self._share.is_first:
            for name in group_rows.groups():
                groups.guard(name)

    def _follow_configured_destinations(self, now: int) -> None:
        changed = cfg_group.destinations_changed() if self._share.is_first else None
        if changed and (changed != self._list or now >= self._next_list):
            # If something goes wrong with it, it is tried again.
            self._list, self._next_list = changed, now + REPLACE_AGAIN
            outcome = lists.replace_configured(*changed)
            if outcome is Outcome.INCOMPLETE:
                cfg_group.destinations_to_try_again()
                return
            self._list = None
            text, is_of_cfg = changed
            if outcome is Outcome.FOLLOWED and is_of_cfg:
                cfg_group.destinations_followed(text)
            elif outcome is Outcome.FOLLOWED:
                cfg_group.destinations_ordered(text)
            else:
                cfg_group.destinations_refused(text)

    def _bring_in_missed(self, now: int) -> None:
        if self._share.is_first and now >= self._next_missed:
            began = time.monotonic()
            startup.bring_in_missed()
            # Meanwhile nothing is pinged, so a file of many thousand lines is not read that often.
            rest = max(lists.MISSED_SECONDS, 100 * (time.monotonic() - began))
            self._next_missed = now + int(rest * SECOND)

    def _publish_behind(self, now: int) -> None:
        """Let all processes know how many destinations are behind each socket, for mass_failure."""
        if not configuration.values()["mass_failure"]:
            return
        for socket, number in self._fleet.behind.items():
            if uplink_rows.behind_of(socket, self._share.number) != number:
                uplink_rows.store_behind(socket, self._share.number, number)

    def _inspect_groups(self, now: int) -> None:
        if self._share.is_first:
            self._groups.look_at_some()

    def _keep_options_of_groups(self, now: int) -> None:
        if self._share.is_first:
            self._group_options.keep()

    def _tell_if_crowded(self, now: int) -> None:
        """Say once that the tables have too few slots for the destinations."""
        number = len(self._fleet) * variables.probers()
        if number > CROWDED * 2 ** variables.table_size() and not self._told_crowded:
            self._told_crowded = True
            log.warning(
                "about %d destinations, but tables of 2^%d slots: define KEEPALIVE_TABLE_SIZE %d",
                number,
                variables.table_size(),
                (number // 4).bit_length(),
            )

    def _tell_of_voids(self, now: int) -> None:
        """Say once a minute who has had no verdict for long: nobody knows whether they answer."""
        if not self._voids or not self._minutely.may_tell("voids", now):
            return
        key = next(iter(self._voids))
        known = destination_rows.health(key)
        if known is None:
            return
        more = len(self._voids) - 1
        log.warning(
            "%s had no verdict on its last %d pings: %s%s",
            *(key, known.voids, known.reason.removeprefix(NO_VERDICT)),
            f"; and {more} more destinations on more than fall of theirs" if more else "",
        )

    def _tell_of_unsent(self, now: int) -> None:
        """Say once a minute, of each kind of hindrance, to whom no ping was sent since."""
        for kind, destinations in list(self._unsent.items()):
            if self._minutely.may_tell(kind, now):
                del self._unsent[kind]
                key, why = destinations.popitem()
                more = f" and {len(destinations)} more" if destinations else ""
                log.error("no ping is sent to %s%s: %s", key, more, why)
