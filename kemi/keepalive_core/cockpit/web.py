"""The web server: which path is whose."""

from aiohttp import web

from . import http_sockets, metrics, page_files


def application() -> web.Application:
    """Return what answers; each part has its paths, and tasks of its own in ``cleanup_ctx``."""
    app = web.Application()
    app.router.add_get("/healthz", _health)
    metrics.serve(app)
    page_files.serve(app)
    return app


async def start() -> None:
    """Set the application up, and serve it."""
    runner = web.AppRunner(application(), handle_signals=False, access_log=None)
    await runner.setup()
    await http_sockets.listen(runner)


async def _health(request: web.Request) -> web.Response:
    """Say that this process is alive."""
    return web.Response(text="ok\n")
