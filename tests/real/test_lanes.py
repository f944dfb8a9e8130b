"""What waits for whom: an outage beside calls, connections beside addresses."""

from __future__ import annotations

import socket

import pytest

from gateway import Gateway
from real.server import ROOT, Kamailio, free_port, wait_for
from real.test_router import call
from real.uplinks import Uplink

NUMBER = 600


@pytest.mark.full
def test_an_outage_leaves_calls_their_memory(start, namespaces, tmp_path) -> None:
    """600 that are pending, asked each second, cost no call beside them, in 24 MB of memory."""
    broken, gateway = Uplink(), Gateway()
    try:
        socket = f"udp:{broken.ours}:{free_port()}"
        trunks = [
            f"sip:{user}@{uri[4:]}" for user in range(NUMBER // 100) for uri in broken.destinations(100)
        ]
        lists = tmp_path / "keepalive.list"
        lists.write_text("".join(f"{uri} ping_socket={socket}\n" for uri in trunks))
        server = start(
            ROOT / "kamailio.cfg",
            share=tmp_path,
            memory=24,
            options=("-l", socket),
            KEEPALIVE_DIR=ROOT / "kemi",
            KEEPALIVE_DESTINATIONS=gateway.uri,
            KEEPALIVE_LIST_FILE=lists,
            KEEPALIVE_PING_INTERVAL=20,
            KEEPALIVE_PING_INTERVAL_PENDING=1,
            KEEPALIVE_PING_TIMEOUT=1000,
            KEEPALIVE_FALL=1000,
        )
        wait_for("all up", lambda: len(server.log_lines(" -> up: ")) == NUMBER + 1, 90)
        total = server.rpc("core.shmmem")["total"]
        # At rest 65 % are free: the tables have 2^14 slots each.
        wait_for("the end of the start", lambda: server.rpc("core.shmmem")["free"] > 0.6 * total, 20)
        broken.break_behind_the_next_hop()
        least = total
        for _ in range(22):
            call(server, "invite.xml", calls=20, rate=20)
            least = min(least, server.rpc("core.shmmem")["free"])
        print(f"MEASURED: at the least {100 * least / total:.0f} % of shared memory was free")
        assert least > 0.15 * total
        assert not server.log_lines("no ping is sent")
        assert not server.log_lines("up -> down")
    finally:
        broken.close()
        gateway.close()


class BlackHole:
    """A TCP peer with which no connection comes about: its queue of them is full, and nobody takes any."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.port = self._listening.getsockname()[1]
        self._waiting = [socket.socket() for _ in range(3)]
        for each in self._waiting:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", self.port))
        self.uri = f"sip:127.0.0.1:{self.port};transport=tcp"

    def close(self) -> None:
        """Let go of the connections."""
        for each in (self._listening, *self._waiting):
            each.close()


@pytest.mark.parametrize("tcp_async", [1, 0])
def test_no_address_waits_for_a_connection(start, tcp_async: int) -> None:
    """Beside peers and proxies that drop TCP packets a gateway over UDP goes down in time, and comes back."""
    holes = [BlackHole() for _ in range(4)]
    gateway, beside = Gateway(), Gateway()
    try:
        server: Kamailio = start(TCP_ASYNC=tcp_async, KEEPALIVE_PING_INTERVAL=1, KEEPALIVE_FALL=1)
        for hole in holes[:2]:
            server.call("add_destination", hole.uri, "test")
        for number, hole in enumerate(holes[2:]):
            server.call("add_destination", f"sip:10.0.0.{number}", "test", outbound_proxy=hole.uri)
        server.call("add_destination", gateway.uri, "test")
        server.call("add_destination", f"{beside.uri};transport=tcp", "test")
        server.wait_for_state(gateway.uri, 1)
        gateway.silent = True
        server.wait_for_state(gateway.uri, 2, 4)
        gateway.silent = False
        server.wait_for_state(gateway.uri, 1, 4)
    finally:
        for each in (*holes, gateway, beside):
            each.close()
