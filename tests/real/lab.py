"""A lab: nodes of a cluster, each a real Kamailio on a host of its own, and the carriers that all ask.

A host is a network namespace; one more has the switch between them, and the carriers. What is cut or lost is
so in these alone, by rules of the host that does not get it. This machine reaches each host, whatever is cut.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from real.server import HERE, NATIVE, Host, Kamailio, Launch, reserve, wait_for

EVERYBODY = "*"


def uri(number: int) -> str:
    """Return the carriers' destination of a number, 0 to 62,499."""
    return f"sip:198.19.{number // 250}.{number % 250 + 1}"


def _run(*command: str) -> str:
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, f"{' '.join(command)}: {ran.stderr}"
    return ran.stdout


class Network:
    """Hosts at one switch.

    Its addresses are some of those that RFC 2544 keeps for tests.
    """

    def __init__(self, hosts: int) -> None:
        self._net = f"198.18.{next(number for number in range(256) if reserve('uplink', number))}"
        self._mark = uuid.uuid4().hex[:8]
        self.switch = f"keepalive-{self._mark}-switch"
        self.hosts = [Host(f"keepalive-{self._mark}-{at}", f"{self._net}.{at}") for at in range(1, hosts + 1)]
        self._made: list[str] = []
        try:
            self._make_switch()
            for host in self.hosts:
                self._make(host)
        except BaseException:
            self.close()
            raise

    def _make_switch(self) -> None:
        self._add(self.switch)
        self.on(self.switch, "ip link add switch type bridge")
        self.on(self.switch, f"ip addr add {self._net}.250/24 dev switch && ip link set switch up")
        self.on(self.switch, "ip route add local 198.19.0.0/16 dev lo")
        ours = f"ka{self._mark}"
        self._plug(ours)
        _run("ip", "addr", "add", f"{self._net}.254/24", "dev", ours)
        _run("ip", "link", "set", ours, "up")

    def _make(self, host: Host) -> None:
        self._add(host.namespace)
        self._plug("eth0", "netns", host.namespace)
        self.on(host.namespace, f"ip addr add {host.address}/24 dev eth0 && ip link set eth0 up")
        self.on(host.namespace, f"ip route add default via {self._net}.250")
        others = [other for other in self.hosts if other != host]
        count = " && ".join(f"iptables -A INPUT -s {other.address}" for other in others)
        self.on(host.namespace, f"{count or 'true'} && iptables -N cuts && iptables -A INPUT -j cuts")

    def _add(self, namespace: str) -> None:
        _run("ip", "netns", "add", namespace)
        self._made.append(namespace)
        self.on(namespace, "ip link set lo up")

    def _plug(self, link: str, *where: str) -> None:
        port = f"port{len(self._made)}"
        peer = ("type", "veth", "peer", "name", port, "netns", self.switch)
        _run("ip", "link", "add", link, *where, *peer)
        self.on(self.switch, f"ip link set {port} master switch && ip link set {port} up")

    def on(self, namespace: str, command: str) -> str:
        """Return what a shell writes that runs a command on a host, or the switch."""
        return _run("ip", "netns", "exec", namespace, "sh", "-c", command)

    def cut(self, sender: Host, receiver: Host) -> None:
        """Let nothing through of what one host sends to another; the other way goes on."""
        self.on(receiver.namespace, f"iptables -A cuts -s {sender.address} -j DROP")

    def cut_uplink(self, host: Host) -> None:
        """Let nothing of what the carriers answer come to a host."""
        self.on(host.namespace, "iptables -A cuts -s 198.19.0.0/16 -j DROP")

    def lose(self, share: float) -> None:
        """Lose a share, 0 to 1, of what hosts send to each other, by chance."""
        rule = f"-s {self._net}.0/28 -m statistic --mode random --probability {share} -j DROP"
        for host in self.hosts:
            self.on(host.namespace, f"iptables -A cuts {rule}")

    def mend(self) -> None:
        """Let all through again."""
        for host in self.hosts:
            self.on(host.namespace, "iptables -F cuts")

    def heard(self, host: Host) -> dict[str, int]:
        """Return how many packets came to a host from each other one, by address, those that are cut too."""
        lines = self.on(host.namespace, "iptables -nvxL INPUT").splitlines()[2:]
        rows = [line.split() for line in lines if " cuts " not in line]
        return {row[-2]: int(row[0]) for row in rows}

    def close(self) -> None:
        """Take all of it away."""
        for namespace in self._made:
            subprocess.run(["ip", "netns", "del", namespace], capture_output=True)


