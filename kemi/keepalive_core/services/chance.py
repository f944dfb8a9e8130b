"""Chance, as the system has it.

SIP workers are forks of one process: what begins with a seed would be the same in all of them.
"""

from collections.abc import Callable
from random import SystemRandom
from typing import Final

part: Final[Callable[[], float]] = SystemRandom().random
"""Return a random number from 0 up to 1."""


def below(number: int) -> int:
    """Return a random whole number from 0 up to one that is not reached, 1 at the least."""
    return int(part() * number)
