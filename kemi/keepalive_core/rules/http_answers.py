"""What each answer of HTTP bears, and the answers to what is no request (pure)."""

from http import HTTPStatus
from typing import Final

from .http_access import Refusal
from .http_heads import METHODS

HEADERS: Final = {
    "Server": "keepalive",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; frame-ancestors 'none'",
}
"""of each answer: a browser keeps nothing of it, guesses no type, and runs nothing from elsewhere"""


def last_answer(refusal: Refusal) -> bytes:
    """Return an answer of HTTP that is a connection's last."""
    body = f"{refusal.sentence}\n".encode()
    fields = {
        **HEADERS,
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(len(body)),
        "Connection": "close",
    }
    if refusal.status == HTTPStatus.METHOD_NOT_ALLOWED:
        fields["Allow"] = ", ".join(METHODS)
    lines = [f"HTTP/1.1 {refusal.status} {HTTPStatus(refusal.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body
