"""How HTTP is served: an application, guarded, at all places of KEEPALIVE_HTTP."""

import asyncio
import logging
from typing import Final

from aiohttp import web

from ..kamailio import host
from ..rules.http_settings import UnixPlace
from . import http_defines, http_sockets
from .access import Access
from .http_limits import Connections
from .token_file import TokenFile

log = logging.getLogger("keepalive")

# How many connections there may be over UNIX sockets and over TCP; from one address half of these. Readers of
# events, of whom there may be half as many, keep theirs open.
_MOST_CONNECTIONS: Final = 128
_MOST_OF_A_PEER: Final = 64
# What http_connection.py has an eye on is not to be aiohttp's business first.
_NEVER: Final = 3600.0
_LINGER: Final = 2.0


class Serving:
    """An application that is served."""

    def __init__(self, app: web.Application) -> None:
        settings = http_defines.settings()
        token_file = TokenFile(settings.token_file)
        Access(settings, host.names(), token_file).guard(app)
        self._places = settings.places
        self._has_token = lambda: bool(token_file.token())
        self._runner = web.AppRunner(
            app,
            handle_signals=False,
            access_log=None,
            logger=_quiet(),
            keepalive_timeout=_NEVER,
            lingering_time=_LINGER,
        )
        self._doors: list[http_sockets.Door] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def begin(self) -> None:
        """Open what can be opened, and see to it from now on."""
        await self._runner.setup()
        server = self._runner.server
        assert server is not None
        unix = Connections(server, _MOST_CONNECTIONS, _MOST_CONNECTIONS)
        tcp = Connections(server, _MOST_CONNECTIONS, _MOST_OF_A_PEER)
        for place in self._places:
            kind = unix if isinstance(place, UnixPlace) else tcp
            self._doors.append(http_sockets.Door(place, kind, self._has_token))
        for door in self._doors:
            await door.see_to()
        self._tasks = [
            asyncio.create_task(http_sockets.keep_open(self._doors)),
            *(asyncio.create_task(kind.watch()) for kind in (unix, tcp)),
        ]

    def close(self) -> None:
        """Remove the sockets; the process is about to end."""
        for door in self._doors:
            door.close()


def _quiet() -> logging.Logger:
    """Return aiohttp's log, silent as asyncio's: they complain of each client that goes away."""
    for name in ("aiohttp", "asyncio"):
        quiet = logging.getLogger(name)
        quiet.addHandler(logging.NullHandler())
        quiet.propagate = False
    return logging.getLogger("aiohttp")
