"""Many trunks behind one address share the pings of one, on real servers."""

from __future__ import annotations

import pytest

from gateway import Gateway
from real.server import Kamailio, wait_for
from real.test_pings import DOWN, UP

NUMBER = 40


def info(server: Kamailio, uri: str, what: str) -> object:
    """Return one thing that is known of a destination."""
    return eval(server.call("evaluate", f"keepalive.info({uri!r}).get({what!r})"))


def trunks_of(gateway: Gateway) -> list[str]:
    """Return URIs of trunks on a gateway."""
    return [gateway.uri.replace("sip:", f"sip:t{number}@") for number in range(NUMBER)]


def wait_for_all(server: Kamailio, uris: list[str], state: int) -> None:
    """Wait until all are in a state."""
    asked = f"sum(keepalive.state(uri) == {state} for uri in {uris!r})"
    wait_for(f"{NUMBER} in state {state}", lambda: server.call("evaluate", asked) == str(NUMBER))


@pytest.mark.parametrize("probers", [1, 3])
def test_trunks_share_the_pings_of_their_host(start, gateway: Gateway, probers: int) -> None:
    """They are up and down with it, by rules of their own, and no ping has their URI."""
    server = start(KEEPALIVE_PROBERS=probers, KEEPALIVE_PING_JITTER=0)
    trunks = trunks_of(gateway)
    added = f"[keepalive.add_destination(uri, 'test', track={gateway.uri!r}) for uri in {trunks!r}]"
    assert server.call("evaluate", added) == str([0] * NUMBER)
    other = gateway.uri.replace("sip:", "sip:patient@")
    assert server.call("add_destination", other, "test", track=gateway.uri, fall=1000) == 0
    wait_for("a reason", lambda: info(server, trunks[0], "not_pinged_because") == "track: not monitored")
    assert server.call("add_destination", gateway.uri, "test", 0, "on_change", 1) == 0
    wait_for_all(server, trunks, UP)
    server.wait_for_state(other, UP)
    assert info(server, gateway.uri, "tracked_by") == NUMBER + 1
    gateway.code = 503
    wait_for_all(server, trunks, DOWN)
    assert server.state(other) == UP
    gateway.code = 200
    wait_for_all(server, trunks, UP)
    gateway.silent = True
    wait_for_all(server, trunks, DOWN)
    assert info(server, trunks[7], "last_result") == "timeout"
    gateway.silent = False
    wait_for_all(server, trunks, UP)
    assert {ping.uri for ping in gateway.pings} == {gateway.uri}
    gaps = [later.at - ping.at for ping, later in zip(gateway.pings[2:], gateway.pings[3:], strict=False)]
    assert min(gaps) > 0.5, "no trunk has it asked more often"
    assert server.errors == []


def test_a_host_comes_and_goes(kamailio: Kamailio, gateway: Gateway) -> None:
    """Its trunks say why nothing is learned of them, and go on when it is there; alone they are pinged."""
    trunk = gateway.uri.replace("sip:", "sip:trunk@")
    assert kamailio.call("add_destination", gateway.uri, "test") == 0
    assert kamailio.call("add_destination", trunk, "test", track=gateway.uri) == 0
    kamailio.wait_for_state(trunk, UP)
    assert info(kamailio, trunk, "not_pinged_because") == ""
    assert kamailio.call("set_admin", gateway.uri, "maint") == 0
    assert info(kamailio, trunk, "not_pinged_because") == "track: maintenance"
    seen = len(gateway.pings)
    assert kamailio.call("set_admin", gateway.uri, "ready") == 0
    wait_for("a ping", lambda: len(gateway.pings) > seen)
    assert kamailio.call("del_destination", gateway.uri, "test") == 0
    assert info(kamailio, trunk, "not_pinged_because") == "track: not monitored"
    assert kamailio.call("add_destination", trunk, "test", 0, None, None) == 0
    wait_for("a ping of its own", lambda: gateway.pings[-1].uri == trunk)
    assert kamailio.call("add_destination", trunk, "test", track=trunk) == -1
    kamailio.logged("can't track itself")
    assert kamailio.call("del_destination", trunk, "test") == 0
