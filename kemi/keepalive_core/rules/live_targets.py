"""Which targets of a name a call may be sent to, and in which order (pure)."""

from collections.abc import Callable

from .resolution import Resolution, Target
from .service_code import is_taken_out, own_answer, state_of
from .srv_order import in_order
from .states import UNKNOWN, UP

Code = int | None


def live_targets(
    known: Resolution, code_of: Callable[[str], Code], chance: Callable[[int], int]
) -> list[Target]:
    """Return the targets of a name that are alive, in the order in which a call tries them.

    First come those that DNS says now, then those that it said before and that still count; and behind both
    what is not known yet, if is_alive says 1 of it. Within each, RFC 2782 says the order.

    Arguments: known, what DNS said; code_of, returns what is_alive reads of a target, given its key, None if
    it is not monitored; chance, as for in_order().
    """
    new, kept = ([(code_of(each.key), each) for each in part] for part in (known.targets, known.kept))
    up = [[target for code, target in part if code is not None and _is_up(code)] for part in (new, kept)]
    unknown = [target for code, target in (*new, *kept) if code is not None and _may_be_up(code)]
    return [target for part in (*up, unknown) for target in in_order(part, chance)]


def last_resort(
    known: Resolution, code_of: Callable[[str], Code], chance: Callable[[int], int]
) -> list[Target]:
    """Return all targets but those that an administrator has taken out, for a name that is kept answering.

    Arguments: as for live_targets().
    """
    seen = [(code_of(each.key), each) for each in (*known.targets, *known.kept)]
    return in_order([each for code, each in seen if code is not None and not is_taken_out(code)], chance)


def _is_up(code: int) -> bool:
    return own_answer(code) == UP and state_of(code) == UP


def _may_be_up(code: int) -> bool:
    return own_answer(code) == UP and state_of(code) == UNKNOWN
