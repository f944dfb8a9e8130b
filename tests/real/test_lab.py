"""The lab does what it says: its cuts cut, its loss loses, its carriers count."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from real.lab import Lab, Watch
from real.network import EVERYBODY, uri
from real.server import wait_for

NUMBER = 3


@pytest.fixture(scope="module")
def lab(checked_kind: str, namespaces: None) -> Iterator[Lab]:
    """Two nodes that know nothing of each other, each of which pings the other as well as the carriers."""
    running = Lab([checked_kind] * 2, NUMBER, KEEPALIVE_PING_INTERVAL=1, KEEPALIVE_PING_TIMEOUT=300)
    for node in running.nodes:
        node.membership = dict  # type: ignore[method-assign]
    try:
        running.start()
        for one, other in zip(running.nodes, reversed(running.nodes), strict=True):
            one.server.call("add_destination", other.name, "lab", ping_interval=0.2)
            one.server.wait_for_state(other.name, 1)
        yield running
    finally:
        running.close()


def test_a_cut_is_of_one_way(lab: Lab) -> None:
    """What a node sends does not come; what it gets still does, so both lack the answers."""
    one, other = lab.nodes
    lab.network.cut(one.host, other.host)
    for node, far in ((one, other), (other, one)):
        node.server.wait_for_state(far.name, 2)
    # Requests of the other still come to the first, as many as before; of the first, they end at the cut.
    before = lab.network.heard(one.host)[other.address]
    wait_for("requests on the open way", lambda: lab.network.heard(one.host)[other.address] > before)
    lab.network.mend()
    for node, far in ((one, other), (other, one)):
        node.server.wait_for_state(far.name, 1)


def test_a_share_is_lost(lab: Lab) -> None:
    """Of what is sent between nodes the share is lost that was said; the carriers answer all the same."""
    one, other = lab.nodes
    lab.network.lose(0.3)
    send = f"s.sendto(b'', ('{one.address}', 9))"
    program = (
        f"import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); [{send} for _ in range(2000)]"
    )
    lab.network.on(other.host.namespace, f'{sys.executable} -c "{program}"')
    came = lab.network.heard(one.host)[other.address]
    rule = lab.network.on(one.host.namespace, "iptables -nvxL cuts").splitlines()[2]
    share = int(rule.split()[0]) / came
    lab.network.mend()
    # Nearly all of what ever came is what was sent here.
    assert came > 2000
    assert 0.2 < share < 0.4
    assert one.alive() == "1" * NUMBER


def test_carriers_count_and_deny(lab: Lab) -> None:
    """Each node's pings are counted, and what is denied to one is answered to the other."""
    one, other = lab.nodes
    since = time.monotonic()
    every = {uri(at): {one.address, other.address} for at in range(NUMBER)}
    wait_for("pings", lambda: {key: {*who} for key, who in lab.carriers.pingers(since).items()} == every)
    lab.carriers.deny(one.address, uri(1))
    one.server.wait_for_state(uri(1), 2)
    assert (one.alive(), other.alive()) == ("121", "111")
    lab.carriers.allow(one.address, uri(1))
    lab.carriers.deny(EVERYBODY, uri(0))
    lab.carriers.deny(other.address, EVERYBODY)
    wait_for("what is denied", lambda: (one.alive(), other.alive()) == ("211", "222"))
    lab.carriers.allow_all()
    wait_for("what is allowed", lambda: (one.alive(), other.alive()) == ("111", "111"))
    # A ping that was sent again because nobody answered is one ping.
    assert all(count < (time.monotonic() - since) * 1.5 + 3 for count in _counts(lab, since))


def _counts(lab: Lab, since: float) -> list[int]:
    return [count for who in lab.carriers.pingers(since).values() for count in who.values()]


def test_an_uplink_is_cut(lab: Lab) -> None:
    """A node whose uplink is cut hears no carrier, and its fellow all the same."""
    one, other = lab.nodes
    lab.network.cut_uplink(one.host)
    wait_for("no carrier", lambda: one.alive() == "222")
    assert one.server.state(other.name) == 1
    assert other.alive() == "111"
    lab.network.mend()
    wait_for("all again", lambda: one.alive() == "111")


def test_a_node_stands_still_and_dies(lab: Lab) -> None:
    """A frozen node pings nobody until it goes on; one that crashed comes back when it is started."""
    one, other = lab.nodes
    one.freeze()
    other.server.wait_for_state(one.name, 2)
    since = time.monotonic()
    wait_for("the other's pings", lambda: len(lab.carriers.pings(since)) >= NUMBER)
    assert {node for node, _, _ in lab.carriers.pings(since)} == {other.address}
    one.go_on()
    other.server.wait_for_state(one.name, 1)
    one.end(crash=True)
    other.server.wait_for_state(one.name, 2)
    one.start()
    wait_for("the new life", lambda: one.alive() == "111")
    other.server.wait_for_state(one.name, 1)


@pytest.mark.parametrize("answer", [TimeoutError("no answer"), AssertionError("no result")], ids=repr)
def test_a_watch_that_saw_nothing_is_no_proof(answer: Exception) -> None:
    """Of a node that never answered nobody can say that all was alive there."""

    def alive() -> str:
        raise answer

    mute: Any = SimpleNamespace(address="198.18.0.1", runs=True, alive=alive)
    seen: Any = SimpleNamespace(address="198.18.0.2", runs=True, alive=lambda: "1")
    both = Watch([mute, seen], 0.01)
    both.end()
    with pytest.raises(AssertionError, match=r"nothing is known of 198\.18\.0\.1$"):
        both.demand_looks()
    one = Watch([seen], 0.01)
    one.end()
    one.demand_looks()
