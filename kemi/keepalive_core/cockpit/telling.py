"""The feed is read, and who waits for news is woken: readers of ``/events``, and webhooks."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Final

from aiohttp import web

from ..kamailio import clock
from ..rules.minutely import Minutely
from ..rules.notices import CHANGE, Notice
from ..services.change_log import the_log
from ..services.snapshot import the_snapshot
from . import webhooks
from .couriers import Courier

log = logging.getLogger("keepalive")

# Between two looks at the feed, in seconds.
_REST: Final = 0.05

# Changes that the snapshot shows at once, each in 20 us; of more it learns within a second.
_MOST_SHOWN: Final = 100

_minutely: Final = Minutely()


class Bell:
    """Wakes all that wait for it."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake all that wait now."""
        self._rung.set()
        self._rung = asyncio.Event()

    async def wait(self) -> None:
        """Wait until it is rung the next time."""
        await self._rung.wait()


the_bell: Final = Bell()
"""rung if the_log has something new"""


async def tell(app: web.Application) -> AsyncIterator[None]:
    """Read the feed as long as the application is there: one of its ``cleanup_ctx``."""
    tasks = [asyncio.create_task(each) for each in (_read_the_feed(webhooks.couriers()), _look_back())]
    yield
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _read_the_feed(couriers: list[Courier]) -> None:
    told = the_log.number
    while True:
        try:
            the_log.take()
        except Exception:
            _complain("what is to be told can't be read")
        if the_log.number != told:
            news, told = the_log.since(told), the_log.number
            _show(news)
            the_bell.ring()
            for courier in couriers:
                courier.bring(news)
        webhooks.report(couriers)
        await asyncio.sleep(_REST)


def _show(news: Sequence[tuple[int, Notice]]) -> None:
    """Have the snapshot show what changed, before those look who are woken by it."""
    if not the_snapshot.is_looked_at():
        return
    for _, notice in news[:_MOST_SHOWN]:
        with suppress(Exception):  # what can't be read is looked at within a second, and told of there
            if notice["event"] == CHANGE:
                the_snapshot.make(notice["destination"])


async def _look_back() -> None:
    while True:
        await asyncio.sleep(1)
        try:
            if the_log.is_behind:
                for _ in the_log.look_back():
                    await asyncio.sleep(0)
        except Exception:
            _complain("the histories can't be read")


def _complain(what: str) -> None:
    if _minutely.may_tell(what, clock.now()):
        log.exception(what)
