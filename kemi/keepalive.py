"""Health checks for SIP destinations, inside Kamailio: OPTIONS pings, and is_alive for the routing.

A KEMI script has three things to do: mix ``Handlers`` into its class, configure in ``mod_init``, and ask::

    import keepalive

    class Router(keepalive.Handlers):
        def ksr_request_route(self, msg):
            if keepalive.is_alive("sip:192.168.10.20") == 1: ...

    def mod_init():
        keepalive.modparam("destination", "192.168.10.20")
        return Router()

A native kamailio.cfg includes keepalive-native.cfg, which loads this file as the script, and asks
``python_exec("is_alive", "sip:192.168.10.20")``.

All functions work in every process, in mod_init, child_init and every route. None raises.
"""

import builtins
import logging
from collections.abc import Callable
from copy import copy
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from keepalive_core.kamailio import answers, kamailio_log, rpc, tables, tm
from keepalive_core.kamailio.kamailio_log import about
from keepalive_core.kamailio.tables import SharedMemoryFull
from keepalive_core.rules.checks import Refused
from keepalive_core.rules.parameters import DESTINATION, InvalidSetting
from keepalive_core.rules.quoting import quoted
from keepalive_core.rules.service_code import answer, state_of
from keepalive_core.rules.states import DOWN, UNKNOWN, UP
from keepalive_core.rules.uris import InvalidURI
from keepalive_core.services import (
    alive_members,
    callbacks,
    configuration,
    information,
    lookup,
    orders,
    prober,
    registry,
    reloads,
    results,
    state_file,
    watch,
)
from keepalive_core.services.callbacks import Callback, InvalidCallback

__all__ = [
    "DOWN",
    "UNKNOWN",
    "UP",
    "Handlers",
    "add_destination",
    "alive",
    "configure_group",
    "del_destination",
    "info",
    "is_alive",
    "is_group_alive",
    "list",
    "modparam",
    "on_tm_event",
    "pause",
    "ping_now",
    "register_callback",
    "reload",
    "reload_script",
    "report_failure",
    "report_reply",
    "report_success",
    "resume",
    "set_admin",
    "state",
]

__version__ = "0.1.0"

_OK = 0
_ERROR = -1
_NATIVE_OWNER = "route"
_NATIVE_UNKNOWN = 3
_NOTHING: builtins.list[Any] = []

P = ParamSpec("P")
R = TypeVar("R")


log = logging.getLogger("keepalive")
kamailio_log.install()


_REFUSALS = (
    *(InvalidURI, InvalidSetting, InvalidCallback, Refused, SharedMemoryFull),
    *(reloads.Unusable, rpc.Unanswered),
)


def _never_raises(answer: R) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a function answer in every case: refusals with one clear line, surprises with a traceback."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return function(*args, **kwargs)
            except _REFUSALS as refusal:
                log.error("%s: %s", function.__name__, refusal, extra=about(function.__name__))
            except Exception:
                log.exception("%s failed", function.__name__, extra=about(function.__name__))
            # What can be changed is the caller's own, as any other answer is.
            return copy(answer)

        return guarded

    return decorate


@_never_raises(_ERROR)
def modparam(name: str, value: int | str) -> int:
    """Set a parameter, as ``modparam("keepalive", name, value)`` does for the C module.

    Arguments: name, one of ``ping_interval`` (seconds, 30), ``ping_timeout`` (ms, 3000), ``ping_from``
    (``sip:keepalive@localhost``), ``unknown_as`` ("up", "down" or "error"; "up"), and ``destination`` (a
    URI; call it once for each); value, of the type of the default.
    Returns: 0, or -1 with a log line for an unknown name and for a wrong type or value.
    From: the manual, section 2.3.
    """
    if name == DESTINATION:
        registry.add(value, registry.MODPARAM_OWNER)
    else:
        configuration.modparam(name, value)
    return _OK


