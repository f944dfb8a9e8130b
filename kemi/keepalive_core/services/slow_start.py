"""A destination that comes up again begins to gain its weight: what pick() needs to know of it."""

from contextlib import suppress

from ..kamailio import clock, ramp_rows
from ..kamailio.tables import SharedMemoryFull
from ..rules.policy import Policy
from ..rules.ramp import Ramp
from ..rules.service_code import own_answer
from ..rules.states import DOWN, UP
from ..rules.times import SECOND


def follow(key: str, was: int, code: int, policy: Policy) -> None:
    """Note that a destination comes up, before is_alive says so; under its lock.

    It does if it was down, drained or in maintenance. What was unknown has its weight at once, else each
    start of the server would be a slow one.

    Arguments: key; was and code, as code_of() gives them, before and now; policy, in force for it.
    """
    if policy.slow_start and own_answer(was) == DOWN and own_answer(code) == UP:
        # Without memory for it, it has its weight at once.
        with suppress(SharedMemoryFull):
            ramp_rows.store_ramp(key, Ramp(clock.now(), int(policy.slow_start * SECOND)))
