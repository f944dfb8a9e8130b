"""What one process does for operators: it writes the state file, and answers between two pieces of that."""

import time
from typing import Final

from .state_writer import Writer, the_writer

# Kamailio's settings, and a script that was reloaded, reach the process between two ticks.
_TURN: Final = 1.0


class BackOffice:
    """Lives in the process of the timer ``keepalive_state_file``. Arguments: writer, of the state file."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def tick(self) -> None:
        """Do what there is to do, for a second at the most."""
        until = time.monotonic() + _TURN
        while self._writer.go_on() and time.monotonic() < until:
            pass


the_back_office = BackOffice(the_writer)