@_never_raises(_ERROR)
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
    pings, and each gets its own callback; where their options differ, the first owner's word counts.

    Arguments: uri, ``[sip:|sips:][user@]host[:port][;params]``; owner, the name of who asks; flags, unused,
    0; callback, a function of a module, called as ``callback(uri, state, user_attr)``, or with a fourth
    argument ``event``, which info() would return; user_attr, a JSON value for it; group, priority, weight,
    see alive(); options, any parameter of modparam() but ``destination``, for this destination alone.
    Returns: 0, or -1 with a log line that names the fault; then nothing has changed.
    From: the manual, section 1.1 of the developer guide.
    """
    registry.add(uri, owner, flags, callback, user_attr, group, priority, weight, **options)
    return _OK


@_never_raises(_ERROR)
def del_destination(uri: str, owner: str) -> int:
    """End an owner's interest in a destination; with the last owner the pings end.

    Arguments: uri, in any spelling; owner, who added it.
    Returns: 0, or -1 with a log line if the owner has no such destination.
    """
    registry.delete(uri, owner)
    return _OK


@_never_raises(_ERROR)
def configure_group(name: str, **options: int | float | str) -> int:
    """Give a group options that hold for all of its members, now and later.

    They win over modparam(), and what add_destination() says of a member wins over them. The same group again
    gets these in the place of those; without options it has none of its own. It needs no members yet.

    Arguments: name, of the group; options, any parameter that add_destination() takes.
    Returns: 0, or -1 with a log line that names the fault; then nothing has changed.
    """
    registry.configure_group(name, options)
    return _OK


@_never_raises(_ERROR)
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

    Arguments: destination, a URI in any spelling.
    Returns: 1 up, 2 down, drained or in maintenance, -1 not monitored or malformed; before the first result
    what the parameter ``unknown_as`` says. Never 0, which would end a native route. Both 1 and 2 are true:
    compare.
    From: the manual, section 2.4.1.
    """
    try:
        # What nearly all calls are, without a function between: 0.28 us, of which sht_get takes 0.22.
        return _answers[_number(_STATE, _keys_of_texts[destination])]
    except (KeyError, TypeError):  # a spelling that is new to this process, or no text at all
        pass
    except Exception:
        log.debug("is_alive(%r) is looked at once more", destination)
    return _is_alive(destination)


_keys_of_texts = lookup.keys_of_texts
_number = tables.number
_STATE = tables.STATE
_answers = lookup.answers


@_never_raises(_ERROR)
def _is_alive(destination: str) -> int:
    key = lookup.key_of(destination)
    code = lookup.service_code(key) if key else None
    return _ERROR if code is None else answer(code)


@_never_raises(_ERROR)
def state(destination: str) -> int:
    """Return a destination's health, whatever an administrator says of it.

    Arguments: destination, a URI in any spelling.
    Returns: UNKNOWN (0), UP (1), DOWN (2), or -1 not monitored or malformed.
    From: the manual, section 1.1 of the developer guide.
    """
    key = lookup.key_of(destination)
    code = lookup.service_code(key) if key else None
    return _ERROR if code is None else state_of(code)


@_never_raises(_NOTHING)
def alive(group: str) -> builtins.list[str]:
    """Return the destinations of a group that are alive, the best first.

    Arguments: group, the name that add_destination was given.
    Returns: their URIs, by falling priority, then by falling weight, then in the order of registration: those
    that is_alive says 1 of, but not where it is another group that keeps them answering.
    """
    return alive_members.alive(group)


@_never_raises(_ERROR)
def is_group_alive(group: str) -> int:
    """Say whether any destination of a group is alive.

    Returns: 1 one is, 2 none is, -1 there is no such group.
    """
    anyone = alive_members.is_alive(group)
    return _ERROR if anyone is None else UP if anyone else DOWN


@_never_raises(_ERROR)
def report_failure(destination: str, reason: str = "") -> int:
    """Count a failure that traffic showed, as a failed ping counts, and bring the next ping forward.

    For a failure or reply route. It disables nothing for good: pings bring the destination back.

    Arguments: destination, a URI in any spelling; reason, for the log and info().
    Returns: 0, or -1 not monitored or malformed.
    """
    return _report(destination, False, reason)


@_never_raises(_ERROR)
def report_success(destination: str, reason: str = "") -> int:
    """Count a success that traffic showed, as an answered ping counts, and bring the next ping forward.

    Arguments and returns: as report_failure().
    """
    return _report(destination, True, reason)


def _report(destination: str, success: bool, reason: str) -> int:
    if not isinstance(reason, str):
        raise Refused(f"the reason of a report is text, not {quoted(reason)}")
    key = _monitored(destination)
    return _OK if key and results.report(key, success, reason) else _ERROR


def _monitored(destination: str) -> str:
    """Return a destination's key; "" for one that is malformed or not monitored."""
    key = lookup.key_of(destination)
    return key if key and lookup.service_code(key) is not None else ""


@_never_raises(_ERROR)
def report_reply(destination: str, code: int) -> int:
    """Count what a reply to a call says of the destination that the call went to.

    For a reply or failure route, with each final code. 408 and 5xx are failures of the destination; all
    other codes, such as 404, 480, 486 and 603, are the callee's words and a sign of life. Failures alone take
    it down only where there are enough of them: see the parameters that begin with ``passive_``.

    Arguments: destination, a URI in any spelling; code, of the reply, or 408 where none came.
    Returns: 0, or -1 not monitored or malformed, with a log line for what is no code.
    From: RFC 3261 section 21.
    """
    if not isinstance(code, int) or not 100 <= code <= 699:
        raise Refused(f"{quoted(code)} is no code of a reply, 100 to 699 is")
    key = lookup.key_of(destination)
    return _OK if key and results.report_call(key, code) else _ERROR


