"""Compares this module with the C modules keepalive and dispatcher, on one machine, in one run.

    make bench          the short form, five minutes
    make bench FULL=1   more rounds, 100,000 destinations, forty minutes

It prints tables in Markdown, and draws two pictures; BENCHMARKS.md has the last ones. It takes root, and
kamailio as make test installs it.
"""

from __future__ import annotations

import argparse
import platform
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import pictures
from contenders import Contender, Watched, c_keepalive, dispatcher, this_module
from gateway import Gateway
from places import ROOT
from progress import Progress, say
from real.server import NATIVE, Launch
from real.test_router import call
from real.uplinks import Uplink
from responder import Responder

CONTENDERS: dict[str, Callable[..., Contender]] = {
    "this module": this_module,
    "C keepalive": c_keepalive,
    "dispatcher": dispatcher,
}


@dataclass
class Load:
    """What a server did in a time under load."""

    pings: int
    """that arrived, copies too"""
    answered: int
    sent: int
    """without copies, as tm counts them"""
    seconds: float
    cpu: float
    fastest: float
    """the most pings in 100 ms, against the mean"""

    @property
    def cost(self) -> float:
        """Microseconds of CPU a ping, of all processes."""
        return self.cpu / self.pings * 1e6


def loaded(server: Contender, responder: Responder, seconds: float) -> Load:
    """Watch a server for a time."""
    before, cpu, began = server.transactions(), server.cpu(), time.monotonic()
    time.sleep(seconds)
    ended, spent, after = time.monotonic(), server.cpu() - cpu, server.transactions()
    arrivals = responder.arrivals(began, ended)
    return Load(
        sum(arrivals),
        after["2xx"] - before["2xx"],
        after["total"] - before["total"],
        ended - began,
        spent,
        max(arrivals) / (sum(arrivals) / len(arrivals)),
    )


def until_registered(server: Contender, number: int) -> None:
    """Wait until a server of this module has all destinations in its tables."""
    while {each["name"]: each["all"] for each in server.rpc("htable.stats")}["keepalive_state"] < number:
        time.sleep(0.1)


def row(*cells: object) -> None:
    """Print a row of a table."""
    say("| " + " | ".join(str(cell) for cell in cells) + " |")


def head(*cells: str) -> None:
    """Print a table's first rows."""
    say("")
    row(*cells)
    row(*["---"] * len(cells))


def compare_pings(
    responder: Responder, number: int, interval: int, rounds: int, cfg: str = ""
) -> dict[str, float]:
    """Print what a ping costs, in rounds in which each server runs once; return it, in us, by contender."""
    head(
        f"{number:,} destinations every {interval} s{', ' + cfg if cfg else ''}",
        "CPU a ping (rounds)",
        "ratio of this module to it",
        "answered",
        "most pings in 100 ms, of the mean",
    )
    uris = responder.uris(number)
    loads: dict[str, list[Load]] = {name: [] for name in CONTENDERS}
    with Progress(rounds * len(CONTENDERS), "servers") as progress:
        for _ in range(rounds):
            for name, start in CONTENDERS.items():
                progress.at(f"pings of {number:,} by {name}")
                server = start(uris, interval, cfg=cfg)
                time.sleep(interval + 3)
                loads[name].append(loaded(server, responder, interval))
                server.stop()
                progress.done()
    costs = {name: median(run.cost for run in runs) for name, runs in loads.items()}
    ours = costs["this module"]
    for name, runs in loads.items():
        cost = costs[name]
        each = ", ".join(f"{run.cost:.0f}" for run in runs)
        answered = sum(run.answered for run in runs) / sum(run.pings for run in runs)
        fastest = max(run.fastest for run in runs)
        row(name, f"{cost:.0f} us ({each})", f"{ours / cost:.2f}", f"{answered:.1%}", f"{fastest:.1f}")
    return costs


def compare_is_alive(responder: Responder, numbers: list[int], rounds: int = 1) -> dict[str, pictures.Points]:
    """Print what is_alive takes, in a KEMI route: the best of the rounds, in which each server runs once.

    Returns: that, in us, by contender and number of destinations.
    """
    head("is_alive, answer included", "this module", "C keepalive", "ratio")
    best: dict[str, list[tuple[float, float]]] = {"this module": [], "C keepalive": []}
    # With few destinations a round is short, and a hundredth of a microsecond counts.
    times = {number: rounds if number <= 10 else 1 for number in numbers}
    with Progress(sum(times.values()), "rounds") as progress:
        for number in numbers:
            ours, theirs, ticks = [], [], []
            for _ in range(times[number]):
                progress.at(f"is_alive among {number:,}")
                answer, tick = _ask_this_module(responder, number)
                ours.append(answer)
                ticks.append(tick)
                if number <= 10_000:
                    theirs.append(_ask_c_keepalive(responder, number))
                progress.done()
            best["this module"].append((number, min(ours)))
            best["C keepalive"] += [(number, min(theirs))] if theirs else []
            row(
                f"{number:,} destinations (a tick with nothing due: {min(ticks):.1f} us)",
                f"{min(ours):.2f} us",
                f"{min(theirs):.3g} us" if theirs else "",
                f"{min(ours) / min(theirs):.2g}" if theirs else "",
            )
    return dict(best)


