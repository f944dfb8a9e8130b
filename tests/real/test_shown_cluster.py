"""What an operator sees of a cluster of three real servers: in a shell, by RPC, in metrics, on the page."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator

import pytest

from examples import ROOT, named_examples
from real.browsing import Browser
from real.lab import Lab, Node
from real.network import uri
from real.server import wait_for
from real.test_keepalivectl import Operator, shape
from real.test_page import chromium  # noqa: F401 - a fixture

NUMBER = 12
PORT = 8060
PAGE = (ROOT / "docs" / "cluster.md").read_text()


class Nodes:
    """Three nodes, and who looks at each."""

    def __init__(self, kind: str) -> None:
        self.lab = Lab(
            (kind.split("+") * 3)[:3],
            NUMBER,
            secret="the-secret-of-these-nodes",
            KEEPALIVE_PING_INTERVAL=1,
            KEEPALIVE_PING_TIMEOUT=400,
            KEEPALIVE_FALL=2,
        )

    def start(self) -> None:
        """Start those that do not run, with HTTP, and wait until they share all pings."""
        self.lab.network.mend()
        self.lab.carriers.allow_all()
        self.lab.at_once([lambda node=node: self._start(node) for node in self.lab.nodes if not node.runs])
        self.lab.sharing(*self.lab.nodes)
        for node in self.lab.nodes:
            wait_for("a calm cluster", lambda node=node: self.seen(node)["total"] == 0)

    @staticmethod
    def _start(node: Node) -> None:
        token = node.share / "token"
        token.write_text("a-token-of-these-nodes")
        token.chmod(0o600)
        node.start(
            KEEPALIVE_HTTP=f"unix:FOLDER/keepalive.sock {node.address}:{PORT}",
            KEEPALIVE_HTTP_TOKEN_FILE=token,
            KEEPALIVE_HTTP_ALLOW="198.18.0.0/16",
        )
        wait_for("HTTP", lambda: node.server.log_lines("HTTP is served"))

    def sees(self, node: Node, line: str, code: int = 0) -> str:
        """Return what keepalivectl writes at a node."""
        return Operator(node.server).sees(line, code)

    def seen(self, node: Node) -> dict[str, object]:
        """Return what the method cluster says at a node."""
        found: dict[str, object] = json.loads(self.sees(node, "cluster --json"))
        return found

    def owned_by(self, node: Node) -> str:
        """Return a destination that a node owns."""
        return next(uri(at) for at in range(NUMBER) if node.info(uri(at))["cluster"]["owner"] == node.name)

    def split(self, of: Node) -> str:
        """Have one node alone not reach a destination that it owns; return that one."""
        destination = self.owned_by(of)
        self.lab.carriers.deny(of.address, destination)
        wait_for("that it is alone", lambda: of.info(destination)["cluster"]["alone"], 10)
        return destination


def curl(node: Node, path: str, *options: str) -> str:
    """Return what curl writes that asks a node by its socket."""
    socket = str(node.server.folder / "keepalive.sock")
    command = ["curl", "-s", "--unix-socket", socket, f"http://localhost{path}", *options]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


@pytest.fixture(scope="module")
def running(checked_kind: str, namespaces: None) -> Iterator[Nodes]:
    """Three nodes, which may be ended and started again."""
    made = Nodes(checked_kind)
    yield made
    made.lab.close()


@pytest.fixture
def nodes(running: Nodes) -> Iterator[Nodes]:
    """The nodes, all of which run, and are calm."""
    with running.lab.shown():
        running.start()
        yield running


def test_all_see_the_same(nodes: Nodes) -> None:
    """Each node sees all three live and says the same owner of each destination; nobody's is nobody's."""
    known = {node.name: node.info()["cluster"] for node in nodes.lab.nodes}
    assert all({*each["nodes"]} == known.keys() for each in known.values())
    assert all(other["state"] == "live" for each in known.values() for other in each["nodes"].values())
    assert {each["signed"] for each in known.values()} == {True}
    assert [sentence for each in known.values() for sentence in each["trouble"]] == []
    wait_for(
        "who owns how many",
        lambda: sum(node.info()["cluster"]["owns"] for node in nodes.lab.nodes) == NUMBER,
    )
    for at in range(NUMBER):
        owners = {node.info(uri(at))["cluster"]["owner"] for node in nodes.lab.nodes}
        mine = [node.name for node in nodes.lab.nodes if node.info(uri(at))["cluster"]["mine"]]
        assert owners == {*mine}
        assert len(mine) == 1
    heard = [node["heard_ago"] for each in known.values() for node in each["nodes"].values()]
    assert max(heard) < 3


def test_only_one_node_can_not_reach_it(nodes: Nodes) -> None:
    """It says so of itself, the others of it, wherever one looks."""
    one, other, _ = nodes.lab.nodes
    destination = nodes.split(other)
    sentence = f"only {other.name} can't reach it: 1 of 3 nodes, 2 are needed"
    wait_for("the others' view", lambda: sentence in nodes.sees(one, "cluster"))
    assert sentence in nodes.sees(one, "list")
    assert f"{other.name} says down" in nodes.sees(one, f"show {destination}")
    alone = "only this node can't reach it: 1 of 3 nodes, 2 are needed"
    assert other.info(destination)["cluster"]["decision"] == alone
    wait_for("its own view", lambda: alone in nodes.sees(other, "list"))
    known = one.info(destination)["cluster"]
    assert (known["words"][other.name]["word"], known["words"][other.name]["counts"]) == ("down", True)
    assert known["owner"] != other.name
    assert (one.server.call("is_alive", destination), other.server.call("is_alive", destination)) == (1, 2)
    wait_for("one it is alone with", lambda: other.info()["cluster"]["alone"] == 1)
    assert "destinations that this node alone can't reach: 1" in nodes.sees(other, "check", 1)


def test_the_example_of_the_document(nodes: Nodes) -> None:
    """What docs/cluster.md shows is what is written, with one node gone and one that is alone."""
    one, other, gone = nodes.lab.nodes
    gone.end(crash=True)
    wait_for("that it is gone", lambda: one.info()["cluster"]["nodes"][gone.name]["state"] == "dead", 10)
    destination = next(uri(at) for at in range(NUMBER) if one.info(uri(at))["cluster"]["owner"] == other.name)
    nodes.lab.carriers.deny(other.address, destination)
    wait_for("what is not calm", lambda: one.info(destination)["cluster"]["words"], 10)
    wait_for("a doubt that is counted", lambda: one.info()["cluster"]["doubted"] == 1)
    decision = f"only {other.name} can't reach it"
    wait_for("both words", lambda: decision in one.info(destination)["cluster"]["decision"], 10)
    (example,) = re.findall(r"```shell-session\n(.*?)```", PAGE, re.DOTALL)
    here = {"sip:10.0.0.1:5060": one.name, "sip:10.0.0.2:5060": other.name, "sip:10.0.0.3:5060": gone.name}
    for there, mine in {**here, "sip:192.168.10.20:5060": f"{destination}:5060"}.items():
        example = example.replace(there, mine)
    command, _, shown = example.removeprefix("$ ").partition("\n")
    assert shape(nodes.sees(one, command.removeprefix("keepalivectl "))) == shape(shown)


def test_a_scrape(nodes: Nodes) -> None:
    """What Prometheus gets of each node."""
    one, other, gone = nodes.lab.nodes
    gone.end(crash=True)

    def value(name: str) -> str:
        text = curl(one, "/metrics")
        (found,) = re.findall(rf"^kamailio_keepalive_cluster_{re.escape(name)} (\S+)$", text, re.MULTILINE)
        return found

    wait_for("a node that is gone", lambda: value(f'node_live{{node="{gone.name}"}}') == "0.0", 10)
    assert value(f'node_live{{node="{one.name}"}}') == value(f'node_live{{node="{other.name}"}}') == "1.0"
    wait_for("all are owned", lambda: float(value("owned")) + other.info()["cluster"]["owns"] == NUMBER)
    assert value("alone") == "0.0"


def test_by_rpc(nodes: Nodes) -> None:
    """With curl, as docs/rpc.md has it."""
    one, *_ = nodes.lab.nodes
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "keepalive.cluster"})
    answer = json.loads(curl(one, "/RPC", "-d", body))["result"]
    assert (answer["node"], answer["total"], answer["destinations"]) == (one.name, 0, [])


def test_the_page(nodes: Nodes, chromium: Browser) -> None:  # noqa: F811
    """How many live stands on top, and who is gone; a row says who can't reach it."""
    one, other, gone = nodes.lab.nodes
    chromium.open(f"http://{one.address}:{PORT}/")
    chromium.wait_for_text("#cluster summary", "3 of 3 nodes live")
    gone.end(crash=True)
    chromium.wait_for_text("#cluster summary", f"2 of 3 nodes live: {gone.name} has not been heard for", 15)
    destination = next(uri(at) for at in range(NUMBER) if one.info(uri(at))["cluster"]["owner"] == other.name)
    nodes.lab.carriers.deny(other.address, destination)
    row = f'tr.row[data-key^="{destination}:"]'
    chromium.wait_for_text(f"{row} .why", f"only {other.name} can't reach it", 15)
    assert "up" in chromium.text(f"{row} .state")
    chromium.click("#cluster summary")
    chromium.wait_for_text("#cluster ul", f"{other.name}: live, heard")
    chromium.click(f"{row} .destination button")
    assert "undefined" not in chromium.wait_for_text(f"{row} + tr", f"{other.name} down")
    assert chromium.complaints() == []


def test_one_node_acts_for_all(nodes: Nodes) -> None:
    """The callback of docs/cluster.md does what it does at one node of three."""
    source = named_examples()["cluster_callback.py"]
    for at in range(3):
        acting = []
        for node in nodes.lab.nodes:
            text = (
                f"[opened := [], exec({source!r}, given := "
                "{'keepalive': keepalive, 'open_a_ticket': lambda *told: opened.append(told)}), "
                f"given['on_change']({uri(at)!r}, 2, None), opened][-1]"
            )
            if node.server.call("evaluate", text) != "[]":
                acting.append(node.name)
        assert acting == [nodes.lab.nodes[0].info(uri(at))["cluster"]["owner"]]
