"""What a cluster of many nodes costs, by the pure rules alone: no server, no network, one process.

Nodes and their messages are all there; of the destinations a sample is, and what follows from their number
is multiplied, as the table says. CPU is that of this process on this machine. A message that is sent arrives
with the next tick of who gets it. Prints a table in Markdown.
"""

import argparse
import random
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median
from time import process_time
from zlib import crc32

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "kemi"))

from keepalive_core.rules.cluster_owner import Owners, first, rank
from keepalive_core.rules.cluster_talk import Talk
from keepalive_core.rules.cluster_word import DOWN, UP, Word
from keepalive_core.rules.times import SECOND

TICK = SECOND // 10
SPREAD_S = 2.0
"""what a node takes over it pings within this time"""
INTERVAL_S = 30
HEADERS = 420
"""bytes of a KDMQ request besides its body"""

Row = tuple[str, str, str]
"""what, how much, and how that was found"""


class Cluster:
    """Nodes that talk, each ticking at its own time within a tenth of a second."""

    def __init__(self, number: int, rng: random.Random) -> None:
        self.rng = rng
        self.now = SECOND
        self.names = [f"sip:10.0.{at // 250}.{at % 250 + 1}:5060" for at in range(number)]
        self.talks = {name: self.talk(name) for name in self.names}
        self.phases = {name: rng.randrange(TICK) for name in self.names}
        self.under_way: dict[str, list[str]] = {name: [] for name in self.names}
        self.dead: set[str] = set()
        self.messages = self.bytes = 0

    def talk(self, name: str) -> Talk:
        """A node that begins."""
        return Talk(name, self.names, lambda: self.rng.randint(1, 2**31 - 1))

    def run(self, seconds: float, at_tick: Callable[[], object] = lambda: None) -> None:
        """Let time pass."""
        for _ in range(round(seconds * SECOND / TICK)):
            self.now += TICK
            for name in sorted(self.phases, key=lambda each: self.phases[each]):
                if name not in self.dead:
                    self.tick(name)
            at_tick()

    def tick(self, name: str) -> None:
        """One node hears what has come, and speaks."""
        now = self.now + self.phases[name]
        bodies, self.under_way[name] = self.under_way[name], []
        for body in bodies:
            self.talks[name].hear(body, now)
        for to, body in self.talks[name].tick(now):
            self.messages += 1
            self.bytes += len(body) + HEADERS
            if to not in self.dead:
                self.under_way[to].append(body)

    def counted(self) -> tuple[int, int]:
        """Return messages and bytes since it was asked last."""
        found = self.messages, self.bytes
        self.messages = self.bytes = 0
        return found


def uris(number: int) -> list[str]:
    """Return as many keys."""
    return [f"sip:10.{at >> 16 & 255}.{at >> 8 & 255}.{at & 255}:5060" for at in range(number)]


def calm(cluster: Cluster) -> Iterable[Row]:
    """Nothing happens."""
    cluster.run(4)
    cluster.counted()
    began = process_time()
    cluster.run(5)
    cpu = (process_time() - began) / 5 / len(cluster.names)
    messages, size = cluster.counted()
    number = len(cluster.names)
    yield (
        "messages in calm, a node, in and out",
        f"{messages / 5 / number:.0f}/s each, {size / 5 / number / 1000:.0f} kB/s each",
        "simulated whole; the number of destinations does not matter",
    )
    yield "CPU for that, a node", f"{cpu * 100:.1f} % of a core", "measured, without SIP"


def pings(names: list[str], keys: list[str], factor: float) -> Iterable[Row]:
    """Who owns what, and what moves."""
    owners = Owners(names)
    for key in keys:
        owners.add(key)
    shares = dict.fromkeys(names, 0)
    for key in keys:
        shares[owners.owner(key)] += 1
    total = len(keys) * factor
    fair = len(keys) / len(names)
    yield (
        "pings in calm",
        f"{total / INTERVAL_S:,.0f}/s in all, {total / INTERVAL_S / len(names):,.0f}/s a node",
        f"one node a destination, each {INTERVAL_S} s; without a cluster each node would send all of them",
    )
    yield (
        "a node's share",
        f"{min(shares.values()) / fair:.2f} to {max(shares.values()) / fair:.2f} of what is fair",
        f"all of {len(keys):,} destinations",
    )
    began = process_time()
    moved = owners.follow([*names, "sip:10.0.99.99:5060"])
    cpu = (process_time() - began) * factor
    to_it = set(moved.values()) == {"sip:10.0.99.99:5060"}
    by_index = sum(crc32(key.encode()) % len(names) != crc32(key.encode()) % (len(names) + 1) for key in keys)
    yield (
        "destinations that move when a node comes",
        f"{len(moved) / len(keys):.2%}, {'all' if to_it else 'NOT all'} of them to it",
        f"a fair share is {1 / (len(names) + 1):.2%}; by hash % nodes it would be {by_index / len(keys):.0%}",
    )
    yield "CPU to find them, a node", f"{cpu:.1f} s", f"measured, x {factor:.0f}: to be done in steps"
    owners.follow(names)
    began = process_time()
    moved = owners.follow(names[1:])
    cpu = (process_time() - began) * factor
    its_own = all(first(key, names) == names[0] for key in moved)
    yield (
        "destinations that move when a node dies",
        f"{len(moved) / len(keys):.2%}, {'none' if its_own else 'SOME'} of another's",
        f"a fair share is {1 / len(names):.2%}; {cpu:.1f} s of CPU a node, x {factor:.0f}",
    )


