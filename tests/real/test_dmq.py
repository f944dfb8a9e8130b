"""Nodes of a cluster find each other through Kamailio's dmq, each a real server with a loopback address."""

from __future__ import annotations

import json
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway import Gateway
from places import ROOT
from real.server import HERE, Kamailio, Launch, free_port, wait_for

KEY = "0123456789abcdef0123456789abcdef"
OTHER_KEY = "fedcba9876543210fedcba9876543210"
NATIVE_CFG = {"KEEPALIVE_DIR": ROOT / "kemi", "LITERAL": "sip:127.0.0.1:9"}


class Nodes:
    """Servers at 127.0.1.1, 127.0.1.2 and so on, each of which knows all others.

    Arguments: kind, of server; number.
    """

    def __init__(self, kind: str, number: int) -> None:
        self.kind = kind
        port = free_port()
        self.addresses = [(f"127.0.1.{at + 1}", port) for at in range(number)]
        self.names = [f"sip:{address}:{port}" for address, port in self.addresses]
        self.servers: dict[int, Kamailio] = {}
        self._stopped: list[Kamailio] = []

    def start(self, at: int, cfg: str = "scenario.cfg", **given: Any) -> Kamailio:
        """Start one, or start it again. Arguments: at, its number; cfg; given, defines and Launch."""
        if at in self.servers:
            self._stopped.append(self.servers[at])
        launch = {name: given.pop(name) for name in Launch._fields if name in given}
        others = [name for name in self.names if name != self.names[at]]
        defines = {
            "SCRIPT": HERE / "scenario.py",
            "KEEPALIVE_PING_INTERVAL": 1,
            "KEEPALIVE_NODE": self.names[at],
            **{f"KEEPALIVE_PEER{number}": name for number, name in enumerate(others, 1)},
            **given,
        }
        address, port = self.addresses[at]
        options = ("-l", f"udp:{address}:{port}")
        self.servers[at] = Kamailio(
            self.kind, cfg, defines, Launch(**{"children": 2, "options": options, **launch})
        )
        return self.servers[at]

    def view(self, at: int) -> dict[str, Any]:
        """Return how a node sees the cluster, as its row says."""
        found: dict[str, Any] = json.loads(self.rows(at).get("view", "{}"))
        return found

    def rows(self, at: int) -> dict[str, str]:
        """Return what the process of the cluster has written at a node."""
        slots = self.servers[at].rpc("htable.dump", "keepalive_cluster") or []
        return {row["name"]: row["value"] for slot in slots for row in slot["slot"]}

    def sees(self, at: int, *others: int) -> bool:
        """Say whether a node sees itself and some others live, and has the words of all."""
        names = {self.names[each] for each in (at, *others)}
        view = self.view(at)
        return {*view.get("ready", ())} == names == {*view.get("counted", ())} and view["pings"]

    def hear_since(self, moment: float) -> bool:
        """Say whether each node has heard all others since a moment of the monotonic clock."""
        rows = [value for at in self.servers for name, value in self.rows(at).items() if name[:5] == "peer:"]
        return all(json.loads(row)["heard"] > moment * 1_000_000 for row in rows)

    def wait_for_all(self) -> None:
        """Wait until all that run see each other."""
        for at in self.servers:
            others = self.servers.keys() - {at}
            wait_for(f"{at} sees {others}", lambda at=at, others=others: self.sees(at, *others), 15)

    def send(self, at: int, body: bytes, source: str, channel: str = "keepalive") -> int:
        """Send a node a KDMQ from an address; return the code of its reply."""
        mark = uuid.uuid4().hex
        address = self.addresses[at]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.bind((source, 0))
            client.settimeout(5)
            host, own = client.getsockname()
            lines = [
                f"KDMQ sip:{channel}@{address[0]}:{address[1]} SIP/2.0",
                f"Via: SIP/2.0/UDP {host}:{own};branch=z9hG4bK{mark}",
                f"From: <sip:keepalive@{host}:{own}>;tag={mark}",
                f"To: <sip:keepalive@{address[0]}:{address[1]}>",
                f"Call-ID: {mark}",
                "CSeq: 1 KDMQ",
                "Max-Forwards: 1",
                "Content-Type: text/plain",
                f"Content-Length: {len(body)}",
            ]
            client.sendto("\r\n".join(lines).encode() + b"\r\n\r\n" + body, address)
            return int(client.recv(65535).split(b" ", 2)[1])

    def stop(self) -> None:
        for server in (*self.servers.values(), *self._stopped):
            server.stop()
            print(server.log)
            server.forget()


