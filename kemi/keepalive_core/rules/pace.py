"""How often a destination is pinged: at which of its intervals (pure)."""

from enum import Enum

from .record import Health
from .states import DOWN, UP


class Pace(Enum):
    """Which of a destination's intervals holds."""

    REGULAR = "regular"
    PENDING = "pending"
    DOWN = "down"


def is_kept_down(health: Health, now: int) -> bool:
    """Say whether a destination is kept down now, in us."""
    return health.state == DOWN and now < health.kept_down


def pace(health: Health, now: int) -> Pace:
    """Return which interval holds at a time in us: the pending one while results speak against the state."""
    if is_kept_down(health, now):
        return Pace.DOWN
    if (health.state == UP and health.streak < 0) or (health.state == DOWN and health.streak > 0):
        return Pace.PENDING
    return Pace.DOWN if health.state == DOWN else Pace.REGULAR
