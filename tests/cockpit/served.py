"""HTTP served in the test's own process by the real aiohttp, and clients that write what they like."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from conftest import FakeServer
from real.server import free_port

if TYPE_CHECKING:
    from aiohttp import web

T = TypeVar("T")
Add = Callable[["web.Application"], None]


class Served:
    """A server at a UNIX socket and a port, with the paths that a test adds.

    Arguments: server, in which the settings are defined; folder, for the UNIX socket; settings, more of them.
    """

    def __init__(self, server: FakeServer, folder: Path, **settings: str) -> None:
        self.path = folder / "keepalive.sock"
        self.port = free_port()
        server.define("http", f"unix:{self.path} 127.0.0.1:{self.port}")
        for name, value in settings.items():
            server.define(name, value)

    def run(self, task: Callable[[Served], Awaitable[T]], add: Add = lambda app: None) -> T:
        """Serve while a task runs; return what it does."""
        from keepalive_core.cockpit import web as paths
        from keepalive_core.cockpit.serving import Serving

        async def served() -> T:
            app = paths.application()
            add(app)
            serving = Serving(app)
            await serving.begin()
            try:
                async with asyncio.timeout(20):
                    return await task(self)
            finally:
                serving.close()

        return asyncio.run(served())

    async def connect(self, kind: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect over "unix" or "tcp"."""
        if kind == "unix":
            return await asyncio.open_unix_connection(self.path)
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def ask(self, kind: str, data: bytes) -> bytes:
        """Write some bytes, and return all that is answered until the server ends the connection."""
        reader, writer = await self.connect(kind)
        writer.write(data)
        try:
            return await reader.read()
        except ConnectionError:
            return b""
        finally:
            writer.close()

    async def request(self, kind: str, method: str, path: str, body: bytes = b"", **fields: str) -> bytes:
        """Make a request as a program does that knows this server; fields may say otherwise, "" for none."""
        usual = {
            "Host": "localhost",
            "Content-Type": "application/json",
            "X-Keepalive": "1",
            "Content-Length": str(len(body)),
            "Connection": "close",
        }
        sent = {**usual, **{name.replace("_", "-"): value for name, value in fields.items()}}
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items() if value)]
        return await self.ask(kind, "\r\n".join([*lines, "", ""]).encode() + body)


def status(answer: bytes) -> int:
    """The status of an answer, 0 for none."""
    return int(answer.split(b" ", 2)[1]) if answer else 0


def text(answer: bytes) -> str:
    """The body of an answer."""
    return answer.partition(b"\r\n\r\n")[2].decode()