@pytest.fixture
def nodes(checked_kind: str) -> Iterator[Callable[[int], Nodes]]:
    """A function that makes nodes, of which none runs yet."""
    made: list[Nodes] = []

    def make(number: int) -> Nodes:
        made.append(Nodes(checked_kind, number))
        return made[-1]

    yield make
    for each in made:
        each.stop()


def faults(server: Kamailio) -> list[str]:
    """The errors in its log but those of dmq, which has one for each message that a dead node lets wait."""
    return [line for line in server.errors if " dmq [" not in line]


def secret(folder: Path, *keys: str) -> str:
    """Write a file of keys; return its path."""
    file = folder / "key"
    draft = folder / "key.new"
    draft.write_text("\n".join(keys))
    draft.chmod(0o640)
    draft.replace(file)
    return str(file)


def test_what_is_ordered_at_one_node_holds_at_all(
    nodes: Callable[[int], Nodes], gateways: list[Gateway]
) -> None:
    """Of three, one with native routes: modes, interests, a pause; one that was killed is told all."""
    three = nodes(3)
    configured = gateways[0].uri
    three.start(0, KEEPALIVE_DESTINATIONS=configured)
    three.start(1, KEEPALIVE_DESTINATIONS=configured)
    three.start(2, "native.cfg", KEEPALIVE_DESTINATIONS=configured, **NATIVE_CFG)
    three.wait_for_all()
    first, second, native = three.servers.values()
    for server in (first, second):
        server.wait_for_state(configured, 1)
    assert native.message(f"{configured} drain 8 card", "set_admin") == (200, "1")
    for server in (first, second):
        wait_for("the drain", lambda s=server: s.call("is_alive", configured) == 2, 0.8)
        said = server.call("info", configured)["admin"]
        assert (said["mode"], said["by"], said["why"]) == ("drain", f"cluster:{three.names[2]} route", "card")
    drained = time.monotonic()
    new = gateways[1].uri
    assert first.call("add_destination", new, "me", fall=3) == 0
    wait_for("the new one", lambda: native.message(new, "state")[1] in ("1", "3"), 0.8)
    wait_for("the new one", lambda: second.call("state", new) != -1, 0.8)
    assert second.call("set_admin", new, "maint", 0, "anna") == 0
    wait_for("its mode", lambda: native.message(new, "is_alive")[1] == "-2", 0.8)
    for server in (first, second):
        wait_for("the end of the drain", lambda s=server: s.call("is_alive", configured) == 1, 10)
        assert 6.5 < time.monotonic() - drained < 10.5
    second.kill()
    wait_for("nobody hears it", lambda: three.sees(0, 2), 10)
    assert native.message(f"{configured} maint", "set_admin") == (200, "1")
    second = three.start(1, KEEPALIVE_DESTINATIONS=configured)
    wait_for("both modes", lambda: [second.call("is_alive", uri) for uri in (configured, new)] == [2, 2], 6)
    assert second.call("info", new)["admin"]["by"] == "anna"
    assert native.message(f"{configured} ready", "set_admin") == (200, "1")
    assert second.call("del_destination", new, "me") == 0
    wait_for("its end", lambda: first.call("state", new) == -1 and native.message(new, "state")[1] == "-1", 1)
    wait_for("ready", lambda: second.call("is_alive", configured) == 1, 1)
    assert first.call("pause") == 0
    wait_for("the pause", lambda: three.names[0] not in three.view(2)["fit"], 3)
    for server in three.servers.values():
        assert not faults(server)


