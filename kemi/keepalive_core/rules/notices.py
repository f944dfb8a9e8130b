"""What others are told: one flat object a change, an order, a pause or a gap (pure).

The log (``log_format`` json), ``/events``, webhooks and ``keepalive.changes`` all have these. Times are epoch
seconds; no text bears a password.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from . import uris
from .quoting import without_passwords
from .states import STATE_NAMES

CHANGE: Final = "keepalive.change"
ORDER: Final = "keepalive.order"
PAUSE: Final = "keepalive.pause"
GAP: Final = "keepalive.gap"

REMOVED: Final = "removed"
"""The state of a destination that is monitored no more."""

Notice = Mapping[str, Any]


def change(key: str, uri: str, states: tuple[int, int], reason: str, at: int) -> Notice:
    """Return the notice of a change of a destination's state.

    Arguments: key and uri, of the destination; states, the one before and the new one, which is none of
    STATE_NAMES if it is monitored no more; reason; at, in epoch seconds. One of a target says its name, too.
    """
    old, new = states
    behind = {"target_of": without_passwords(uris.name_of(key))} if uris.is_target(key) else {}
    return {
        "event": CHANGE,
        "at": at,
        "destination": without_passwords(key),
        "uri": without_passwords(uri),
        "from": STATE_NAMES.get(old, REMOVED),
        "to": STATE_NAMES.get(new, REMOVED),
        "reason": without_passwords(reason),
        **behind,
    }


def order(noted: Mapping[str, Any]) -> Notice:
    """Return the notice of an operator's order, which is noted as the order book has it."""
    return {"event": ORDER, **noted}


def pause(paused: bool, enabled: bool, at: int) -> Notice:
    """Return the notice that pings are sent no more, or again.

    Arguments: paused, whether an order stops them; enabled, whether the setting lets them go; at, in epoch
    seconds.
    """
    return {"event": PAUSE, "at": at, "paused": paused, "enabled": enabled}


def gap(at: int) -> Notice:
    """Return the notice that some were lost before it: who follows states has to read them anew."""
    return {"event": GAP, "at": at}


def json_line(notice: Notice) -> str:
    """Return a notice as one line of JSON; half a character, which no JSON may have, is a "?"."""
    text = json.dumps(notice, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace").decode()


def read(text: str) -> Notice:
    """Return the notice that is a JSON line's. Raises: ValueError for any other text."""
    try:
        found = json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(found, dict) or not isinstance(found.get("event"), str):
        raise ValueError(f"no notice: {text:.80}")
    return found
