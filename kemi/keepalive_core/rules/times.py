"""Units of the clock that all processes share: its times are whole microseconds (pure)."""

from typing import Final

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
