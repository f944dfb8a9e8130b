"""What the log is told of names: one line for each change of what DNS says."""

import logging
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from ..rules.minutely import Minutely
from ..rules.question_order import Turn
from ..rules.quoting import one_line
from ..rules.resolution import OF_STATE_FILE, Resolution, Target
from ..rules.times import SECOND

log = logging.getLogger("keepalive")

# The most addresses in a line.
_MOST_ADDRESSES: Final = 8
_minutely: Final = Minutely()


def tell(key: str, before: Resolution, after: Resolution) -> None:
    """Tell of a change of what DNS says of a name, or of what stays of what it said before."""
    if after._replace(kept=before.kept) == before:
        gone = [each for each in before.kept if each not in after.kept]
        log.info("%s: pinged no more: %s", key, one_line(_few(_addresses(gone))))
    elif after.fault and after.fault != before.fault:
        log.warning("%s: %s; %s", key, after.fault, _what_stays(after.all_targets))
    elif after.left_out and after.left_out != before.left_out:
        # Addresses of IPv6 on a server without it are nothing that an operator has to mend.
        has_others = {each.hop for each in before.targets} != {each.hop for each in after.targets}
        is_news = has_others or (before.fault and not after.fault)
        changes = f"{_changes(before.targets, after.targets)}; " if is_news else ""
        log.info("%s: %snot all that DNS says is used: %s", key, changes, after.left_out)
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
    """Return which addresses came and went, and which have another rank."""
    were, are = ({each.hop: each for each in those} for those in (before, after))
    came = [f"+{each}" for each in _addresses(are[hop] for hop in are if hop not in were)]
    went = [f"-{each}" for each in _addresses(were[hop] for hop in were if hop not in are)]
    known = [(are[hop], was) for hop, was in were.items() if hop in are and was.record != OF_STATE_FILE]
    moved = [each for each, was in known if (each.priority, each.weight) != (was.priority, was.weight)]
    ranks = [
        f"{address} now has priority {each.priority} and weight {each.weight}"
        for each, address in zip(moved, _addresses(moved), strict=True)
    ]
    said = ", ".join(filter(None, [_few([*came, *went]), _few(ranks, ", ")]))
    return one_line(f"DNS says {_count(after)}" + (f": {said}" if said else ""))


def _addresses(targets: Iterable[Target]) -> list[str]:
    return [each.hop.removeprefix("sip:") for each in targets]


def _few(words: Sequence[str], between: str = " ") -> str:
    """Return the first of many words, and how many more there are."""
    more = len(words) - _MOST_ADDRESSES
    return between.join(words[:_MOST_ADDRESSES]) + (f" and {more} more" if more > 0 else "")
