"""Kamailio's RPC commands, asked from within as kamcmd asks them; the module jsonrpcs does it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import KSR


class Unanswered(Exception):
    """A command has no result; the message says why."""


def ask(method: str, *parameters: str | int) -> Any:
    """Return what an RPC command answers; callable in workers and timers.

    Not in mod_init: jsonrpcs ends the server if it is called before it has started itself (5.6 to 6.1).

    Raises: Unanswered.
    """
    return pass_on(method, parameters)


def pass_on(method: str, parameters: Sequence[Any] | Mapping[str, Any]) -> Any:
    """Return what an RPC command answers to parameters of JSON. Raises: Unanswered; see ask()."""
    if not hasattr(KSR, "jsonrpcs"):
        raise Unanswered(f"{method} can't be asked: load jsonrpcs.so")
    request = {"jsonrpc": "2.0", "method": method, "params": parameters, "id": 1}
    if not KSR.jsonrpcs.exec(json.dumps(request)) > 0:
        raise Unanswered(f"{method} is not answered")
    try:
        reply = json.loads(KSR.pv.get("$jsonrpl(body)"))
    except (TypeError, ValueError) as error:
        raise Unanswered(f"{method} is not answered: {error}") from None
    if "error" in reply:
        raise Unanswered(f"{method} is refused: {reply['error']}")
    return reply.get("result")
