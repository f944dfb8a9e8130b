"""Which of the probers one is, and which destinations are its own."""

from ..kamailio import queues, startup_rows, variables
from ..rules.schedule import Wish, dealt_to
from ..rules.ways import Way


class Share:
    """The part of all destinations that one prober pings."""

    def __init__(self) -> None:
        self.number = -1
        """which of the probers it is, from 0 on; -1 before it has claimed a number"""
        self.is_claimed = False
        """whether it has"""
        self._waits_for_connections = False
        self._handed_on: set[str] = set()
        """keys of destinations of which it hears and that the last prober pings"""

    @property
    def is_first(self) -> bool:
        """Whether this prober does what one of them does for the whole server."""
        return self.number == 0

    def claim(self) -> None:
        """Claim a number, once. Raises: SharedMemoryFull."""
        if not self.is_claimed:
            self.number = startup_rows.claim_prober()
            self._waits_for_connections = variables.waits_for_connections()
            self.is_claimed = True

    def hears_of(self, key: str) -> bool:
        """Say whether the changes of a destination are announced to this prober."""
        return dealt_to(key, variables.probers()) == self.number

    def keeps(self, key: str, way: Way) -> bool:
        """Say whether this prober pings a destination, whose pings travel in a way."""
        return self._keeper(key, way) == self.number

    def hand_on(self, key: str, way: Way, wish: Wish) -> bool:
        """Hand a destination to the prober that pings it, if that is another one.

        That depends on settings, which not every process can read that announces a change.
        Returns: whether it is another one. Raises: SharedMemoryFull.
        """
        keeper = self._keeper(key, way)
        if keeper == self.number:
            self.take_back(key)
            return False
        queues.announce_to(keeper, key, wish)
        if keeper == self._last:
            self._handed_on.add(key)
        return True

    def take_back(self, key: str) -> None:
        """Have the other prober look again at what it was handed: it is gone, or not that one's any more.

        Raises: SharedMemoryFull.
        """
        if key in self._handed_on:
            queues.announce_to(self._last, key, Wish.REGULARLY)
            self._handed_on.discard(key)

    @property
    def _last(self) -> int:
        return variables.probers() - 1

    def _keeper(self, key: str, way: Way) -> int:
        may_wait = way.may_wait(for_connections=self._waits_for_connections)
        return self._last if may_wait else dealt_to(key, variables.probers())
