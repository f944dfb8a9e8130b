"""What a node of a cluster of three costs, beside a server that pings all alone, and how soon a share moves.

    .venv/bin/python bench/cluster.py                 some eight minutes
    .venv/bin/python bench/cluster.py --seconds 60

All four run at a time, each on a network namespace of its own. It prints tables in Markdown; BENCHMARKS.md
has the last ones. As root, with kamailio as make test has it.
"""

from __future__ import annotations

import argparse
import sys
import time
from functools import partial
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from real.lab import Lab, Node
from real.server import NATIVE, wait_for
from run import head, row

PARTS = {
    "all processes": "",
    "the SIP workers": "udp receiver",
    "the prober": "keepalive_tick",
    "the cluster's process": "keepalive_cluster",
    "the state file": "keepalive_state_file",
}
"""what its processes are called, as Kamailio describes them"""


def cpu(node: Node) -> dict[str, float]:
    """Return the seconds of CPU that a server has taken, all of it and by part."""
    return {name: node.cpu(part) for name, part in PARTS.items()}


def is_known(node: Node, number: int) -> bool:
    """Say whether all of a number of destinations are up at a node."""
    text = 'f"sip:198.19.{n // 250}.{n % 250 + 1}"'
    return bool(
        node.server.call("evaluate", f"all(keepalive.state({text}) == 1 for n in range({number}))")
        in (True, "True")
    )


def rounds(nodes: list[Node], number: int, seconds: int) -> list[list[dict[str, float]]]:
    """Return what each server takes of a core, by part, for each of some rounds."""
    found = []
    for _ in range(number):
        before, since = [cpu(node) for node in nodes], time.monotonic()
        time.sleep(seconds)
        passed = time.monotonic() - since
        after = [cpu(node) for node in nodes]
        shares = [
            {part: (now[part] - then[part]) / passed for part in PARTS}
            for now, then in zip(after, before, strict=True)
        ]
        found.append(shares)
    return found


def costs(cluster: Lab, alone: Lab, number: int, seconds: int) -> None:
    """Print what each server takes of a core in calm, and its ratio to the one alone."""
    head(
        f"{cluster.destinations:,} destinations every {cluster.interval:g} s, all at a time",
        *(f"{part}, of a core" for part in PARTS),
        "ratio of all to the one alone (rounds)",
        "pings a second",
    )
    nodes = [*alone.nodes, *cluster.nodes]
    began = time.monotonic()
    taken = rounds(nodes, number, seconds)
    passed = time.monotonic() - began
    pings = [
        sum(who == node.address for who, _, _ in lab.carriers.pings(began))
        for lab, node in _each(alone, cluster)
    ]
    for at in range(len(nodes)):
        ratios = [each[at]["all processes"] / each[0]["all processes"] for each in taken]
        row(
            f"node {at}" if at else "alone",
            *(f"{median(each[at][part] for each in taken):.1%}" for part in PARTS),
            f"{median(ratios):.2f} ({', '.join(f'{ratio:.2f}' for ratio in ratios)})",
            f"{pings[at] / passed:.0f}",
        )


def _each(*labs: Lab) -> list[tuple[Lab, Node]]:
    return [(lab, node) for lab in labs for node in lab.nodes]


def take_over(cluster: Lab) -> None:
    """Print how soon the share of a node is pinged by others that dies, and what it pings when it is back."""
    dead = cluster.nodes[0]
    since = time.monotonic()
    owned = {
        each
        for who, each, at in cluster.carriers.pings(since - 1.3 * cluster.interval)
        if who == dead.address
    }
    dead.end(crash=True)

    def seen() -> dict[str, float]:
        found: dict[str, float] = {}
        for who, each, at in cluster.carriers.pings(since):
            if who != dead.address and each in owned:
                found[each] = min(at, found.get(each, at))
        return found if len(found) == len(owned) else {}

    times = sorted(at - since for at in wait_for("the share of the dead one", seen, 30).values())
    head("a node of three dies (kill -9)", "destinations", "first", "half", "99 %", "last")
    row(
        "pinged by others after",
        len(times),
        *(f"{times[int(part * (len(times) - 1))]:.1f} s" for part in (0, 0.5, 0.99, 1)),
    )
    began = time.monotonic()
    dead.start()
    wait_for("all known", lambda: is_known(dead, cluster.destinations), 60)
    known = time.monotonic() - began
    wait_for("5 s", lambda: time.monotonic() - began > known + 5, 20)
    pinged = [each for who, each, at in cluster.carriers.pings(began) if who == dead.address]
    head(
        "it is back",
        "knows all after (start of Kamailio included)",
        "has pinged 5 s later",
        "of another's share",
    )
    row("", f"{known:.1f} s", len(pinged), len({*pinged} - owned))


def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser(description="What a node of a cluster costs.")
    parser.add_argument("--number", type=int, default=10_000)
    parser.add_argument("--interval", type=float, default=30)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    settings = {"KEEPALIVE_PING_INTERVAL": asked.interval}
    memory = 128 + asked.number // 100
    cluster = Lab([NATIVE] * 3, asked.number, memory=memory, **settings)
    alone = Lab([NATIVE], asked.number, memory=memory, clustered=False, **settings)
    try:
        for lab in (alone, cluster):
            lab.start()
        for _, node in _each(alone, cluster):
            wait_for("all known", partial(is_known, node, asked.number), 4 * asked.interval)
        time.sleep(asked.interval)
        costs(cluster, alone, asked.rounds, asked.seconds)
        take_over(cluster)
    finally:
        cluster.close()
        alone.close()


if __name__ == "__main__":
    main()