def take_over(cluster: Cluster, keys: list[str], factor: float) -> Iterable[Row]:
    """A node dies."""
    gone = cluster.names[0]
    left = cluster.names[1:]
    share = [key for key in keys if first(key, cluster.names) == gone]
    new_owners = {key: first(key, left) for key in share}
    cluster.dead.add(gone)
    died = cluster.now
    noticed: dict[str, float] = {}

    def look() -> None:
        for name in left:
            if name not in noticed and gone not in cluster.talks[name].view.live:
                noticed[name] = (cluster.now + cluster.phases[name] - died) / SECOND

    cluster.run(7, look)
    times = sorted(noticed[owner] + cluster.rng.random() * SPREAD_S for owner in new_owners.values())
    most = max(sum(owner == name for owner in new_owners.values()) for name in left) * factor
    yield (
        "a dead node's share is pinged by others after",
        f"{times[0]:.1f} s (first), {median(times):.1f} s (half), {times[-1]:.1f} s (last)",
        f"{len(share):,} of {len(share) * factor:,.0f} destinations; each new owner spreads them over "
        f"{SPREAD_S:.0f} s, {most:,.0f} at the most ({most / SPREAD_S:,.0f}/s)",
    )


def restart(cluster: Cluster, keys: list[str], factor: float) -> Iterable[Row]:
    """A node begins and learns what all others say."""
    name = cluster.names[0]
    others = cluster.names[1:]
    for key in keys:
        cluster.talks[first(key, others)].say(key, Word(UP))
    began = cluster.now
    while not all(known_by(cluster.talks[each]) == len(keys) for each in others):
        cluster.run(TICK / SECOND)
    seconds = (cluster.now - began) / SECOND
    yield (
        "all words are new, and known to all after",
        f"{seconds * factor:.0f} s",
        f"{seconds:.1f} s simulated for {len(keys):,}, x {factor:.0f}: each node tells "
        "20 messages a tenth of a second",
    )
    cluster.run(2)
    cluster.counted()
    cluster.dead.discard(name)
    cluster.talks[name] = cluster.talk(name)
    began, ticks = cluster.now, 0
    while len(cluster.talks[name].view.counted) < len(cluster.names) and ticks < 300:
        ticks += 1
        cluster.run(TICK / SECOND)
    heard = cluster.counted()[0] - ticks * len(cluster.names) * len(others) * TICK // SECOND
    seconds = (cluster.now - began) / SECOND
    # All authors send at once, each 20 messages a tick.
    extrapolated = seconds + (factor - 1) * len(keys) / len(others) / 30 / 200
    yield (
        "a node that begins knows all words after",
        f"{extrapolated:.1f} s",
        f"{seconds:.1f} s simulated for {len(keys):,} with some {heard:,} messages; for "
        f"{len(keys) * factor:,.0f} at 200 messages a second from each of the others",
    )
    yield "CPU for that, at the node", f"{reading(keys) * factor:.1f} s", f"measured, x {factor:.0f}"


def known_by(talk: Talk) -> int:
    """Return of how many destinations a node knows a word."""
    return len(talk.said()) + sum(len(peer.words.words) for peer in talk.peers.values())


def reading(keys: list[str]) -> float:
    """Return the CPU that it takes to read a word of each destination, in s."""
    cluster = Cluster(2, random.Random(18))
    author, reader = (cluster.talks[name] for name in cluster.names)
    cluster.run(3)
    for key in keys:
        author.say(key, Word(UP))
    spent = 0.0
    while len(reader.peers[author.me].words.words) < len(keys):
        cluster.now += TICK
        bodies = [body for _, body in author.tick(cluster.now)]
        began = process_time()
        for body in bodies:
            reader.hear(body, cluster.now)
        spent += process_time() - began
        for _, body in reader.tick(cluster.now):
            author.hear(body, cluster.now)
    return spent


def outage(cluster: Cluster, keys: list[str], vantage: int) -> Iterable[Row]:
    """Destinations are down, and so many nodes each say so."""
    cluster.counted()
    for key in keys:
        for name in rank(key, cluster.names)[:vantage]:
            cluster.talks[name].say(key, Word(DOWN, "no reply"))
    began = cluster.now
    wanted = {name: sum(name in rank(key, cluster.names)[:vantage] for key in keys) for name in cluster.names}
    reader = cluster.talks[cluster.names[-1]]
    author = max(cluster.names[:-1], key=lambda each: wanted[each])
    for _ in range(300):
        cluster.run(TICK / SECOND)
        said = [key for key in keys if author in rank(key, cluster.names)[:vantage]]
        if all(reader.words_of(key)[author].kind == DOWN for key in said):
            break
    seconds = (cluster.now - began) / SECOND
    calm_messages = seconds * len(cluster.names) * (len(cluster.names) - 1)
    messages = cluster.counted()[0]
    yield (
        f"messages for {len(keys):,} destinations down at once, cluster_vantage={vantage}",
        f"{max(0.0, messages - calm_messages):,.0f} more than in calm, within {seconds:.1f} s",
        "simulated whole",
    )


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--nodes", type=int, default=50)
    options.add_argument("--destinations", type=int, default=1_000_000)
    options.add_argument("--sample", type=int, default=50_000, help="destinations that are simulated")
    given = options.parse_args()
    keys = uris(min(given.sample, given.destinations))
    factor = given.destinations / len(keys)
    cluster = Cluster(given.nodes, random.Random(18))
    print(f"{given.nodes} nodes, {given.destinations:,} destinations, {len(keys):,} of them simulated\n")
    print("| what | how much | how that was found |\n|---|---|---|")
    for rows in (
        calm(cluster),
        pings(cluster.names, keys, factor),
        take_over(cluster, keys, factor),
        restart(cluster, keys, factor),
        outage(cluster, keys[:1000], 3),
        outage(cluster, keys[1000:2000], given.nodes),
    ):
        for row in rows:
            print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
