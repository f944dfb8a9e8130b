"""One member of a group, chosen at random by weight among the best that are alive."""

from typing import NamedTuple

from ..kamailio import clock, ramp_rows
from ..rules.cache import Cache
from ..rules.wheel import Wheel
from . import alive_members, chance, lookup
from .alive_members import Alive


class _Made(NamedTuple):
    """The wheel of a group."""

    change: int
    """the group's, when it was made"""
    wheel: Wheel
    members: int


# Where a member's stretch ends is two numbers.
_made: Cache[str, _Made] = Cache(32 << 20, lambda _, made: 80 * made.members)


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
    rows = map(ramp_rows.ramp, map(lookup.key_of, uris)) if ramp_rows.any_at(now) else ()
    ramps = {place: ramp for place, ramp in enumerate(rows) if ramp}
    return _Made(found.change, Wheel(uris, weights, ramps, now), len(uris))
