"""One member of a group, chosen at random by weight among the best that are alive."""

from typing import Final, NamedTuple

from ..kamailio import clock
from ..rules.cache import Cache
from ..rules.wheel import Wheel
from . import alive_members, chance
from .alive_members import Alive
from .slow_start import Ramps


class _Made(NamedTuple):
    """The wheel of a group."""

    change: int
    """the group's, when it was made"""
    wheel: Wheel
    members: int


# Where a member's stretch ends is two numbers.
_made: Cache[str, _Made] = Cache(32 << 20, lambda _, made: 80 * made.members)


_ramps: Final = Ramps()


def pick(name: object) -> str:
    """Return the URI of a group's member, chosen anew; "" if none is alive, or if there is no such group.

    What the choice is made of is worked out after a change of this group only, or of a member's weight.
    """
    found = alive_members.found(name)
    if found is None or not found.uris:
        return ""
    now = clock.now()
    made = _made.answers.get(found.name)
    if made is None or made.change != found.change or now >= made.wheel.holds_until:
        made = _made.remember(found.name, _make(found, now))
    return made.wheel.choose(chance.part(), now)


def _make(found: Alive, now: int) -> _Made:
    uris, weights = found.best()
    known = _ramps.at(now)
    ramps = {place: known[uri] for place, uri in enumerate(uris) if uri in known} if known else {}
    return _Made(found.change, Wheel(uris, weights, ramps, now), len(uris))
