"""Where calls to a destination are sent: the addresses behind its name that are alive, or itself."""

from typing import NamedTuple

from ..kamailio import calls_at_hand, destination_rows, name_rows, tables
from ..rules import tried, uris
from ..rules.cache import Cache
from ..rules.live_targets import last_resort, live_targets
from ..rules.policy import Policy
from ..rules.resolution import Resolution
from ..rules.service_code import groups_keeping
from ..rules.states import UP
from ..rules.tracking import tracks
from ..rules.ways import through
from . import alive_members, chance, lookup, policies, tracked
from .name_states import targets_of


class Ways(NamedTuple):
    """Where what is for a destination may go."""

    resolution: Resolution | None
    """what DNS said; None if the destination itself is pinged, or DNS has never said anything"""
    hop: str
    """the URI for that case"""
    name: str
    """the key of the name whose targets these are: its own, or that of the one that it tracks"""


# By keys; valid for one revision. A target takes some 700 bytes.
_known: Cache[str, Ways] = Cache(16 << 20, lambda _, ways: 500 + 700 * len(targets_of(ways.resolution)))


def targets(destination: object) -> list[str]:
    """Return the URIs to which calls to a destination may be sent, the one to be tried first at first.

    Arguments: destination, in any spelling. Returns: [] if it is not alive. Raises: SharedMemoryFull.
    """
    if lookup.is_alive(destination) != UP:
        return []
    key = lookup.monitored_key(destination)
    ways = ways_of(key)
    if ways is None:
        return []
    if ways.resolution is None:
        return [ways.hop]
    found = live_targets(ways.resolution, destination_rows.service_code, chance.below)
    # Who tracks a name is alive by rules of its own.
    if not found and (ways.name != key or groups_keeping(destination_rows.service_code(key) or 0)):
        found = last_resort(ways.resolution, destination_rows.service_code, chance.below)
    return [target.hop for target in found]


def of_group(name: object) -> list[str]:
    """Return where calls to a group may be sent: of its best member first, all that is alive of each."""
    return [hop for uri in alive_members.alive(name) for hop in targets(uri)]


def next_hop(destination: object) -> bool:
    """Have the call at hand sent to the next of targets() to which it was not sent yet.

    Returns: whether there was any. Raises: SharedMemoryFull.
    """
    found = targets(destination)
    if not found:
        return False
    key, text = lookup.monitored_key(destination), calls_at_hand.tried()
    before = tried.hops(text, key)
    hop = next((each for each in found if each not in before), None)
    after = tried.with_one_more(text, key, hop) if hop else None
    if hop is None or after is None or not calls_at_hand.send_to(hop):
        return False
    calls_at_hand.store_tried(after)
    return True


def sent_to(key: str) -> str:
    """Return where next_hop() has sent the call at hand last, for a destination's key; "" if nobody knows."""
    before = tried.hops(calls_at_hand.tried(), key)
    # A reply of which replied() does not know the sender may be a late one of an earlier try.
    return before[-1] if len(before) == 1 or (before and not calls_at_hand.came_from()) else ""


def replied(key: str) -> tried.Try | None:
    """Return of which try of the call at hand the reply at hand is, by where it comes from.

    A call is sent on if nobody answers for long, and a late word of the first one may come when the next one
    rings already.

    Arguments: key, of the destination that the reply is said to be of.
    Returns: None if there was one try only, or none of that one, if no reply is at hand, or if nobody knows.
    """
    tries = tried.tries(calls_at_hand.tried())
    is_of_call = len(tries) > 1 and any(each.key == key for each in tries)
    peer = calls_at_hand.came_from() if is_of_call else ""
    senders = [each for each in tries if peer and uris.address_of(each.hop) == peer]
    return senders[-1] if senders else None


def ways_of(key: str) -> Ways | None:
    """Return where what is for a destination may go; None if it is not monitored."""
    known = _known.at(tables.revision()).answers.get(key)
    if known is not None:
        return known
    registered = destination_rows.registration(key)
    if registered is None:
        return None
    policy = policies.policy_of(registered)
    hop = through(key, policy) or registered.uri
    name = _name_behind(key, hop, policy)
    resolution = name_rows.resolution(name)
    return _known.remember(key, Ways(resolution if targets_of(resolution) else None, hop, name))


def _name_behind(key: str, hop: str, policy: Policy) -> str:
    """Return the key of the name whose targets calls go to: that of one it tracks, on the same host.

    Arguments: key and hop, of a destination; policy, in force for it.
    """
    behind = tracks(key, policy)
    if not behind or not policy.expands_names:
        return key
    asked = tracked.asked_for(behind)
    registered = destination_rows.registration(asked.key)
    if asked.policy is None or registered is None:
        return key
    there = through(asked.key, asked.policy) or registered.uri
    return asked.key if uris.next_hop(there) == uris.next_hop(hop) else key
