"""A handler's turn."""

import asyncio

from keepalive_core.cockpit.handler_turn import Turn


def test_it_is_given_back_once() -> None:
    """However often it is given; and another one can be taken."""

    async def run() -> None:
        turns = asyncio.Semaphore(1)
        turn = Turn(turns)
        turn.give()
        for _ in range(2):
            await turn.take()
            assert turns.locked()
            turn.give()
            turn.give()
        await turns.acquire()
        assert turns.locked()

    asyncio.run(run())
