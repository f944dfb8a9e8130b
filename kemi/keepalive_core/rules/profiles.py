"""What a profile says of several parameters at once, by its name (pure)."""

from typing import Final

Value = int | float | str
"""of a parameter"""

AUTO: Final = "auto"

# None has group_min_alive: that would keep calls from going on to the next group.
PROFILES: Final[dict[str, dict[str, Value]]] = {
    "carrier": {
        "fall": 3,
        "rise": 2,
        "ping_interval_pending": AUTO,
        "ping_timeout": 1000,
        "mass_failure": 40,
        "flap_limit": 6,
        "flap_hold_max": 300,
    }
}
