"""Handlers of HTTP take turns, so that many requests over TCP leave time for the UNIX socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Final


class Turn:
    """A handler's turn, of which there are some at a time; who waits for something has given it back.

    Arguments: turns, of all.
    """

    def __init__(self, turns: asyncio.Semaphore) -> None:
        self._turns = turns
        self._is_taken = False

    async def take(self) -> None:
        """Wait for it."""
        await self._turns.acquire()
        if self._is_taken:  # its reader and what it waited for came at once
            self._turns.release()
        self._is_taken = True

    def give(self) -> None:
        """Let another one have it."""
        if self._is_taken:
            self._is_taken = False
            self._turns.release()


# Each handler has a task of its own, and each task its own value.
_mine: Final[ContextVar[Turn | None]] = ContextVar("turn", default=None)


@asynccontextmanager
async def held(turn: Turn) -> AsyncIterator[None]:
    """Do something in a turn, which sleep() gives back."""
    await turn.take()
    before = _mine.set(turn)
    try:
        yield
    finally:
        _mine.reset(before)
        turn.give()


async def sleep(seconds: float) -> None:
    """Have nothing to do for a while; others have this handler's turn meanwhile."""
    turn = _mine.get()
    if turn is not None:
        turn.give()
    await asyncio.sleep(seconds)
    if turn is not None:
        await turn.take()
