"""What can't be sent from here is no failure of a destination: from which sockets real servers send."""

from __future__ import annotations

from gateway import Gateway
from real.server import free_port, wait_for
from real.test_pings import UP


def test_what_is_refused_can_not_be_sent_and_nothing_else(start) -> None:
    """For each next hop and socket Kamailio sends if and only if the module does not hold that impossible."""
    other = free_port()
    server = start(options=("-l", f"udp:127.0.0.2:{other}"))
    here = f"127.0.0.1:{server.port}"
    hops = [
        *("sip:127.0.0.1:9", "sip:127.0.0.1:9;transport=udp", "sip:127.0.0.1:9;transport=tcp"),
        *("sip:127.0.0.1:9;transport=tls", "sips:127.0.0.1:9", "sips:127.0.0.1:9;transport=udp"),
        *("sip:127.0.0.1:9;transport=sctp", "sip:127.0.0.1:9;transport=ws", "sip:[::1]:9"),
        "sip:127.0.0.1:9;maddr=[::1]",
    ]
    sockets = [
        *("", f"udp:{here}", f"tcp:{here}", f"tls:{here}", "udp:127.0.0.1", f"udp:127.0.0.2:{other}"),
        *(f"tcp:127.0.0.2:{other}", f"udp:127.0.0.1:{other}", "udp:192.0.2.1:5060", "udp:nowhere:5060"),
        *("udp:0.0.0.0:5060", f"udp:[::1]:{server.port}", "sctp:127.0.0.1"),
    ]
    wait_for("the first tick", lambda: server.call("add_destination", "sip:a;transport=sctp", "test") == -1)
    assert server.call("misjudged", hops, sockets) == []
    assert server.log_lines("No local socket for"), "there were some to be refused"


def test_a_bad_change_at_run_time_is_refused(start, gateway: Gateway) -> None:
    """A ping_socket or an outbound_proxy with which nothing could be sent changes nothing, with one ERROR."""
    server = start(KEEPALIVE_DESTINATIONS=gateway.uri)
    server.wait_for_state(gateway.uri, UP)
    for name, value in (
        ("ping_socket", "udp:192.0.2.1:5060"),
        ("outbound_proxy", "sip:192.0.2.1;transport=tls"),
    ):
        server.rpc("cfg.sets", "keepalive", name, value)
        [line] = server.logged(f"bad {name}")
        assert "ERROR" in line
        assert value in line
    before = len(gateway.pings)
    wait_for("pings", lambda: len(gateway.pings) > before + 2)
    assert server.state(gateway.uri) == UP
    assert server.call("add_destination", "sip:a;transport=tls", "test") == -1
    assert server.call("add_destination", "sip:a", "test", ping_socket="udp:192.0.2.1:5060") == -1
    assert len(server.log_lines("can't be pinged from here")) == 2
