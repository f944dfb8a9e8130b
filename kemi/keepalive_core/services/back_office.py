"""What one process does for operators: it writes the state file, and answers between two pieces of that."""

import time
from typing import Final

from .command_channel import CommandChannel, the_channel
from .state_writer import Writer, the_writer

# Kamailio's settings, and a script that was reloaded, reach the process between two ticks.
_TURN: Final = 1.0


class BackOffice:
    """Lives in the process of the timer ``keepalive_state_file``.

    Arguments: writer, of the state file; channel, of kamcmd.
    """

    def __init__(self, writer: Writer, channel: CommandChannel) -> None:
        self._writer = writer
        self._channel = channel

    def tick(self) -> None:
        """Do what there is to do, for a second at the most."""
        until = time.monotonic() + _TURN
        while time.monotonic() < until:
            is_answering, is_writing = self._channel.turn(), self._writer.go_on()
            if not is_answering and not is_writing:
                return


the_back_office = BackOffice(the_writer, the_channel)
