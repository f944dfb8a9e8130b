"""The status page's files, asked of the application as a browser does."""

import asyncio
import gzip
import re
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import pytest

from conftest import FakeServer


def ask(*requests: tuple[str, str, dict[str, str]]) -> list[tuple[int, Mapping[str, str], bytes]]:
    """Make requests (method, path, headers); return statuses, headers, and bodies as they are sent."""
    from aiohttp.test_utils import TestClient, TestServer

    from keepalive_core.cockpit import web

    async def ask_all() -> list[tuple[int, Mapping[str, str], bytes]]:
        found = []
        async with TestClient(TestServer(web.application()), auto_decompress=False) as client:
            for method, path, headers in requests:
                given = {"Accept-Encoding": "identity", "Host": "localhost", **headers}
                async with client.request(method, path, headers=given) as answer:
                    found.append((answer.status, answer.headers.copy(), await answer.read()))
        return found

    return asyncio.run(ask_all())


@pytest.fixture(params=["/", "/status.js", "/status.css"])
def path(request: pytest.FixtureRequest) -> str:
    """The path of one of the files."""
    return str(request.param)


def test_the_page_is_three_files(keepalive: ModuleType) -> None:
    """Each is sent as what it is, and may ask nobody but this server, nor be in another site's frame."""
    answers = ask(*(("GET", path, {}) for path in ("/", "/status.js", "/status.css")))
    types = [headers["Content-Type"] for _, headers, _ in answers]
    assert types == [f"text/{each}; charset=utf-8" for each in ("html", "javascript", "css")]
    for status, headers, _ in answers:
        assert status == 200
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_browser_that_has_a_file_is_told_so(keepalive: ModuleType, path: str) -> None:
    """With its ETag, packed or not, it gets 304 and no body; with another one the file."""
    [(_, headers, plain)] = ask(("GET", path, {}))
    tag = headers["ETag"]
    strong = tag.removeprefix("W/")
    answers = ask(
        *(("GET", path, {"If-None-Match": given}) for given in (tag, f'"x", {strong}', "*", 'W/"another"')),
        ("GET", path, {"If-None-Match": tag, "Accept-Encoding": "gzip"}),
    )
    assert [status for status, _, _ in answers] == [304, 304, 304, 200, 304]
    assert [body for _, _, body in answers] == [b"", b"", b"", plain, b""]
    assert {headers["ETag"] for _, headers, _ in answers} == {tag}


@pytest.mark.parametrize(
    ("accepted", "packs"),
    [
        ("gzip", True),
        ("br;q=1.0, GZIP;q=0.5", True),
        ("deflate", False),
        ("gzip;q=0", False),
        ("gzip; q=0.0", False),
        ("x-gzip-not", False),
        ("", False),
    ],
)
def test_who_takes_gzip_gets_it(keepalive: ModuleType, path: str, accepted: str, packs: bool) -> None:
    """It is the same file, in a third of the bytes."""
    (_, _, plain), (_, headers, body) = ask(("GET", path, {}), ("GET", path, {"Accept-Encoding": accepted}))
    assert (headers.get("Content-Encoding") == "gzip") is packs
    assert (gzip.decompress(body) if packs else body) == plain
    assert headers["Vary"] == "Accept-Encoding"
    assert not packs or len(body) < len(plain) / 2


def test_head_says_what_get_would(keepalive: ModuleType, path: str) -> None:
    """Without a body."""
    (_, got, plain), (status, headers, body) = ask(("GET", path, {}), ("HEAD", path, {}))
    assert (status, body) == (200, b"")
    assert headers["Content-Length"] == got["Content-Length"] == str(len(plain))


def test_it_needs_no_other_host_and_no_inline_code(keepalive: ModuleType) -> None:
    """Addresses are relative, so it works below any path of a proxy; what has no text is never markup."""
    [html, code, style] = [body.decode() for _, _, body in ask(*(("GET", f"/{name}", {}) for name in NAMES))]
    addresses = re.findall(r'(?:src|href)="([^"]*)"', html)
    assert addresses == ["data:,", "status.css", "status.js", "#list"]
    assert not re.findall(r"<script>|<style|\bstyle=|\bon\w+=", html)
    assert re.findall(r'(?:new URL|EventSource)\("([^"]*)"', code) == ["RPC", "events"]
    assert len(re.findall(r"\bfetch\(", code)) == 1
    assert not re.findall(r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function", code)
    assert set(re.findall(r"\w+://[\w.]+", html + code + style)) == {"http://www.w3.org"}  # a name of SVG's
    assert "url(" not in style
    assert "@import" not in style


NAMES = ("", "status.js", "status.css")


def light(colour: str) -> float:
    """The relative luminance of a colour as #rrggbb, from 0 to 1 (WCAG 2.1)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((light(one), light(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_all_can_read_it(keepalive: ModuleType) -> None:
    """Each text has a contrast of 4.5 on each ground that it may lie on, in light and dark (WCAG 2.1 AA)."""
    [(_, _, body)] = ask(("GET", "/status.css", {}))
    schemes = [dict(re.findall(r"--([\w-]+): (#\w{6})", each)) for each in body.decode().split("@media")[:2]]
    texts = ("text", "faint", "accent", "down", "unknown", "drain", "maint", "up")
    for colours in schemes:
        pairs = [(text, ground) for text in texts for ground in ("ground", "panel", "down-ground")]
        pairs += [("alarm-text", "alarm"), ("note-text", "note"), ("ground", "accent"), ("ground", "text")]
        low = {pair: round(contrast(*(colours[each] for each in pair)), 2) for pair in pairs}
        assert {pair: number for pair, number in low.items() if number < 4.5} == {}


def test_without_a_file_all_else_is_served(
    keepalive: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One line says what is missing."""
    from keepalive_core.cockpit import page_files

    monkeypatch.setattr(page_files, "FOLDER", tmp_path)
    answers = ask(("GET", "/", {}), ("GET", "/healthz", {}))
    assert [status for status, _, _ in answers] == [404, 200]
    [line] = server.ksr.lines("err")
    assert "the status page is not served: " in line
    assert "index.html" in line
