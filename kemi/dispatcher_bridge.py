"""Kamailio's dispatcher sets obey KeepAlive: those that a script names.

All sets obey without a script if kamailio.cfg has ``#!define KEEPALIVE_DISPATCHER 1``. This is for who wants
to choose, or to give options. In mod_init, for the destinations of dispatcher's list file, or one by one::

    import dispatcher_bridge

    dispatcher_bridge.obey_list("/etc/kamailio/dispatcher.list", fall=3, ping_interval_pending=1)
    dispatcher_bridge.obey("sip:192.168.10.20", 1)

Load dispatcher without its own pings (ds_ping_interval 0), and jsonrpcs. At each change of its state a
destination becomes active in its set if is_alive says 1, and inactive if it does not, unless an administrator
has disabled it there. ``sync()`` does it for all of them: without the define call it every few seconds from a
timer of your own, as dispatcher.reload and ds_mark_dst change states, too.
"""

import logging
from typing import Any

import keepalive
from keepalive_core.kamailio.rpc import Unanswered
from keepalive_core.rules import list_file
from keepalive_core.services import files
from keepalive_core.services.dispatcher_owners import OWNER
from keepalive_core.services.dispatcher_sets import the_sets
from keepalive_core.services.refusals import never_raises

log = logging.getLogger("keepalive")


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


def set_state(uri: str, state: int, user_attr: dict[str, Any]) -> None:
    """Set a destination's state in its set: the callback of each change."""
    if state in (keepalive.UP, keepalive.DOWN):
        try:
            the_sets.set_one(int(user_attr["group"]), user_attr["uri"])
        except Unanswered as error:
            log.error("dispatcher is not told of %.300s: %.300s", uri, error)


@never_raises(-1)
def sync() -> int:
    """Set all states again, by what is_alive says; returns 0, or -1 with a log line."""
    the_sets.sync()
    return 0
