"""What faults do to a cluster of three nodes: what the node itself saw, and what the others saw.

    make faults                 these too, ten minutes of it; docs/faults.md has the last ones
    make faults ONLY=uplink     those whose names contain a word; a few, with a space between them

The nodes are real Kamailios, each on a host of its own (see tests/real/lab.py); is_alive is asked at each of
them some ten times a second for every destination, and the carriers count who pings what.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "tests"), str(ROOT / "docker"), str(ROOT / "kemi")]

from progress import Progress
from real.lab import Lab, Node
from real.network import EVERYBODY, uri
from real.server import NATIVE, wait_for
from run import head, row

INTERVAL = 5
TIMEOUT = 1.0
FALL = 2
MASS = 100
"""how many go down at once"""

Doing = Callable[[Lab], None]


@dataclass(frozen=True)
class Fault:
    """Something that happens to the first of three nodes, or to carriers, for a time.

    Arguments: name; strike, begins it; seconds, that it lasts; heal, ends it; down, how many destinations
    nobody can reach meanwhile; before, whether these are down everywhere before it begins.
    """

    name: str
    strike: Doing
    seconds: float
    heal: Doing = Lab.mend
    down: int = 0
    before: bool = False


def wait(seconds: float) -> None:
    """Let time pass."""
    time.sleep(seconds)


def deny_owned(lab: Lab, number: int = 1) -> None:
    """Let the first node reach some destinations no more that are its own."""
    first = lab.nodes[0]
    owned = [at for at, owner in lab.sharing(*lab.nodes).items() if owner is first]
    lab.carriers.deny(first.address, *map(uri, owned[:number]))


def deny(number: int) -> Doing:
    """Let nobody reach some destinations."""
    return lambda lab: lab.carriers.deny(EVERYBODY, *map(uri, range(number)))


def kill(lab: Lab) -> None:
    """Kill the first node."""
    lab.nodes[0].end(crash=True)


def restart(lab: Lab) -> None:
    """Kill the first node, and start it with the state file that it had before what is down now was."""
    lab.nodes[0].end(crash=True)
    shutil.copy(lab.nodes[0].share / "old", lab.nodes[0].share / "states")
    lab.nodes[0].start()


def cut_uplink(lab: Lab) -> None:
    """Let the first node hear no carrier."""
    lab.network.cut_uplink(lab.nodes[0].host)


def cut(*pairs: tuple[int, int]) -> Doing:
    """Cut what nodes send to others, by their places."""

    def happens(lab: Lab) -> None:
        for sender, receiver in pairs:
            lab.network.cut(lab.nodes[sender].host, lab.nodes[receiver].host)

    return happens


def go_on(lab: Lab) -> None:
    """Let the first node run again."""
    lab.nodes[0].go_on()


def uplink_and_network(lab: Lab) -> None:
    """Let the first node hear neither carriers nor nodes."""
    lab.network.cut_uplink(lab.nodes[0].host)
    lab.cut_off(lab.nodes[0])


def deny_and_lose(lab: Lab) -> None:
    """Lose 30 % of what nodes say, and let nobody reach one destination."""
    lab.network.lose(0.3)
    deny(1)(lab)


def turn_clocks(lab: Lab) -> None:
    """Set one clock an hour ahead, another a day back."""
    lab.nodes[0].server.turn_clock(3600)
    lab.nodes[1].server.turn_clock(-86_400)


def turn_back(lab: Lab) -> None:
    """Set them right."""
    for node in lab.nodes[:2]:
        node.server.turn_clock(0)


FAULTS = [
    Fault("a node is killed (`kill -9`)", kill, 15),
    Fault("a node is frozen (`SIGSTOP`), and goes on", lambda lab: lab.nodes[0].freeze(), 15, go_on),
    Fault(
        "a node is cut off from the others, not from the carriers", cut((0, 1), (0, 2), (1, 0), (2, 0)), 15
    ),
    Fault("what one node says to another does not come", cut((0, 1)), 15),
    Fault("two nodes do not hear each other, the third hears both", cut((0, 1), (1, 0)), 15),
    Fault("its owner alone can't reach a destination", deny_owned, 20),
    Fault("the uplink of a node is dead, the way to the others is not", cut_uplink, 30),
    Fault("the uplink of a node and its way to the others are dead", uplink_and_network, 30),
    Fault("nobody can reach a destination", deny(1), 15, down=1),
    Fault("a node is killed while one is down", kill, 15, down=1, before=True),
    Fault("a node is restarted with an old state file while one is down", restart, 15, down=1, before=True),
    Fault(f"{MASS} destinations fail at once", deny(MASS), 20, down=MASS),
    Fault("30 % of what nodes say is lost, and a destination fails", deny_and_lose, 30, down=1),
    Fault("clocks jump, one an hour ahead, one a day back", turn_clocks, 20, turn_back),
]


def _is_all_up(node: Node, number: int) -> bool:
    return node.states() == "1" * number


def _are_down(node: Node, number: int) -> bool:
    return node.alive().count("2") == number


def settle(lab: Lab) -> None:
    """Wait until all nodes run, share all pings, and know all to be up."""
    lab.mend()
    lab.sharing(*lab.nodes, seconds=60)
    for node in lab.nodes:
        wait_for("all known to be up", partial(_is_all_up, node, lab.destinations), 60)


def trial(lab: Lab, fault: Fault) -> None:
    """Let a fault happen; print its row."""
    settle(lab)
    shutil.copy(lab.nodes[0].share / "states", lab.nodes[0].share / "old")
    if fault.before:
        deny(fault.down)(lab)
        for node in lab.nodes:
            wait_for("they are down", partial(_are_down, node, fault.down), 60)
    with lab.watched() as watch:
        began = time.monotonic()
        fault.strike(lab)
        wait(fault.seconds)
        healed = time.monotonic()
        fault.heal(lab)
        settle(lab)
        right = time.monotonic() - healed
    own, *others = ([said for at, said in looks if at >= began] for looks in watch.looks.values())
    pings = [ping for ping in lab.carriers.pings(began - 2 * lab.interval) if ping[2] <= healed]
    late = [ping for ping in pings if ping[2] >= healed - 1.5 * lab.interval]
    row(
        fault.name,
        f"{min(map(fewest, others))} of {lab.destinations}",
        sum(map(changes, others)) - len(others) * (fault.down if fault.before else 2 * fault.down),
        f"{fewest(own)} of {lab.destinations}",
        f"{longest_gap(pings, began, healed):.1f} s",
        f"{pinged_by_two(late)}",
        f"{right:.1f} s",
    )


def fewest(looks: list[str]) -> int:
    """Return how many were alive at the worst moment."""
    return min(said.count("1") for said in looks)


def changes(looks: list[str]) -> int:
    """Return how often any of them changed."""
    return sum(a != b for one, two in pairwise(looks) for a, b in zip(one, two, strict=True))


def longest_gap(pings: list[tuple[str, str, float]], began: float, healed: float) -> float:
    """Return for how long a destination got no ping of any node, the longest of all, while it lasted."""
    times: dict[str, list[float]] = defaultdict(list)
    for _, destination, at in sorted(pings, key=lambda ping: ping[2]):
        times[destination].append(at)
    gaps = [b - a for each in times.values() for a, b in pairwise([*each, healed]) if b >= began]
    return max(gaps)


def pinged_by_two(pings: list[tuple[str, str, float]]) -> int:
    """Return how many destinations more than one node pinged."""
    who: dict[str, set[str]] = defaultdict(set)
    for node, destination, _ in pings:
        who[destination].add(node)
    return sum(len(nodes) > 1 for nodes in who.values())


def main() -> None:
    """Print a table, one row a fault."""
    parser = argparse.ArgumentParser(description="Shows what faults do to a cluster of three nodes.")
    parser.add_argument("--smallest", action="store_true", help="only to see that it works, half a minute")
    parser.add_argument("--only", default="", help="only faults whose names contain one of these words")
    parser.add_argument("--quorum", type=int, default=2, help="cluster_quorum")
    asked = parser.parse_args()
    interval = 1 if asked.smallest else INTERVAL
    faults = [
        fault
        for fault in (FAULTS[:1] if asked.smallest else FAULTS)
        if not asked.only or any(word in fault.name for word in asked.only.split())
    ]
    lab = Lab(
        [NATIVE] * 3,
        20 if asked.smallest else 200,
        turned=True,
        secret="the-key-of-all-faults",
        KEEPALIVE_PING_INTERVAL=interval,
        KEEPALIVE_PING_TIMEOUT=int(TIMEOUT * 1000),
        KEEPALIVE_PING_INTERVAL_PENDING=1,
        KEEPALIVE_FALL=FALL,
        KEEPALIVE_STATE_FILE_INTERVAL=5,
        KEEPALIVE_CLUSTER_QUORUM=asked.quorum,
    )
    print(f"3 nodes, {lab.destinations} destinations, a ping every {interval} s, this module")
    try:
        lab.start()
        head("fault", *COLUMNS)
        with Progress(len(faults), "faults") as progress:
            for fault in faults:
                progress.at(fault.name)
                trial(lab, fault)
                progress.done()
    finally:
        with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
            lab.close()


COLUMNS = (
    "fewest alive at the others",
    "wrong changes there",
    "fewest alive at the node itself",
    "longest without a ping",
    "pinged by two",
    "all is right again after",
)

if __name__ == "__main__":
    main()
