"""Kamailio's dispatcher sets obey KeepAlive, as drouting obeys the C module.

In mod_init, for the destinations of dispatcher's own list file, or one by one::

    import dispatcher_bridge

    dispatcher_bridge.obey_list("/etc/kamailio/dispatcher.list", fall=3, ping_interval_pending=1)
    dispatcher_bridge.obey("sip:192.168.10.20", 1)

Load dispatcher without its own pings (ds_ping_interval 0), and jsonrpcs. At each change of its state a
destination becomes active in its set if is_alive says 1, and inactive if it does not. ``sync()`` does
it for all of them: call it after ``dispatcher.reload``, which makes all active, after ``set_admin``, and from
time to time if drains or group_min_alive are used, as is_alive changes then without a change of state.
"""

import json
import logging
from typing import Any

import KSR

import keepalive
from keepalive_core.rules import list_file
from keepalive_core.services import files

log = logging.getLogger("keepalive")

OWNER = "dispatcher"
# Of dispatcher.set_state.
_ACTIVE = "a"
_INACTIVE = "i"


def obey(uri: str, group: int, **options: Any) -> int:
    """Monitor a destination of a dispatcher set, and set its state there.

    Arguments: uri, as it stands in the set; group, the set's number; options, as for add_destination().
    Returns: 0, or -1 with a log line.
    """
    return keepalive.add_destination(
        uri, f"{OWNER} {group}", 0, set_state, {"uri": uri, "group": group}, **options
    )


def obey_list(path: str, **options: Any) -> int:
    """Monitor all destinations of dispatcher's list file.

    Arguments: path, the file's; options, as for add_destination().
    Returns: how many there are, or -1 with a log line if the file can't be read.
    """
    try:
        with files.open_regular(path) as file:
            data = file.read(list_file.MOST_BYTES)
    except OSError as error:
        log.error("dispatcher list %s can't be read: %s", path, error)
        return -1
    taken = 0
    # A byte that is no UTF-8 concerns its own line, and in a comment nobody.
    for line in data.decode("utf-8", "surrogateescape").splitlines():
        words = line.partition("#")[0].split()
        if len(words) >= 2 and words[0].isdecimal():
            taken += obey(words[1], int(words[0]), **options) == 0
    return taken


def set_state(uri: str, state: int, user_attr: dict[str, str | int]) -> None:
    """Set a destination's state in its set: the callback of each change."""
    if state not in (keepalive.UP, keepalive.DOWN):
        return
    word = _ACTIVE if keepalive.is_alive(uri) == 1 else _INACTIVE
    request = {
        "jsonrpc": "2.0",
        "method": "dispatcher.set_state",
        "params": [word, user_attr["group"], user_attr["uri"]],
        "id": 1,
    }
    KSR.jsonrpcs.exec(json.dumps(request))
    code = KSR.pv.get("$jsonrpl(code)")
    if code != 200:
        log.error("dispatcher set %s: %s is not set to %s: %s", *user_attr.values(), word, code)


def _try_to_set(uri: str, state: int, user_attr: Any) -> None:
    try:
        set_state(uri, state, user_attr)
    except Exception:
        log.exception("dispatcher is not told of %s", uri)


def sync() -> int:
    """Set all states again, by what is_alive says; returns 0."""
    for each in keepalive.list():
        state = {"up": keepalive.UP, "down": keepalive.DOWN}.get(each["state"], keepalive.UNKNOWN)
        for name, owner in each["owners"].items():
            if name.startswith(f"{OWNER} "):
                _try_to_set(each["uri"], state, owner["user_attr"])
    return 0
