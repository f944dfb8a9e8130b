"""A destination that tracks another one: it is not pinged, what the other's pings show counts for it (pure).

As many as like may track the same one, which costs one ping for all of them. Each is judged by itself, in
slices that its prober has time for.
"""

import json
import re
from collections import OrderedDict, deque
from typing import Any, Final, NamedTuple

from .criteria import Criteria
from .evidence import Kind, OfCluster, OfTargets, Result
from .policy import Policy
from .uris import is_target, name_of

MOST_LINKS: Final = 8
"""One that is tracked may track another one, and so on: this many in a row"""
SLICE: Final = 32
"""How many trackers are judged between two looks at the clock"""
_MOST_WAITING: Final = 8
_KINDS: Final = {kind.word: kind for kind in Kind}


def tracks(key: str, policy: Policy) -> str:
    """Return the key of the destination that one tracks under a policy, "" for none.

    A group may track one of its own members, which tracks nothing then; nor do the targets of a name.
    """
    track = policy.track
    return "" if not track or key in (track, name_of(track)) or is_target(key) else track


class Shown(NamedTuple):
    """What a destination showed that others track, as its trackers are told."""

    evidence: Result | OfTargets | OfCluster
    """how its ping ended, of which the generation means nothing to others; or, of a name, what was found; or
    what holds for it in a cluster"""
    criteria: Criteria = Criteria()
    """that the ping bore"""

    def text(self) -> str:
        """Return it as a text, for from_text()."""
        if not isinstance(self.evidence, Result):
            return json.dumps(self.evidence)
        _, sent, ended, kind, code, reason, retry_after = self.evidence
        return json.dumps((sent, ended, kind.word, code, reason, retry_after, self.criteria.text()))

    @staticmethod
    def from_text(text: str) -> "Shown":
        """Return what a text() says. Raises: ValueError, TypeError or KeyError for another text."""
        said = json.loads(text)
        if len(said) == len(OfTargets._fields):
            return Shown(OfTargets._make(_of_types(said, (int, str, int, int, bool))))
        if len(said) == len(OfCluster._fields):
            return Shown(OfCluster._make(_of_types(said, (int, str, int, int, int, bool))))
        sent, ended, word, code, reason, retry_after, criteria = _of_types(said, _OF_RESULT)
        result = Result(0, sent, ended, _KINDS[word], code, reason, retry_after)
        return Shown(result, Criteria.from_text(criteria))


_OF_RESULT: Final = (int, int, str, int, str, int, str)


def _of_types(said: list[Any], types: tuple[type, ...]) -> list[Any]:
    if [*map(type, said)] != [*types]:
        raise ValueError("what a ping showed is of other types")
    return said


def criteria_for(own: Criteria, of_ping: Criteria) -> Criteria:
    """Return by which criteria a ping of the tracked one is judged for a tracker.

    The rules are the tracker's own, but for what depends on how, and how often, the tracked one is asked.
    Arguments: own, of the tracker; of_ping, those that the ping bore.
    """
    return own._replace(
        timeout=of_ping.timeout,
        resent_after=of_ping.resent_after,
        most_drain=own.most_drain and (of_ping.most_drain or own.most_drain),
    )


# --- how many trackers each prober has --------------------------------------------------------------------

_NUMBERS: Final = re.compile(r"[0-9]:[0-9]{1,9}(,[0-9]:[0-9]{1,9})*")


def numbers(text: str) -> dict[int, int]:
    """Return how many trackers each prober has of a destination, by the probers' numbers.

    Raises: ValueError for what numbers_text() did not write.
    """
    if not _NUMBERS.fullmatch(text):
        raise ValueError("no numbers of trackers")
    return {int(each[0]): int(each[2:]) for each in text.split(",")}


def numbers_text(known: dict[int, int]) -> str:
    """Return the text of how many trackers each prober has; "" if none has any."""
    return ",".join(f"{prober}:{number}" for prober, number in sorted(known.items()) if number)


def probers_of(known: dict[int, int]) -> str:
    """Return the numbers of the probers that have trackers, a digit each."""
    return "".join(str(prober) for prober, number in sorted(known.items()) if number)


# --- what waits for a prober's trackers -------------------------------------------------------------------


class _Work:
    """One ping's end, and those who are to hear of it."""

    def __init__(self, shown: Shown, trackers: list[str]) -> None:
        self.shown = shown
        self.trackers = trackers
        self.at = 0
        """how many have"""


class Backlog:
    """What trackers have not been told yet. The tracked take turns: one of many keeps none waiting."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, deque[_Work]] = OrderedDict()

    def __len__(self) -> int:
        """Return of how many tracked ones something waits."""
        return len(self._waiting)

    def put(self, tracked: str, shown: Shown, trackers: list[str]) -> bool:
        """Have trackers told what a ping of the one that they track showed, in the order of its pings.

        Returns: False if so much waits that an older one is left out, of which nobody was told yet.
        """
        works = self._waiting.setdefault(tracked, deque())
        works.append(_Work(shown, trackers))
        if len(works) > _MOST_WAITING:
            del works[1]
            return False
        return True

    def take(self) -> tuple[str, Shown, list[str]] | None:
        """Return whom to tell next, a slice of the trackers of one; None if nothing waits."""
        if not self._waiting:
            return None
        tracked, works = self._waiting.popitem(last=False)
        work = works[0]
        some = work.trackers[work.at : work.at + SLICE]
        work.at += SLICE
        if work.at >= len(work.trackers):
            works.popleft()
        if works:
            self._waiting[tracked] = works
        return tracked, work.shown, some
