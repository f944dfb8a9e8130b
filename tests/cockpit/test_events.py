"""GET /events, asked as a reader does."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer

from cockpit.served import Served, status
from conftest import FakeServer

A = "sip:192.168.10.20"
Client = TestClient[Any, Any]


@pytest.fixture
def events(server: FakeServer) -> ModuleType:
    """The module, in the process that serves HTTP of a server whose one destination is up."""
    server.define("cockpit", "1")
    keepalive = server.process()
    server.ksr.reply(server.first_ping(keepalive, A), 200)
    from keepalive_core.cockpit import events

    return events


def serve(test: Callable[[Client], Awaitable[None]]) -> None:
    """Run a test beside the application."""
    from keepalive_core.cockpit import web

    async def run() -> None:
        async with TestClient(TestServer(web.application())) as client:
            await asyncio.wait_for(test(client), 20)

    asyncio.run(run())


async def event(answer: aiohttp.ClientResponse) -> dict[str, Any]:
    """Return the next event, with its fields and its data."""
    fields: dict[str, Any] = {}
    while True:
        line = (await answer.content.readline()).decode().rstrip("\n")
        if not line and fields:
            return {**fields, **json.loads(fields.pop("data", "{}"))} if "data" in fields else fields
        name, _, value = line.partition(": ")
        if name:
            fields["type" if name == "event" else name] = value


def test_a_reader_is_told_at_once(events: ModuleType, server: FakeServer) -> None:
    """Behind the greeting each change comes, with the number by which a reader says what it has."""

    async def read(client: Client) -> None:
        answer = await client.get("/events")
        assert answer.content_type == "text/event-stream"
        hello = await event(answer)
        assert (hello["type"], hello["retry"], hello["resumed"]) == ("hello", "3000", False)
        for code in (503, 200):
            server.ksr.reply(server.next_ping(), code, "Busy")
        down, up = await event(answer), await event(answer)
        assert [(each["type"], each["to"]) for each in (down, up)] == [("change", "down"), ("change", "up")]
        assert up["number"] == int(up["id"]) == int(down["id"]) + 1

    serve(read)


def test_one_that_comes_back_has_missed_nothing(events: ModuleType, server: FakeServer) -> None:
    """It is told what came behind the last one that it has; a number that nobody knows is none."""

    async def read(client: Client) -> None:
        answer = await client.get("/events")
        hello = await event(answer)
        server.ksr.reply(server.next_ping(), 503)
        assert (await event(answer))["to"] == "down"
        answer.close()
        answer = await client.get("/events", headers={"Last-Event-ID": hello["id"]})
        assert (await event(answer))["resumed"] is True
        assert (await event(answer))["to"] == "down"
        for said in ("7", "nonsense", "9" * 30):
            answer = await client.get("/events", headers={"Last-Event-ID": said})
            assert (await event(answer))["resumed"] is False

    serve(read)


def test_a_reader_without_news_is_kept(events: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a comment now and then."""
    monkeypatch.setattr(events, "HEARTBEAT", 0.1)

    async def read(client: Client) -> None:
        answer = await client.get("/events")
        for _ in range(2):
            await event(answer)
        assert (await answer.content.readline()) == b":\n"

    serve(read)


@pytest.mark.parametrize("name", ["MOST_READERS", "MOST_OF_A_PEER"])
def test_there_is_room_for_so_many(events: ModuleType, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """One more is sent away, until one leaves: of all over TCP, and of those from one address."""
    monkeypatch.setattr(events, name, 2)

    async def read(client: Client) -> None:
        answers = [await client.get("/events") for _ in range(2)]
        refused = await client.get("/events")
        assert (refused.status, refused.headers["Retry-After"]) == (503, "30")
        answers[0].close()
        while (await client.get("/events")).status != 200:
            await asyncio.sleep(0.01)

    serve(read)


def test_readers_over_tcp_keep_none_from_the_unix_socket(
    events: ModuleType, server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor do those over the UNIX socket keep others from TCP, and one address keeps no room from the next."""
    monkeypatch.setattr(events, "MOST_READERS", 3)
    monkeypatch.setattr(events, "MOST_OF_A_PEER", 2)
    served = Served(server, tmp_path)

    async def read(_: Served) -> None:
        async def status_of(kind: str) -> int:
            reader, writer = await served.connect(kind)
            open_writers.append(writer)
            writer.write(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            return status(await reader.readuntil(b"\r\n"))

        open_writers: list[asyncio.StreamWriter] = []
        assert [await status_of("tcp") for _ in range(3)] == [200, 200, 503]
        assert [await status_of("unix") for _ in range(4)] == [200, 200, 200, 503]
        for writer in open_writers:
            writer.close()

    served.run(read)


def test_a_slow_reader_is_left(
    events: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it does not take is not kept for it, and others are told all the same."""
    monkeypatch.setattr(events, "PATIENCE", 0.2)
    notices = sys.modules["keepalive_core.rules.notices"]
    feed = sys.modules["keepalive_core.services.feed"]

    async def read(client: Client) -> None:
        answer = await client.get("/events")
        connection = answer.connection
        assert connection is not None
        assert connection.transport is not None
        connection.transport.pause_reading()  # type: ignore[attr-defined]
        other = await client.get("/events")
        told = 0
        while len(events._readers) > 1:
            for _ in range(200):
                feed.put({**notices.gap(1), "why": "x" * 9000})
            while (await event(other))["type"] != "gap":
                pass
            told += 1
            assert told < 1000
            await asyncio.sleep(0)

    serve(read)


def test_what_is_not_kept_any_more_is_a_gap(events: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that was not told of all is told that."""
    from keepalive_core.services import change_log

    first = change_log.the_log.number
    monkeypatch.setattr(change_log, "KEPT", 1)
    for at in range(3):
        change_log.the_log._add({"event": "keepalive.pause", "at": at})
    text = events._news(first).decode()
    assert text.startswith(f"event: gap\nid: {first}\n")
    assert text.count("event: pause") == 1
