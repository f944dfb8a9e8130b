"""The states of names follow their targets: each prober sees to that for the names that it has.

A name is looked at when it has its turn, and when a target, or what DNS says of it, has changed.
"""

import time
from collections.abc import Iterable

from ..kamailio import clock, destination_rows, name_rows, queues, tracked_rows
from ..rules import freshness, name_state, tracking
from ..rules.evidence import OfTargets
from ..rules.judging import Transition
from ..rules.name_state import Behind
from ..rules.pinged import OfName
from ..rules.policy import Policy
from ..rules.resolution import Resolution, Target
from ..rules.schedule import Wish
from ..rules.service_code import is_serving
from ..rules.states import DOWN, UP
from ..rules.times import MINUTE
from ..rules.tracking import Shown
from ..rules.uris import address_in, address_of, next_hop
from . import policies, tracked, verdicts

# A drain of which nobody said how long it takes is looked at again at the latest then, in us.
_OPEN_DRAIN = 60 * MINUTE


def follow(key: str, is_turn: bool = False, is_asked: bool = False) -> None:
    """Bring a name in line with its targets, and have DNS asked if they call for that.

    Arguments: key; is_turn, whether this counts as a ping would; is_asked, whether those that track the name
    want to know how it is, as they have just come. Raises: SharedMemoryFull.
    """
    registered, known = destination_rows.registration(key), destination_rows.health(key)
    if registered is None or known is None:
        return
    resolution = name_rows.resolution(key)
    if resolution is None:
        queues.announce_name(key)
        return
    now, policy = clock.now(), policies.policy_of(registered)
    targets, kept = _seen(resolution.targets, policy), _seen(resolution.kept, policy)
    everyone = [*targets, *kept]
    if everyone and all(each.state == DOWN for each in everyone):
        queues.announce_name(key, at_once=True)
    elif kept and name_state.are_decided(targets):
        queues.announce_name(key)
    if resolution.targets:
        found = name_state.state_of(known.state, policy.name_min_alive, targets, kept)
    # What DNS said of another host, such as that of an outbound_proxy of before, says nothing of this one.
    elif resolution.fault and resolution.host in ("", next_hop(policy.proxy or registered.uri).host):
        stands = freshness.stands_unasked(known, policy, time.time())
        found = name_state.without_targets(known.state, resolution.fault, policy.proxy, stands)
    else:
        return
    if found is not None:
        drain = _drain_of(everyone, now) if found.is_drained else 0
        _apply(key, OfTargets(found.state, found.reason, now, drain, is_turn), is_asked)


def _apply(key: str, found: OfTargets, is_asked: bool) -> None:
    """Write down what was found of a name, and tell those that track it: this process alone finds that."""
    outcome = verdicts.judge(key, found)
    is_news = outcome is not None and outcome.decision.transition is not Transition.STALE
    if is_news or is_asked:
        tracked.share(tracking.probers_of(tracked_rows.numbers(key)), key, Shown(found))


def follow_change(key: str, was: OfName | None, now: OfName, wish: Wish) -> None:
    """Follow a change of a destination that is, or was, a name; of any other nothing is to be done.

    Arguments: key; was and now, what matters to its targets, None if it has just come; wish, for the next
    ping. Raises: SharedMemoryFull.
    """
    follow_settings(key, was, now)
    if now.is_name:
        if was != now or wish is not Wish.REGULARLY:
            pass_on(key, wish)
        follow(key, is_asked=wish is not Wish.REGULARLY)


def follow_settings(key: str, was: OfName | None, now: OfName) -> None:
    """Tell the resolver if it has to look at a destination, after a change of what is in force for it."""
    # One that has just come may have been a name to another prober, or between two looks.
    was_name = was.is_name if was else not address_of(now.next_hop)
    if (now.is_name or was_name) and (was is None or was[:2] != now[:2]):
        queues.announce_name(key)


def pass_on(key: str, wish: Wish = Wish.REGULARLY) -> None:
    """Have the targets of a name looked at, and pinged as is wished. Raises: SharedMemoryFull."""
    for target in targets_of(name_rows.resolution(key)):
        queues.announce_change(target.key, wish)


def targets_of(resolution: Resolution | None) -> tuple[Target, ...]:
    """Return all targets that are pinged for a name: those that DNS says, and those that are kept."""
    return resolution.all_targets if resolution else ()


def followed_by(key: str) -> list[str]:
    """Return what a name, or what tracks another one, follows: that one, or a name with its targets."""
    asked = tracked.asked_for(key).key
    return [asked, *(target.key for target in targets_of(name_rows.resolution(asked)))]


def are_decided(resolution: Resolution) -> bool:
    """Say whether something is known of all targets that DNS says."""
    return name_state.are_decided(_seen(resolution.targets, policies.policy_of(None)))


def _seen(targets: Iterable[Target], policy: Policy) -> list[Behind]:
    return [_seen_one(target.key, policy) for target in targets]


def _seen_one(key: str, policy: Policy) -> Behind:
    """Return how a target is; one that is not there yet is unknown. Arguments: key; policy, of its name."""
    known, code = destination_rows.health(key), destination_rows.service_code(key)
    if known is None or code is None:
        return Behind(address_in(key), 0, serves=True, is_new=True)
    is_new = not known.since
    in_vain = freshness.is_in_vain(known, policy)
    return Behind(
        address_in(key), known.state, is_serving(code), is_new, known.reason, known.drain_until, in_vain
    )


def _drain_of(targets: Iterable[Behind], now: int) -> int:
    """Return when the drain of targets that are up may be over, in us."""
    ends = [each.drain_until for each in targets if each.state == UP and not each.serves]
    return max((end for end in ends if end > now), default=now + _OPEN_DRAIN)
