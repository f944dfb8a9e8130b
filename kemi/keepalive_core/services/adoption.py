"""Whether what Kamailio has to call for keepalive is called: if not, the log says so, and what to do.

What is wrong with a start is known, in part, before anything runs: which include, which handler. What is not
called at all is seen a moment later by who is: a timer's process, or one that is asked of who is unknown.
"""

import logging
from contextlib import suppress
from typing import Any, Final

from ..kamailio import clock, modules, server_rows, startup_rows, variables
from ..kamailio.tables import SharedMemoryFull
from ..rules import adoption_faults
from ..rules.adoption_faults import TIMERS, Fault
from ..rules.times import MINUTE, SECOND
from . import configuration
from .refusals import done

log = logging.getLogger("keepalive")

# So long in us after the first call of any process all timers have called, however many processes there are.
# It does not count from the start: a mod_init that asks a database, say, may take longer than this.
_BEGUN: Final = 9 * SECOND
# Of the timers the one that calls in a single process, whatever is set.
_SINGLE: Final = "ksr_keepalive_state_file"
_ANSWERS: Final = {"up": "1", "down": "2", "error": "-1"}


class Adoption:
    """What one process knows of it; the others inherit what was known at the start."""

    def __init__(self) -> None:
        self.engine = modules.engine()
        """what kamailio.cfg routes by, None if not known"""
        self.is_sound = False
        """whether nothing is wrong, and there is nothing to look for any more"""
        self._began = clock.now()
        self._at_work: set[str] = set()
        """the timers that call in this process, usually one"""
        self._fault: Fault | None = None
        """what is wrong with the start"""
        self._next_look = 0
        """when this process looks again, in us"""
        self._tell_again = 0
        """when it may tell again what it told at the start, in us"""

    def look_at_start(self, handler: object) -> None:
        """Tell what is wrong with the handler that mod_init has returned, and with the include."""
        missing = [name for name in self._called() if not callable(getattr(handler, name, None))]
        self._fault = adoption_faults.of_start(self.engine, self.include(), missing)
        if self._fault is not None:
            self._have_it_told_again(handler, missing)
            log.error("wrongly adopted: %s", self.text(self._fault))
            self._tell_again = self._began + MINUTE
        elif self.engine is not None and (needed := adoption_faults.needed_of(self.engine)):
            # Nothing else of Python's runs before its script calls, so this can't wait until it does not.
            log.info("%s", needed)

    def at_work(self, timer: str) -> None:
        """Note that a timer calls, and look for what does not; at each call. Raises: SharedMemoryFull."""
        if timer not in self._at_work:
            startup_rows.store_at_work(timer)
            self._at_work.add(timer)
        now = clock.now()
        if now >= self._next_look:
            self._look(now)

    def look(self) -> None:
        """Tell what is wrong, once a minute of all processes; for who is asked, or called in vain."""
        if self.is_sound:
            return
        now = clock.now()
        if now >= self._next_look:
            with suppress(SharedMemoryFull):
                self._look(now)

    def found(self) -> Fault | None:
        """Return what is wrong with the start, or with the timers, None if nothing is."""
        at_work = [name for name in TIMERS if startup_rows.is_at_work(name)]
        return self._fault or adoption_faults.of_timers(self.engine, at_work)

    def tell(self, fault: Fault) -> None:
        """Tell of something that is wrong, once a minute of all processes. Raises: SharedMemoryFull."""
        if server_rows.may_tell(f"adoption {fault.cause[:40]}", clock.now()):
            log.error("wrongly adopted: %s", self.text(fault))

    def include(self) -> str | None:
        """Return the name of the file that was included, None if it does not say."""
        with suppress(variables.Unreadable):
            return variables.defined("include")
        return None

    def _look(self, now: int) -> None:
        self._next_look = now + SECOND
        fault = self.found()
        self.is_sound = fault is None
        if fault is not None and now >= max(self._tell_again, startup_rows.first_call(now) + _BEGUN):
            self.tell(fault)

    def _called(self) -> list[str]:
        return [*adoption_faults.needed(self.engine), "ksr_request_route"]

    def _have_it_told_again(self, handler: Any, missing: list[str]) -> None:
        """Have a handler that no timer could call tell of it, once a minute."""
        if TIMERS.keys() <= {*missing}:
            with suppress(AttributeError, TypeError):
                setattr(handler, _SINGLE, lambda msg, event="": done(self.look))

    def text(self, fault: Fault) -> str:
        """Return all that is to be said of something that is wrong."""
        return fault.text(_ANSWERS[str(configuration.values()["unknown_as"])])


the_adoption = Adoption()