# How many processes Kamailio takes to have the first value of its settings, before any is changed.
WAITED_FOR = """(lambda c: c.c_int.from_address(c.cast(
    c.c_void_p.in_dll(c.CDLL(None), "cfg_child_cb_first").value, c.POINTER(c.c_void_p))[0]).value
)(__import__("ctypes"))"""


def test_an_old_setting_is_there_until_all_have_left_it(
    nodes: Callable[[int], Nodes], start: Callable[..., Kamailio]
) -> None:
    """Kamailio takes as many processes to have it as there are, but for the first, which counts none."""
    for server, workers in ((nodes(1).start(0), 2), (start(), 0)):
        # Kamailio answers while it still makes its last processes.
        wait_for("its last process", lambda server=server: server.process_numbers("attendant"))
        kinds = [each["DSC"] for each in server.rpc("core.psx")]
        assert kinds.count("DMQ WORKER") == workers
        assert server.call("evaluate", WAITED_FOR) == str(len(kinds) - 1)


def test_whoever_has_dmq_already_keeps_it(nodes: Callable[[int], Nodes]) -> None:
    """Its tables are replicated; what is keepalive's comes neither to its event_route nor to its routes."""
    two = nodes(2)
    for at in (0, 1):
        two.start(at, "own_dmq.cfg", **NATIVE_CFG)
    two.wait_for_all()
    assert two.servers[0].message("hello", "write")[0] == 200
    replicated = lambda: "hello" in str(two.servers[1].rpc("htable.dump", "mine"))  # noqa: E731
    wait_for("the row of the other node", replicated)
    for server in two.servers.values():
        assert server.log_lines("REQUEST ROUTE KDMQ notification_peer")
        assert server.log_lines("PRE-ROUTING KDMQ notification_peer")
        assert not server.log_lines("KDMQ keepalive")
        assert not faults(server)
    assert two.servers[1].log_lines("REQUEST ROUTE KDMQ htable")


def test_a_script_takes_it_in_its_request_route(nodes: Callable[[int], Nodes]) -> None:
    """With KEEPALIVE_OWN_PRE_ROUTING and on_dmq() in a KEMI script, what is keepalive's and dmq's own."""
    two = nodes(2)
    for at in (0, 1):
        two.start(at, KEEPALIVE_OWN_PRE_ROUTING=1)
    two.wait_for_all()
    for server in two.servers.values():
        assert server.log_lines("REQUEST ROUTE KDMQ keepalive")
        assert server.log_lines("REQUEST ROUTE KDMQ notification_peer")
        assert not faults(server)


def test_nobody_else_is_believed(nodes: Callable[[int], Nodes], tmp_path: Path) -> None:
    """Strangers, forgeries, garbage: one line a minute, and nothing changes. A key is replaced."""
    two = nodes(2)
    file = secret(tmp_path, KEY)
    for at in (0, 1):
        two.start(at, KEEPALIVE_CLUSTER_SECRET_FILE=file, share=tmp_path)
    two.wait_for_all()
    assert two.view(0)["signed"]
    before = two.view(0)
    me, other = two.names
    forged = f"ka1 {other} {me} 5 1 1\nwords 0 1\n=down sip:192.168.10.20:5060 gone".encode()
    assert two.send(0, forged, "127.0.0.1") == 403
    # Of dmq itself, which would let anybody join.
    assert two.send(0, b"sip:127.0.0.9:5060;status=active", "127.0.0.1", "notification_peer") == 403
    for body in (
        forged,
        forged + b"\nmac " + b"0" * 64,
        b"",
        b"\xff\xfe",
        b"garbage\0",
        b"ka2 a b",
        b"x" * 9000,
    ):
        assert two.send(0, body, "127.0.1.2") == 200
    server = two.servers[0]
    [line] = server.logged("may have said is dropped")
    assert "not signed with our secret" in line
    for keys in ((KEY, OTHER_KEY), (OTHER_KEY, KEY), (OTHER_KEY,)):
        secret(tmp_path, *keys)
        # Each looks at the file once a second.
        both_look = time.monotonic() + 1.2
        wait_for(f"they hear each other with {len(keys)}", lambda at=both_look: two.hear_since(at), 6)
    assert two.view(0) == before
    secret(tmp_path, "too short")
    server.logged("the key of line 1 is none: 16 to 200 ASCII characters without spaces; the keys of before")
    assert two.view(0) == before
    assert len(server.log_lines("may have said is dropped")) == 1
    assert len(faults(server)) == 1


