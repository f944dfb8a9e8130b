"""The call that a route has at hand: where it is sent to, and what it was tried with.

An ``$avp`` goes with the transaction, into its reply and failure routes too, and to no other call.
"""

from typing import Final

import KSR

from . import answers, routes

_TRIED: Final = "keepalive_tried"


def tried() -> str:
    """Return what store_tried() has left with this call, "" for nothing."""
    text = KSR.pv.get(f"$avp({_TRIED})")
    return text if isinstance(text, str) else ""


def store_tried(text: str) -> None:
    """Leave a text with this call, in the place of the one before."""
    routes.set_values(_TRIED, [text])


def send_to(hop: str) -> bool:
    """Have it sent to a URI, whatever its request URI is. Returns: whether that went well."""
    return bool(KSR.pv.sets("$du", hop) > 0)


def came_from() -> str:
    """Return address and port that the reply at hand came from; "" in a request or failure route."""
    return answers.came_from() if answers.is_reply() else ""
