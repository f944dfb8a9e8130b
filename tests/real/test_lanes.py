"""An outage beside calls: what it may cost."""

from __future__ import annotations

from gateway import Gateway
from real.server import ROOT, free_port, wait_for
from real.test_router import call
from real.uplinks import Uplink

NUMBER = 600


def test_an_outage_leaves_calls_their_memory(start, namespaces, tmp_path) -> None:
    """600 that are pending, asked each second, cost no call beside them, in 24 MB of memory."""
    cut, gateway = Uplink(), Gateway()
    try:
        socket = f"udp:{cut.ours}:{free_port()}"
        trunks = [f"sip:{user}@{uri[4:]}" for user in range(NUMBER // 100) for uri in cut.destinations(100)]
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
            KEEPALIVE_PING_INTERVAL=10,
            KEEPALIVE_PING_INTERVAL_PENDING=1,
            KEEPALIVE_PING_TIMEOUT=3000,
            KEEPALIVE_FALL=1000,
        )
        wait_for("all up", lambda: len(server.log_lines("unknown -> up")) == NUMBER + 1, 40)
        cut.cut()
        least = total = server.rpc("core.shmmem")["total"]
        for _ in range(4):
            call(server, "invite.xml", calls=40, rate=20)
            least = min(least, total - server.rpc("core.shmmem")["max_used"])
        print(f"MEASURED: at the least {100 * least / total:.0f} % of shared memory was free")
        assert least > 0.15 * total
        assert not server.log_lines("no ping is sent")
        assert not server.log_lines("up -> down")
    finally:
        cut.close()
        gateway.close()
