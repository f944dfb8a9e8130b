"""The web server: which path is whose."""

from aiohttp import web

from ..rules.http_heads import MOST_BODY
from . import events, metrics, page_files, rpc_calls
from .serving import Serving


def application() -> web.Application:
    """Return what answers; each part has its paths, and tasks of its own in ``cleanup_ctx``."""
    app = web.Application(client_max_size=MOST_BODY)
    app.router.add_get("/healthz", _health)
    events.serve(app)
    metrics.serve(app)
    page_files.serve(app)
    rpc_calls.serve(app)
    return app


async def start() -> Serving:
    """Set the application up, and serve it."""
    serving = Serving(application())
    await serving.begin()
    return serving


async def _health(request: web.Request) -> web.Response:
    """Say that this process is alive."""
    return web.Response(text="ok\n")
