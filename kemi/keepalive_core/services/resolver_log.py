"""What the log is told of names: one line for each change of what DNS says."""

import logging
from collections.abc import Collection
from typing import Final

from ..rules.minutely import Minutely
from ..rules.question_order import Turn
from ..rules.quoting import one_line
from ..rules.resolution import Resolution, Target
from ..rules.times import SECOND

log = logging.getLogger("keepalive")

# The most addresses in a line.
_MOST_ADDRESSES: Final = 8
_minutely: Final = Minutely()


def tell(key: str, before: Resolution, after: Resolution) -> None:
    """Tell of a change of what DNS says of a name."""
    if after.fault and after.fault != before.fault:
        log.warning("%s: %s; %s", key, after.fault, _what_stays(after.all_targets))
    elif after.left_out and after.left_out != before.left_out:
        # Addresses of IPv6 on a server without it are nothing that an operator has to mend.
        log.info("%s: not all that DNS says is used: %s", key, after.left_out)
    else:
        log.info("%s: %s", key, _changes(before.targets, after.targets))


def tell_late(turn: Turn, number: int, interval: int, now: int) -> None:
    """Tell, once a minute, that there are more names than can be asked for in an interval.

    Arguments: turn, that of a name; number, of names; interval and now, in us.
    """
    if _minutely.may_tell("late", now):
        log.warning(
            "DNS is slow: to ask for %d names takes longer than dns_interval, %d s; %s waited %d s",
            *(number, interval // SECOND, turn.key, turn.waited_us // SECOND),
        )


def _what_stays(targets: Collection[Target]) -> str:
    stay = "stays" if len(targets) == 1 else "stay"
    return f"{_count(targets)} of before {stay}" if targets else "there are no targets"


def _count(targets: Collection[Target]) -> str:
    return f"{len(targets)} target{'s' * (len(targets) != 1)}"


def _changes(before: Collection[Target], after: Collection[Target]) -> str:
    """Return which addresses came and went."""
    were, are = ({target.hop.removeprefix("sip:"): None for target in those} for those in (before, after))
    came = [f"+{each}" for each in are if each not in were]
    went = [f"-{each}" for each in were if each not in are]
    said = [*came, *went][:_MOST_ADDRESSES]
    more = len(came) + len(went) - len(said)
    behind = [":" * bool(said), *said, *([f"and {more} more"] if more else [])]
    return one_line(f"DNS says {_count(after)}" + " ".join(behind))
