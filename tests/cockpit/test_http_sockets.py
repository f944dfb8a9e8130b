"""The sockets at which HTTP is served."""

import asyncio
import stat
from pathlib import Path
from types import ModuleType

from aiohttp import ClientSession, UnixConnector

from conftest import FakeServer


def test_a_unix_socket_is_its_owners_and_his_groups(
    keepalive: ModuleType, server: FakeServer, tmp_path: Path
) -> None:
    """Its rights are the access control, so nobody else can connect."""
    path = tmp_path / "keepalive.sock"
    server.define("http", f"unix:{path}")
    from keepalive_core.cockpit import web

    async def ask() -> int:
        await web.start()
        async with ClientSession(connector=UnixConnector(str(path))) as client:
            return (await client.get("http://localhost/healthz")).status

    assert asyncio.run(ask()) == 200
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
