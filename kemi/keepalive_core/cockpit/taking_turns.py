"""What takes long is done in slices: between two of them others have their turn, SIP first of all.

A slice is as short as SIP may wait for a CPU: Linux lets a process that has one go on for milliseconds.
"""

import asyncio
import os
from collections.abc import Generator
from typing import Any, Final

from . import handler_turn

_NICE: Final = 10
"""A tenth of what a SIP worker gets of a CPU that is wanted by both"""


def stand_back() -> None:
    """Have this process come behind those that work for SIP, for good."""
    os.nice(_NICE)


async def give_way(seconds: float = 0) -> None:
    """Let others have their turn: whoever waits for this CPU, and other requests.

    Arguments: seconds, for which there is nothing to do.
    """
    os.sched_yield()
    await (handler_turn.sleep(seconds) if seconds else asyncio.sleep(0))


async def done(found: Any) -> Any:
    """Return what a method returns; while a generator makes it, others have their turn.

    Such a generator yields None, or the seconds for which there is nothing to do.
    """
    if not isinstance(found, Generator):
        return found
    try:
        while True:
            await give_way(next(found) or 0)
    except StopIteration as end:
        return end.value
    finally:
        found.close()
