"""What a native kamailio.cfg calls by python_exec: functions of the API, with answers for routes.

Each takes one text, in the grammar of rules/commands.py. None answers 0, which would end the route, and none
2 for down, which an ``if`` would take for 1.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar, Final, ParamSpec, TypeVar

from .handlers import Handlers
from .kamailio import answers, routes
from .rules.commands import COMMANDS, parse, part
from .rules.states import DOWN
from .services.refusals import never_raises

OWNER: Final = "route"
"""The owner of what a native route adds, and the author of what it orders"""
MOST_ALIVE: Final = 32
"""As many destinations of a group as a route is given: more than a call ever tries"""

_DONE: Final = 1
_ERROR: Final = -1
_UNKNOWN: Final = 3

P = ParamSpec("P")
R = TypeVar("R")


def _refusing(name: str, function: Callable[P, R]) -> Callable[P, R | None]:
    """Have a function return None if it refuses what it is given; the log says so of a command's name."""
    nothing: R | None = None
    return never_raises(nothing, name)(function)


_calls: Final = {name: _refusing(name, partial(parse, name, by=OWNER)) for name in COMMANDS}
_part: Final = _refusing("info", part)


class NativeRoutes(Handlers):
    """What a native route calls by python_exec: text in, and never 0 out, which would end the route."""

    api: ClassVar[Mapping[str, Any]]
    """the functions that answer, by their names; none of them raises. keepalive.NativeHandlers has it"""

    def is_alive(self, msg: object, text: str = "") -> int:
        """Answer ``if (python_exec("is_alive", "URI") == 1)``.

        Returns: 1 up, -2 down, -1 not monitored or malformed. Not 2 for down: to Kamailio's ``if`` every
        positive answer of a function is 1, so a destination that is down would pass the test above, as it
        does with the C module.
        """
        answer = self.api["is_alive"](text)
        return -DOWN if answer == DOWN else _ERROR if answer < 0 else _DONE

    def is_down(self, msg: object, text: str = "") -> int:
        """Answer ``if (python_exec("is_down", "URI"))``: 1 down, -1 not, or not monitored."""
        return _DONE if self.api["is_alive"](text) == DOWN else _ERROR

    def state(self, msg: object, text: str = "") -> int:
        """Answer ``$var(state) = python_exec("state", "URI")``: 1 up, 2 down, 3 unknown, -1."""
        return int(self.api["state"](text)) or _UNKNOWN

    def is_group_alive(self, msg: object, text: str = "") -> int:
        """Answer ``if (python_exec("is_group_alive", "GROUP") == 1)``: 1, -2 none is, -1 no such group."""
        answer = self.api["is_group_alive"](text)
        return -DOWN if answer == DOWN else _ERROR if answer < 0 else _DONE

    def alive(self, msg: object, text: str = "") -> int:
        """Do ``python_exec("alive", "GROUP")``: the best of a group are in ``$avp(keepalive_alive)``.

        Returns: how many there are, -1 if none.
        """
        uris = (self._answer("alive", text) or [])[:MOST_ALIVE]
        routes.set_values("keepalive_alive", uris)
        return len(uris) or _ERROR

    def pick(self, msg: object, text: str = "") -> int:
        """Do ``python_exec("pick", "GROUP")``: one of a group is in ``$avp(keepalive_pick)``.

        Returns: 1, or -1, and then it is empty.
        """
        uri = self._answer("pick", text)
        routes.set_values("keepalive_pick", [uri] if uri else [])
        return _DONE if uri else _ERROR

    def targets(self, msg: object, text: str = "") -> int:
        """Do ``python_exec("targets", "URI")``: where calls to it go is in ``$avp(keepalive_targets)``.

        Returns: how many there are, -1 if none.
        """
        hops = self._answer("targets", text) or []
        routes.set_values("keepalive_targets", hops)
        return len(hops) or _ERROR

    def next_target(self, msg: object, text: str = "") -> int:
        """Do ``if (python_exec("next_target", "URI"))``: 1 with ``$du`` set, or -1 if none is left."""
        return int(self._answer("next_target", text) or _ERROR)

    def info(self, msg: object, text: str = "") -> int:
        """Do ``python_exec("info", "URI KEY")``: what is known of it is in ``$var(keepalive_info)``.

        Returns: 1, or -1, and then it is empty: not monitored, or with a log line.
        """
        call = _calls["info"](text)
        known = call and self.api["info"](*call.arguments)
        found = _part(known, call.of_answer) if call and known else None
        # Not what another call left there: a route may forget to look at the answer.
        routes.set_variable("keepalive_info", "" if found is None else found)
        return _ERROR if found is None else _DONE

    def report_failure(self, msg: object, text: str = "") -> int:
        """Do ``python_exec("report_failure", "URI [WHY]")`` in a failure route: 1, or -1."""
        return self._do("report_failure", text)

    def report_success(self, msg: object, text: str = "") -> int:
        """Do ``python_exec("report_success", "URI [WHY]")`` in a reply route: 1, or -1."""
        return self._do("report_success", text)

    def report_reply(self, msg: object, text: str = "") -> int:
        """Do ``python_exec("report_reply", "URI [CODE]")``, or with the code at hand: 1, or -1."""
        return self._do("report_reply", text if len(text.split()) > 1 else f"{text} {answers.reply_code()}")

    def set_admin(self, msg: object, text: str = "") -> int:
        """Do ``python_exec("set_admin", "URI MODE [SECONDS [WHY]]")``: 1, or -1 with a log line."""
        return self._do("set_admin", text)

    def answer_options(self, msg: object, text: str = "") -> int:
        """Do ``if (python_exec("answer_options", "[GROUP]") == 1) exit;``: 1 answered, or -1."""
        return int(self._answer("answer_options", text) or _ERROR)

    def set_self(self, msg: object, text: str = "") -> int:
        """Do ``python_exec("set_self", "MODE [SECONDS [WHY]]")``: 1, or -1 with a log line."""
        return self._do("set_self", text)

    def ping_now(self, msg: object, text: str = "") -> int:
        """Do ``python_exec("ping_now", "URI")``: 1, or -1."""
        return self._do("ping_now", text)

    def pause(self, msg: object, text: str = "") -> int:
        """Do ``python_exec("pause")``: 1, or -1."""
        return self._do("pause", text)

    def resume(self, msg: object, text: str = "") -> int:
        """Do ``python_exec("resume")``: 1, or -1."""
        return self._do("resume", text)

    def reload(self, msg: object, text: str = "") -> int:
        """Do ``python_exec("reload")``, or ``python_exec("reload", "force")``: 1, or -1 with a log line."""
        return self._do("reload", text)

    def reload_script(self, msg: object, text: str = "") -> int:
        """Do ``python_exec("reload_script")``, or with the path of a draft: 1, or -1 with a log line."""
        return self._do("reload_script", text)

    def selftest(self, msg: object, text: str = "") -> int:
        """Do ``python_exec("selftest")``: 1, or -1 with a log line for each finding."""
        return self._do("selftest", text)

    def add_destination(self, msg: object, text: str = "") -> int:
        """Do ``python_exec("add_destination", "URI [NAME=VALUE ...]")``: 1, or -1 with a log line."""
        return self._do("add_destination", text)

    def del_destination(self, msg: object, text: str = "") -> int:
        """Do ``python_exec("del_destination", "URI")``: 1, or -1 with a log line."""
        return self._do("del_destination", text)

    def configure_group(self, msg: object, text: str = "") -> int:
        """Do ``python_exec("configure_group", "GROUP [NAME=VALUE ...]")``: 1, or -1 with a log line."""
        return self._do("configure_group", text)

    def _answer(self, name: str, text: str) -> Any:
        """Return what a function answers to a command, None for one that is refused."""
        call = _calls[name](text)
        return call and self.api[name](*call.arguments, **call.options)

    def _do(self, name: str, text: str) -> int:
        return _DONE if self._answer(name, text) == 0 else _ERROR
