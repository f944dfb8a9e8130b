"""What is known of a name by its targets: the addresses behind it, each of which is pinged by itself (pure).

A name is up if enough of its targets are, as name_min_alive has it. It keeps its state, and its old targets
count, until the new ones are decided: a provider that renumbers is not unknown meanwhile.
"""

import math
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from .dns_records import NO_ANSWER
from .quoting import quoted_uri
from .states import DOWN, UNKNOWN, UP

ALL: Final = "all"
# The most characters of a target's reason in that of its name.
_MOST_REASON: Final = 200


class Behind(NamedTuple):
    """A target, as its name looks at it."""

    address: str
    """such as 192.168.10.20:5060"""
    state: int
    serves: bool
    """whether it is to get calls, as far as an administrator and its own replies say"""
    is_new: bool
    """whether nothing was ever known of it"""
    reason: str = ""
    """of its last ping's end"""
    drain_until: int = 0
    """end of the drain that a reply asked for, in us; 0 for none"""
    is_in_vain: bool = False
    """whether its pings have had no verdict for long, so that nobody waits for one any more"""


class Found(NamedTuple):
    """What follows for a name."""

    state: int
    is_drained: bool
    """whether enough of its targets are up, but not so many are to get calls"""
    reason: str


def least(word: str, number: int) -> int:
    """Return the number of targets that have to be up.

    Arguments: word, of name_min_alive; number, of the targets, 1 at least.
    """
    if word == ALL:
        return number
    if word.endswith("%"):
        return max(1, math.ceil(number * int(word[:-1]) / 100))
    return min(int(word), number)


def is_word(text: str) -> bool:
    """Say whether a text is one of name_min_alive: a number from 1 on, a percentage, or "all"."""
    return bool(re.fullmatch(r"[1-9]\d{0,5}|[1-9]\d?%|100%|all", text, re.ASCII))


def state_of(before: int, word: str, targets: Sequence[Behind], kept: Sequence[Behind] = ()) -> Found | None:
    """Return what follows for a name.

    Arguments: before, its state; word, name_min_alive; targets, as DNS says now; kept, those of before.
    Returns: None if it keeps its state, as it is not decided yet.
    """
    if not targets:
        return None
    counted = targets
    state = _decided(word, counted)
    if state is None and kept:
        counted = [*targets, *kept]
        state = _decided(word, counted)
        # They may be gone because they are dead: that does not decide it.
        state = None if state == DOWN else state
    if state is None:
        if not _is_expired(word, targets, counted):
            return None
        state = UNKNOWN
    # Those of before go on serving until it is known whether the new ones do.
    serving = sum(each.state == UP and each.serves for each in (*targets, *kept))
    is_drained = state == UP and serving < least(word, len(counted))
    return Found(state, is_drained, _why(word, counted, serving if is_drained else None))


def without_targets(before: int, fault: str, proxy: str, stands: bool) -> Found | None:
    """Return what follows for a name of which DNS has no address.

    Such a name is down. If it was up, as one that was pinged as a whole, and DNS does not answer at all, it
    stays up for a while, as after pings without a verdict. That of an outbound_proxy is a mistake of our own,
    and no fault of who is behind it: then any state stands for a while, and is unknown afterwards.

    Arguments: before, its state; fault, of the question; proxy, outbound_proxy, "" for none; stands, whether
    a state without evidence still does.
    Returns: None if it keeps its state.
    """
    if not proxy:
        is_still_up = before == UP and stands and fault.startswith(NO_ANSWER)
        return None if is_still_up else Found(DOWN, False, fault)
    if before != UNKNOWN and stands:
        return None
    return Found(UNKNOWN, False, f"outbound_proxy {quoted_uri(proxy)}: {fault}")


def are_decided(targets: Sequence[Behind]) -> bool:
    """Say whether something is known of all targets."""
    return not any(each.is_new and each.state == UNKNOWN for each in targets)


def _decided(word: str, targets: Sequence[Behind]) -> int | None:
    """Return UP or DOWN, None if that depends on targets that are unknown."""
    needed = least(word, len(targets))
    up = sum(each.state == UP for each in targets)
    if up >= needed:
        return UP
    return DOWN if up + sum(each.state == UNKNOWN for each in targets) < needed else None


def _is_expired(word: str, targets: Sequence[Behind], counted: Sequence[Behind]) -> bool:
    """Say whether a name that is undecided is waited for no longer.

    Arguments: word; targets, as DNS says now; counted, these, or them and those of before.
    """
    if all(each.state == UNKNOWN for each in counted) and not all(each.is_new for each in counted):
        return True
    up = sum(each.state == UP for each in targets)
    awaited = sum(each.state == UNKNOWN and each.is_new and not each.is_in_vain for each in targets)
    return up + awaited < least(word, len(targets))


def _why(word: str, targets: Sequence[Behind], serving: int | None) -> str:
    """Return a reason. Arguments: word; targets; serving, how many take calls, if these are too few."""
    up = sum(each.state == UP for each in targets)
    needed = least(word, len(targets))
    said = f"{up} of {len(targets)} targets up"
    if serving is not None:
        said += f", {serving} in service"
    if needed > 1:
        said += f", {needed} needed"
    bad = next((each for each in targets if each.state == DOWN), None)
    return f"{said}; {bad.address}: {bad.reason[:_MOST_REASON]}" if bad else said
