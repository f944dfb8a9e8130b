"""All that is known of a destination, in one dictionary for people and programs."""

from typing import Any

from . import configuration, shared_memory
from .health import STATE_NAMES


def of(key: str) -> dict[str, Any]:
    """Return what is known of a destination; an empty dictionary if it is not monitored."""
    registered = shared_memory.registration(key)
    known = shared_memory.health(key)
    if registered is None or known is None:
        return {}
    admin = shared_memory.admin(key)
    policy = configuration.policy(registered.options)
    return {
        "destination": key,
        "uri": registered.uri,
        "state": STATE_NAMES[known.state],
        "admin": admin._asdict() if admin else {"mode": "ready"},
        "since": known.since,
        "last_code": known.code,
        "last_reason": known.reason,
        "last_checked": known.checked,
        "last_up": known.last_up,
        "last_down": known.last_down,
        "ok": known.ok,
        "failed": known.failed,
        "timeouts": known.timeouts,
        "consecutive": known.streak,
        "latency_ms": {
            "last": known.latency / 1000,
            "ewma": known.latency_ewma / 1000,
            "min": known.latency_min / 1000,
            "max": known.latency_max / 1000,
        },
        "rise": policy.rules.rise,
        "fall": policy.rules.fall,
        "owners": {
            name: {
                "callback": owner.callback,
                "user_attr": owner.user_attr,
                "flags": owner.flags,
                "group": owner.group,
                "priority": owner.priority,
                "weight": owner.weight,
            }
            for name, owner in registered.owners.items()
        },
        "options": registered.options,
        "history": [
            {"at": at, "from": STATE_NAMES[before], "to": STATE_NAMES[after], "reason": reason}
            for at, before, after, reason in shared_memory.history(key)
        ],
    }
