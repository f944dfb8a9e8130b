"""What operators see, and how soon: views, pages and lists over RPC, alone and beside endless scrapes.

    .venv/bin/python bench/viewing.py                    10,000 and 100,000 destinations, some five minutes
    .venv/bin/python bench/viewing.py --number 10000

It prints tables in Markdown; BENCHMARKS.md has the last ones. As root, it needs kamailio as make test does.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from contenders import Contender, this_module
from fleet import uris
from real.scraping import Scrape
from real.server import wait_for
from responder import Responder
from run import head, row

INTERVAL = 30
GROUPS = 20
ROUNDS = 60
# Ten pages that are open, each of which looks every two seconds.
VIEWERS, VIEWS_EACH = 10, 2.0
QUESTIONS: dict[str, dict[str, Any]] = {
    "view, the worst 100": {},
    "view, by since": {"sort": "since"},
    "view, by latency": {"sort": "latency"},
    "view, a search": {"search": "127.1.3"},
    "view, one group": {"group": "g7"},
}


class Operator(http.client.HTTPConnection):
    """Somebody who asks over the UNIX socket, with one connection."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=60)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self._path))

    def call(self, method: str, **params: Any) -> tuple[Any, float, int]:
        """Return a result, the ms that it took, and the bytes of the answer."""
        asked = {"jsonrpc": "2.0", "id": 1, "method": f"keepalive.{method}", "params": params}
        began = time.perf_counter()
        self.request("POST", "/RPC", json.dumps(asked))
        body = self.getresponse().read()
        return json.loads(body)["result"], (time.perf_counter() - began) * 1000, len(body)


@contextmanager
def served(number: int) -> Iterator[tuple[Contender, Path]]:
    """Run a server with HTTP that pings so many destinations."""
    responder = Responder()
    lines = [f"{uri} group=g{each % GROUPS}" for each, uri in enumerate(uris(number, responder.port))]
    size: dict[str, Any] = {
        "memory": 128 + number // 100,
        "KEEPALIVE_TABLE_SIZE": max(12, (number // 4).bit_length()),
    }
    server = this_module(lines, INTERVAL, **size, KEEPALIVE_HTTP="unix:FOLDER/http.sock")
    path = server.folder / "http.sock"
    try:
        wait_for("the socket", path.exists, 60)
        began = time.monotonic()
        wait_for("all", lambda: Operator(path).call("view")[0]["total"] == number, 180)
        print(f"\n{number}: a first view of all of them {time.monotonic() - began:.1f} s after the start")
        wait_for("all up", lambda: Operator(path).call("view")[0]["counts"]["up"] == number, 180)
        yield server, path
    finally:
        server.stop()
        server.forget()
        responder.close()


@contextmanager
def scraped(path: Path, wanted: bool) -> Iterator[None]:
    """Have somebody ask for metrics, one scrape behind the other."""
    over = threading.Event()

    def scrape() -> None:
        while not over.is_set():
            assert Scrape(path).status == 200

    thread = threading.Thread(target=scrape)
    if wanted:
        thread.start()
    yield
    over.set()
    if wanted:
        thread.join()


def times(path: Path, method: str, rounds: int = ROUNDS, **params: Any) -> tuple[str, int]:
    """Return p50 and p95 of a question, in ms, and the bytes of its answer."""
    operator, took, size = Operator(path), [], 0
    for _ in range(rounds):
        _, milliseconds, size = operator.call(method, **params)
        took.append(milliseconds)
        time.sleep(0.2)
    took.sort()
    return f"{took[len(took) // 2]:.1f}, {took[len(took) * 95 // 100]:.1f}", size


def cpu_of_viewers(server: Contender, path: Path) -> float:
    """Return the percentage of a core that the process takes while ten pages are open."""
    operators = [Operator(path) for _ in range(VIEWERS)]
    before, began = _cpu(server), time.monotonic()
    for each in range(10 * VIEWERS):
        operators[each % VIEWERS].call("view")
        time.sleep(max(0.0, began + each * VIEWS_EACH / VIEWERS - time.monotonic()))
    return (_cpu(server) - before) / (time.monotonic() - began) * 100


def _cpu(server: Contender) -> float:
    """Return the seconds of CPU of the process that serves HTTP."""
    [process] = [number for number, what in server.processes().items() if "keepalive_http" in what]
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(number: int) -> None:
    """Print what is seen of so many destinations, and how soon."""
    with served(number) as (server, path):
        head(
            f"{number:,} destinations, all up, each pinged every 30 s", "ms: p50, p95", "while scraped", "kB"
        )
        for name, params in QUESTIONS.items():
            alone, size = times(path, "view", **params)
            with scraped(path, True):
                beside, _ = times(path, "view", **params)
            row(name, alone, beside, round(size / 1000))
        for name, count in (("a page of 1,000 of the list", 1000), ("the whole list", 0)):
            alone, size = times(path, "list", 5, count=count)
            row(name, alone, "", round(size / 1000))
        row("CPU with ten pages open", f"{cpu_of_viewers(server, path):.1f}% of a core", "", "")
        [memory] = [kb for what, kb in server.private_memory().items() if "keepalive_http" in what]
        row("private memory of the process", f"{memory / 1000:.0f} MB", "", "")


def main() -> None:
    """Measure as asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", type=int, nargs="*", default=[10_000, 100_000])
    for number in parser.parse_args().number:
        measure(number)


if __name__ == "__main__":
    main()
