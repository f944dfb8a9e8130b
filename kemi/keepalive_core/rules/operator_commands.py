"""What operators type for kamcmd: commands in the grammar of commands.py, each for a method (pure).

``set_admin sip:192.168.10.20 maint 3600 card swap`` asks for the method ``set_admin`` with these parameters.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from . import commands
from .checks import Refused, number_of_text
from .quoting import quoted
from .words import MOST_BYTES_OF_A_LINE

HELP: Final = "help"
SUMMARY: Final = "summary"
LIST: Final = "list"

ROWS_OF_A_PAGE: Final = 100
"""The most rows of one list: fewer fit into an answer"""


class Ask(NamedTuple):
    """What a command asks for."""

    command: str
    """its name"""
    method: str
    params: dict[str, Any] = {}  # noqa: RUF012 - a NamedTuple's default, never changed
    part: str = ""
    """which part of the method's answer is asked for, see commands.part()"""


class OperatorCommand(NamedTuple):
    """How a command is typed, and what that asks for."""

    usage: str
    """as commands.Command has it"""
    ask: Callable[..., Ask]
    """makes an Ask, given the words behind the name"""


def _same(name: str, *parameters: str) -> OperatorCommand:
    """Return a command that routes have too. Arguments: parameters, those of its function; "" for none."""

    def ask(*words: str) -> Ask:
        call = commands.COMMANDS[name].call("", *words)
        given = dict(zip(parameters, call.arguments, strict=False))
        given.pop("", None)
        return Ask(name, name, given)

    return OperatorCommand(commands.COMMANDS[name].usage, ask)


def _view(name: str, **params: Any) -> Ask:
    return Ask(name, "view", params)


def _list(start: str = "1", count: str = str(ROWS_OF_A_PAGE)) -> Ask:
    first = number_of_text("FROM", start)
    if first < 1:
        raise Refused(f"FROM {first}: the first destination is number 1")
    rows = min(number_of_text("COUNT", count), ROWS_OF_A_PAGE)
    return _view(LIST, sort="name", count=rows, **{"from": first - 1})


def _worst(count: str = "20") -> Ask:
    return _view("worst", count=min(number_of_text("COUNT", count), ROWS_OF_A_PAGE))


def _names(which: str = "all") -> Ask:
    if which not in ("all", "dead", "failing"):
        raise Refused(f"{quoted(which)}: all, dead or failing is needed, or nothing")
    return _view("names", names=which, count=ROWS_OF_A_PAGE)


def _cluster(count: str = "20") -> Ask:
    return Ask("cluster", "cluster", {"count": min(number_of_text("COUNT", count), ROWS_OF_A_PAGE)})


def _info(uri: str, key: str = "") -> Ask:
    return Ask("info", "info", {"destination": uri}, key)


def _orders(count: str = "20") -> Ask:
    return Ask("orders", "orders", {"count": number_of_text("COUNT", count)})


def _set_admin(*words: str) -> Ask:
    uri, mode, until, _, why = commands.COMMANDS["set_admin"].call("", *words).arguments
    return Ask("set_admin", "set_admin", {"destination": uri, "mode": mode, "until": until, "why": why})


def _self(*words: str) -> Ask:
    mode, until, _, why = commands.COMMANDS["set_self"].call("", *words).arguments
    return Ask("self", "self", {"mode": mode, "until": until, "why": why})


def _report(name: str) -> OperatorCommand:
    def ask(uri: str, reason: str = "") -> Ask:
        return Ask(name, name, {"destination": uri, "reason": reason})

    return OperatorCommand("URI [WHY]", ask)


def _reload(how: str = "") -> Ask:
    if how not in ("", "force", "dry"):
        raise Refused(f"{quoted(how)}: force or dry is needed, or nothing")
    return Ask("reload", "reload", {"force": how == "force", "dry_run": how == "dry"})


def _add_destination(uri: str, *more: str) -> Ask:
    given = dict(commands.COMMANDS["add_destination"].call("", uri, *more).options)
    params: dict[str, Any] = {
        name: given.pop(name) for name in ("group", "priority", "weight") if name in given
    }
    return Ask("add_destination", "add_destination", {"uri": uri, **params, "options": given})


def _configure_group(name: str, *more: str) -> Ask:
    options = commands.COMMANDS["configure_group"].call("", name, *more).options
    return Ask("configure_group", "configure_group", {"name": name, "options": options})


def _flush(everything: str = "") -> Ask:
    if everything not in ("", "all"):
        raise Refused(f"{quoted(everything)}: all is needed, or nothing")
    return Ask("flush", "flush", {"all": everything == "all"})


OPERATOR_COMMANDS: Final[Mapping[str, OperatorCommand]] = {
    HELP: OperatorCommand("", lambda: Ask(HELP, "")),
    SUMMARY: OperatorCommand("", lambda: _view(SUMMARY, count=0)),
    LIST: OperatorCommand("[FROM [COUNT]]", _list),
    "worst": OperatorCommand("[COUNT]", _worst),
    "names": OperatorCommand("[all|dead|failing]", _names),
    "groups": OperatorCommand("", lambda: Ask("groups", "groups")),
    "cluster": OperatorCommand("[COUNT]", _cluster),
    "info": OperatorCommand("URI [KEY]", _info),
    "is_alive": _same("is_alive", "destination"),
    "state": _same("state", "destination"),
    "alive": _same("alive", "group"),
    "is_group_alive": _same("is_group_alive", "group"),
    "set_admin": OperatorCommand(commands.COMMANDS["set_admin"].usage, _set_admin),
    "self": OperatorCommand(commands.COMMANDS["set_self"].usage, _self),
    "ping_now": _same("ping_now", "destination"),
    "report_failure": _report("report_failure"),
    "report_success": _report("report_success"),
    "report_reply": _same("report_reply", "destination", "code"),
    "pause": _same("pause"),
    "resume": _same("resume"),
    "reload": OperatorCommand("[force|dry]", _reload),
    "reload_script": OperatorCommand("", lambda: Ask("reload_script", "reload_script")),
    "add_destination": OperatorCommand(commands.COMMANDS["add_destination"].usage, _add_destination),
    "del_destination": _same("del_destination", "uri", ""),
    "configure_group": OperatorCommand(commands.COMMANDS["configure_group"].usage, _configure_group),
    "flush": OperatorCommand("[all]", _flush),
    "orders": OperatorCommand("[COUNT]", _orders),
    "settings": OperatorCommand("", lambda: Ask("settings", "settings")),
    "selftest": OperatorCommand("", lambda: Ask("selftest", "selftest")),
}
"""by their names"""


def asked(text: str) -> Ask:
    """Return what a command asks for. Raises: Refused, InvalidSetting."""
    if len(text) > MOST_BYTES_OF_A_LINE:
        raise Refused(f"{quoted(text)} is longer than {MOST_BYTES_OF_A_LINE} bytes")
    name, *rest = text.split(None, 1) or [HELP]
    command = OPERATOR_COMMANDS.get(name)
    if command is None:
        raise Refused(f"unknown command {quoted(name)}; help shows those that there are")
    return command.ask(*commands.words_for(command.usage, "".join(rest)))


def usages() -> list[str]:
    """Return how each command is typed."""
    return [f"{name} {command.usage}".rstrip() for name, command in OPERATOR_COMMANDS.items()]
