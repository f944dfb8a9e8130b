"""The states of a destination, as the manual numbers them (pure)."""

from typing import Final

# Section 1.1 of the manual's developer guide.
UNKNOWN: Final = 0
UP: Final = 1
DOWN: Final = 2

STATE_NAMES: Final = {UNKNOWN: "unknown", UP: "up", DOWN: "down"}
