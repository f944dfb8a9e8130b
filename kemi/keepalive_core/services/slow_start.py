"""A destination that comes up again begins to gain its weight: what pick() needs to know of it."""

from collections.abc import Mapping
from contextlib import suppress

from ..kamailio import clock, ramp_rows
from ..kamailio.tables import SharedMemoryFull
from ..rules.policy import Policy
from ..rules.ramp import Ramp
from ..rules.rows import Registration
from ..rules.service_code import own_answer
from ..rules.states import DOWN, UP
from ..rules.times import SECOND


def follow(registered: Registration | None, was: int, code: int, policy: Policy) -> None:
    """Note that a member of a group comes up, before is_alive says so; under its lock.

    It does if it was down, drained or in maintenance. What was unknown has its weight at once, else each
    start of the server would be a slow one.

    Arguments: registered; was and code, as code_of() gives them, before and now; policy, in force for it.
    """
    if not policy.slow_start or registered is None or not registered.groups:
        return
    if own_answer(was) == DOWN and own_answer(code) == UP:
        # Without memory for it, it has its weight at once.
        with suppress(SharedMemoryFull):
            ramp_rows.store_ramp(registered.uri, Ramp(clock.now(), int(policy.slow_start * SECOND)))


class Ramps:
    """What gains its weight now, as far as this process has read."""

    def __init__(self) -> None:
        self._read = 0
        self._by_uri: dict[str, Ramp] = {}

    def at(self, now: int) -> Mapping[str, Ramp]:
        """Return who gains its weight at a time in us, by URIs: of very many the last ones to come up."""
        newest = ramp_rows.newest()
        if newest != self._read:
            more = ramp_rows.ramps(self._read, newest)
            kept = {uri: known for uri, known in self._by_uri.items() if uri not in more}
            self._by_uri = dict([*kept.items(), *more.items()][-ramp_rows.KEPT :])
            self._read = newest
        if any(known.ends <= now for known in self._by_uri.values()):
            self._by_uri = {uri: known for uri, known in self._by_uri.items() if known.ends > now}
        return self._by_uri