@_never_raises(_ERROR)
def set_admin(destination: str, mode: str, until: float = 0, by: str = "", why: str = "") -> int:
    """Take a destination out of service, or put it back, whatever its health is.

    Arguments: destination, a URI in any spelling; mode, "drain" (pinged, is_alive says 2), "maint" (not
    pinged, 2) or "ready" (as its health says); until, seconds from now after which it is ready again, ten
    years at the most, 0 for no end; by and why, for the log and info(), up to 255 bytes.
    Returns: 0, or -1 with a log line.
    """
    key = lookup.key_of(destination)
    if not key:
        return _ERROR
    orders.set_admin(key, mode, until, by, why)
    return _OK


@_never_raises(_ERROR)
def ping_now(destination: str) -> int:
    """Ping a destination at once, or a second after its last ping.

    Returns: 0, or -1 not monitored or malformed.
    """
    key = lookup.key_of(destination)
    return _OK if key and orders.ping_now(key) else _ERROR


@_never_raises(_ERROR)
def reload(force: bool = False) -> int:
    """Read the list file again, and apply the difference: what stayed keeps its state and history.

    Arguments: force, whether all may go, or more than half of ten or more.
    Returns: 0; or -1 with a log line for a file that can't be read, has a bad line or would remove too many:
    then nothing has changed.
    """
    if not isinstance(force, bool):
        raise Refused(f"force {quoted(force)}: True or False is needed")
    registry.reload(force)
    return _OK


@_never_raises(_ERROR)
def reload_script(path: str = "") -> int:
    """Have every process reload the script, as ``kamcmd app_python.reload`` does, after a look at its file.

    A reload that fails later, as the file is executed or in its mod_init, is refused by each process with one
    line in the log: the script that runs goes on.

    Arguments: path, of a draft, which is looked at and not loaded; "" for the file of the script that runs.
    Returns: 0; or -1 with a log line for a file that is none, can't be compiled or has no mod_init, or if
    jsonrpcs is not loaded. Then nothing has changed.
    """
    if reloads.check(path):
        rpc.ask("app_python.reload")
    else:
        log.info("%.300s is fit to be loaded; it is not the script that runs, and nothing is reloaded", path)
    return _OK


@_never_raises(_ERROR)
def pause() -> int:
    """Send no pings until resume(), and keep all states: for the standby of a pair. Returns: 0, or -1."""
    orders.pause(True)
    return _OK


@_never_raises(_ERROR)
def resume() -> int:
    """Send pings again, and first ask all destinations anew within a second. Returns: 0, or -1."""
    orders.pause(False)
    return _OK


@_never_raises(dict[str, Any]())
def info(destination: str) -> dict[str, Any]:
    """Return all that is known of a destination; an empty dictionary if it is not monitored."""
    key = _monitored(destination)
    return information.of(key) if key else {}


@_never_raises(_NOTHING)
def list() -> builtins.list[dict[str, Any]]:
    """Return info() of all destinations; for operators, its cost grows with their number."""
    return [each for each in map(_information_of, registry.keys()) if each]


@_never_raises(dict[str, Any]())
def _information_of(key: str) -> dict[str, Any]:
    # One destination's trouble is not that of the others in a list.
    return information.of(key)


@_never_raises(False)
def on_tm_event(event: str) -> bool:
    """Hand over tm's event; for a script that has its own tm event function.

    Arguments: event, the second argument of that function.
    Returns: whether the event was keepalive's.
    """
    return tm.on_event(event)