@pytest.mark.parametrize(
    ("peers", "lines"),
    [
        (
            ["sip:[::1]:5060", "sip:localhost:5060", "sip:127.0.1.9:5060;transport=tcp", "SELF", "OTHER"],
            [
                "KEEPALIVE_PEER2: 'sip:[::1]:5060' is ignored: ",
                "KEEPALIVE_PEER3: 'sip:localhost:5060' is ignored: ",
                "KEEPALIVE_PEER4: 'sip:127.0.1.9:5060;transport=tcp' is ignored: ",
                "it is this node, KEEPALIVE_NODE; a peer is another one",
                "it is there twice",
            ],
        ),
    ],
)
def test_peers_that_can_not_be(nodes: Callable[[int], Nodes], peers: list[str], lines: list[str]) -> None:
    """Each is one line of the log, and the node goes on with the others."""
    two = nodes(2)
    me, other = two.names
    given = {"SELF": me, "OTHER": other}
    defines = {f"KEEPALIVE_PEER{at}": given.get(peer, peer) for at, peer in enumerate(peers, 2)}
    two.start(0, **defines)
    two.start(1)
    two.wait_for_all()
    errors = two.servers[0].log_lines("bad setting of the cluster: ")
    assert len(errors) == len(lines)
    for line, part in zip(errors, lines, strict=True):
        assert part in line


def test_a_node_that_is_no_socket_of_a_server_with_dmq(
    nodes: Callable[[int], Nodes], gateways: list[Gateway]
) -> None:
    """If dmq is the user's own the log says so; it pings all by itself."""
    two = nodes(2)
    server = two.start(
        0,
        "own_dmq.cfg",
        files={"own_dmq.cfg": _with_another_address(two.names[0])},
        KEEPALIVE_NODE="sip:127.0.1.77:5060",
        KEEPALIVE_DESTINATIONS=gateways[0].uri,
        **NATIVE_CFG,
    )
    [line] = server.logged("no UDP socket of this server is KEEPALIVE_NODE sip:127.0.1.77:5060")
    assert "ERROR" in line
    wait_for("it pings by itself", lambda: server.log_lines(f"{gateways[0].uri} unknown -> up"))


def _with_another_address(address: str) -> str:
    text = (HERE / "own_dmq.cfg").read_text().replace("../../kemi", str(ROOT / "kemi"))
    return text.replace('"server_address", KEEPALIVE_NODE', f'"server_address", "{address}"')


def test_a_node_of_a_later_version(nodes: Callable[[int], Nodes], gateways: list[Gateway]) -> None:
    """It says more than is known today: lines, fields and flags. Both see and believe each other."""
    two = nodes(2)
    uri = gateways[0].uri
    today = two.start(0, KEEPALIVE_DESTINATIONS=uri)
    later = two.start(1, KEEPALIVE_DESTINATIONS=uri, SCRIPT=HERE / "later.py")
    two.wait_for_all()
    today.logged(f"node {two.names[1]} of the cluster has version 9.9.9, this one ")
    assert later.call("set_admin", uri, "maint", 0, "anna") == 0
    wait_for("its order", lambda: today.call("is_alive", uri) == 2, 1)
    assert today.call("set_admin", uri, "ready") == 0
    wait_for("the other way", lambda: later.call("is_alive", uri) == 1, 3)
    assert not today.log_lines("is dropped")
    assert not faults(today)
    assert not faults(later)
