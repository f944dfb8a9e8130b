"""What takes long gives others their turn."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator

import pytest

from keepalive_core.cockpit import taking_turns
from keepalive_core.cockpit.taking_turns import done


def test_a_generator_is_driven_to_its_end() -> None:
    """Others run between its slices, and what it returns is what was asked for."""
    order: list[str] = []

    def task() -> Iterator[float | None]:
        for each in ("first", "second"):
            order.append(each)
            yield 0.001 if each == "first" else None
        return "found"

    async def both() -> object:
        async def other() -> None:
            order.append("other")

        waiting = asyncio.create_task(other())
        found = await done(task())
        await waiting
        return found

    assert asyncio.run(both()) == "found"
    assert order == ["first", "other", "second"]
    assert asyncio.run(done(7)) == 7


def test_a_generator_that_nobody_waits_for_any_more_is_closed() -> None:
    """A client that is gone leaves nothing half done behind."""
    closed: list[bool] = []

    def task() -> Iterator[None]:
        try:
            while True:
                yield
        finally:
            closed.append(True)

    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(done(task()), 0.05)

    asyncio.run(give_up())
    assert closed == [True]


def test_whoever_waits_for_the_cpu_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two slices, and the process stands behind SIP for good."""
    asked: list[int] = []
    monkeypatch.setattr(os, "sched_yield", lambda: asked.append(0))
    monkeypatch.setattr(os, "nice", asked.append)
    asyncio.run(taking_turns.give_way())
    taking_turns.stand_back()
    assert asked == [0, 10]
