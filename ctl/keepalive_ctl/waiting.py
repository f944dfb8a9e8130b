"""The commands that wait for changes."""

from __future__ import annotations

import argparse
import sys
import time
from collections import deque
from typing import Any, Final

from .commands import COUNT, ONE, STATES, argument, command
from .failures import DONE, NOT_AS_ASKED, NoAnswer, complain
from .screen import Screen
from .server import PAGE, PATIENCE_SECONDS, Server
from .texts import mode, moment

_LOOK_SECONDS: Final = 0.25
"""between two looks at what may have changed"""
_WAIT_SECONDS: Final = 60


class Asking:
    """Asks again and again, and outlives a restart of Kamailio: that nobody answers is told once.

    Arguments: server, who is asked.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self.missing: NoAnswer | None = None
        """why there was no answer the last time"""

    def call(self, method: str, **parameters: object) -> Any:
        """Return the result of one of the module's methods; None if nobody answers. Raises: Refused."""
        try:
            answer = self._server.call(method, **parameters)
        except NoAnswer as failure:
            if not self.missing:
                complain(f"{failure}; trying again")
            self.missing = failure
            return None
        self.missing = None
        return answer


def words_of(info: dict[str, Any]) -> set[str]:
    """Return the words for how a destination is: an administrator's mode goes before its health."""
    if info["admin"]["mode"] != "ready":
        return {info["admin"]["mode"]}
    return {"ready", "drain" if info["drained_until"] else info["state"]}


@command("wait", ONE, argument("state", choices=(*STATES, "ready")))
def wait(server: Server, given: argparse.Namespace, screen: Screen) -> int:
    """Wait until a destination is so, a minute or as long as --timeout says."""
    deadline = time.monotonic() + (given.timeout or _WAIT_SECONDS)
    asking = Asking(server)
    while True:
        server.patience = max(min(PATIENCE_SECONDS, deadline - time.monotonic()), _LOOK_SECONDS)
        info = asking.call("info", destination=given.destination)
        is_so = info is not None and given.state in words_of(info)
        if is_so or time.monotonic() >= deadline:
            break
        time.sleep(_LOOK_SECONDS)
    if asking.missing:
        raise asking.missing
    if not screen.wrote(info):
        ordered = "" if info["admin"]["mode"] == "ready" else f", {mode(info['admin'])}"
        reason = f": {info['last_reason']}" if info["last_reason"] else ""
        screen.line(f"{given.destination} is {info['state']}{ordered}{reason}", most=1000)
    return DONE if is_so else NOT_AS_ASKED


@command("watch", argument("destinations", nargs="*", metavar="destination"), COUNT)
def watch(server: Server, given: argparse.Namespace, screen: Screen) -> None:
    """Show changes as they come, until it is ended."""
    wanted = {server.call("info", destination=each)["destination"] for each in given.destinations}
    news, left = server.call("changes", count=PAGE), given.count or sys.maxsize
    seen, known = news["number"], deque(map(_identity, news["changes"]), maxlen=2 * PAGE)
    asking = Asking(server)
    while left:
        time.sleep(_LOOK_SECONDS)
        news = asking.call("changes", since=seen, count=PAGE)
        if news is None:
            continue
        if news["gap"] > seen:
            complain("changes are missing here: more came than are kept")
        seen = news["number"]
        # After a restart those from before it have other numbers.
        new = [each for each in news["changes"] if _identity(each) not in known]
        known.extend(map(_identity, new))
        told = [each for each in new if not wanted or each["destination"] in wanted][:left]
        for change in told:
            _tell(change, screen)
        left -= len(told)


def _identity(change: dict[str, Any]) -> tuple[object, ...]:
    return tuple(change[name] for name in ("destination", "at", "from", "to", "reason"))


def _tell(change: dict[str, Any], screen: Screen) -> None:
    if not screen.wrote(change, indent=None):
        at, reason = moment(change["at"]), change["reason"]
        screen.line(at, change["uri"], change["from"], "->", change["to"], f"({reason})" if reason else "")
