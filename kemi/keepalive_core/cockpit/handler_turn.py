"""Handlers of HTTP take turns, so that many requests over TCP leave time for the UNIX socket."""

import asyncio


class Turn:
    """A handler's turn, of which there are some at a time; who waits for his reader has given it back.

    Arguments: turns, of all.
    """

    def __init__(self, turns: asyncio.Semaphore) -> None:
        self._turns = turns
        self._is_taken = False

    async def take(self) -> None:
        """Wait for it."""
        await self._turns.acquire()
        self._is_taken = True

    def give(self) -> None:
        """Let another one have it."""
        if self._is_taken:
            self._is_taken = False
            self._turns.release()
