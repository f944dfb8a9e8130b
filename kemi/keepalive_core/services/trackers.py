"""Those destinations of one prober that track others: they are not pinged, and judged as these are.

What a ping of a tracked one showed comes by a queue, from whoever judged it. Tick by tick a slice of the
trackers is judged by it, so that many of them keep no ping waiting.
"""

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from ..kamailio import cluster_defines, destination_rows, queues, tables, tracked_rows
from ..kamailio.tables import SharedMemoryFull
from ..rules.criteria import Criteria
from ..rules.evidence import Kind, OfCluster, OfTracked, Result
from ..rules.fleet import Fleet
from ..rules.judging import Transition
from ..rules.minutely import Minutely
from ..rules.pinged import Pinged
from ..rules.record import fast_success
from ..rules.schedule import TICK, Wish
from ..rules.states import UNKNOWN
from ..rules.times import SECOND
from ..rules.tracking import Backlog, Shown, criteria_for
from ..rules.turns import IN_A_CIRCLE, NOT_MONITORED
from . import configuration, tracked, uplinks, verdicts
from .bulkhead import Bulkhead
from .share import Share
from .terms import terms_of
from .tracked import Asked
from .verdicts import Case

log = logging.getLogger("keepalive")

UNTIL_US: Final = 2 * TICK // 3
"""How long a tick may go on with judging trackers, since its beginning; at least some are judged in each"""
_HEAR_US: Final = TICK // 20
# The number of tracked ones that are looked at in a second.
_AT_ONCE: Final = 20
# For this time in us whoever is tracked may still be about to be registered.
_AWAITED: Final = 10 * SECOND


class _Tracked:
    """A destination that some of a prober's track."""

    def __init__(self, now: int) -> None:
        self.trackers: dict[str, None] = {}
        self.asked = Asked("", None)
        self.unheard_since = now
        """since when nobody is there to be asked, in us"""
        self.is_told = False
        """whether the log has a line of that"""
        self.told: tuple[int, bool] | None = None
        """in a cluster: which state its trackers were told last, and whether it is drained"""


