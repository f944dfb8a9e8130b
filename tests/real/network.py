"""Hosts at a switch, and the carriers behind it: what a lab's nodes live in.

A host is a network namespace; one more has the switch between them, and the carriers. What is cut or lost is
so in these alone, by rules of the host that does not get it. This machine reaches each host, whatever is cut.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import threading
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from real.server import HERE, Host, reserve

EVERYBODY = "*"


def uri(number: int) -> str:
    """Return the carriers' destination of a number, 0 to 62,499."""
    return f"sip:198.19.{number // 250}.{number % 250 + 1}"


def run(*command: str) -> str:
    """Return what a command writes; fail with its complaint."""
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, f"{' '.join(command)}: {ran.stderr}"
    return ran.stdout


def free_net() -> str:
    """Return the first three numbers of addresses that nobody on this machine has, and nobody else gets."""
    # Whoever was killed has left links behind, and addresses with them.
    there = run("ip", "-o", "addr")
    free = (at for at in range(256) if f" 198.18.{at}." not in there and reserve("uplink", at))
    return f"198.18.{next(free)}"


class Network:
    """Hosts at one switch.

    Its addresses are some of those that RFC 2544 keeps for tests.
    """

    def __init__(self, hosts: int) -> None:
        self._net = free_net()
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
        run("ip", "addr", "add", f"{self._net}.254/24", "dev", ours)
        run("ip", "link", "set", ours, "up")

    def _make(self, host: Host) -> None:
        self._add(host.namespace)
        self._plug("eth0", "netns", host.namespace)
        self.on(host.namespace, f"ip addr add {host.address}/24 dev eth0 && ip link set eth0 up")
        self.on(host.namespace, f"ip route add default via {self._net}.250")
        others = [other for other in self.hosts if other != host]
        count = " && ".join(f"iptables -A INPUT -s {other.address}" for other in others)
        self.on(host.namespace, f"{count or 'true'} && iptables -N cuts && iptables -A INPUT -j cuts")

    def _add(self, namespace: str) -> None:
        run("ip", "netns", "add", namespace)
        self._made.append(namespace)
        self.on(namespace, "ip link set lo up")

    def _plug(self, link: str, *where: str) -> None:
        port = f"port{len(self._made)}"
        peer = ("type", "veth", "peer", "name", port, "netns", self.switch)
        run("ip", "link", "add", link, *where, *peer)
        self.on(self.switch, f"ip link set {port} master switch && ip link set {port} up")

    def on(self, namespace: str, command: str) -> str:
        """Return what a shell writes that runs a command on a host, or the switch."""
        return run("ip", "netns", "exec", namespace, "sh", "-c", command)

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


_SEND = """
import base64, socket, sys
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for line in sys.stdin:
    client.sendto(base64.b64decode(line), (sys.argv[1], 5060))
"""
_RECORD = """
import base64, socket
all_udp = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
print("ready", flush=True)
while True:
    packet = all_udp.recv(65535)
    data = packet[4 * (packet[0] & 15) + 8 :]
    print(socket.inet_ntoa(packet[12:16]), base64.b64encode(data).decode(), flush=True)
"""


def send(namespace: str, to: str, *datagrams: bytes) -> None:
    """Send a node datagrams from a host. Arguments: namespace, of the host; to, the node's address."""
    command = ["ip", "netns", "exec", namespace, sys.executable, "-c", _SEND, to]
    lines = b"".join(base64.b64encode(each) + b"\n" for each in datagrams)
    subprocess.run(command, check=True, input=lines)


@contextmanager
def recorded(host: Host) -> Iterator[list[tuple[str, bytes]]]:
    """Give what comes to a host over UDP meanwhile, complete behind it: from which address, what."""
    command = ["ip", "netns", "exec", host.namespace, sys.executable, "-c", _RECORD]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    packets: list[tuple[str, bytes]] = []

    def read(lines: Iterable[str]) -> None:
        for line in lines:
            source, data = line.split()
            packets.append((source, base64.b64decode(data)))

    reader = threading.Thread(target=read, args=(process.stdout,))
    reader.start()
    try:
        yield packets
    finally:
        process.terminate()
        reader.join()
        process.wait(10)


def kdmq(to: str, channel: str, body: str) -> bytes:
    """Return what looks like a message of another node. Arguments: to, the node's address; channel; body."""
    mark = uuid.uuid4().hex
    head = [
        f"KDMQ sip:{channel}@{to}:5060 SIP/2.0",
        f"Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK{mark}",
        f"From: <sip:{channel}@127.0.0.1>;tag={mark}",
        f"To: <sip:{channel}@{to}:5060>",
        f"Call-ID: {mark}",
        "CSeq: 1 KDMQ",
        "Max-Forwards: 1",
        "Content-Type: text/plain",
        f"Content-Length: {len(body.encode())}",
    ]
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode()


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

    def allow_all(self) -> None:
        """Answer all that is asked."""
        self._ask("allow_all")

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
