"""A destination that comes up again begins to gain its weight: what pick() needs to know of it."""

from contextlib import suppress

from ..kamailio import clock, destination_rows, ramp_rows
from ..kamailio.tables import SharedMemoryFull
from ..rules.ramp import Ramp
from ..rules.rows import Registration
from ..rules.service_code import is_unknown, own_answer
from ..rules.states import DOWN, UP
from ..rules.times import SECOND
from . import policies


def follow(key: str, code: int, registered: Registration) -> None:
    """Note that a destination comes up, before is_alive says so; under its lock.

    It does if it was down, drained or in maintenance. What was unknown has its weight at once, else each
    start of the server would be a slow one.

    Arguments: key; code, which is_alive is to read; registered, how the destination is registered.
    """
    if own_answer(code) != UP:
        return
    before = destination_rows.service_code(key)
    if before is None or is_unknown(before) or own_answer(before) != DOWN:
        return
    takes = policies.policy_of(registered).slow_start
    if takes:
        # Without memory for it, it has its weight at once.
        with suppress(SharedMemoryFull):
            ramp_rows.store_ramp(key, Ramp(clock.now(), int(takes * SECOND)))