class Trackers:
    """The trackers of one prober.

    Arguments: fleet, share and bulkhead, the prober's; clock, returns the time in us.
    """

    def __init__(self, fleet: Fleet, share: Share, bulkhead: Bulkhead, clock: Callable[[], int]) -> None:
        self._fleet = fleet
        self._share = share
        self._bulkhead = bulkhead
        self._clock = clock
        self._tracked: dict[str, _Tracked] = {}
        self._tracks: dict[str, str] = {}
        """by the key of each tracker, what it tracks"""
        self._missed: set[str] = set()
        """trackers that were in maintenance when something new held in the cluster for the tracked one"""
        self._changed: dict[str, Wish] = {}
        """tracked ones whose trackers have become more or fewer, or want them to be pinged"""
        self._backlog = Backlog()
        self._round: list[str] = []
        self._minutely = Minutely()

    # --- who tracks whom ----------------------------------------------------------------------------------

    def follow(self, key: str, pinged: Pinged, now: int) -> None:
        """Take over what a destination tracks; what is wished for it is wished for that one."""
        if pinged.tracks != self._tracks.get(key, ""):
            self.forget(key)
            if pinged.tracks:
                self._join(key, pinged, now)
        if not pinged.tracks:
            return
        known = self._tracked[pinged.tracks]
        pinged.asked = _asked_since(known.asked, pinged.asked or now)
        pinged.apart = _apart(known.asked, pinged)
        if key in self._missed and not pinged.in_maintenance:
            self._missed.discard(key)
            self._wish(pinged.tracks, Wish.SOON)
        if pinged.wish is not Wish.REGULARLY:
            self._wish(pinged.tracks, pinged.wish)
            pinged.wish = Wish.REGULARLY

    def follows(self, key: str, pinged: Pinged) -> bool:
        """Say whether what a destination tracks is what it tracked when it was looked at."""
        return self._tracks.get(key, "") == pinged.tracks

    def forget(self, key: str) -> None:
        """A destination tracks nothing any more; one that did not is no error."""
        self._missed.discard(key)
        tracks = self._tracks.pop(key, None)
        if tracks is not None:
            del self._tracked[tracks].trackers[key]
            self._wish(tracks, Wish.REGULARLY)

    def _join(self, key: str, pinged: Pinged, now: int) -> None:
        tracks = pinged.tracks
        known = self._tracked.get(tracks)
        if known is None:
            known = self._tracked[tracks] = _Tracked(now)
            known.asked = tracked.asked_for(tracks)
        known.trackers[key] = None
        self._tracks[key] = tracks
        # As any new one, it is to be known within a second.
        self._wish(tracks, Wish.SOON)

    def _wish(self, tracks: str, wish: Wish) -> None:
        self._changed[tracks] = self._changed.get(tracks, wish).joined_by(wish)

    # --- in each tick -------------------------------------------------------------------------------------

    def follow_the_tracked(self, now: int) -> None:
        """Tell who is tracked, hear what their pings showed, and judge the next trackers by it."""
        if not self._tracked:
            return
        if self._changed:
            self._tell_tracked()
        self._hear(now)
        if len(self._backlog):
            self._judge_some(now)

    def _tell_tracked(self) -> None:
        end = self._clock() + _HEAR_US
        for tracks, wish in list(self._changed.items()):
            if self._clock() > end:
                return  # the rest in the next tick
            known = self._tracked[tracks]
            number = len(known.trackers)
            try:
                is_news = tracked_rows.store_number(tracks, self._share.number, number)
                if is_news or (wish is not Wish.REGULARLY and not self._is_in_a_circle(tracks)):
                    queues.announce_change(tracks, wish)
            except SharedMemoryFull as error:
                if self._minutely.may_tell("unknown", self._clock()):
                    log.error("who tracks %s is not known to it now: %s", tracks, error)
                return
            del self._changed[tracks]
            if not number:
                del self._tracked[tracks]

    def _is_in_a_circle(self, tracks: str) -> bool:
        # Else a wish would go round in it for ever.
        return tracked.asked_for(tracks).why_not == IN_A_CIRCLE

    def _hear(self, now: int) -> None:
        for tracks, text in tracked_rows.told(self._share.number):
            known = self._tracked.get(tracks)
            if known is not None:
                shown = Shown.from_text(text)
                if isinstance(shown.evidence, OfCluster) and shown.evidence.state is not None:
                    known.told = shown.evidence.state, shown.evidence.drain_until > 0
                if not self._backlog.put(tracks, shown, list(known.trackers)):
                    self._tell_too_many(tracks, len(known.trackers))
            if self._clock() - now > _HEAR_US:
                return

    def _judge_some(self, now: int) -> None:
        while work := self._backlog.take():
            tracks, shown, keys = work
            is_frozen = self._is_frozen(tracks)
            self._bulkhead.for_each(keys, partial(self._judge, tracks, shown, is_frozen))
            if self._clock() - now > UNTIL_US:
                return

    def _is_frozen(self, tracks: str) -> bool:
        policy = self._tracked[tracks].asked.policy if tracks in self._tracked else None
        if policy is None or not configuration.values()["mass_failure"]:
            return False
        return uplinks.is_frozen(policy, self._clock())

    def _judge(self, tracks: str, shown: Shown, is_frozen: bool, key: str) -> None:
        pinged = self._fleet.get(key)
        if pinged is None or pinged.tracks != tracks:
            return
        if pinged.in_maintenance:
            # A ping's result is followed by another one; what a cluster says is not.
            if isinstance(shown.evidence, OfCluster):
                self._missed.add(key)
            return
        criteria = criteria_for(pinged.policy.criteria, shown.criteria)
        if _is_judged(key, shown, criteria, is_frozen) and pinged.trackers:
            tracked.share(pinged.trackers, key, shown)

    # --- once a second ------------------------------------------------------------------------------------

    def look_after_the_tracked(self, now: int) -> None:
        """Look at some of those that are tracked: are they asked, how often, and do they know of that?"""
        if not self._share.is_claimed:
            return
        if not self._tracked:
            # What comes late is nobody's.
            for _ in tracked_rows.told(self._share.number):
                pass
            return
        self._round = self._round or list(self._tracked)
        some, self._round = self._round[:_AT_ONCE], self._round[_AT_ONCE:]
        for tracks in some:
            known = self._tracked.get(tracks)
            if known is not None:
                self._look_at(tracks, known, now)

    def _look_at(self, tracks: str, known: _Tracked, now: int) -> None:
        if tracked_rows.numbers(tracks).get(self._share.number, 0) != len(known.trackers):
            self._wish(tracks, Wish.REGULARLY)
        before, known.asked = known.asked, tracked.asked_for(tracks)
        if before != known.asked:
            for key in known.trackers:
                pinged = self._fleet[key]
                pinged.apart = _apart(known.asked, pinged)
                pinged.asked = _asked_since(known.asked, pinged.asked or now)
            if before.why_not and not known.asked.why_not and cluster_defines.is_on():
                # What holds for it is told when that changes, and trackers may have forgotten it meanwhile.
                self._wish(tracks, Wish.SOON)
        held = destination_rows.health(tracks) if known.told else None
        if held and held.state != UNKNOWN and known.told != (held.state, held.drain_until > 0):
            # Memory had no room for what they were to be told last.
            self._wish(tracks, Wish.SOON)
        self._tell_of_unheard(tracks, known, now)

    def _tell_of_unheard(self, tracks: str, known: _Tracked, now: int) -> None:
        """Say once that trackers track what is not monitored, or each other."""
        why = known.asked.why_not
        if why not in (NOT_MONITORED, IN_A_CIRCLE):
            known.unheard_since, known.is_told = now, False
        elif known.trackers and not known.is_told and now >= known.unheard_since + _AWAITED:
            known.is_told = True
            key, *others = known.trackers
            log.warning(
                "%s%s tracks %s, and nothing is learned of it: %s is %s",
                *(key, f", as {len(others)} others do," if others else "", tracks, known.asked.key, why),
            )

    def _tell_too_many(self, tracks: str, number: int) -> None:
        if self._minutely.may_tell("too many", self._clock()):
            log.warning(
                "%s is pinged more often than its %d trackers can be judged: some results are left out",
                *(tracks, number),
            )


