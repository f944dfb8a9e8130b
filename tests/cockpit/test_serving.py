"""HTTP as it is served: what abuse comes to behind all limits, with the real aiohttp."""

import asyncio
import gzip
import json
import time
from pathlib import Path
from types import ModuleType

import pytest
from aiohttp import web

from cockpit.served import Served, status, text
from conftest import FakeServer
from keepalive_core.rules.http_heads import MOST_BODY

HOST = b"Host: localhost\r\n"
GET = b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n"
LAST = b"GET /healthz HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
JSON = HOST + b"Content-Type: application/json\r\nX-Keepalive: 1\r\n"


async def echoed(request: web.Request) -> web.Response:
    """Say how long the body is."""
    return web.Response(text=str(len(await request.read())))


def add_echo(app: web.Application) -> None:
    app.router.add_post("/echo", echoed)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def echo(fields: bytes, body: bytes = b"") -> bytes:
    return b"POST /echo HTTP/1.1\r\n" + JSON + b"Connection: close\r\n" + fields + b"\r\n" + body


CHUNKED = b"Transfer-Encoding: chunked\r\n"


@pytest.mark.parametrize("kind", ["unix", "tcp"])
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (LAST, 200),
        (LAST.replace(b"GET", b"HEAD"), 200),
        (GET.replace(b"1.1", b"1.0"), 200),
        (LAST.replace(b"\r\n\r\n", b"\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n"), 200),
        (LAST.replace(b"\r\n\r\n", b"\r\nUpgrade: websocket\r\n\r\n"), 200),
        (LAST.replace(b"/healthz", b"/healthz?a=%00%ff"), 200),
        (LAST.replace(b"/healthz", b"/../etc/passwd"), 404),
        (LAST.replace(b"/healthz", b"//healthz"), 404),
        (echo(b"Content-Length: 3\r\n", b"abc"), 200),
        (echo(CHUNKED, chunk(b"abc") + b"0\r\n\r\n"), 200),
        (echo(b"Content-Length: %d\r\n" % MOST_BODY, b"x" * MOST_BODY), 200),
        (echo(b"Content-Length: %d\r\n" % (MOST_BODY + 1), b"x" * (MOST_BODY + 1)), 413),
        (echo(CHUNKED, chunk(b"x" * MOST_BODY) + chunk(b"x") + b"0\r\n\r\n"), 413),
        (echo(CHUNKED, b"nonsense\r\n\r\n"), 400),
        (echo(b"Content-Length: 20\r\nContent-Encoding: gzip\r\n", gzip.compress(b"")), 415),
        (b"GET /\r\n\r\n", 400),
        (b"\0\1\2\3", 400),
        (b"\x16\x03\x01\x00\xa5\x01", 0),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"OPTIONS /echo HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n\r\n", 405),
        (echo(b"Content-Length: -1\r\n"), 400),
        (echo(b"Content-Length: 3\r\nContent-Length: 4\r\n", b"abcd"), 400),
        (echo(CHUNKED + b"Content-Length: 3\r\n", chunk(b"abc") + b"0\r\n\r\n"), 400),
        (GET.replace(b"\r\n\r\n", b"\r\nX: " + b"x" * 20_000 + b"\r\n\r\n"), 431),
        (GET.replace(b"\r\n\r\n", b"\r\nX: 1" * 200 + b"\r\n\r\n"), 431),
        (GET.replace(b"/healthz", b"/" + b"a" * 9000), 414),
    ],
)
def test_an_answer_to_anything(
    keepalive: ModuleType, server: FakeServer, tmp_path: Path, kind: str, data: bytes, expected: int
) -> None:
    """Each has the status that is its, at once, and the log has nothing of it."""

    async def ask(served: Served) -> bytes:
        return await served.ask(kind, data)

    begun = time.monotonic()
    answer = Served(server, tmp_path).run(ask, add_echo)
    assert time.monotonic() - begun < 5
    assert status(answer) == expected
    assert b"aiohttp" not in answer.lower()
    assert b"python" not in answer.lower()
    assert server.ksr.lines("err") == server.ksr.lines("warn") == []


def test_who_asks_whether_he_may_send_is_told(
    keepalive: ModuleType, server: FakeServer, tmp_path: Path
) -> None:
    """As curl does before a long body (Expect: 100-continue); before one that is too long he is told that."""

    async def ask(served: Served) -> tuple[bytes, bytes]:
        reader, writer = await served.connect("tcp")
        writer.write(echo(b"Content-Length: 3\r\nExpect: 100-continue\r\n"))
        first = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"abc")
        answer = await reader.read()
        assert (status(first), status(answer), text(answer)) == (100, 200, "3")
        return first, await served.ask("tcp", echo(b"Content-Length: 1000000\r\nExpect: 100-continue\r\n"))

    assert status(Served(server, tmp_path).run(ask, add_echo)[1]) == 413


def test_the_length_of_a_body_that_is_not_made_is_not_told(
    keepalive: ModuleType, server: FakeServer, tmp_path: Path
) -> None:
    """HEAD of /metrics says what GET does, but for the length, which nobody knows; of others it is GET's."""

    async def ask(served: Served) -> tuple[bytes, bytes, bytes]:
        known = await served.ask("tcp", LAST.replace(b"GET", b"HEAD"))
        head = GET.replace(b"GET /healthz", b"HEAD /metrics")
        return known, await served.ask("tcp", head + LAST), await served.request("tcp", "HEAD", "/nosuch")

    known, scraped, missing = Served(server, tmp_path).run(ask)
    assert b"Content-Length: 3\r\n" in known
    unknown, _, behind = scraped.partition(b"\r\n\r\n")
    assert (status(unknown), b"Content-Length" in unknown) == (200, False)
    assert b"Content-Type: text/plain; version=" in unknown
    assert (status(behind), text(behind)) == (200, "ok\n")
    assert status(missing) == 404


