"""Health checks for SIP destinations, inside Kamailio: OPTIONS pings, and is_alive for the routing.

A KEMI script has three things to do: mix ``Handlers`` into its class, configure in ``mod_init``, and ask::

    class Router(keepalive.Handlers):
        def ksr_request_route(self, msg):
            if keepalive.is_alive("sip:192.168.10.20") == 1: ...

    def mod_init():
        keepalive.modparam("destination", "192.168.10.20")
        return Router()

A native kamailio.cfg includes keepalive-native.cfg, which loads this file as the script, and asks
``python_exec("is_alive", "sip:192.168.10.20")``.

All functions work in every process, in mod_init, child_init and every route. None raises. A destination is
a URI in any spelling. What the manual of Kamailio's module keepalive (5.6) has too is as it says there, in
sections 2.3 and 2.4.1, and 1.1 of its developer guide.
"""

import builtins
import logging
from typing import Any

from keepalive_core import VERSION
from keepalive_core.handlers import Handlers
from keepalive_core.kamailio import dmq, tables, tm
from keepalive_core.native_handlers import NativeRoutes
from keepalive_core.routing import (
    alive,
    is_group_alive,
    next_target,
    pick,
    report_failure,
    report_reply,
    report_success,
    targets,
)
from keepalive_core.rules.states import DOWN, UNKNOWN, UP
from keepalive_core.services import information, lookup, orders, registry
from keepalive_core.services import selftest as _selftest
from keepalive_core.services.callback_names import Callback
from keepalive_core.services.own_health import answer_options, set_self
from keepalive_core.services.refusals import never_raises

# All but list(): a * is not to replace the builtin of the script.
__all__ = ["DOWN", "UNKNOWN", "UP", "Handlers", "add_destination", "alive", "answer_options"]
__all__ += ["configure_group", "del_destination", "info", "is_alive", "is_group_alive", "modparam"]
__all__ += ["next_target", "on_dmq", "on_tm_event", "pause", "pick", "ping_now", "register_callback"]
__all__ += ["reload", "reload_script", "report_failure", "report_reply", "report_success", "resume"]
__all__ += ["selftest", "set_admin", "set_self", "state", "targets"]
__version__ = VERSION

_OK, _ERROR = 0, -1
log = logging.getLogger("keepalive")


@never_raises(_ERROR)
def modparam(name: str, value: int | str) -> int:
    """Set a parameter, as ``modparam("keepalive", name, value)`` does for the C module.

    Arguments: name, of a parameter (docs/parameters.md has them all), or ``destination``, once for each;
    value, of the type of the default, or a text with a unit such as "2s", or the URI of a destination.
    Returns: 0, or -1 with a log line for an unknown name and for a wrong type or value.
    """
    orders.set_parameter(name, value)
    return _OK


@never_raises(_ERROR)
def add_destination(
    uri: str,
    owner: str,
    flags: int = 0,
    callback: Callback | None = None,
    user_attr: Any = None,
    *,
    group: str = "",
    priority: int = 0,
    weight: int = 0,
    **options: int | float | str,
) -> int:
    """Monitor a destination; the first ping leaves within a second.

    Adding the same uri and owner again updates all the rest. Several owners of one destination share its
    pings, and each gets its own callback; if their options differ, the first owner's word counts.

    Arguments: uri, ``[sip:|sips:][user@]host[:port][;params]``; owner, the name of who asks; flags, unused,
    0; callback, a function of a module, called as ``callback(uri, state, user_attr)``, or with a fourth
    argument ``event``, which info() would return; user_attr, a JSON value for it; group, priority, weight,
    see alive(); options, any parameter of modparam() but ``destination``, for this destination alone.
    Returns: 0, or -1 with a log line that names the fault; then nothing has changed.
    """
    registry.add(uri, owner, flags, callback, user_attr, group, priority, weight, **options)
    return _OK


@never_raises(_ERROR)
def configure_group(name: str, **options: int | float | str) -> int:
    """Give a group options for all of its members, now and later, in the place of those that it had.

    They win over modparam(), and what add_destination() says of a member wins over them.

    Arguments: name, of the group, which needs no members yet; options, any parameter that add_destination()
    takes, or none.
    Returns: 0, or -1 with a log line that names the fault; then nothing has changed.
    """
    registry.configure_group(name, options)
    return _OK


@never_raises(_ERROR)
def del_destination(uri: str, owner: str) -> int:
    """End an owner's interest in a destination; with the last owner the pings end.

    Arguments: uri, in any spelling; owner, who added it. Returns: 0, or -1 with a log line if it did not.
    """
    registry.delete(uri, owner)
    return _OK


@never_raises(_ERROR)
def register_callback(callback: Callback, user_attr: Any = None) -> int:
    """Have a function called for every destination's change of state.

    Arguments: callback, a function of a module, called as ``callback(uri, state, user_attr)``; user_attr, a
    JSON value for it. Registering it again updates user_attr.
    Returns: 0, or -1 with a log line for what no other process could call, such as a lambda.
    """
    registry.add_callback(callback, user_attr)
    return _OK


