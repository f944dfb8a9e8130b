"""How a server has taken keepalive in: what is wrong with that, its cure, what goes on meanwhile (pure)."""

from collections.abc import Collection
from typing import Final, NamedTuple

# What kamailio.cfg routes by: its own routes, or a script, by the name that Kamailio has for its language.
NATIVE: Final = ""
PYTHON: Final = "python"
_LANGUAGES: Final = {"lua": ("Lua", "keepalive.lua"), "jsdt": ("JavaScript", "keepalive.js")}

_ROUTES: Final = {NATIVE: "has native routes", PYTHON: "routes by a KEMI script in Python"}
# The right include; with another language each may do, if its script calls what it has to.
_INCLUDES: Final = {NATIVE: "keepalive-native.cfg", PYTHON: "keepalive.cfg"}

# The timers of keepalive-settings.cfg, by the names of what they call, and what goes on without them.
TIMERS: Final = {
    "ksr_keepalive_tick": "",
    "ksr_keepalive_watch": (
        "is_alive goes on as ever, and what this server does not hear takes destinations down"
    ),
    "ksr_keepalive_callbacks": "is_alive goes on as ever, and no callback is called",
    "ksr_keepalive_state_file": "is_alive goes on as ever, no state file is written, kamcmd not answered",
    "ksr_keepalive_resolve": "is_alive goes on as ever, and nothing is known of names that are new",
}
REPLY: Final = "ksr_keepalive_reply"
FAILURE: Final = "ksr_keepalive_failure"
# What native routes call, beside what Kamailio calls for keepalive.
_ASKED: Final = ("is_alive", "is_down", "state")


class Fault(NamedTuple):
    """One thing that is wrong."""

    cause: str
    cure: str
    meanwhile: str = ""
    """what goes on without; "" if nothing is known of any destination"""

    def text(self, answer: str) -> str:
        """Return all of it. Arguments: answer, what is_alive says of who is unknown."""
        meanwhile = self.meanwhile or f"is_alive says {answer} of each destination, dead or alive"
        return f"{self.cause}; {self.cure}; meanwhile {meanwhile}"


def needed(engine: str | None) -> list[str]:
    """Return the names of what is called in the handler that the script's mod_init returns."""
    return [*TIMERS, REPLY, FAILURE, *(_ASKED if engine == NATIVE else ())]


def of_start(engine: str | None, include: str | None, missing: Collection[str]) -> Fault | None:
    """Return what is wrong with a start, as far as that is known before anything runs.

    Arguments: engine, what kamailio.cfg routes by, None if not known; include, the name of the file that was
    included, None if not known; missing, of what is called in the handler.
    """
    if engine in (NATIVE, PYTHON) and include not in (None, _INCLUDES[engine]):
        lost = engine == PYTHON and "ksr_request_route" in missing
        return Fault(
            f"kamailio.cfg {_ROUTES[engine]} and includes {include}"
            + (", which has loaded keepalive.py in the place of your script" if lost else ""),
            f"include {_INCLUDES[engine]} in its place",
            "" if engine == NATIVE else "is_alive goes on as ever" + ", and no request is routed" * lost,
        )
    return _of_handler(engine, [name for name in missing if name in needed(engine)])


def _of_handler(engine: str | None, missing: list[str]) -> Fault | None:
    # With another language nothing is called in Python's handler but by its script.
    if not missing or engine not in (None, NATIVE, PYTHON):
        return None
    name = "NativeHandlers" if engine == NATIVE else "Handlers"
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    without = TIMERS.get(missing[0], f'python_exec("{missing[0]}") fails')
    return Fault(
        f"what your script's mod_init returns has no {missing[0]}{more}",
        f"make its class of keepalive.{name}, as in class Mine(keepalive.{name})",
        "" if {*missing} & {"ksr_keepalive_tick", REPLY, FAILURE} else without,
    )


def needed_of(engine: str) -> str:
    """Return what a script in another language has to do, "" for native routes and Python."""
    if engine not in _LANGUAGES:
        return ""
    language, file = _LANGUAGES[engine]
    return (
        f"kamailio.cfg routes by {language}: unless its script loads {file}, as is said at its top, no ping "
        "leaves, and is_alive says of each destination what unknown_as says"
    )


def of_timers(engine: str | None, at_work: Collection[str]) -> Fault | None:
    """Return which timer's function was never called. Arguments: engine; at_work, those that were."""
    missing = [name for name in TIMERS if name not in at_work]
    if not missing:
        return None
    if len(missing) == len(TIMERS):
        cause = "no timer of keepalive has ever called it, so no ping has left"
    else:
        cause = f"{missing[0]} was never called" + (
            f", nor {len(missing) - 1} more of the timers" if missing[1:] else ""
        )
    return Fault(cause, _cure_of_timers(engine, missing[0]), TIMERS[missing[0]])


def _cure_of_timers(engine: str | None, name: str) -> str:
    if engine == NATIVE:
        return f"kamailio.cfg needs a route[{name}] as keepalive-native.cfg has it"
    if engine in _LANGUAGES:
        return f"load {_LANGUAGES[engine][1]} in your script, or give it a function {name} as there"
    return (
        f"make your script's class of keepalive.Handlers, and keep its {name}; "
        "native routes need keepalive-native.cfg"
    )


def of_event(engine: str | None) -> Fault:
    """Return that tm's event for what leaves does not come to keepalive."""
    cures = [_OF_EVENT[NATIVE], _OF_EVENT[PYTHON]] if engine is None else [_OF_EVENT.get(engine, _BY_SCRIPT)]
    return Fault(
        "tm's local-request event did not reach keepalive, so no ping can be followed", ", or ".join(cures)
    )


_OF_EVENT: Final = {
    NATIVE: "call route(ksr_keepalive_local_request); in your event_route[tm:local-request]",
    PYTHON: 'call keepalive.on_tm_event(event) in the function that modparam("tm", "event_callback") names',
}
_BY_SCRIPT: Final = 'call ksr_keepalive_tm_event in the function that modparam("tm", "event_callback") names'

# What a ping of this server to itself shows: what did not come to keepalive.
DROPPED: Final = "dropped"


def of_self_ping(engine: str | None, lost: str) -> Fault:
    """Return what a ping of this server to itself has shown. Arguments: engine; lost, one of the three."""
    if lost == DROPPED:
        return Fault(
            "a route of this server, such as tm:local-request, drops what it sends to itself",
            "let OPTIONS of keepalive leave",
            "is_alive is right of those whose pings leave",
        )
    kind, setter = {REPLY: ("an onreply_route", "t_on_reply"), FAILURE: ("a failure_route", "t_on_failure")}[
        lost
    ]
    place = f"{kind}[{lost}] as keepalive-native.cfg has it" if engine == NATIVE else f"a function {lost}"
    return Fault(
        f"{lost} is not called for a ping of this server to itself",
        f"there has to be {place}, and no {setter} of yours behind keepalive's",
        "is_alive goes on, and who is silent is found out late" if lost == FAILURE else "",
    )