def _asked_since(asked: Asked, since: int) -> int:
    """Return since when the one is asked that a tracker tracks, in us.

    In a cluster another node may ask that one: it is known here as long as anybody can ask it.
    """
    return 0 if cluster_defines.is_on() and not asked.why_not else since


def _apart(asked: Asked, pinged: Pinged) -> int:
    """Return how far apart, in us, the pings are that show how a tracker is."""
    return (asked.policy or pinged.policy).longest_interval


def _is_judged(key: str, shown: Shown, criteria: Criteria, is_frozen: bool) -> bool:
    """Judge what a ping of the one that it tracks showed for a tracker; False if it is no news to it."""
    with tables.locked(key) as row:
        record = row.record()
        result = shown.evidence
        if record and isinstance(result, Result) and _is_one_more_success(key, record, result, criteria):
            return True
        case = Case(key, record, terms_of(key))
        outcome = verdicts.conclude(case, OfTracked(shown.evidence, is_frozen), criteria)
    verdicts.tell(outcome)
    return outcome is not None and outcome.decision.transition is not Transition.STALE


def _is_one_more_success(key: str, record: str, result: Result, criteria: Criteria) -> bool:
    """Write down one more success of a tracker, under its lock, if it is that: nearly always it is."""
    if result.kind is not Kind.REPLY or result.retry_after:
        return False
    try:
        generation = int(record.partition(" ")[0])
        again = fast_success(
            record, generation, result.sent, result.ended, result.code, criteria, int(time.time())
        )
    except (ValueError, IndexError):
        return False  # the record makes no sense, which the verdict's way sees to
    if again:
        destination_rows.store_record(key, again, len(record))
    return again is not None
