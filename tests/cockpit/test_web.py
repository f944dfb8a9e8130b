"""Which path is whose, asked of the application as a client does."""

import asyncio
from types import ModuleType

from aiohttp.test_utils import TestClient, TestServer


def test_the_process_says_that_it_is_alive(keepalive: ModuleType) -> None:
    """Whoever looks from outside needs no more than the status."""
    from keepalive_core.cockpit import web

    async def ask() -> str:
        async with TestClient(TestServer(web.application())) as client:
            answer = await client.get("/healthz")
            assert answer.status == 200
            return await answer.text()

    assert asyncio.run(ask()) == "ok\n"