def _asked(number: int) -> tuple[int, int]:
    """Return the interval of so many destinations, s, and how often they are asked for in a round."""
    return {10: 5, 10_000: 10}.get(number, 30), 20_000 if number <= 10 else 1


def _ask_this_module(responder: Responder, number: int) -> tuple[float, float]:
    interval, times = _asked(number)
    server = this_module(responder.uris(number), interval, **_size(number))
    time.sleep(interval + 6)
    server.rpc("cfg.seti", "keepalive", "enabled", 0)
    time.sleep(2)
    answer = server.ask("is_alive", number, responder.port, times)
    tick = server.ask("idle_tick", number)
    server.stop()
    return answer, tick


def _ask_c_keepalive(responder: Responder, number: int) -> float:
    interval, times = _asked(number)
    server = c_keepalive(responder.uris(number), interval)
    # All have been pinged by then, in one burst.
    time.sleep(interval + 6)
    answer: float = server.ask("is_alive", number, responder.port, times)
    server.stop()
    return answer


def compare_calls(rounds: int, calls: int) -> None:
    """Print what a call through the sample server takes, with real answers and with constant ones."""
    head("a call through router.py, ten gateways", "CPU a call (rounds)", "rate it keeps")
    gateways = [Gateway() for _ in range(10)]
    took: dict[str, list[float]] = {"constant": [], "asked": [], "reported": []}
    for _ in range(rounds):
        for answers, costs in took.items():
            server = Watched(
                NATIVE,
                ROOT / "kamailio.cfg",
                {
                    "KEEPALIVE_DIR": ROOT / "bench" / "calling",
                    "KEEPALIVE_DESTINATIONS": " ".join(gateway.uri for gateway in gateways),
                    "ANSWERS": answers,
                },
                Launch(children=2),
            )
            for gateway in gateways:
                server.logged(f"{gateway.uri} unknown -> up")
            call(server, "invite.xml", 50)
            before = server.cpu()
            call(server, "invite.xml", calls, rate=200)
            costs.append((server.cpu() - before) / calls * 1e6)
            server.stop()
            server.forget()
    for gateway in gateways:
        gateway.close()
    constant = median(took["constant"])
    names = {
        "constant": "constant answers",
        "asked": "alive(group) and is_alive",
        "reported": "the same, and report_reply with each answer",
    }
    for answers, costs in took.items():
        each = ", ".join(f"{cost:.0f}" for cost in costs)
        row(names[answers], f"{median(costs):.0f} us ({each})", f"{constant / median(costs):.1%}")


