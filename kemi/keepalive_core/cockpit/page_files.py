"""The status page: three files, read when the process begins, and how a browser keeps them."""

import gzip
import hashlib
import logging
from pathlib import Path
from typing import Final

from aiohttp import ETag, web

log = logging.getLogger("keepalive")

FOLDER: Final = Path(__file__).with_name("page")
FILES: Final = {
    "/": ("index.html", "text/html"),
    "/status.js": ("status.js", "text/javascript"),
    "/status.css": ("status.css", "text/css"),
}
"""by path: the file, and what it is"""

_HEADERS: Final = {
    # Nothing but these files and this server's answers; no page of another site has it in a frame.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # A browser asks each time, and is told in a few bytes that it has what there is.
    "Cache-Control": "no-cache",
    "Vary": "Accept-Encoding",
}


class PageFile:
    """One of the files, as it is sent.

    Arguments: body, of the file; content_type.
    """

    def __init__(self, body: bytes, content_type: str) -> None:
        self._body = body
        self._packed = gzip.compress(body, mtime=0)
        self._type = content_type
        # Weak: it is one for the packed and the plain form (RFC 9110 section 8.8.3).
        self._tag = ETag(hashlib.sha256(body).hexdigest()[:32], is_weak=True)

    async def answer(self, request: web.Request) -> web.Response:
        """Return the file, or that the browser has it."""
        response = web.Response(headers=_HEADERS)
        response.etag = self._tag
        if any(each.value in (self._tag.value, "*") for each in request.if_none_match or ()):
            response.set_status(304)
            return response
        response.content_type, response.charset = self._type, "utf-8"
        if takes_gzip(request.headers.get("Accept-Encoding", "")):
            response.headers["Content-Encoding"] = "gzip"
            response.body = self._packed
        else:
            response.body = self._body
        return response


def takes_gzip(accepted: str) -> bool:
    """Say whether an Accept-Encoding header allows gzip by its name (RFC 9110 section 12.5.3)."""
    for each in accepted.lower().split(","):
        name, _, quality = each.partition(";")
        if name.strip() == "gzip":
            return quality.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def serve(app: web.Application) -> None:
    """Have an application serve the page; if a file is missing all else is served."""
    try:
        files = {path: PageFile((FOLDER / name).read_bytes(), kind) for path, (name, kind) in FILES.items()}
    except OSError as error:
        log.error("the status page is not served: %s", error)
        return
    for path, file in files.items():
        app.router.add_get(path, file.answer)
