"""The sockets at which HTTP is served."""

import logging
import os
from typing import Final

from aiohttp import web

from ..kamailio import variables

log = logging.getLogger("keepalive")

_UNIX: Final = "unix:"
_RIGHTS: Final = 0o660


async def listen(runner: web.AppRunner) -> None:
    """Serve at each address of KEEPALIVE_HTTP."""
    for address in (variables.defined("http") or "").split():
        try:
            await _site(runner, address).start()
        except OSError as error:
            log.error("HTTP is not served at %.200s: %s", address, error)
            continue
        if address.startswith(_UNIX):
            os.chmod(address.removeprefix(_UNIX), _RIGHTS)
        log.info("HTTP is served at %.200s", address)


def _site(runner: web.AppRunner, address: str) -> web.BaseSite:
    if address.startswith(_UNIX):
        return web.UnixSite(runner, address.removeprefix(_UNIX))
    host, _, port = address.rpartition(":")
    return web.TCPSite(runner, host.strip("[]"), int(port))
