"""What KEEPALIVE_HTTP costs: a ping with and without it, scrapes of Prometheus, and SIP beside them.

    .venv/bin/python bench/cockpit_cost.py            some seven minutes
    .venv/bin/python bench/cockpit_cost.py --only "pings latency"

It prints tables in Markdown; BENCHMARKS.md has the last ones. As root, it needs kamailio as make test does.
"""

from __future__ import annotations

import argparse
import gzip
import multiprocessing
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from contenders import Contender, this_module
from real.scraping import fetch, is_served
from real.server import wait_for
from responder import Responder
from run import head, row, until_registered

HTTP: dict[str, Any] = {"KEEPALIVE_HTTP": "unix:FOLDER/http.sock"}
PROCESS = "keepalive_http"
"""what the process that serves HTTP is called among the server's"""
GROUPS = 20


def lines_of(uris: list[str]) -> list[str]:
    """Return the lines of a list file: each in one of the groups."""
    return [f"{uri} group=g{number % GROUPS}" for number, uri in enumerate(uris)]


def path_of(server: Contender) -> Path:
    """Return the UNIX socket at which a server serves HTTP."""
    return server.folder / "http.sock"


@contextmanager
def served(lines: list[str], interval: int) -> Iterator[Contender]:
    """Run a server with HTTP that pings all of a list."""
    number = len(lines)
    size: dict[str, Any] = {
        "memory": 128 + number // 100,
        "KEEPALIVE_TABLE_SIZE": max(12, (number // 4).bit_length()),
    }
    server = this_module(lines, interval, **size, **HTTP)
    try:
        until_registered(server, number)
        wait_for("HTTP", lambda: is_served(path_of(server)), 120)
        time.sleep(interval + 5)  # all have been pinged then
        yield server
    finally:
        server.stop()


def pings(number: int, interval: int, seconds: int, rounds: int) -> None:
    """Print what a ping costs with and without HTTP, both servers at the same time."""
    head(
        f"{number:,} destinations every {interval} s, both at a time",
        *("CPU a ping (rounds)", "ratio", "of it the SIP workers", "the prober", "answered"),
    )
    responder = Responder()
    costs: dict[str, list[list[float]]] = {"this module": [], "with KEEPALIVE_HTTP": []}
    answered: dict[str, list[float]] = {name: [] for name in costs}
    try:
        for at in range(rounds):
            lines = lines_of(responder.uris(number))
            names = list(costs)[:: -1 if at % 2 else 1]  # who starts first, changes
            servers = {
                name: this_module(lines, interval, **(HTTP if "HTTP" in name else {})) for name in names
            }
            for server in servers.values():
                until_registered(server, number)
            time.sleep(interval + 5)
            before = {name: (cpu(server), server.transactions()) for name, server in servers.items()}
            time.sleep(seconds)
            for name, server in servers.items():
                (then, were), now, are = before[name], cpu(server), server.transactions()
                sent = are["total"] - were["total"]
                costs[name].append([(now[part] - then[part]) * 1e6 / sent for part in PARTS])
                answered[name].append((are["2xx"] - were["2xx"]) / sent)
            for server in servers.values():
                server.stop()
    finally:
        responder.close()
    ours = median(each[0] for each in costs["this module"])
    for name, runs in costs.items():
        cost, workers, prober = (median(run[place] for run in runs) for place in range(len(PARTS)))
        each = ", ".join(f"{run[0]:.1f}" for run in runs)
        row(
            name,
            f"{cost:.1f} us ({each})",
            f"{cost / ours:.3f}",
            *(f"{workers:.1f} us", f"{prober:.1f} us", f"{min(answered[name]):.1%}"),
        )


# What serves HTTP is no part of a ping.
PARTS = ("", "udp receiver", "keepalive_tick")


def cpu(server: Contender) -> dict[str, float]:
    """Return the CPU that all processes but that of HTTP have taken, the workers, and the prober, s."""
    took = {name: each for name, each in server.cpu_by_process().items() if PROCESS not in name}
    return {part: sum(each for name, each in took.items() if part in name) for part in PARTS}


def of_http(server: Contender) -> tuple[float, float]:
    """Return the seconds of CPU that the process of HTTP has taken, and its private memory in MB."""
    [took] = [each for name, each in server.cpu_by_process().items() if PROCESS in name]
    [size] = [each for name, each in server.private_memory().items() if PROCESS in name]
    return took, size / 1024


def scrapes(numbers: list[int], times: int, every: int) -> None:
    """Print what the process of HTTP takes, idle and with a scrape each 15 s."""
    head(
        "the process that serves HTTP",
        *("CPU, of a core", "its private memory", "an answer takes (the longest)", "bytes", "packed"),
    )
    responder = Responder()
    try:
        for number in numbers:
            with served(lines_of(responder.uris(number)), 30) as server:
                idle(server, number, times * every)
                scraped(server, f"{number:,}, groups", times, every, {})
                query = {"scope": "destinations"} | ({"group": "g1"} if number > 20_000 else {})
                what = f"{number // GROUPS if 'group' in query else number:,} one by one"
                scraped(server, f"{number:,}, {what}", times, every, query)
    finally:
        responder.close()


def idle(server: Contender, number: int, seconds: int) -> None:
    """Print what it takes while nobody asks."""
    before, _ = of_http(server)
    time.sleep(seconds)
    after, size = of_http(server)
    row(f"{number:,}, nobody asks", f"{(after - before) / seconds:.2%}", f"{size:.0f} MB", "", "", "")


def scraped(server: Contender, name: str, times: int, every: int, query: dict[str, str]) -> None:
    """Print what scrapes take, of which there is one in each so many seconds."""
    took, packed, size = [], 0, 0
    fetch(path_of(server), **query)
    before, _ = of_http(server)
    began = time.monotonic()
    for at in range(times):
        time.sleep(max(0.0, began + at * every - time.monotonic()))
        asked = time.monotonic()
        answer = fetch(path_of(server), **query)
        took.append(time.monotonic() - asked)
        assert answer.status == 200, answer.body
        packed, size = len(answer.body), len(gzip.decompress(answer.body))
    time.sleep(max(0.0, began + times * every - time.monotonic()))
    after, memory = of_http(server)
    row(
        name,
        f"{(after - before) / (times * every):.2%}",
        f"{memory:.0f} MB",
        f"{median(took):.2f} s ({max(took):.2f})",
        *(f"{size:,}", f"{packed:,}"),
    )


def latency(number: int, interval: int, seconds: int, rounds: int) -> None:
    """Print how long SIP takes, beside endless scraping and without, in turns on one server."""
    head(
        f"OPTIONS, answered by a route, {number:,} destinations",
        *("the half within", "95 % within", "99 % within", "the longest", "requests", "scrapes"),
    )
    responder = Responder()
    found: dict[str, list[float]] = {"this module": [], "scraped without end": []}
    scrapes = multiprocessing.Value("L", 0)
    try:
        with served(lines_of(responder.uris(number)), interval) as server:
            for _ in range(rounds):
                found["this module"] += asked(server, seconds)
                scraper = multiprocessing.Process(
                    target=scrape_on, args=(path_of(server), scrapes), daemon=True
                )
                scraper.start()
                time.sleep(0.5)
                found["scraped without end"] += asked(server, seconds)
                scraper.terminate()
                scraper.join()
    finally:
        responder.close()
    quantiles = {name: [at(times, part) for part in (0.5, 0.95, 0.99, 1)] for name, times in found.items()}
    for name, values in quantiles.items():
        times = [f"{value * 1000:.2f} ms" for value in values]
        row(name, *times, f"{len(found[name]):,}", scrapes.value if "scraped" in name else 0)
    row("ratio", *(f"{b / a:.2f}" for a, b in zip(*quantiles.values(), strict=True)), "", "")


def scrape_on(path: Path, scrapes: Any) -> None:
    """Scrape all destinations without end, as far as this machine has nothing better to do."""
    os.nice(19)
    while True:
        with suppress(OSError):
            fetch(path, scope="destinations")
            scrapes.value += 1


def asked(server: Contender, seconds: float) -> list[float]:
    """Ask a server by OPTIONS, some 300 times a second; return how long each answer took, s."""
    took = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind(("127.0.0.1", 0))
        client.connect(("127.0.0.1", server.port))
        client.settimeout(2)
        port, ends = client.getsockname()[1], time.monotonic() + seconds
        while time.monotonic() < ends:
            request = server.request("", port).replace(b"MESSAGE", b"OPTIONS")
            began = time.monotonic()
            client.send(request)
            client.recv(65535)
            took.append(time.monotonic() - began)
            time.sleep(0.003)
    return took


def at(times: list[float], part: float) -> float:
    """Return the time within which a part of all lie."""
    return sorted(times)[min(len(times) - 1, int(len(times) * part))]


def main() -> None:
    """Run what the arguments say."""
    parser = argparse.ArgumentParser(description="What KEEPALIVE_HTTP costs.")
    parser.add_argument("--only", default="", help="the names of some tables: pings, scrapes, latency")
    parser.add_argument("--smallest", action="store_true", help="only to see that it works, some seconds")
    given = parser.parse_args()
    if given.smallest:
        pings(100, 2, 3, 1)
        latency(100, 2, 1, 1)
        return
    tables = {
        "pings": lambda: pings(4_000, 10, 20, 3),
        "scrapes": lambda: scrapes([10_000, 100_000], 3, 15),
        "latency": lambda: latency(10_000, 30, 10, 4),
    }
    for name in given.only.split() or tables:
        tables[name]()


if __name__ == "__main__":
    main()
