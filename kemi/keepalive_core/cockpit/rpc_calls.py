"""POST /RPC: JSON-RPC 2.0; its methods are those of services/operators.py, and some of Kamailio's."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection
from typing import Any, Final

from aiohttp import web

from ..kamailio import rpc
from ..kamailio.kamailio_log import about
from ..rules import json_rpc
from ..rules.checks import NotMonitored
from ..rules.json_rpc import Answer, Error, Fault, Request
from ..rules.method_parameters import InvalidParams
from ..rules.parameters import InvalidSetting
from ..rules.quoting import shown
from ..rules.uris import InvalidURI
from ..services import operators
from ..services.refusals import REFUSALS
from ..services.snapshot import the_snapshot
from . import http_defines
from .access import Caller, caller
from .taking_turns import done, give_way

log = logging.getLogger("keepalive")

PATH: Final = "/RPC"
# The most characters of an error's message.
_MOST_MESSAGE: Final = 1000
# How often the snapshot is kept fresh while somebody looks, in s.
_LOOKS: Final = 1.0


def serve(app: web.Application) -> None:
    """Have an application serve it."""
    calls = Calls(http_defines.settings().methods)
    app.router.add_post(PATH, calls.answer)
    app.cleanup_ctx.append(_keep_fresh)


class Calls:
    """Answers requests, one behind the other; while one waits others have their turn.

    Arguments: passed_on, the names of Kamailio's methods that are passed on.
    """

    def __init__(self, passed_on: Collection[str]) -> None:
        self._passed_on = passed_on

    async def answer(self, request: web.Request) -> web.Response:
        """Return what is said to a body."""
        who = caller()
        message = json_rpc.parse(await request.read())
        answers: list[bytes] = []
        size, status = 0, 200
        for number, part in enumerate(message.parts):
            if number:
                await give_way()
            answer = await self._answer(part, who) if size <= json_rpc.MOST_ANSWERED else _too_long(part)
            if who.refusal_of_change and answer.error and answer.error.code == json_rpc.NOT_ALLOWED:
                status = who.refusal_of_change.status
            if isinstance(part, Request) and part.is_notification:
                continue
            answers.append(await _written(answer, is_masked=who.refusal_of_change is not None))
            size += len(answers[-1])
        if not answers:
            return web.Response(status=204 if status == 200 else status)
        body = json_rpc.joined(answers, message.is_batch)
        return web.Response(body=body, status=status, content_type="application/json")

    async def _answer(self, part: Request | Fault, who: Caller) -> Answer:
        if isinstance(part, Fault):
            return Answer(part.id, error=part.error)
        try:
            return Answer(part.id, await self._result(part, who))
        except Exception as error:
            return Answer(part.id, error=_error(part.method, error))

    async def _result(self, asked: Request, who: Caller) -> Any:
        name = asked.method
        if name in self._passed_on:
            _check_right(who, True)
            return rpc.pass_on(name, asked.params)
        if not name.startswith(operators.PREFIX):
            raise operators.UnknownMethod(name)
        name = name.removeprefix(operators.PREFIX)
        _check_right(who, operators.method(name).changes)
        return await done(operators.call(name, asked.params, who.operator))


async def _written(answer: Answer, is_masked: bool) -> bytes:
    """Return the text of an answer; who may change nothing is shown no passwords."""
    pieces: list[bytes] = []
    for piece in json_rpc.written(answer, is_masked):
        if pieces:
            await give_way()
        pieces.append(piece)
    return b"".join(pieces)


def _too_long(part: Request | Fault) -> Answer:
    """Return what is said to the rest of a batch whose answers so far are too long; it is not done."""
    sentence = (
        f"not done: the answers to this batch are longer than {json_rpc.MOST_ANSWERED >> 20} MB already"
    )
    return Answer(part.id, error=Error(json_rpc.REFUSED, sentence))


class _NotAllowed(Exception):
    """Somebody may not change anything; the message says why."""


def _check_right(who: Caller, changes: bool) -> None:
    if changes and who.refusal_of_change:
        raise _NotAllowed(who.refusal_of_change.sentence)


_INVALID: Final = (InvalidParams, InvalidURI, InvalidSetting)


def _error(method: str, error: Exception) -> Error:
    """Return what is said of what went wrong."""
    if isinstance(error, operators.UnknownMethod):
        return Error.of(json_rpc.METHOD_NOT_FOUND)
    sentence = " ".join(shown(str(error), _MOST_MESSAGE).split())
    if isinstance(error, _INVALID):
        return Error(json_rpc.INVALID_PARAMS, f"Invalid params: {sentence}")
    if isinstance(error, _NotAllowed):
        return Error(json_rpc.NOT_ALLOWED, sentence)
    if isinstance(error, NotMonitored):
        return Error(json_rpc.NOT_MONITORED, sentence)
    if isinstance(error, REFUSALS):
        return Error(json_rpc.REFUSED, sentence)
    log.error("%s failed", shown(method, 80), exc_info=error, extra=about(type(error).__name__))
    return Error.of(json_rpc.INTERNAL_ERROR)


async def _keep_fresh(app: web.Application) -> AsyncIterator[None]:
    """Have the snapshot looked through each second while somebody looks at it."""
    task = asyncio.create_task(_look())
    yield
    task.cancel()


async def _look() -> None:
    while True:
        await asyncio.sleep(_LOOKS)
        if the_snapshot.is_looked_at():
            try:
                await done(the_snapshot.keep())
            except Exception:
                log.exception("%s failed", "the look at all destinations")