class Carriers:
    """The carriers' program on a network's switch: see carriers.py."""

    def __init__(self, network: Network) -> None:
        command = ["ip", "netns", "exec", network.switch, sys.executable, str(HERE / "carriers.py")]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def _ask(self, *command: object) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def deny(self, node: str, *destinations: str) -> None:
        """Answer pings no more.

        Arguments: node, its address or EVERYBODY; destinations, URIs or EVERYBODY.
        """
        self._ask("deny", node, destinations)

    def allow(self, node: str, *destinations: str) -> None:
        """Answer them again: what was denied by the same words."""
        self._ask("allow", node, destinations)

    def pings(self, since: float) -> list[tuple[str, str, float]]:
        """Return the pings that came since a time of time.monotonic(): of whom, to which URI, when."""
        return [(node, destination, at) for node, destination, at in self._ask("pings", since)]

    def pingers(self, since: float) -> dict[str, Counter[str]]:
        """Return by destination who pinged it how often."""
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for node, destination, _ in self.pings(since):
            found[destination][node] += 1
        return found

    def close(self) -> None:
        """End the program."""
        self._process.kill()
        self._process.wait(10)


class Node:
    """A host and the server that lives on it, which may be started again.

    Arguments: kind, of its server; host; peers, the addresses of all others; lab, what all nodes share.
    """

    def __init__(self, kind: str, host: Host, lab: Lab) -> None:
        self.kind = kind
        self.host = host
        self.address = host.address
        self.name = f"sip:{host.address}:5060"
        self.share = Path(tempfile.mkdtemp(prefix="keepalive-node-"))
        self._lab = lab
        self._server: Kamailio | None = None
        self._lives: list[Kamailio] = []

    @property
    def server(self) -> Kamailio:
        """The server that runs here now."""
        assert self._server is not None, f"{self.name} is not running"
        return self._server

    def start(self, **defines: object) -> None:
        """Start a server here, the first or another one."""
        file = self.share / "list"
        file.write_text("".join(f"{uri(at)}\n" for at in range(self._lab.destinations)))
        launch = Launch(
            children=2, host=self.host, share=self.share, tcp=False, turned_clock=self._lab.turned
        )
        given = {"KEEPALIVE_LIST_FILE": file, **self.membership(), **self._lab.defines, **defines}
        self._server = Kamailio(self.kind, "scenario.cfg", {"SCRIPT": HERE / "scenario.py", **given}, launch)
        self._lives.append(self._server)

    def membership(self) -> dict[str, object]:
        """Return the defines by which a server is a node of its cluster."""
        others = [f"sip:{host.address}:5060" for host in self._lab.network.hosts if host != self.host]
        return {
            "KEEPALIVE_NODE": self.name,
            **{f"KEEPALIVE_PEER{at}": each for at, each in enumerate(others, 1)},
        }

    @property
    def runs(self) -> bool:
        """Whether a server was started here, and not ended."""
        return self._server is not None

    def end(self, crash: bool = False) -> None:
        """End the server; like kill -9 if it is to be a crash."""
        if self._server is None:
            return
        if crash:
            self._server.kill()
        self._server.stop()
        self._server = None

    def freeze(self) -> None:
        """Stop all processes of the server, as a virtual machine that pauses."""
        self._stand("pause", signal.SIGSTOP)

    def go_on(self) -> None:
        """Let them run again."""
        self._stand("unpause", signal.SIGCONT)

    def _stand(self, word: str, number: signal.Signals) -> None:
        if self.kind == NATIVE:
            os.killpg(self.server.process.pid, number)
        else:
            _run("docker", word, self.server.container)

    def alive(self, number: int = 0) -> str:
        """Return what is_alive says of the first destinations (0: all), one character each."""
        asked = number or self._lab.destinations
        text = 'f"sip:198.19.{n // 250}.{n % 250 + 1}"'
        said = f"''.join(str(keepalive.is_alive({text})) for n in range({asked}))"
        return str(self.server.call("evaluate", said)).strip("'")

    def info(self, destination: str = "") -> Any:
        """Return keepalive.info() here."""
        return self.server.call("info", *[destination] if destination else [])

    @property
    def events(self) -> list[Any]:
        """What the callbacks of the server that runs now were told."""
        return self.server.events

    def close(self) -> None:
        """End the server; show what all of them wrote."""
        self.end()
        for server in self._lives:
            print(f"--- {self.name} ({self.kind})\n{server.log}")
            server.forget()


