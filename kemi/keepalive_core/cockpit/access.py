"""Who may what over HTTP: each request goes through here, and learns who made it."""

import asyncio
import logging
import pwd
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from functools import lru_cache
from typing import Final, NamedTuple

from aiohttp import web

from ..rules.http_access import Asked, Refusal, name_of, refusal, refusal_of_change
from ..rules.http_answers import HEADERS
from ..rules.http_heads import too_long
from ..rules.http_settings import HttpSettings
from ..rules.minutely import Minutely
from ..rules.operator import Operator
from .http_connection import MOST_SECONDS, Connection
from .token_file import TokenFile

log = logging.getLogger("keepalive")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

UNIX_SOCKET: Final = "unix socket"
# The paths of answers that do not end.
ENDLESS: Final = frozenset({"/events"})
# Of those over TCP that are worked on at a time, so that the UNIX socket has its turn soon.
_MOST_AT_A_TIME: Final = 4
# Whoever tries tokens tries one a second in each of his connections.
_WRONG_TOKEN_SECONDS: Final = 1.0
# struct ucred of unix(7): process, user, group.
_CREDENTIALS: Final = struct.Struct("3i")
# At Basic, which is understood too, a browser would put a window of its own before the page's.
_CHALLENGE: Final = 'Bearer realm="keepalive"'


class Caller(NamedTuple):
    """Who made a request, and what he may."""

    operator: Operator
    refusal_of_change: Refusal | None
    """why he may not change anything; None if he may. An answer that says so has its status"""


_NOBODY: Final = Caller(Operator("nobody", "nowhere"), Refusal(403, "nobody knows who asks"))
# Each request has a task of its own, and each task its own value.
_caller: Final = ContextVar("caller", default=_NOBODY)


def caller() -> Caller:
    """Return who made the request that this task answers."""
    return _caller.get()


class Access:
    """What each request has to pass.

    Arguments: settings; names, of this host; token_file.
    """

    def __init__(self, settings: HttpSettings, names: frozenset[str], token_file: TokenFile) -> None:
        self._settings = settings
        self._names = names
        self._token_file = token_file
        self._turns = asyncio.Semaphore(_MOST_AT_A_TIME)
        self._minutely = Minutely()

    def guard(self, app: web.Application) -> None:
        """Have all requests of an application pass."""

        @web.middleware
        async def passing(request: web.Request, handler: Handler) -> web.StreamResponse:
            connection = request.transport.get_protocol() if request.transport else None
            if not isinstance(connection, Connection):
                raise ConnectionResetError  # it is gone already
            connection.begin()
            try:
                return await self._answer(request, handler, connection)
            finally:
                connection.finish()

        app.middlewares.append(passing)
        app.on_response_prepare.append(_add_headers)

    async def _answer(
        self, request: web.Request, handler: Handler, connection: Connection
    ) -> web.StreamResponse:
        peer = connection.peer
        refused = refusal(_asked(request, peer), self._settings, self._names)
        if refused is not None:
            return _refused(refused)
        refused = await _body_refused(request)
        if refused is not None:
            return _refused(refused)
        _caller.set(await self._caller_of(request, peer))
        if not peer or request.path in ENDLESS:
            return await self._handled(request, handler)
        async with connection.in_turn(self._turns):
            return await self._handled(request, handler)

    async def _handled(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except (web.HTTPException, ConnectionError, asyncio.CancelledError):
            raise
        except Exception:
            if self._may_tell("fault"):
                log.exception("HTTP: a request to %.80s failed", request.path)
            return _refused(Refusal(500, "this failed; the log says why"))

    async def _caller_of(self, request: web.Request, peer: str) -> Caller:
        """Return who makes a request; it takes a while to learn that a token is wrong."""
        if not peer:
            return Caller(Operator(_user(request), UNIX_SOCKET), None)
        authorization = request.headers.get("Authorization", "")
        # The file is nobody's business who does not have a token.
        refused = refusal_of_change(authorization, self._token_file.token())
        if refused is not None and refused.status == web.HTTPUnauthorized.status_code and authorization:
            if self._may_tell("token"):
                log.warning("HTTP: %s has a wrong token", peer)
            await asyncio.sleep(_WRONG_TOKEN_SECONDS)
        return Caller(Operator(name_of(authorization), peer), refused)

    def _may_tell(self, what: str) -> bool:
        return self._minutely.may_tell(what, time.monotonic_ns() // 1000)


async def _body_refused(request: web.Request) -> Refusal | None:
    """Read the body, which the request keeps; return why it can't be read."""
    try:
        async with asyncio.timeout(MOST_SECONDS):
            await request.read()
    except web.HTTPRequestEntityTooLarge:
        return too_long()
    except TimeoutError:
        return Refusal(408, "the body of a request did not come")
    except (ConnectionError, asyncio.CancelledError) as gone:
        # The request keeps this, and this the frame that has what has come of the body: a circle of 256 KiB.
        gone.__traceback__ = None
        raise
    except Exception:  # aiohttp has several, which differ from version to version
        return Refusal(400, "the body can't be read")
    return None


def _asked(request: web.Request, peer: str) -> Asked:
    own = request.get_extra_info("sockname") if peer else None
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Asked(request.method, headers, peer, own[0] if own else "")


def _refused(refused: Refusal) -> web.Response:
    response = web.Response(status=refused.status, text=refused.sentence + "\n")
    response.force_close()
    return response


def _user(request: web.Request) -> str:
    """Return the name of the user at the other end of a UNIX socket."""
    end = request.get_extra_info("socket")
    _, user, _ = _CREDENTIALS.unpack(end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return _user_name(user)


@lru_cache(maxsize=64)
def _user_name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = HEADERS["Server"]
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.method == "HEAD" and response.headers.get("Content-Length") == "0":
        # A handler that makes no body for HEAD does not know how long GET's is (RFC 9110 section 8.6).
        del response.headers["Content-Length"]
    if response.status == web.HTTPUnauthorized.status_code:
        response.headers["WWW-Authenticate"] = _CHALLENGE
