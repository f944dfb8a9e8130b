"""How one node sees its cluster: who is there, who is fit, and whose words count (pure).

Times are microseconds of this machine's monotonic clock. No clock of another machine is compared.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from .times import SECOND

MOST_BETWEEN_TICKS: Final = SECOND
"""Whoever ticks later than this stood still meanwhile, and heard nobody, whoever spoke"""


class Listened(NamedTuple):
    """For how long a node has listened: time in which it stood still is none."""

    us: int = 0
    ticked: int = 0
    """when it ticked last; 0 before the first time"""

    def tick(self, now: int) -> "Listened":
        """Return it as it is at a tick."""
        return Listened(self.us + max(0, min(self.stood(now), MOST_BETWEEN_TICKS)), now)

    def stood(self, now: int) -> int:
        """Return for how long it has had no tick; 0 before the first one."""
        return now - self.ticked if self.ticked else 0


class Seen(NamedTuple):
    """One node as another one sees it."""

    name: str
    heard: int
    """when it was heard last, in us of listened time"""
    degraded: bool = False
    paused: bool = False
    joining: bool = False
    caught_up: bool = True
    """whether all that it has said is known here"""
    suspects: bool = False
    """of the node itself: whether it may be alone with much more than its share"""


class View(NamedTuple):
    """How one node sees its cluster, or those in it that concern one destination."""

    me: str
    live: frozenset[str]
    """with the node itself"""
    fit: frozenset[str]
    """of these: they may be asked; a degraded node is fit for itself alone"""
    ready: frozenset[str]
    """of these: they may own"""
    counted: frozenset[str]
    """of the fit ones: their words count, as all that they have said is known"""
    pings: bool = True
    """whether this node may ping at all: it is not paused, and has listened long enough"""
    degraded: bool = False
    """whether this node found itself alone too often"""
    suspects: bool = False
    """whether it may be alone with much more than its share: so few are that, that it is to see for itself"""

    @property
    def joining(self) -> frozenset[str]:
        """Those of the fit ones that may own as soon as they have listened long enough."""
        return frozenset(self.fit - self.ready - ({self.me} if self.degraded else set()))

    @property
    def asks_all(self) -> bool:
        """Whether this node pings all destinations, for itself."""
        return self.degraded or self.suspects

    def among(self, nodes: frozenset[str]) -> "View":
        """Return it with some nodes alone."""
        sets = {name: getattr(self, name) & nodes for name in ("live", "fit", "ready", "counted")}
        return self._replace(**sets)


def view(me: Seen, others: Iterable[Seen], listened: int, timeout: int) -> View:
    """Return how a node sees its cluster.

    Arguments: me, itself; others; listened, for how long it has listened, in us; timeout, after which a
    node that is silent is dead, in us.
    """
    live = [me, *(each for each in others if listened - each.heard < timeout)]
    fit = [each for each in live if not each.paused and (each is me or not each.degraded)]
    return View(
        me.name,
        frozenset(each.name for each in live),
        frozenset(each.name for each in fit),
        frozenset(each.name for each in fit if not (each.joining or each.degraded)),
        frozenset(each.name for each in fit if each.caught_up),
        not (me.paused or me.joining),
        me.degraded,
        me.suspects,
    )


def is_degraded(alone: int, share: int, percent: int, before: bool) -> bool:
    """Say whether a node is alone so often that the fault is its own.

    Arguments: alone, how many of its share it alone can't reach; share, how many it is the first to want of
    all live nodes, whether it owns them or not: that number does not change because it is degraded; percent,
    0 for never; before, whether it was: then half of that is enough, as each change moves a share.
    From: Lifeguard, "local health" (Dadgar, Phillips, Currey 2018).
    """
    return alone >= _FEWEST_ALONE and suspects_itself(alone, share, percent, before)


def suspects_itself(alone: int, share: int, percent: int, before: bool) -> bool:
    """Say whether a node is to look at all destinations for itself: of few it may be alone with all.

    Arguments: as of is_degraded().
    """
    needed = percent / 2 if before else percent
    return percent > 0 and alone > 0 and alone * 100 >= needed * share


# Of few destinations a few can be gone from one place by chance.
_FEWEST_ALONE: Final = 3
