"""What the module writes to Kamailio's log: each line has a level and a length, a complaint a limit too.

All modules log through Python's logger ``keepalive``. This is the one way from there to KSR, so
what holds for each line is seen to here: it is one line, it bears no password, it has a bound, and a
complaint that is made again and again does not fill a disk.
"""

import logging
import time
from collections.abc import Callable
from typing import Final

import KSR

from ..rules.quoting import shown

# Between INFO and WARNING, as in syslog: a change of a destination's state.
NOTICE: Final = 25
# A line of the log, in characters.
LONGEST_LINE: Final = 1500
# Of a traceback its beginning and its end.
_FIRST_LINES: Final = 10
_LAST_LINES: Final = 50
# Complaints of one kind that a process may write within a minute. A kind is one place in the code, and what
# about() says there.
MOST_OF_A_KIND: Final = 20
_MINUTE: Final = 60.0
# The most kinds that are counted at a time: some hundred, and two for each destination in an outage.
_MOST_KINDS: Final = 10_000

# The name of what about() says, in a record.
_ABOUT: Final = "about"

# Kamailio's L_INFO and L_DBG, as in debug=3.
_INFO: Final = 2
_DEBUG: Final = 3


class KamailioLog(logging.Handler):
    """Writes what the modules log to Kamailio's log.

    Arguments: clock, returns seconds of any clock that goes on.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._minute = clock()
        """when the minute began in which complaints are counted"""
        self._written: dict[tuple[object, ...], int] = {}
        """how many complaints of each kind were made in it"""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, a line of the log for each of its lines."""
        is_counted = record.levelno >= logging.WARNING or hasattr(record, _ABOUT)
        if is_counted and not self._is_allowed(record):
            return
        write = _writer(record.levelno)
        lines = self.format(record).splitlines()
        if len(lines) > _FIRST_LINES + _LAST_LINES:
            lines[_FIRST_LINES:-_LAST_LINES] = ["..."]
        for line in lines:
            write(f"keepalive: {shown(line, LONGEST_LINE)}\n")

    def _is_allowed(self, record: logging.LogRecord) -> bool:
        now = self._clock()
        if now - self._minute >= _MINUTE or len(self._written) > _MOST_KINDS:
            self._minute = now
            left_out = sum(max(0, written - MOST_OF_A_KIND) for written in self._written.values())
            self._written.clear()
            if left_out:
                KSR.warn(f"keepalive: {left_out} more lines like those of the last minute were left out\n")
        kind = record.pathname, record.lineno, record.msg, getattr(record, _ABOUT, "")
        written = self._written[kind] = self._written.get(kind, 0) + 1
        return written <= MOST_OF_A_KIND


def about(subject: str) -> dict[str, str]:
    """Have a complaint counted for its subject alone: ``log.warning(..., extra=about(key))``.

    A line of another level is counted too, then: of what a route may do for each call.

    Arguments: subject, what there are not many of: a destination or a group, a function; nothing that a peer
    may choose.
    """
    return {_ABOUT: subject}


def _writer(level: int) -> Callable[[str], object]:
    if level >= logging.ERROR:
        return KSR.err
    if level >= logging.WARNING:
        return KSR.warn
    if level >= NOTICE:
        return KSR.notice
    return KSR.info if level >= logging.INFO else _write_debug


def write_object(text: str) -> None:
    """Write a JSON object at NOTICE, for programs: the whole of the line, whatever its length."""
    KSR.notice(f"{text}\n")


def install() -> None:
    """Have this process write what the modules log to Kamailio's log."""
    log = logging.getLogger("keepalive")
    log.handlers = [KamailioLog()]
    log.propagate = False
    log.setLevel(logging.DEBUG)


# --- quiet processes ---------------------------------------------------------------------------------------

# At debug level 3 Kamailio writes lines of its own for each run of a timer's function, and for each read of a
# table: 800 a second from the idle processes of this module, among which nothing else is to be found.
_LOOK_AGAIN: Final = 1.0

is_debugged = False
"""Whether Kamailio's log shows debug lines, as this timer's process saw it within the last second."""

look_at = 0.0
"""When keep_quiet() has something to do, in seconds of time.monotonic()."""


def keep_quiet() -> None:
    """Keep Kamailio's own debug lines out of the log in this process, a timer's; call it at look_at.

    If the log level is debug, this process writes at info; any other it follows.
    """
    global is_debugged, look_at
    look_at = time.monotonic() + _LOOK_AGAIN
    # Only timers and routes may read it so: in child_init this read crashes Kamailio (5.6 to 6.0).
    debugged = int(KSR.pv.get("$sel(cfg_get.core.debug)") or 0) >= _DEBUG
    if debugged and not is_debugged:
        KSR.kex.setdebug(_INFO)
    elif is_debugged and not debugged:
        KSR.kex.resetdebug()
    is_debugged = debugged


class aloud:  # noqa: N801 - used as a statement: with aloud()
    """Let Kamailio's debug lines into the log while something happens that an operator wants to look into."""

    __slots__ = ()

    def __enter__(self) -> None:
        if is_debugged:
            KSR.kex.resetdebug()

    def __exit__(self, *_: object) -> None:
        if is_debugged:
            KSR.kex.setdebug(_INFO)


def _write_debug(line: str) -> None:
    with aloud():
        KSR.dbg(line)
