"""What one process does for operators: it writes the state file, answers them, and reloads."""

import logging
import time
from collections.abc import Callable
from typing import Final

from .command_channel import CommandChannel, the_channel
from .ordered_reload import OrderedReload, the_reload
from .state_writer import Writer, the_writer

log = logging.getLogger("keepalive")

# Kamailio's settings, and a script that was reloaded, reach the process between two ticks.
_TURN: Final = 1.0


class BackOffice:
    """Lives in the process of the timer ``keepalive_state_file``.

    Arguments: writer, of the state file; channel, of kamcmd; reload, of the list file.
    """

    def __init__(self, writer: Writer, channel: CommandChannel, reload: OrderedReload) -> None:
        self._writer = writer
        self._channel = channel
        self._reload = reload

    def tick(self) -> None:
        """Do what there is to do, for a second at the most."""
        until = time.monotonic() + _TURN
        _attempt(self._reload.look)
        while time.monotonic() < until:
            # Each has its step, whatever the others do.
            steps = self._channel.turn, self._reload.go_on, self._writer.go_on
            if True not in [_attempt(step) for step in steps]:
                return


def _attempt(step: Callable[[], bool | None]) -> bool:
    """Do a step. Returns: whether there is more to do; not now, if it fails, which is logged."""
    try:
        return bool(step())
    except Exception:
        log.exception("what is done for operators failed")
        return False


the_back_office = BackOffice(the_writer, the_channel, the_reload)
