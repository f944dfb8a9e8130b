"""A lab: the nodes of a cluster, each a real Kamailio on a host of its own, and the carriers that all ask."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from real.network import Carriers, Network, run, uri
from real.server import HERE, NATIVE, Host, Kamailio, Launch, wait_for


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
        self.network = lab.network
        self._lab = lab
        self._server: Kamailio | None = None
        self._is_frozen = False
        self._lives: list[Kamailio] = []
        self._shown: dict[Kamailio, int] = {}
        """how many characters of their logs were shown"""

    @property
    def server(self) -> Kamailio:
        """The server that runs here now."""
        assert self._server is not None, f"{self.name} is not running"
        return self._server

    def start(self, **defines: object) -> None:
        """Start a server here, the first or another one."""
        file = self.share / "list"
        file.write_text("".join(f"{uri(at)}\n" for at in range(self._lab.destinations)))
        if self._lab.secret:
            (self.share / "secret").write_text(f"{self._lab.secret}\n")
            (self.share / "secret").chmod(0o600)
        launch = Launch(
            children=2,
            host=self.host,
            share=self.share,
            memory=self._lab.memory,
            tcp=False,
            turned_clock=self._lab.turned,
        )
        files = {"KEEPALIVE_LIST_FILE": file, "KEEPALIVE_STATE_FILE": self.share / "states"}
        given = {**files, **self.membership(), **self._lab.defines, **defines}
        self._server = Kamailio(self.kind, "scenario.cfg", {"SCRIPT": HERE / "scenario.py", **given}, launch)
        self._lives.append(self._server)

    def membership(self) -> dict[str, object]:
        """Return the defines by which a server is a node of its cluster, none if there is no cluster."""
        if not self._lab.clustered:
            return {}
        others = [f"sip:{host.address}:5060" for host in self._lab.network.hosts if host != self.host]
        secret = {"KEEPALIVE_CLUSTER_SECRET_FILE": self.share / "secret"} if self._lab.secret else {}
        peers = {f"KEEPALIVE_PEER{at}": each for at, each in enumerate(others, 1)}
        return {"KEEPALIVE_NODE": self.name, **peers, **secret}

    @property
    def runs(self) -> bool:
        """Whether a server was started here, and not ended."""
        return self._server is not None

    def end(self, crash: bool = False) -> None:
        """End the server; like kill -9 if it is to be a crash."""
        if self._server is None:
            return
        self.go_on()
        if crash:
            self._server.kill()
        self._server.stop()
        self._server = None

    def freeze(self) -> None:
        """Stop all processes of the server, as a virtual machine that pauses."""
        self._stand("pause", signal.SIGSTOP)
        self._is_frozen = True

    def go_on(self) -> None:
        """Let them run again, if they were stopped."""
        if self._is_frozen:
            self._stand("unpause", signal.SIGCONT)
            self._is_frozen = False

    def _stand(self, word: str, number: signal.Signals) -> None:
        if self.kind == NATIVE:
            os.killpg(self.server.process.pid, number)
        else:
            run("docker", word, self.server.container)

    def alive(self) -> str:
        """Return what is_alive says of all destinations, one character each."""
        return self._each("is_alive")

    def states(self, step: int = 1) -> str:
        """Return the states of all destinations, or each so many of them, one character each."""
        return self._each("state", step)

    def _each(self, function: str, step: int = 1) -> str:
        one = 'f"sip:198.19.{n // 250}.{n % 250 + 1}"'
        numbers = f"range(0, {self._lab.destinations}, {step})"
        said = self.server.call("evaluate", f"''.join(str(keepalive.{function}({one})) for n in {numbers})")
        return str(said).strip("'")

    def cpu(self, part: str = "") -> float:
        """Return the seconds of CPU that the server's processes have taken, all or those of a kind.

        Arguments: part, of what Kamailio says that they are.
        """
        numbers = self.server.process_numbers(part)
        text = self.server.run("cat /dev/null " + " ".join(f"/proc/{each}/stat" for each in numbers))
        ticks = [line.rpartition(")")[2].split()[11:13] for line in text.splitlines()]
        return sum(int(user) + int(system) for user, system in ticks) / os.sysconf("SC_CLK_TCK")

    def info(self, destination: str = "") -> Any:
        """Return keepalive.info() here."""
        return self.server.call("info", *[destination] if destination else [])

    @property
    def events(self) -> list[Any]:
        """What the callbacks of the server that runs now were told."""
        return self.server.events

    def lines(self, part: str) -> list[str]:
        """Return the lines with some words in them of all servers that have run here."""
        logs = [server.whole_log.splitlines() for server in self._lives]
        return [line for log in logs for line in log if part in line]

    def show(self) -> None:
        """Print what the servers wrote since this was done last."""
        for server in self._lives:
            written = server.whole_log
            print(f"--- {self.name} ({self.kind})\n{written[self._shown.get(server, 0) :]}")
            self._shown[server] = len(written)

    def close(self) -> None:
        """End the server."""
        self.end()
        self.show()
        for server in self._lives:
            server.forget()


class Watch:
    """Asks nodes all the time what is_alive says of each destination; one thread a node.

    Arguments: nodes; step, seconds between two looks: of thousands each takes a SIP worker some time.
    """

    def __init__(self, nodes: list[Node], step: float) -> None:
        self._over = threading.Event()
        self._step = step
        self._done: set[str] = set()
        """nodes that were looked at to the end"""
        self.looks: dict[str, list[tuple[float, str]]] = {node.address: [] for node in nodes}
        self._threads = [threading.Thread(target=self._look, args=(node,), daemon=True) for node in nodes]
        for thread in self._threads:
            thread.start()

    def _look(self, node: Node) -> None:
        is_over = False
        while not is_over:
            is_over = self._over.wait(self._step)
            if node.runs:
                with suppress(OSError, AssertionError):  # it is stopped, or just begins or ends
                    self.looks[node.address].append((time.monotonic(), node.alive()))
        self._done.add(node.address)

    def end(self) -> None:
        """End it, with a last look."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def demand_looks(self) -> None:
        """Fail if a node has not once answered, or was not looked at to the end: of that nothing is known."""
        unseen = [node for node, looks in self.looks.items() if not looks or node not in self._done]
        assert not unseen, f"nothing is known of {', '.join(unseen)}"


