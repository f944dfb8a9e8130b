"""Which of the probers one is, and which destinations are its own."""

from ..kamailio import startup_rows, variables
from ..rules.schedule import dealt_to


class Share:
    """The part of all destinations that one prober pings."""

    def __init__(self) -> None:
        self.number = -1
        """which of the probers it is, from 0 on; -1 before it has claimed a number"""
        self.is_claimed = False
        """whether it has"""
        self._waits_for_connections = False

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

    def has(self, key: str) -> bool:
        """Say whether a destination is this prober's."""
        return self.prober_of(key) == self.number

    def prober_of(self, key: str) -> int:
        """Return the number of the prober that has a destination.

        Probers know better than who announces a change: not every process can read Kamailio's settings.
        """
        return dealt_to(key, variables.probers(), self._waits_for_connections)
