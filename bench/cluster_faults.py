"""What faults do to a cluster of three nodes: what the node itself saw, and what the others saw.

    make cluster-faults                 all of them, ten minutes; docs/faults.md has the last ones
    make cluster-faults ONLY=uplink     those whose names contain a word

The nodes are real Kamailios, each on a host of its own (see tests/real/lab.py); is_alive is asked at each of them
ten times a second for every destination, and the carriers count who pings what.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "tests"), str(ROOT / "docker"), str(ROOT / "kemi")]

from contenders import NATIVE
from real.lab import Lab, Node, Watch
from real.network import EVERYBODY, uri
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

    Arguments: name; strike, begins it; seconds, that it lasts; heal, ends it; before, what is so already; down,
    how many destinations nobody can reach meanwhile.
    """

    name: str
    strike: Doing
    seconds: float
    heal: Doing = Lab.mend
    before: Doing | None = None
    down: int = 0


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


def restart_with_old_states(lab: Lab) -> None:
    """Start the first node again, whose state file is of a time before what is down now."""
    lab.nodes[0].start(KEEPALIVE_STATE_FILE=lab.nodes[0].share / "states")


FAULTS = [
    Fault("a node is killed (`kill -9`)", lambda lab: lab.nodes[0].end(crash=True), 15),
    Fault("a node is frozen (`SIGSTOP`), and goes on", lambda lab: lab.nodes[0].freeze(), 15, go_on),
    Fault("a node is cut off from the others, not from its carriers", cut((0, 1), (0, 2), (1, 0), (2, 0)), 15),
    Fault("what one node sends to another does not come", cut((0, 1)), 15),
    Fault("two nodes do not hear each other, the third hears both", cut((0, 1), (1, 0)), 15),
    Fault("its owner alone can't reach a destination", deny_owned, 20),
    Fault("the uplink of a node is dead, the way to the others is not", lambda lab: lab.network.cut_uplink(lab.nodes[0].host), 30),
    Fault("the uplink of a node and its way to the others are dead", uplink_and_network, 30),
    Fault("nobody can reach a destination", deny(1), 15, down=1),
    Fault("the same, and its owner is killed meanwhile", lambda lab: lab.nodes[0].end(crash=True), 15, before=deny_owned, down=1),
    Fault(f"{MASS} destinations fail at once", deny(MASS), 20, down=MASS),
    Fault("30 % of what nodes say is lost, and a destination fails", deny_and_lose, 30, down=1),
    Fault("clocks jump, one an hour ahead, one a day back", turn_clocks, 20, turn_back),
]
