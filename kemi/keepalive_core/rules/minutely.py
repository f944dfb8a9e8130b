"""How often a complaint that concerns many destinations is made: once a minute (pure)."""

from .times import MINUTE


class Minutely:
    """What is told once a minute, each kind of it for itself."""

    def __init__(self) -> None:
        self._again: dict[str, int] = {}

    def may_tell(self, what: str, now: int) -> bool:
        """Say whether a minute has passed since it was last told; then it counts as told.

        Arguments: what, one of few kinds; now, in us.
        """
        if now < self._again.get(what, now):
            return False
        self._again[what] = now + MINUTE
        return True