class Lab:
    """A cluster on a network of its own, with its carriers.

    Arguments: kinds, of the servers, one a node; destinations, how many all nodes have; turned, whether
    clocks can be turned; secret, with which they sign; memory, MB of each server; clustered, whether they
    are nodes of a cluster; defines, of all servers.
    """

    def __init__(
        self,
        kinds: list[str],
        destinations: int,
        turned: bool = False,
        secret: str = "",
        memory: int = 128,
        clustered: bool = True,
        **defines: object,
    ) -> None:
        self.destinations = destinations
        self.interval = float(str(defines["KEEPALIVE_PING_INTERVAL"]))
        """seconds between two pings of a destination"""
        self.step = 0.1 if destinations <= 1000 else 2
        """seconds between two looks at all of them: thousands take their time"""
        self.turned = turned
        self.secret = secret
        self.memory = memory
        self.clustered = clustered
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
        watch = Watch(list(nodes) or [node for node in self.nodes if node.runs], self.step)
        try:
            yield watch
        finally:
            watch.end()
        watch.demand_looks()

    def node(self, address: str) -> Node:
        """Return the node of an address."""
        return next(node for node in self.nodes if node.address == address)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Print behind it what all servers wrote, for pytest to show it if a test failed."""
        try:
            yield
        finally:
            for node in self.nodes:
                node.show()

    def sharing(self, *nodes: Node, seconds: float = 20) -> dict[int, Node]:
        """Wait until each destination is pinged by just one of some nodes, and each has some; return by whom.

        Looked at is what came within the last interval and a half.
        """
        numbers = {uri(at): at for at in range(self.destinations)}
        within = {node.address for node in nodes}

        def look() -> dict[int, Node]:
            found = self.carriers.pingers(time.monotonic() - 1.5 * self.interval)
            shared = found.keys() >= numbers.keys() and all(len(found[each]) == 1 for each in numbers)
            owners = {numbers[each]: next(iter(found[each])) for each in numbers} if shared else {}
            return {at: self.node(who) for at, who in owners.items()} if {*owners.values()} == within else {}

        return wait_for(f"{len(nodes)} nodes that share all between them", look, seconds, self.step)

    def mend(self) -> None:
        """Start what does not run, let what is frozen go on, all through, and all be answered."""
        self.network.mend()
        self.carriers.allow_all()
        for node in self.nodes:
            node.go_on()
        self.at_once([node.start for node in self.nodes if not node.runs])

    def close(self) -> None:
        """End all of it."""
        for node in self.nodes:
            node.close()
        self.carriers.close()
        self.network.close()
