"""GET /events: what happens, as server-sent events, for whoever keeps the connection open.

Each event has a number. A reader that comes back with the last one that it has, in ``Last-Event-ID``, is told
what it missed. One that reads too slowly is left: it comes back, or is of no use.
"""

import asyncio
import os
import time
from typing import Final

from aiohttp import web

from .. import VERSION
from ..rules import notices, server_sent
from ..services.change_log import the_log
from . import telling
from .telling import the_bell

PATH: Final = "/events"
MOST_READERS: Final = 64
"""over UNIX sockets, and as many over TCP"""
MOST_OF_A_PEER: Final = 32
"""of those over TCP, from one address: half of its connections, so that it can still ask other things"""

_HEADERS: Final = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    # nginx would keep events back otherwise.
    "X-Accel-Buffering": "no",
}
HEARTBEAT: Final = 15.0
"""seconds without news after which a reader gets a comment, so that nobody on the way takes it for dead"""
PATIENCE: Final = 10.0
"""seconds in which a reader has to take what it is told"""

_readers: Final[list[web.Request]] = []


def serve(app: web.Application) -> None:
    """Give the application its path, and have it read what there is to tell."""
    app.router.add_get(PATH, events, allow_head=False)
    app.cleanup_ctx.append(telling.tell)


async def events(request: web.Request) -> web.StreamResponse:
    """Tell a reader of all that happens, until it leaves."""
    if (most := _most_reached(request)) is not None:
        text = f"{most} readers are there already\n"
        return web.Response(status=503, text=text, headers={"Retry-After": "30"})
    response = web.StreamResponse(headers=_HEADERS)
    _readers.append(request)
    try:
        await response.prepare(request)
        await _tell(response, server_sent.last_number(request.headers.get("Last-Event-ID", "")))
    except (TimeoutError, ConnectionError):
        # What it did not take would be kept for it otherwise.
        if request.transport is not None:
            request.transport.abort()
    finally:
        _readers.remove(request)
    return response


def _most_reached(request: web.Request) -> int | None:
    """Return how many readers there may be with whom a new one would be one too many; None if it may come."""
    peer = _peer(request)
    alike = [each for each in map(_peer, _readers) if each is not None and bool(each) == bool(peer)]
    if len(alike) >= MOST_READERS:
        return MOST_READERS
    return MOST_OF_A_PEER if peer and alike.count(peer) >= MOST_OF_A_PEER else None


def _peer(reader: web.Request) -> str | None:
    """Return the address that a reader comes from; "" over a UNIX socket, None if it is gone."""
    if reader.transport is None:
        return None
    name = reader.get_extra_info("peername")
    return str(name[0]) if isinstance(name, tuple) else ""


async def _tell(response: web.StreamResponse, last: int | None) -> None:
    is_resumed = last is not None and the_log.is_all_kept_since(last)
    told = last if last is not None and is_resumed else the_log.number
    await _write(
        response, server_sent.hello(told, int(time.time()), is_resumed, os.uname().nodename, VERSION)
    )
    while True:
        if told == the_log.number:
            try:
                async with asyncio.timeout(HEARTBEAT):
                    await the_bell.wait()
            except TimeoutError:
                await _write(response, server_sent.COMMENT)
        else:
            news, told = _news(told), the_log.number
            await _write(response, news)


async def _write(response: web.StreamResponse, text: bytes) -> None:
    async with asyncio.timeout(PATIENCE):
        await response.write(text)


# Nearly all readers are told the same.
_told_last: tuple[int, int] = (0, 0)
_news_of_last = b""


def _news(since: int) -> bytes:
    """Return the events behind a number; a gap first, if they are not all that there were."""
    global _told_last, _news_of_last
    if _told_last != (since, the_log.number):
        events = [server_sent.event(*each) for each in the_log.since(since)]
        if not the_log.is_all_kept_since(since):
            events.insert(0, server_sent.event(since, notices.gap(int(time.time()))))
        _told_last, _news_of_last = (since, the_log.number), b"".join(events)
    return _news_of_last
