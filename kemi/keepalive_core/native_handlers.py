"""What a native kamailio.cfg calls by python_exec: functions of the API, with answers for routes."""

from collections.abc import Callable
from typing import ClassVar, Final, NamedTuple

from .handlers import Handlers
from .kamailio import answers
from .rules.states import DOWN

OWNER: Final = "route"
"""The owner of what a native route adds"""

_DONE: Final = 1
_ERROR: Final = -1
_UNKNOWN: Final = 3


class API(NamedTuple):
    """The functions of keepalive.py that a native route can call; none of them raises."""

    is_alive: Callable[[str], int]
    state: Callable[[str], int]
    is_group_alive: Callable[[str], int]
    report_failure: Callable[[str, str], int]
    report_success: Callable[[str, str], int]
    report_reply: Callable[[str, int], int]
    reload: Callable[[bool], int]
    reload_script: Callable[[], int]
    add_destination: Callable[[str, str], int]
    del_destination: Callable[[str, str], int]


class NativeRoutes(Handlers):
    """What a native route calls by python_exec: text in, and never 0 out, which would end the route."""

    api: ClassVar[API]
    """what answers; keepalive.NativeHandlers has it"""

    def is_alive(self, msg: object, destination: str = "") -> int:
        """Answer ``if (python_exec("is_alive", "sip:192.168.10.20") == 1)``.

        Returns: 1 up, -2 down, -1 not monitored or malformed. Not 2 for down: to Kamailio's ``if`` every
        positive answer of a function is 1, so a destination that is down would pass the test above, as it
        does with the C module.
        """
        answer = self.api.is_alive(destination)
        return -answer if answer == DOWN else answer

    def state(self, msg: object, destination: str = "") -> int:
        """Answer ``$var(state) = python_exec("state", "sip:192.168.10.20")``.

        Returns: 1 up, 2 down, 3 unknown, -1 not monitored or malformed.
        """
        return self.api.state(destination) or _UNKNOWN

    def is_group_alive(self, msg: object, group: str = "") -> int:
        """Answer ``if (python_exec("is_group_alive", "carriers") == 1)``: 1, -2 none is, -1 no such group."""
        answer = self.api.is_group_alive(group)
        return -answer if answer == DOWN else answer

    def report_failure(self, msg: object, destination: str = "") -> int:
        """Do ``python_exec("report_failure", "$du")`` in a failure route: 1, or -1."""
        return _ERROR if self.api.report_failure(destination, "by a route") else _DONE

    def report_reply(self, msg: object, destination: str = "") -> int:
        """Do ``python_exec("report_reply", "$du")`` in a reply or failure route, with its reply: 1, or -1."""
        return _ERROR if self.api.report_reply(destination, answers.reply_code()) else _DONE

    def report_success(self, msg: object, destination: str = "") -> int:
        """Do ``python_exec("report_success", "$du")`` in a reply route: 1, or -1."""
        return _ERROR if self.api.report_success(destination, "by a route") else _DONE

    def reload(self, msg: object, force: str = "") -> int:
        """Do ``python_exec("reload")``, or ``python_exec("reload", "force")``: 1, or -1 with a log line."""
        return _ERROR if self.api.reload(force == "force") else _DONE

    def reload_script(self, msg: object) -> int:
        """Do ``python_exec("reload_script")``: 1, or -1 with a log line."""
        return _ERROR if self.api.reload_script() else _DONE

    def add_destination(self, msg: object, uri: str = "") -> int:
        """Do ``python_exec("add_destination", "sip:192.168.10.20")``: 1, or -1 with a log line."""
        return _ERROR if self.api.add_destination(uri, OWNER) else _DONE

    def del_destination(self, msg: object, uri: str = "") -> int:
        """Do ``python_exec("del_destination", "sip:192.168.10.20")``: 1, or -1 with a log line."""
        return _ERROR if self.api.del_destination(uri, OWNER) else _DONE
