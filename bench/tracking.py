"""What it costs that many trunks track one address, beside as many that are pinged each by itself.

    .venv/bin/python bench/tracking.py

Both servers run one after the other in alternation. A neighbour is pinged each second by the same prober,
and shows how long that is held up; a host that answers 503 from some moment on shows how soon all follow.
As root, with kamailio as make test has it.
"""

from __future__ import annotations

import argparse
import time
from itertools import pairwise
from statistics import median

from contenders import Contender, this_module
from gateway import Gateway
from real.server import wait_for
from responder import Responder
from run import head, row, until_registered


def until_lines(server: Contender, part: str, number: int) -> None:
    """Wait until the log has so many lines of a change."""
    wait_for(f"{number} lines of {part}", lambda: len(server.log_lines(part)) >= number, 120, 0.5)


def late(neighbour: Gateway, since: float) -> float:
    """Return by how much the latest ping of a neighbour was late, of those since a time, in ms."""
    times = [ping.at for ping in neighbour.pings if ping.at >= since]
    return 1000 * max(later - sooner - 1 for sooner, later in pairwise(times))


def measured(name: str, uris: list[str], host: Gateway, interval: int, seconds: int) -> float:
    """Print what a server does; return the microseconds of CPU for each destination and interval."""
    neighbour = Gateway()
    number = len(uris)
    lines = [*uris, f"{neighbour.uri} ping_interval=1 ping_jitter=0"]
    began = time.monotonic()
    server = this_module(lines, interval, KEEPALIVE_TABLE_SIZE=12, KEEPALIVE_PING_JITTER=0)
    until_registered(server, number + 1)
    until_lines(server, "unknown -> up", number + 1)
    ready = time.monotonic() - began
    time.sleep(interval + 3)
    cpu, since = server.cpu(), time.monotonic()
    time.sleep(seconds)
    cost = (server.cpu() - cpu) / number / seconds * interval * 1e6
    lateness = late(neighbour, since)
    down = worst = 0.0
    if "track=" in uris[-1]:
        since = time.monotonic()
        host.code = 503
        until_lines(server, "up -> down", 1)
        began = time.monotonic()
        until_lines(server, "up -> down", number)
        down = time.monotonic() - began
        time.sleep(2)
        worst = late(neighbour, since)
        host.code = 200
    told = f"{down:.1f} s" if down else ""
    row(
        name,
        f"{cost:.1f} us",
        f"{lateness:.0f} ms",
        f"{ready:.1f} s",
        told,
        f"{worst:.0f} ms" if worst else "",
    )
    server.stop()
    neighbour.close()
    return cost


def main() -> None:
    """Run what the arguments say."""
    parser = argparse.ArgumentParser(description="What it costs that many track one.")
    parser.add_argument("--number", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--interval", type=int, default=10, help="s between two pings")
    parser.add_argument("--seconds", type=int, default=30, help="how long each is watched")
    asked = parser.parse_args()
    responder, host = Responder(), Gateway()
    at = host.uri.removeprefix("sip:")
    trackers = [f"sip:t{number}@{at} track={host.uri}" for number in range(asked.number - 1)]
    kinds = {
        f"{asked.number:,} pinged": responder.uris(asked.number),
        f"1 pinged, {asked.number - 1:,} track it": [host.uri, *trackers],
    }
    head(
        f"every {asked.interval} s",
        "CPU a destination and interval",
        "a neighbour's latest ping",
        "start until all are up",
        "first until last down",
        "a neighbour's latest ping meanwhile",
    )
    costs: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(asked.rounds):
        for name, uris in kinds.items():
            costs[name].append(measured(name, uris, host, asked.interval, asked.seconds))
    base, other = (median(each) for each in costs.values())
    print(f"\nratio {other / base:.2f}")
    host.close()
    responder.close()


if __name__ == "__main__":
    main()
