"""Keeps the trouble of one task, or of one destination, from all others of a prober."""

import logging
from collections.abc import Callable, Iterable

from ..kamailio.kamailio_log import about
from ..kamailio.tables import SharedMemoryFull
from ..rules.minutely import Minutely
from ..rules.schedule import Timetable
from ..rules.times import SECOND

log = logging.getLogger("keepalive")


class Bulkhead:
    """Does what may fail, and tells of it.

    Arguments: clock, returns the time in us.
    """

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._minutely = Minutely()

    def do(self, task: Callable[[int], None], now: int) -> None:
        """Do a task, given the time in us; if it fails, that is logged, and the tasks after it are done."""
        try:
            task(now)
        except SharedMemoryFull as error:
            self.tell(f"a prober can't {_words(task)} now: %s", error)
        except Exception:
            log.exception("a prober can't %s now", _words(task), extra=about(_words(task)))

    def for_each(
        self, keys: Iterable[str], act: Callable[[str], None], again: Timetable | None = None
    ) -> None:
        """Do something for each key; if it fails for one, that is logged, and the others have their turn.

        Arguments: keys; act, what to do; again, the timetable in which a key is put a second later if that
        fails.
        """
        for key in keys:
            try:
                act(key)
                continue
            except SharedMemoryFull as error:
                self.tell("%s can't be pinged now: %s", key, error)
            except Exception:
                log.exception("%s can't be pinged now", key)
            if again is not None:
                again.bring_forward(key, self._clock() + SECOND)

    def tell(self, what: str, *rest: object) -> None:
        """Log what concerns many destinations once a minute; what, the format, is what is counted."""
        if self._minutely.may_tell(what, self._clock()):
            log.error(what, *rest)


def _words(task: Callable[[int], None]) -> str:
    """Return what a task does: its name, as words."""
    return task.__name__.strip("_").replace("_", " ")