class Watch:
    """Asks nodes all the time what is_alive says of each destination; one thread a node."""

    def __init__(self, nodes: list[Node], number: int = 0) -> None:
        self._over = threading.Event()
        self._number = number
        self.looks: dict[str, list[tuple[float, str]]] = {node.address: [] for node in nodes}
        self._threads = [threading.Thread(target=self._look, args=(node,), daemon=True) for node in nodes]
        for thread in self._threads:
            thread.start()

    def _look(self, node: Node) -> None:
        server = node.server
        while not self._over.wait(0.1):
            try:
                said = Node.alive(node, self._number) if node.server is server else ""
            except (OSError, AssertionError):  # it is stopped, or over
                continue
            self.looks[node.address].append((time.monotonic(), said))

    def end(self) -> None:
        """End it."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def most_down(self, node: Node) -> int:
        """Return for how many destinations is_alive said 2 at the worst moment at a node."""
        return max(said.count("2") for _, said in self.looks[node.address])

    def first_down(self, node: Node, number: int) -> float:
        """Return when is_alive first said 2 of a destination at a node; 0 if never."""
        return next((at for at, said in self.looks[node.address] if said[number] == "2"), 0)


class Lab:
    """A cluster on a network of its own, with its carriers.

    Arguments: kinds, of the servers, one a node; destinations, how many all nodes have; turned, whether
    clocks can be turned; defines, of all servers.
    """

    def __init__(self, kinds: list[str], destinations: int, turned: bool = False, **defines: object) -> None:
        self.destinations = destinations
        self.turned = turned
        self.defines = defines
        self.network = Network(len(kinds))
        self.carriers = Carriers(self.network)
        self.nodes = [Node(kind, host, self) for kind, host in zip(kinds, self.network.hosts, strict=True)]

    def start(self) -> None:
        """Start all nodes, at once."""
        self.at_once([node.start for node in self.nodes])

    @staticmethod
    def at_once(doings: list[Any]) -> None:
        """Do several things side by side; fail if one does."""
        failures: list[BaseException] = []

        def do(doing: Any) -> None:
            try:
                doing()
            except BaseException as failure:
                failures.append(failure)

        threads = [threading.Thread(target=do, args=(doing,)) for doing in doings]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]

    def cut_off(self, node: Node) -> None:
        """Let nothing through between a node and all others, both ways."""
        for other in self.nodes:
            if other is not node:
                self.network.cut(node.host, other.host)
                self.network.cut(other.host, node.host)

    @contextmanager
    def watched(self, *nodes: Node) -> Iterator[Watch]:
        """Watch nodes, or all that run, meanwhile."""
        watch = Watch(list(nodes) or [node for node in self.nodes if node.runs])
        try:
            yield watch
        finally:
            watch.end()

    def wait_for_pingers(self, what: str, wanted: Any, span: float, seconds: float = 20) -> dict[str, Any]:
        """Wait until who pings what, within the last span of seconds, is as wanted; return it."""

        def look() -> dict[str, Any]:
            found = self.carriers.pingers(time.monotonic() - span)
            return found if wanted(found) else {}

        return wait_for(what, look, seconds)

    def close(self) -> None:
        """End all of it."""
        for node in self.nodes:
            node.close()
        self.carriers.close()
        self.network.close()
