"""What a script reports of a destination: a failure or a success that it saw, or the reply to a call.

A name has no pings of its own: what is reported of it is said of one of its targets. If nobody knows of
which, all of them are asked soon.
"""

from collections.abc import Callable

from ..kamailio import queues
from ..rules.calls import is_call_success
from ..rules.checks import Refused
from ..rules.quoting import quoted
from ..rules.schedule import Wish
from . import hops, intake, lookup
from .name_states import targets_of


def count(destination: object, success: bool, reason: object, target: object = "") -> bool:
    """Count a failure or a success that traffic showed, as that of a ping counts.

    Arguments: destination, in any spelling; success; reason, for the log and info(); target, of a name, by
    its URI or its key, "" for the one that next_hop() chose.
    Returns: whether there is such a destination, and such a target. Raises: Refused, SharedMemoryFull.
    """
    if not isinstance(reason, str):
        raise Refused(f"the reason of a report is text, not {quoted(reason)}")
    key = lookup.monitored_key(destination)
    return _counted(key, target, success, lambda each: intake.report(each, success, reason))


def count_reply(destination: object, code: object, target: object = "") -> bool:
    """Count what a reply to a call says of a destination.

    Arguments: destination, in any spelling; code, of the reply, 100 to 699; target, as for count().
    Returns: as count(). Raises: Refused, SharedMemoryFull.
    """
    if not isinstance(code, int) or not 100 <= code <= 699:
        raise Refused(f"{quoted(code)} is no code of a reply, 100 to 699 is")
    is_success = is_call_success(code) is not False

    def judge(key: str) -> bool | None:
        return intake.report_call(key, code)

    key = lookup.key_of(destination)
    if not key or _counted(key, target, is_success, judge):
        return bool(key)
    return _counted(lookup.other_spelling(key), target, is_success, judge)


def _counted(key: str, target: object, success: bool, judge: Callable[[str], bool | None]) -> bool:
    """Have a report judged: of a destination, or of a target.

    Arguments: key, "" for nothing; target; success; judge, given a key, returns as intake.report().
    """
    if key and not target and (replied := hops.replied(key)):
        key, target = replied
    if key and target:
        key = _of_target(key, target)
    judged = judge(key) if key else False
    if judged is not None:
        return judged
    key_of_target = _known_target(key)
    if key_of_target is None:
        if not success:
            queues.announce_change(key, Wish.SOON)
        return True
    return bool(key_of_target and judge(key_of_target))


def _of_target(key: str, target: object) -> str:
    """Return the key of a target, given by its URI or its key; "" if it is none of this destination's.

    What tracks a name is judged by itself, wherever its calls go.
    """
    ways, wanted = hops.ways_of(key), lookup.key_of(target)
    if not wanted or ways is None:
        return ""
    if ways.resolution is None:
        return key if wanted in (key, lookup.key_of(ways.hop)) else ""
    names = {each.key: (each.key, lookup.key_of(each.hop)) for each in targets_of(ways.resolution)}
    found = next((each for each in names if wanted in names[each]), "")
    return found if ways.name == key else found and key


def _known_target(key: str) -> str | None:
    """Return the key of the target of a name that the call at hand was sent to; "" if it is one no more.

    Returns: None if nobody knows.
    """
    hop = hops.sent_to(key)
    if hop:
        return _of_target(key, hop)
    ways = hops.ways_of(key)
    behind = targets_of(ways.resolution) if ways else ()
    return behind[0].key if len(behind) == 1 else None
