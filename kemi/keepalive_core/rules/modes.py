"""What an administrator says of a destination: its mode, until when, by whom and why (pure)."""

import math
from typing import Final, NamedTuple

from .checks import Refused, remark
from .quoting import quoted

READY: Final = "ready"
DRAIN: Final = "drain"
MAINT: Final = "maint"

ADMIN_MODES: Final = (READY, DRAIN, MAINT)

NEVER: Final = 2**40
"""Epoch seconds, long after anybody cares"""
MOST_SECONDS: Final = 10 * 365 * 86_400
"""The longest time for which a mode can be set, unless it is set without an end"""


class Admin(NamedTuple):
    """What an administrator said of a destination."""

    mode: str
    """"drain" or "maint"; one that is ready has no row"""
    until: int
    """epoch seconds of its end; 0 for none"""
    by: str
    why: str
    since: int
    """epoch seconds"""


def is_maintenance(admin: Admin | None) -> bool:
    """Say whether nothing is to be pinged, as an administrator says."""
    return admin is not None and admin.mode == MAINT


def ready(now: int) -> Admin:
    """Return what is known of one that an administrator said is ready. Arguments: now, epoch seconds."""
    return Admin(READY, 0, "", "", now)


def said(mode: object, until: object, by: object, why: object, now: int) -> Admin | None:
    """Return what an administrator says; None for ready.

    Arguments: mode; until, seconds from now, 0 for no end; by and why; now, epoch seconds.
    Raises: Refused.
    """
    if not isinstance(mode, str) or mode not in ADMIN_MODES:
        raise Refused(f"admin mode {quoted(mode)}: one of {', '.join(ADMIN_MODES)} is needed")
    if not isinstance(until, int | float) or isinstance(until, bool):
        raise Refused(f"until {quoted(until)}: a number of seconds from now is needed")
    # Neither is true of a float that is no number.
    if not 0 <= until <= MOST_SECONDS:
        raise Refused(
            f"until {quoted(until)}: 0 for no end, or up to {MOST_SECONDS} seconds (ten years) is allowed"
        )
    who, reason = remark("by", by), remark("why", why)
    end = now + max(1, math.ceil(until)) if until else 0
    return None if mode == READY else Admin(mode, end, who, reason, now)