def test_many_requests_on_one_connection(keepalive: ModuleType, server: FakeServer, tmp_path: Path) -> None:
    """They are answered in their order, however many come at once (pipelining)."""

    async def ask(served: Served) -> bytes:
        posts = b"".join(
            b"POST /echo HTTP/1.1\r\n" + JSON + b"Content-Length: %d\r\n\r\n" % size + b"x" * size
            for size in range(2000)
        )
        return await served.ask("tcp", posts + LAST)

    answer = Served(server, tmp_path).run(ask, add_echo)
    bodies = [part.rpartition(b"\r\n\r\n")[2] for part in answer.split(b"HTTP/1.1 200 OK")]
    assert bodies == [b"", *(str(size).encode() for size in range(2000)), b"ok\n"]


def test_a_page_is_compressed_for_who_asks(keepalive: ModuleType, server: FakeServer, tmp_path: Path) -> None:
    """A handler that offers it is not kept from it."""

    async def page(request: web.Request) -> web.Response:
        response = web.Response(text="x" * 10_000)
        response.enable_compression()
        return response

    async def ask(served: Served) -> bytes:
        return await served.request("unix", "GET", "/page", Accept_Encoding="gzip")

    answer = Served(server, tmp_path).run(ask, lambda app: app.router.add_get("/page", page))
    assert b"\r\nContent-Encoding: gzip\r\n" in answer
    assert gzip.decompress(answer.partition(b"\r\n\r\n")[2]) == b"x" * 10_000


def test_a_flood_over_tcp_keeps_nobody_from_the_unix_socket(
    keepalive: ModuleType, server: FakeServer, tmp_path: Path
) -> None:
    """Nor from TCP: whoever waits longest without asking anything makes room."""

    async def ask(served: Served) -> list[int]:
        crowd = [await served.connect("tcp") for _ in range(200)]
        for _, writer in crowd[::3]:
            writer.write(b"POST /RPC HTTP/1.1\r\nHost: ")
        answers = [status(await served.request(kind, "GET", "/healthz")) for kind in ("unix", "tcp", "unix")]
        for _, writer in crowd:
            writer.close()
        return answers

    assert Served(server, tmp_path).run(ask) == [200, 200, 200]


def test_who_reads_slowly_keeps_nobody_waiting(
    keepalive: ModuleType, server: FakeServer, tmp_path: Path
) -> None:
    """More answers wait for their readers than may be worked on at a time, and go on when they are read."""
    size, pieces = 100_000, 200

    async def long(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(pieces):
            await response.write(b"x" * size)
        return response

    async def ask(served: Served) -> list[int]:
        readers = [await served.connect("tcp") for _ in range(10)]
        for _, writer in readers:
            writer.write(LAST.replace(b"/healthz", b"/long"))
        for reader, _ in readers:
            await reader.readuntil(b"x")
        async with asyncio.timeout(5):
            found = [status(await served.request("tcp", "GET", "/healthz")) for _ in range(5)]
        read = await asyncio.gather(*(reader.read() for reader, _ in readers))
        assert [each.count(b"x") for each in read] == [size * pieces - 1] * 10
        return found

    answers = Served(server, tmp_path).run(ask, lambda app: app.router.add_get("/long", long))
    assert answers == [200] * 5


def test_slow_bodies_end_in_their_time(
    keepalive: ModuleType, server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their client is told so."""
    from keepalive_core.cockpit import access

    monkeypatch.setattr(access, "MOST_SECONDS", 0.2)

    async def ask(served: Served) -> list[bytes]:
        starts = [echo(b"Content-Length: 9\r\n", b"x"), echo(CHUNKED, chunk(b"x"))]
        return await asyncio.gather(*(served.ask(kind, each) for each in starts for kind in ("unix", "tcp")))

    answers = Served(server, tmp_path).run(ask, add_echo)
    assert [status(answer) for answer in answers] == [408] * 4
    assert server.ksr.lines("err") == []


def test_who_goes_away_leaves_nothing(keepalive: ModuleType, server: FakeServer, tmp_path: Path) -> None:
    """In any moment: while he sends, while he is answered, in a stream."""

    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 1000)
                await asyncio.sleep(0.01)
        finally:
            ended.set()

    async def ask(served: Served) -> int:
        for data in (
            b"GET",
            echo(b"Content-Length: 9\r\n", b"x"),
            LAST,
            GET.replace(b"/healthz", b"/stream"),
        ):
            reader, writer = await served.connect("tcp")
            writer.write(data)
            await writer.drain()
            if data.startswith(b"GET /stream"):
                await reader.readuntil(b"x")
            writer.transport.abort()
        await ended.wait()
        return status(await served.request("tcp", "GET", "/healthz"))

    ended = asyncio.Event()

    def add(app: web.Application) -> None:
        add_echo(app)
        app.router.add_get("/stream", stream)

    assert Served(server, tmp_path).run(ask, add) == 200
    assert server.ksr.lines("err") == server.ksr.lines("warn") == []


def test_deep_json_is_a_body_like_others(keepalive: ModuleType, server: FakeServer, tmp_path: Path) -> None:
    """What is in it is its handler's business."""
    body = b"[" * MOST_BODY

    async def ask(served: Served) -> bytes:
        return await served.request("unix", "POST", "/echo", body)

    assert text(Served(server, tmp_path).run(ask, add_echo)) == str(MOST_BODY)
    with pytest.raises(RecursionError):
        json.loads(body)
