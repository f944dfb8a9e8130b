"""A handler's turn."""

import asyncio

from keepalive_core.cockpit.handler_turn import Turn, held, sleep


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


def test_whoever_sleeps_keeps_none_waiting() -> None:
    """Others have his turn; he goes on when he has one again, and it is one."""
    order: list[str] = []

    async def sleeper(turns: asyncio.Semaphore) -> None:
        async with held(Turn(turns)):
            await sleep(0.01)
            order.append("slept")
            assert turns.locked()

    async def other(turns: asyncio.Semaphore) -> None:
        async with held(Turn(turns)):
            order.append("other")
            await asyncio.sleep(0.02)
            order.append("done")

    async def run() -> None:
        turns = asyncio.Semaphore(1)
        async with asyncio.timeout(5):
            await asyncio.gather(sleeper(turns), other(turns))
        assert order == ["other", "done", "slept"]
        await turns.acquire()
        assert turns.locked()
        await sleep(0)  # who has no turn keeps none

    asyncio.run(run())


def test_two_who_take_it_at_once_have_one() -> None:
    """As if its reader comes back in the moment in which it has slept."""

    async def run() -> None:
        turns = asyncio.Semaphore(2)
        turn = Turn(turns)
        await asyncio.gather(turn.take(), turn.take())
        assert not turns.locked()
        turn.give()
        for _ in range(2):
            await turns.acquire()
        assert turns.locked()

    asyncio.run(run())
