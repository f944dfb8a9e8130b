"""Commands as text, from native routes and from operators: a name, and what it is to be given (pure).

``set_admin`` and ``sip:192.168.10.20 maint 3600 card swap``: words with white space between them, of which
the last that may stand there is the rest of the text, without quotation marks. Options stand as in a line of
the list file.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from . import units
from .checks import Refused, number_of_text
from .parameter import Whose
from .parameters import check_options
from .quoting import quoted
from .words import MOST_BYTES_OF_A_LINE, named, words_of


class Call(NamedTuple):
    """What the function of the command's name is to be given."""

    arguments: tuple[Any, ...] = ()
    options: Mapping[str, Any] = {}
    of_answer: str = ""
    """which part of the function's answer is asked for, see part()"""


class Command(NamedTuple):
    """What a command's text has to be."""

    usage: str
    """words that have to stand there, then, in brackets, those that may; ``...`` is more of the last"""
    call: Callable[..., Call]
    """makes a Call, given the author of the command and its words"""


def _as_they_are(by: str, *words: str) -> Call:
    return Call(words)


def _report(by: str, uri: str, why: str = "") -> Call:
    return Call((uri, why or f"by {by}"))


def _report_reply(by: str, uri: str, code: str) -> Call:
    return Call((uri, number_of_text("code", code)))


def _set_admin(by: str, uri: str, mode: str, seconds: str = "0", why: str = "") -> Call:
    return Call((uri, mode, _until(seconds), by, why))


def _until(seconds: str) -> float:
    try:
        return units.read(seconds, units.SECONDS)
    except ValueError as fault:
        raise Refused(f"{fault}, such as {units.examples(units.SECONDS)}") from None


def _set_self(by: str, mode: str, seconds: str = "0", why: str = "") -> Call:
    return Call((mode, _until(seconds), by, why))


def _reload(by: str, force: str = "") -> Call:
    if force not in ("", "force"):
        raise Refused(f"{quoted(force)}: force is needed, or nothing")
    return Call((force == "force",))


def _add_destination(by: str, uri: str, *more: str) -> Call:
    # What is no parameter is no argument of the function either, such as its callback.
    given: dict[str, Any] = named(more)
    check_options({name: given[name] for name in given.keys() - {"group", "priority", "weight"}})
    for name in given.keys() & {"priority", "weight"}:
        given[name] = number_of_text(f"{name} of {quoted(uri)}", given[name])
    return Call((uri, by), given)


def _del_destination(by: str, uri: str) -> Call:
    return Call((uri, by))


def _configure_group(by: str, name: str, *more: str) -> Call:
    given = named(more)
    check_options(given, Whose.GROUP)
    return Call((name,), given)


def _info(by: str, uri: str, part: str) -> Call:
    return Call((uri,), of_answer=part)


COMMANDS: Final[Mapping[str, Command]] = {
    "is_alive": Command("URI", _as_they_are),
    "state": Command("URI", _as_they_are),
    "alive": Command("GROUP", _as_they_are),
    "pick": Command("GROUP", _as_they_are),
    "targets": Command("URI", _as_they_are),
    "next_target": Command("URI", _as_they_are),
    "is_group_alive": Command("GROUP", _as_they_are),
    "info": Command("URI KEY", _info),
    "report_failure": Command("URI [WHY]", _report),
    "report_success": Command("URI [WHY]", _report),
    "report_reply": Command("URI CODE", _report_reply),
    "set_admin": Command("URI MODE [SECONDS [WHY]]", _set_admin),
    "answer_options": Command("[GROUP]", _as_they_are),
    "set_self": Command("MODE [SECONDS [WHY]]", _set_self),
    "ping_now": Command("URI", _as_they_are),
    "pause": Command("", _as_they_are),
    "resume": Command("", _as_they_are),
    "reload": Command("[force]", _reload),
    "reload_script": Command("[PATH]", _as_they_are),
    "selftest": Command("", _as_they_are),
    "add_destination": Command("URI [NAME=VALUE ...]", _add_destination),
    "del_destination": Command("URI", _del_destination),
    "configure_group": Command("GROUP [NAME=VALUE ...]", _configure_group),
}
"""by their names, which are those of functions of keepalive.py"""


def parse(name: str, text: str, by: str) -> Call:
    """Return what a command asks for.

    Arguments: name and text, of the command; by, who commands, the owner of what is added.
    Raises: Refused, InvalidSetting. What only the function knows of, as what is a URI, it refuses itself.
    """
    command = COMMANDS.get(name)
    if command is None:
        raise Refused(f"unknown command {quoted(name)}, known are {', '.join(COMMANDS)}")
    return command.call(by, *words_for(command.usage, text))


def words_for(usage: str, text: str) -> list[str]:
    """Return the words of a command behind its name. Raises: Refused, if they are not as its usage says."""
    # The functions say of half a character that it is none of a URI, a name and so on.
    if len(text.encode("utf-8", "surrogatepass")) > MOST_BYTES_OF_A_LINE:
        raise Refused(f"{quoted(text)} is longer than {MOST_BYTES_OF_A_LINE} bytes")
    places = usage.split()
    needed = usage.partition("[")[0].split()
    is_line = places[-1:] == ["...]"]
    words = words_of(text) if is_line else text.strip().split(None, max(0, len(places) - 1))
    if len(words) < len(needed) or (len(words) > len(places) and not is_line):
        raise Refused(f"{quoted(text)}: {usage or 'nothing'} is needed")
    return words


def part(known: Mapping[str, Any], key: str) -> int | str:
    """Return what info() says under a key such as ``state``, or ``latency_ms.p95`` of what has more in it.

    What is neither a whole number nor a text is its JSON text. Raises: Refused if there is no such key.
    """
    found: Any = known
    for name in key.split("."):
        if not isinstance(found, dict) or name not in found:
            raise Refused(f"there is no {quoted(key)} in what is known of a destination")
        found = found[name]
    return found if isinstance(found, str) or type(found) is int else json.dumps(found)
