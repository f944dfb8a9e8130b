"""What one node of a cluster says of one destination (pure)."""

from typing import Final, NamedTuple

NONE: Final = "none"
"""it says nothing, or takes back what it said"""
UP: Final = "up"
DOWN: Final = "down"
DRAIN: Final = "drain"
"""the destination answers, and asked for no calls"""
LACKS: Final = "lacks"
"""others speak of a destination that this node does not have: they decide without it"""
UNSENT: Final = "unsent"
"""nor do they wait for a node that has the destination, and can't ask it"""

KINDS: Final = (NONE, UP, DOWN, DRAIN, LACKS, UNSENT)
MUTE: Final = (NONE, LACKS, UNSENT)
"""kinds that say nothing of how the destination is"""


class Word(NamedTuple):
    """What a node says of a destination."""

    kind: str = NONE
    reason: str = ""
    """for those who look: why it is down"""
    ends: int = 0
    """of a drain, in us of this machine's clock"""
    decided: bool = False
    """of a "down": whether it is down for the node that says it; told to those that begin"""
    fresh: int = 0
    """of an "up": how many others could not reach it when it answered last"""

    @property
    def answers(self) -> bool:
        """Whether the destination answered this node."""
        return self.kind in (UP, DRAIN)

    def is_news(self, before: "Word") -> bool:
        """Say whether the others have to be told of it: why it is down is no news, nor for whom."""
        is_other = (self.kind, self.fresh) != (before.kind, before.fresh)
        return is_other or abs(self.ends - before.ends) >= _SAME_END


# A drain that is asked for again and again ends later each time, and each is told.
_SAME_END: Final = 1_000_000
NO_WORD: Final = Word()
