"""The feed is read, and whoever waits for news is woken."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from types import ModuleType

import pytest

from conftest import FakeServer

A = "sip:192.168.10.20"


@pytest.fixture
def telling(server: FakeServer) -> ModuleType:
    """The module, in the process that serves HTTP of a server whose one destination is up."""
    server.define("cockpit", "1")
    keepalive = server.process()
    server.ksr.reply(server.first_ping(keepalive, A), 200)
    from keepalive_core.cockpit import telling

    return telling


def beside(telling: ModuleType, test: Callable[[], Awaitable[None]]) -> None:
    """Run a test while the feed is read."""

    async def run() -> None:
        work = telling.tell(None)
        await anext(work)
        await asyncio.wait_for(test(), 20)
        assert await anext(work, None) is None

    asyncio.run(run())


class Courier:
    """Takes what it is to bring."""

    def __init__(self) -> None:
        self.brought: list[str] = []

    def bring(self, news: list[tuple[int, dict[str, str]]]) -> None:
        self.brought += [notice.get("to", notice["event"]) for _, notice in news]


def test_news_come_to_all_that_wait(
    telling: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bell rings, and each courier has it, once."""
    couriers = [Courier(), Courier()]
    monkeypatch.setattr(telling.webhooks, "couriers", lambda: couriers)
    monkeypatch.setattr(telling.webhooks, "report", lambda _: None)

    async def test() -> None:
        while couriers[0].brought != ["up"]:
            await asyncio.sleep(0)
        waiting = [asyncio.create_task(telling.the_bell.wait()) for _ in range(2)]
        await asyncio.sleep(0)
        server.ksr.reply(server.next_ping(), 503)
        await asyncio.gather(*waiting)
        assert [each.brought for each in couriers] == [["up", "down"]] * 2

    beside(telling, test)


def test_who_is_woken_sees_what_changed(telling: ModuleType, server: FakeServer) -> None:
    """If somebody looks at the snapshot it shows the change when the bell rings, not a second later."""
    snapshot = telling.the_snapshot

    async def test() -> None:
        for _ in snapshot.fresh():
            await asyncio.sleep(0)
        [row] = snapshot.rows.values()
        assert row.shown == "up"
        while not telling.the_log.changes()["changes"]:
            await asyncio.sleep(0)
        server.ksr.reply(server.next_ping(), 503)
        while telling.the_log.changes()["changes"][-1]["to"] == "up":
            await telling.the_bell.wait()
        assert (row.shown, snapshot.counts["down"]) == ("down", 1)

    beside(telling, test)


def test_the_time_before_is_looked_up(telling: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the histories, within seconds of the start."""
    feed = sys.modules["keepalive_core.services.feed"]
    list(feed.taken())
    assert telling.the_log.changes()["changes"] == []

    async def test() -> None:
        while not telling.the_log.changes()["changes"]:
            await asyncio.sleep(0.01)

    beside(telling, test)


def test_what_goes_wrong_is_told_and_goes_on(
    telling: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once a minute; the next look finds what this one did not."""
    take, calls = telling.the_log.take, []

    def fail() -> None:
        calls.append(1)
        if len(calls) < 3:
            raise RuntimeError("out of order")
        take()

    monkeypatch.setattr(telling.the_log, "take", fail)

    async def test() -> None:
        while not telling.the_log.changes()["changes"]:
            await asyncio.sleep(0.01)

    beside(telling, test)
    assert sum("what is to be told can't be read" in line for line in server.ksr.lines("err")) == 1
