"""Which targets of a name a call may be sent to, and in which order (pure)."""

from collections.abc import Callable
from typing import Final

from .resolution import Resolution, Target
from .service_code import is_taken_out, is_unknown, own_answer, state_of
from .srv_order import in_order
from .states import UP

Code = int | None
# In what resolution.Target.record says.
_SRV: Final = " SRV "


def live_targets(
    known: Resolution, code_of: Callable[[str], Code], chance: Callable[[int], int]
) -> list[Target]:
    """Return the targets of a name that are alive, in the order in which a call tries them.

    First come those that DNS says now, then those that it said before and that still count; and behind both
    what is not known yet, if is_alive says 1 of it. Within each, RFC 2782 says the order.

    A name that is alive keeps its state until its targets are decided: if none is up until then, its calls go
    to those that are not known yet, whatever unknown_as is.

    Arguments: known, what DNS said; code_of, returns what is_alive reads of a target, given its key, None if
    it is not monitored; chance, as for in_order().
    """
    up: tuple[list[Target], list[Target]] = ([], [])
    unknown: list[Target] = []
    undecided: list[Target] = []
    for part, found in zip((known.targets, known.kept), up, strict=True):
        for target in part:
            code = code_of(target.key)
            if code is not None and own_answer(code) == UP:
                (found if state_of(code) == UP else unknown).append(target)
            elif code is not None and is_unknown(code):
                undecided.append(target)
    parts = [part for part in (*up, unknown) if part] or [undecided]
    return [target for part in parts for target in _in_turn(part, chance)]


def last_resort(
    known: Resolution, code_of: Callable[[str], Code], chance: Callable[[int], int]
) -> list[Target]:
    """Return all targets but those that an administrator has taken out, for a name that is kept answering.

    Arguments: as for live_targets().
    """
    seen = [(code_of(each.key), each) for each in known.all_targets]
    return _in_turn([each for code, each in seen if code is not None and not is_taken_out(code)], chance)


def _in_turn(targets: list[Target], chance: Callable[[int], int]) -> list[Target]:
    """Return targets in RFC 2782's order; the addresses of one SRV record share its weight, side by side."""
    if not any(_SRV in each.record for each in targets):
        return in_order(targets, chance)
    by_record: dict[object, list[Target]] = {}
    for each in targets:
        by_record.setdefault(_record_of(each), []).append(each)
    firsts = in_order([group[0] for group in by_record.values()], chance)
    return [each for first in firsts for each in in_order(by_record[_record_of(first)], chance)]


def _record_of(target: Target) -> object:
    """Return what is the same for all addresses of one SRV record; any other record has one address."""
    if _SRV not in target.record:
        return target.key
    port = target.hop.partition(";")[0].rpartition(":")[2]
    return target.record, target.priority, target.weight, port