def _done(task: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> int:
    """Do what Kamailio calls for; it gets an int in every case."""
    try:
        task(*args, **kwargs)
    except SharedMemoryFull as refusal:
        log.error("%s: %s", task.__name__, refusal, extra=about(task.__name__))
    # BaseException: what a signal's handler in a script raises may meet us anywhere, a sys.exit() too.
    except BaseException:
        name = str(getattr(task, "__name__", task))
        log.exception("%s failed", name, extra=about(name))
    return 1


def _timed(task: Callable[[], object]) -> int:
    """Do what a timer's process is for; where there is nothing to do, its log has nothing to say."""
    _done(kamailio_log.keep_quiet)
    return _done(task)


class Handlers:
    """Every function that Kamailio calls for keepalive; mix it into the class of your script.

    A class that overrides child_init, ksr_reply_route or ksr_onsend_route need not call super(). What the
    methods that are named here return, and ksr_request_route, reaches Kamailio as an int in every case: None
    as 0 from child_init, else as 1.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        reloads.make_answer_ints(cls)

    def child_init(self, rank: int) -> int:
        """Let each process start."""
        return 0

    def ksr_reply_route(self, msg: object) -> int:
        """Let every reply pass: Kamailio 5.6 breaks the next KSR call where this method is missing."""
        return 1

    def ksr_onsend_route(self, msg: object) -> int:
        """Let every request pass: Kamailio 5.6 breaks the next KSR call where this method is missing."""
        return 1

    def ksr_keepalive_tick(self, msg: object, event: str = "") -> int:
        """Send the pings that are due; rtimer calls it each 90 ms in a process of its own."""
        return _timed(prober.the_prober.tick)

    def ksr_keepalive_callbacks(self, msg: object, event: str = "") -> int:
        """Run the callbacks that are due; rtimer calls it ten times a second in a process of its own."""
        return _timed(callbacks.the_teller.tick)

    def ksr_keepalive_watch(self, msg: object, event: str = "") -> int:
        """Notice when the server hears nothing, or waits; rtimer calls it ten times a second by itself."""
        _timed(watch.the_watch.beat)
        return _timed(callbacks.the_overseer.look)

    def ksr_keepalive_state_file(self, msg: object, event: str = "") -> int:
        """Write the state file, if one is set; rtimer calls it once a second in a process of its own."""
        return _timed(state_file.the_writer.tick)

    def ksr_keepalive_tm_event(self, msg: object, event: str = tm.LOCAL_REQUEST) -> int:
        """Give a leaving ping its time limit and its reply and failure function; tm calls it."""
        return _done(tm.on_event, event)

    def ksr_keepalive_reply(self, msg: object) -> int:
        """Take a ping's reply; tm calls it in the worker that received it."""
        return _done(results.take_reply)

    def ksr_keepalive_failure(self, msg: object) -> int:
        """Take a ping's end, where no target answered with a 2xx; tm calls it when it has no target left."""
        return _done(results.take_end)


reloads.make_answer_ints(Handlers, they_do=True)


class NativeHandlers(Handlers):
    """What python_exec can call where the routing is native: text in, never 0 out, which ends a route."""

    def is_alive(self, msg: object, destination: str = "") -> int:
        """Answer ``if (python_exec("is_alive", "sip:192.168.10.20") == 1)``.

        Returns: 1 up, -2 down, -1 not monitored or malformed. Not 2 for down: to Kamailio's ``if`` every
        positive answer of a function is 1, so a destination that is down would pass the test above, as it
        does with the C module.
        """
        answer = is_alive(destination)
        return -answer if answer == DOWN else answer

    def state(self, msg: object, destination: str = "") -> int:
        """Answer ``$var(state) = python_exec("state", "sip:192.168.10.20")``.

        Returns: 1 up, 2 down, 3 unknown, -1 not monitored or malformed.
        """
        return state(destination) or _NATIVE_UNKNOWN

    def is_group_alive(self, msg: object, group: str = "") -> int:
        """Answer ``if (python_exec("is_group_alive", "carriers") == 1)``: 1, -2 none is, -1 no such group."""
        answer = is_group_alive(group)
        return -answer if answer == DOWN else answer

    def report_failure(self, msg: object, destination: str = "") -> int:
        """Do ``python_exec("report_failure", "$du")`` in a failure route: 1, or -1."""
        return _ERROR if report_failure(destination, "by a route") else 1

    def report_reply(self, msg: object, destination: str = "") -> int:
        """Do ``python_exec("report_reply", "$du")`` in a reply or failure route, with its reply: 1, or -1."""
        return _ERROR if report_reply(destination, answers.reply_code()) else 1

    def report_success(self, msg: object, destination: str = "") -> int:
        """Do ``python_exec("report_success", "$du")`` in a reply route: 1, or -1."""
        return _ERROR if report_success(destination, "by a route") else 1

    def reload(self, msg: object, force: str = "") -> int:
        """Do ``python_exec("reload")``, or ``python_exec("reload", "force")``: 1, or -1 with a log line."""
        return _ERROR if reload(force == "force") else 1

    def reload_script(self, msg: object) -> int:
        """Do ``python_exec("reload_script")``: 1, or -1 with a log line."""
        return _ERROR if reload_script() else 1

    def add_destination(self, msg: object, uri: str = "") -> int:
        """Do ``python_exec("add_destination", "sip:192.168.10.20")``: 1, or -1 with a log line."""
        return _ERROR if add_destination(uri, _NATIVE_OWNER) else 1

    def del_destination(self, msg: object, uri: str = "") -> int:
        """Do ``python_exec("del_destination", "sip:192.168.10.20")``: 1, or -1 with a log line."""
        return _ERROR if del_destination(uri, _NATIVE_OWNER) else 1


def mod_init() -> NativeHandlers:
    """Start as the script of a native kamailio.cfg, which loads this file by keepalive-native.cfg."""
    return NativeHandlers()
