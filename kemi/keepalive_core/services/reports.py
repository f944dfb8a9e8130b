"""What a script reports of a destination: a failure or a success that it saw, or the reply to a call."""

from ..rules.checks import Refused
from ..rules.quoting import quoted
from . import intake, lookup


def count(destination: object, success: bool, reason: object) -> bool:
    """Count a failure or a success that traffic showed, as that of a ping counts.

    Arguments: destination, in any spelling; success; reason, for the log and info().
    Returns: whether the destination is monitored. Raises: Refused, SharedMemoryFull.
    """
    if not isinstance(reason, str):
        raise Refused(f"the reason of a report is text, not {quoted(reason)}")
    key = lookup.monitored_key(destination)
    return bool(key) and intake.report(key, success, reason)


def count_reply(destination: object, code: object) -> bool:
    """Count what a reply to a call says of a destination.

    Arguments: destination, in any spelling; code, of the reply, 100 to 699.
    Returns: whether the destination is monitored. Raises: Refused, SharedMemoryFull.
    """
    if not isinstance(code, int) or not 100 <= code <= 699:
        raise Refused(f"{quoted(code)} is no code of a reply, 100 to 699 is")
    key = lookup.key_of(destination)
    return bool(key) and intake.report_call(key, code)