def blocked(responder: Responder, number: int, interval: int) -> None:
    """Print what 25 names without a DNS server, and 25 TCP hosts that nobody hears, do to the others."""
    head(
        f"{number:,} destinations every {interval} s",
        "answered",
        "most pings in 100 ms, of the mean",
        "false downs",
    )
    hole = Uplink()
    hole.cut()
    dead = [f"sip:gateway{n}.example.com" for n in range(25)]
    dead += [f"{uri};transport=tcp" for uri in hole.destinations(25)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.77", 53))
        for name, more in (("alone", []), ("with 50 that block", dead)):
            server = this_module(responder.uris(number) + more, interval, resolver="127.0.0.77")
            time.sleep(interval + 3)
            load = loaded(server, responder, 3 * interval)
            downs = [line for line in server.log_lines("-> down") if f":{responder.port} " in line]
            row(name, f"{load.answered:,} of {load.pings:,}", f"{load.fastest:.2f}", len(downs))
            server.stop()
    hole.close()


def _size(number: int) -> dict[str, Any]:
    """Return the settings for so many destinations, as the README says."""
    slots = max(12, (number // 4).bit_length())
    return {"memory": 64 + number * 2 // 1000 + number * 8 // 1000, "KEEPALIVE_TABLE_SIZE": slots}


def many(responder: Responder, number: int, seconds: float, cfg: str = "") -> None:
    """Print what a fleet of this size takes, from its start on."""
    interval = 30
    began = time.monotonic()
    server = this_module(responder.uris(number), interval, cfg=cfg, **_size(number))
    empty = server.shared_memory()
    server.ask("monitored", "", 1, responder.port)
    first = time.monotonic() - began
    until_registered(server, number)
    registered = time.monotonic() - began
    while sum(responder.arrivals(began, time.monotonic())) < number:
        time.sleep(0.1)
    known = time.monotonic() - began
    time.sleep(interval)
    load = loaded(server, responder, seconds)
    downs = len(server.log_lines("-> down"))
    changes = _churn(server, responder)
    server.rpc("cfg.seti", "keepalive", "enabled", 0)
    while server.transactions()["current"] > 0:
        time.sleep(0.5)
    memory = (server.shared_memory() - empty) / (number + 2000)
    private = {name: size for name, size in server.private_memory().items() if "tick" in name}
    # Both workers are busy with nothing else then, and read no replies.
    later = len(server.log_lines("-> down")) - downs
    server.stop()
    head(f"{number:,} destinations every {interval} s{', ' + cfg if cfg else ''}", "")
    row("first request answered after the start", f"{first:.2f} s")
    row("all registered", f"{registered:.1f} s")
    row("all pinged", f"{known:.1f} s")
    row(
        f"CPU over {load.seconds:.0f} s",
        f"{load.cpu / load.seconds:.1%} of a core, {load.cost:.0f} us a ping",
    )
    row("pings answered, false downs", f"{load.answered:,} of {load.pings:,}, {downs}")
    row("most pings in 100 ms, of the mean", f"{load.fastest:.2f}")
    row("shared memory of a destination", f"{memory:.0f} bytes")
    row("private memory of the prober", f"{max(private.values()) / 1024:.0f} MB")
    row("additions and deletions by two workers", f"{changes}, {later} false downs meanwhile")


def _churn(server: Contender, responder: Responder) -> str:
    with ThreadPoolExecutor(2) as clients:
        asked = [clients.submit(server.ask, "churn", user, 1000, responder.port, 10) for user in "ab"]
        done = [each.result() for each in asked]
    assert len({each["pid"] for each in done}) == 2, "one worker did both"
    rate = sum(each["changes"] / each["seconds"] for each in done)
    lost = sum(each["failed"] for each in done)
    left = server.ask("monitored", "a", 1000, responder.port) + server.ask(
        "monitored", "b", 1000, responder.port
    )
    return f"{rate:,.0f} a second, {lost + 2000 - left} lost"


def main() -> None:
    """Run what the arguments say."""
    parser = argparse.ArgumentParser(description="Compares this module with keepalive and dispatcher.")
    parser.add_argument("--full", action="store_true", help="all of it, half an hour")
    parser.add_argument("--smallest", action="store_true", help="only to see that it works, some seconds")
    asked = parser.parse_args()
    version = subprocess.run(["kamailio", "-v"], capture_output=True, text=True).stdout.splitlines()[0]
    print(f"{version}, Python {platform.python_version()}, {platform.machine()}, 2 SIP workers")
    responder = Responder()
    try:
        if asked.smallest:
            compare(responder, pictures.DRAFTS, [10], {100: 2}, 1)
        elif not asked.full:
            compare(responder, pictures.DOCUMENTS, [10, 1_000, 10_000], {1_000: 10, 10_000: 10}, 1)
        else:
            numbers = [10, 100, 1_000, 10_000, 100_000]
            compare(responder, pictures.DOCUMENTS, numbers, {1_000: 10, 3_000: 10, 10_000: 10}, 3)
            compare_pings(responder, 10_000, 10, 3, "mem_join=0")
            blocked(responder, 10_000, 10)
            compare_calls(6, 1000)
            many(responder, 100_000, 600)
            many(responder, 100_000, 60, "mem_join=0")
    finally:
        responder.close()


def compare(
    responder: Responder, folder: Path, numbers: list[int], intervals: dict[int, int], rounds: int
) -> None:
    """Compare is_alive and pings by the number of destinations, and draw it.

    Arguments: numbers, for is_alive; intervals, by the numbers for pings, in seconds.
    """
    asked = compare_is_alive(responder, numbers, rounds)
    costs = {number: compare_pings(responder, number, every, rounds) for number, every in intervals.items()}
    pictures.by_number(folder, "is-alive", "What is_alive takes in a route", "microseconds", asked)
    pings = {who: [(number, cost[who]) for number, cost in costs.items()] for who in CONTENDERS}
    pictures.by_number(folder, "ping", "What a ping costs", "microseconds of CPU, all processes", pings)


if __name__ == "__main__":
    main()
