"""The process that serves HTTP: its asyncio loop is turned a second at a time, as a timer of Kamailio's.

So it comes back to Kamailio once a second, and a reload of the script finds its moment. What it knows lies in
this module, which a reload does not load anew: the sockets stay open.
"""

import asyncio
import importlib
import logging
import os
import signal
import time
from contextlib import suppress
from typing import Any, Final

from ..rules.minutely import Minutely

log = logging.getLogger("keepalive")

TURN_SECONDS: Final = 1.0
"""how long the loop is turned at a time"""
PACKAGES: Final = {"aiohttp": "python3-aiohttp", "prometheus_client": "python3-prometheus-client"}
"""what is imported in this process alone, and Debian's packages of it"""
_minutely: Final = Minutely()


class Process:
    """The loop, and whether it can be turned at all."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_hopeless = False

    def turn(self) -> None:
        """Serve for a second; the first time begin with it."""
        if self._is_hopeless:
            return
        if self._loop is None:
            self._loop = self._begun()
        if self._loop is not None:
            self._loop.run_until_complete(asyncio.sleep(TURN_SECONDS))

    def _begun(self) -> asyncio.AbstractEventLoop | None:
        """Return the loop that serves; None, and a line of the log, if the packages are missing."""
        self._is_hopeless = True  # whatever goes wrong is told once
        missing = [package for name, package in PACKAGES.items() if not _is_there(name)]
        if missing:
            log.error("HTTP is not served, pings go on: apt-get install %s, and restart", " ".join(missing))
            return None
        from . import taking_turns, web

        taking_turns.stand_back()

        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        loop.set_exception_handler(_tell)
        serving = loop.run_until_complete(web.start())

        def end(*_: object) -> None:
            serving.close()
            os._exit(0)

        # Kamailio's processes end in the middle of what they do, and would leave the UNIX socket behind.
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, end)
        self._is_hopeless = False
        return loop


def _is_there(name: str) -> bool:
    with suppress(ImportError):
        importlib.import_module(name)
        return True
    return False


def _tell(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what went wrong in the loop, and was nobody's to catch; once a minute, as clients come again."""
    if _minutely.may_tell("fault", time.monotonic_ns() // 1000):
        log.error("HTTP: %.200s", context.get("message"), exc_info=context.get("exception"))


the_process = Process()
