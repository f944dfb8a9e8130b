"""Whether this machine's wall clock was set (pure)."""

from typing import Final

from .times import SECOND

_JUMP_SECONDS: Final = 1.0


class WallClock:
    """The wall clock beside one that nobody sets."""

    def __init__(self) -> None:
        self._ahead: float | None = None
        """s, by which it was ahead when it was last found set"""

    def was_set(self, wall: float, now: int) -> bool:
        """Say whether it was set, or has drifted away by a second, since it was last; the first time, too.

        Arguments: wall, epoch seconds; now, of the other clock, in us.
        """
        ahead = wall - now / SECOND
        if self._ahead is not None and abs(ahead - self._ahead) < _JUMP_SECONDS:
            return False
        self._ahead = ahead
        return True
