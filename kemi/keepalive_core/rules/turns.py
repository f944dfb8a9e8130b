"""Whether a destination's turn becomes a ping, and why it does not (pure)."""

from typing import Final

from .modes import MAINT, Admin
from .policy import Policy
from .record import Health
from .states import UP
from .times import SECOND

# What info() has in not_pinged_because; programs compare these words.
NOT_STARTED: Final = "not started"
"""the process that sends the pings has not begun yet"""
DISABLED: Final = "disabled"
"""by the setting ``enabled``"""
PAUSED: Final = "paused"
"""by pause()"""
SHORT_OF_MEMORY: Final = "memory is short"
"""so little shared memory is free that calls need all of it"""
MAINTENANCE: Final = "maintenance"
"""by set_admin(), of it or of its name"""
NO_TARGETS: Final = "no targets"
"""it is a name of which DNS has said no address yet"""
RETRY_AFTER: Final = "Retry-After"
"""its last reply asked for no ping yet"""
FRESH_CALLS: Final = "fresh calls"
"""calls show that it is alive, as ping_skip_if_fresh has it"""
NOT_MONITORED: Final = "not monitored"
"""said of the destination that one tracks, behind TRACK"""
IN_A_CIRCLE: Final = "in a circle"
"""likewise: it tracks another one, and so on, and none is pinged"""
TRACK: Final = "track: "
"""so begins what keeps the destination from being pinged that one tracks"""


def why_not_pinged(
    stopped: str,
    admin: Admin | None,
    hindrance: str,
    known: Health,
    policy: Policy,
    now: int,
    is_tracked: bool = False,
) -> str:
    """Return why a destination whose turn is now is not pinged; "" if it is.

    Arguments: stopped, why none is, "" if they are; admin, what an administrator says of this one; hindrance,
    why no ping can leave for it, "no such socket: ..."; known, its health; policy, what is in force for it;
    now, in us; is_tracked, whether others track it: calls show nothing of those. If more than one reason
    holds it is the widest.
    """
    if stopped:
        return stopped
    if admin is not None and admin.mode == MAINT:
        return MAINTENANCE
    if hindrance:
        return hindrance.partition(":")[0]
    if now < known.not_before:
        return RETRY_AFTER
    return FRESH_CALLS if has_fresh_calls(known, policy, now) and not is_tracked else ""


def has_fresh_calls(known: Health, policy: Policy, now: int) -> bool:
    """Say whether calls show that a destination is alive, so that it need not be asked.

    Arguments: known, its health; policy, what is in force for it; now, in us.
    """
    if not policy.skip_if_fresh or known.state != UP or known.streak < 0 or not known.traffic:
        return False
    return now - known.traffic < policy.skip_if_fresh * SECOND