def is_alive(destination: str) -> int:
    """Say whether a destination is up.

    Returns: 1 up, 2 down, drained or in maintenance, -1 not monitored or malformed; before the first result
    what ``unknown_as`` says, 1 if not set. Never 0, which would end a native route; 2 is true too: compare.
    """
    try:
        # What nearly all calls are, without a function between: 0.28 us, of which sht_get takes 0.22.
        key, others = _spellings[destination]
        code = _number(_STATE, key)
        if code is None:
            for other in others:
                code = code or _number(_STATE, other)
        return _answers[code]
    except (KeyError, TypeError):  # a spelling that is new to this process, or no text at all
        pass
    except Exception:
        log.debug("is_alive(%r) is looked at once more", destination)
    return _look_up(destination)


_look_up = never_raises(_ERROR)(lookup.is_alive)
_answers, _spellings = lookup.answers, lookup.spellings
_number, _STATE = tables.number, tables.STATE


@never_raises(_ERROR)
def state(destination: str) -> int:
    """Return a destination's health, whatever an administrator says of it.

    Returns: UNKNOWN (0), UP (1), DOWN (2), or -1 not monitored or malformed.
    """
    return lookup.state(destination)


@never_raises(_ERROR)
def set_admin(destination: str, mode: str, until: float = 0, by: str = "", why: str = "") -> int:
    """Take a destination out of service, or put it back, whatever its health is.

    Arguments: destination; mode, "drain" (pinged, is_alive says 2), "maint" (not pinged, 2) or "ready" (as
    its health says); until, seconds from now after which it is ready again, 0 for no end, ten years at the
    most; by and why, for the log and info(), up to 255 bytes.
    Returns: 0, or -1 with a log line.
    """
    return _OK if orders.set_admin(destination, mode, until, by, why) else _ERROR


@never_raises(_ERROR)
def ping_now(destination: str) -> int:
    """Ping a destination at once, or a second after its last ping.

    Returns: 0, or -1 not monitored or malformed.
    """
    return _OK if orders.ping_now(destination) else _ERROR


@never_raises(_ERROR)
def reload(force: bool = False) -> int:
    """Read the list file again, and apply the difference: what stayed keeps its state and history.

    Arguments: force, whether all may go, or more than half of ten or more.
    Returns: 0; or -1 with a log line for a bad file or one that removes too many: then nothing has changed.
    """
    registry.reload(force)
    return _OK


@never_raises(_ERROR)
def reload_script(path: str = "") -> int:
    """Have every process reload the script, as ``kamcmd app_python.reload`` does, after a look at its file.

    A process in which that fails, in the file or its mod_init, logs why; the script that runs goes on.

    Arguments: path, of a draft, which is only looked at; "" for the file of the script that runs.
    Returns: 0; or -1 with a log line, as for a file that can't be compiled, or if jsonrpcs is not loaded.
    """
    orders.reload_script(path)
    return _OK


@never_raises(_ERROR)
def selftest() -> int:
    """Look whether all that keepalive needs is there. Returns: 0, or -1; the log has a line per finding."""
    return _ERROR if _selftest.run() else _OK


@never_raises(_ERROR)
def pause() -> int:
    """Send no pings until resume(), and keep all states: for the standby of a pair. Returns: 0, or -1."""
    orders.pause(True)
    return _OK


@never_raises(_ERROR)
def resume() -> int:
    """Send pings again, and first ask all destinations anew within a second. Returns: 0, or -1."""
    orders.pause(False)
    return _OK


@never_raises(information.NOTHING)
def info(destination: str = "") -> information.Known:
    """Return all that is known of a destination; an empty dictionary if it is not monitored.

    Without a destination: ``cluster``, the nodes of the cluster, if this server is in one.
    """
    if destination == "":
        return information.of_server()
    key = lookup.monitored_key(destination)
    return information.of(key) if key else {}


@never_raises(builtins.list[Any]())
def list() -> builtins.list[information.Information]:
    """Return info() of all destinations; for operators, its cost grows with their number."""
    return information.of_each(registry.keys())


@never_raises(False)
def on_tm_event(event: str) -> bool:
    """Hand over the second argument of your own tm event function. Returns: whether it was keepalive's."""
    return tm.on_event(event)


@never_raises(False)
def on_dmq() -> bool:
    """Take the request at hand if Kamailio's dmq sends it: nodes of a cluster, and what else you have of dmq.

    For a KEMI request route with KEEPALIVE_OWN_PRE_ROUTING: what else comes there is none of dmq's.
    Returns: whether it was; it has its reply then.
    """
    return dmq.take_request()


class NativeHandlers(NativeRoutes):
    """What a native route calls by python_exec: text in, and never 0 out, which would end the route."""

    api = globals()


def mod_init() -> NativeHandlers:
    """Start as the script of a native kamailio.cfg, which loads this file by keepalive-native.cfg."""
    return NativeHandlers()
