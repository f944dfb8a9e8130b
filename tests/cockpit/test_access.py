"""Who may what, asked of the real aiohttp as clients do; the rules themselves are in tests/rules."""

import asyncio
import getpass
from pathlib import Path
from types import ModuleType

import pytest
from aiohttp import web

from cockpit.served import Served, status, text
from conftest import FakeServer

TOKEN = "correct-horse"


def token_file(folder: Path) -> str:
    file = folder / "token"
    file.write_text(TOKEN)
    file.chmod(0o600)
    return str(file)


async def told(request: web.Request) -> web.Response:
    """Say who asks, and whether he may change something."""
    from keepalive_core.cockpit import access

    caller = access.caller()
    refused = caller.refusal_of_change
    return web.Response(
        status=refused.status if refused else 200,
        text=f"{caller.operator.name} ({caller.operator.place}) {await request.text()}",
    )


def add_told(app: web.Application) -> None:
    app.router.add_route("*", "/told", told)


def test_a_user_of_the_unix_socket_is_known(
    keepalive: ModuleType, server: FakeServer, tmp_path: Path
) -> None:
    """By the kernel's word; he may change things, and needs no header but HTTP/1.1's, whatever that says."""

    async def ask(served: Served) -> bytes:
        return await served.request("unix", "POST", "/told", b"x", Host="x", Content_Type="", X_Keepalive="")

    answer = Served(server, tmp_path).run(ask, add_told)
    assert (status(answer), text(answer)) == (200, f"{getpass.getuser()} (unix socket) x")


def test_a_user_without_a_name(keepalive: ModuleType) -> None:
    """He may have been removed since, or be of another container."""
    from keepalive_core.cockpit import access

    assert access._user_name(4_000_000) == "user 4000000"


def test_over_tcp_the_token_decides(
    keepalive: ModuleType, server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it one reads; a wrong one is told to the log, and takes a while."""
    from keepalive_core.cockpit import access

    monkeypatch.setattr(access, "_WRONG_TOKEN_SECONDS", 0.3)

    async def ask(served: Served) -> list[tuple[int, str, bool]]:
        found = []
        for authorization in (
            "",
            f"Bearer {TOKEN}",
            "Bearer wrong",
            "Basic YW5uYTpjb3JyZWN0LWhvcnNl",
            "Bearer x",
        ):
            begun = asyncio.get_running_loop().time()
            answer = await served.request("tcp", "POST", "/told", b"x", Authorization=authorization)
            slow = asyncio.get_running_loop().time() - begun >= 0.3
            assert (b"\r\nWWW-Authenticate: Bearer realm=" in answer) == (status(answer) == 401)
            found.append((status(answer), text(answer), slow))
        return found

    served = Served(server, tmp_path, http_token_file=token_file(tmp_path))
    assert served.run(ask, add_told) == [
        (401, "token (127.0.0.1) x", False),
        (200, "token (127.0.0.1) x", False),
        (401, "token (127.0.0.1) x", True),
        (200, "anna (127.0.0.1) x", False),
        (401, "token (127.0.0.1) x", True),
    ]
    [line] = server.ksr.lines("warn")
    assert line.endswith("HTTP: 127.0.0.1 has a wrong token")


def test_without_a_token_file_nothing_is_changed_over_tcp(
    keepalive: ModuleType, server: FakeServer, tmp_path: Path
) -> None:
    """No token is asked for that nobody can have."""

    async def ask(served: Served) -> bytes:
        return await served.request("tcp", "POST", "/told", Authorization="Bearer x")

    answer = Served(server, tmp_path).run(ask, add_told)
    assert status(answer) == 403
    assert b"WWW-Authenticate" not in answer


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Content_Type": "text/plain"}, 415),
        ({"X_Keepalive": ""}, 403),
        ({}, 200),
    ],
)
def test_other_sites_get_nowhere(
    keepalive: ModuleType, server: FakeServer, tmp_path: Path, fields: dict[str, str], expected: int
) -> None:
    """The handler is not reached, and no header lets a page read why."""
    reached = []

    async def reach(request: web.Request) -> web.Response:
        reached.append(request)
        return web.Response()

    async def ask(served: Served) -> bytes:
        return await served.request("tcp", "POST", "/told", b"x", **fields)

    answer = Served(server, tmp_path).run(ask, lambda app: app.router.add_post("/told", reach))
    assert status(answer) == expected
    assert len(reached) == (expected == 200)
    assert b"Access-Control" not in answer


def test_each_answer_is_one_for_a_browser(keepalive: ModuleType, server: FakeServer, tmp_path: Path) -> None:
    """A page, a path that does not exist, a refusal, a stream, and what is no request."""

    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Cache-Control": "no-cache"})
        await response.prepare(request)
        await response.write(b"x")
        return response

    async def ask(served: Served) -> list[bytes]:
        return [
            await served.request("tcp", "GET", "/healthz"),
            await served.request("tcp", "GET", "/nothing"),
            await served.request("tcp", "GET", "/healthz", Host="evil.example"),
            await served.request("tcp", "GET", "/stream"),
            await served.ask("tcp", b"\0"),
        ]

    answers = Served(server, tmp_path).run(ask, lambda app: app.router.add_get("/stream", stream))
    assert [status(answer) for answer in answers] == [200, 404, 403, 200, 400]
    for answer in answers:
        assert b"\r\nServer: keepalive\r\n" in answer
        assert b"\r\nX-Content-Type-Options: nosniff\r\n" in answer
        assert b"\r\nContent-Security-Policy: default-src 'self';" in answer
    caching = [b"no-store" in answer for answer in answers]
    assert caching == [True, True, True, False, True]


def test_a_fault_of_a_handler_is_told_once(keepalive: ModuleType, server: FakeServer, tmp_path: Path) -> None:
    """With the traceback, in the log alone; others are served."""

    async def fail(request: web.Request) -> web.Response:
        raise RuntimeError("a secret")

    async def ask(served: Served) -> list[bytes]:
        return [await served.request("tcp", "GET", path) for path in ("/fail", "/fail", "/healthz")]

    answers = Served(server, tmp_path).run(ask, lambda app: app.router.add_get("/fail", fail))
    assert [status(answer) for answer in answers] == [500, 500, 200]
    assert b"secret" not in answers[0]
    lines = server.ksr.lines("err")
    assert [line for line in lines if "HTTP: a request to /fail failed" in line] == lines[:1]
    assert "RuntimeError: a secret" in lines[-1]


@pytest.mark.parametrize("path", ["/slow", "/endless"])
def test_some_of_tcp_are_worked_on_at_a_time(
    keepalive: ModuleType, server: FakeServer, tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that the UNIX socket has its turn; streams of events, which wait, are not counted."""
    from keepalive_core.cockpit import access, events

    assert frozenset({events.PATH}) == access.ENDLESS
    monkeypatch.setattr(access, "ENDLESS", {"/endless"})
    most = running = 0

    async def slow(request: web.Request) -> web.Response:
        nonlocal most, running
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.05)
        running -= 1
        return web.Response()

    async def ask(served: Served) -> list[bytes]:
        return await asyncio.gather(*(served.request("tcp", "GET", path) for _ in range(12)))

    answers = Served(server, tmp_path).run(ask, lambda app: app.router.add_get(path, slow))
    assert [status(answer) for answer in answers] == [200] * 12
    assert most == (4 if path == "/slow" else 12)


def test_whoever_waits_for_a_ping_keeps_none_waiting(
    keepalive: ModuleType, server: FakeServer, tmp_path: Path
) -> None:
    """More of them than are worked on at a time, and others are answered meanwhile."""
    from keepalive_core.cockpit.taking_turns import give_way

    begun = 0

    async def waits(request: web.Request) -> web.Response:
        nonlocal begun
        begun += 1
        while not is_over.is_set():
            await give_way(0.01)
        return web.Response()

    async def ask(served: Served) -> list[int]:
        waiting = [asyncio.create_task(served.request("tcp", "GET", "/waits")) for _ in range(8)]
        while begun < len(waiting):
            await asyncio.sleep(0.01)
        answer = await served.request("tcp", "GET", "/healthz")
        is_over.set()
        return [status(each) for each in (answer, *await asyncio.gather(*waiting))]

    is_over = asyncio.Event()
    served = Served(server, tmp_path)
    assert served.run(ask, lambda app: app.router.add_get("/waits", waits)) == [200] * 9


def test_who_is_asked_for_outside_of_a_request() -> None:
    """Nobody, who may change nothing."""
    from keepalive_core.cockpit import access

    caller = access.caller()
    assert caller.operator.name == "nobody"
    assert caller.refusal_of_change is not None
