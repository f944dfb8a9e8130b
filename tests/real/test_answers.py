"""Which replies count on a real server, and when a ping is judged."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import subprocess
from collections.abc import Iterator
from itertools import pairwise

import pytest

from gateway import Gateway
from ksr_facts import ENDS, SILENT
from real.conftest import DEFAULTS
from real.names import NameServer, with_addresses
from real.server import HERE, ROOT, Kamailio, Launch, free_port, reserve, wait_for
from real.test_pings import DOWN, UP

QUICK = {"KEEPALIVE_PING_INTERVAL": "0.6", "KEEPALIVE_PING_TIMEOUT": 500}
LIMIT = 250
"""shorter than that, ms"""


class Target(Gateway):
    """One of the targets of a name."""

    def __init__(self, host: str, port: int, answer: int) -> None:
        super().__init__(host, port, code=answer or 200, tcp=False)
        self.silent = answer == SILENT


class Names:
    """For each case of ENDS a name, whose two targets answer as it says; and a server that knows them."""

    def __init__(self, kind: str) -> None:
        port = free_port()
        self.targets: list[list[Target]] = []
        addresses = {}
        for number, (answers, _) in enumerate(ENDS):
            hosts = [f"127.0.{79 + target}.{number + 1}" for target in range(2)]
            addresses[f"case{number}.example.com"] = hosts
            padded = [*answers, 200][:2]
            self.targets.append(
                [Target(host, port, answer) for host, answer in zip(hosts, padded, strict=True)]
            )
        self.uris = [f"sip:{name}:{port}" for name in addresses]
        self._names = NameServer(with_addresses(addresses))
        self.server = Kamailio(
            kind,
            "scenario.cfg",
            {
                **DEFAULTS,
                "SCRIPT": HERE / "telling.py",
                "KEEPALIVE_PING_INTERVAL": 3600,
                "KEEPALIVE_DNS_EXPAND": 1,
            },
            Launch(resolver=self._names.address),
        )
        self.server.rpc("cfg.seti", "core", "use_dns_failover", 1)

    def told(self, uri: str) -> list[list[object]]:
        """Return what tm told of the pings of a destination: each time what, and in which process."""
        lines = (json.loads(line.split("TOLD ", 1)[1]) for line in self.server.log_lines("TOLD "))
        return [[what, process] for key, what, process in lines if key == uri]

    def close(self) -> None:
        """Stop all."""
        self.server.stop()
        self.server.forget()
        self._names.close()
        for target in [target for targets in self.targets for target in targets]:
            target.close()


@pytest.fixture(scope="module")
def names(own_dns, checked_kind: str) -> Iterator[Names]:
    """The names, each pinged once, as a whole: as its group has it, or itself."""
    running = Names(checked_kind)
    try:
        assert running.server.call("configure_group", "whole", dns_expand=0) == 0
        for number, uri in enumerate(running.uris):
            options: dict[str, object] = {"dns_expand": 0} if number % 2 else {"group": "whole"}
            assert running.server.call("add_destination", uri, "test", **options) == 0
        wait_for(
            "a verdict of each",
            lambda: all(running.server.state(uri) in (UP, DOWN) for uri in running.uris),
            15,
        )
        yield running
    finally:
        running.close()


@pytest.mark.parametrize("case", range(len(ENDS)), ids=[str(answers) for answers, _ in ENDS])
def test_the_transaction_is_judged(names: Names, case: int) -> None:
    """tm tells what the fake tells, the end behind a reply in its process, and the last word decides.

    The first target's 503 is no failure of the name, if the second one says 200.
    """
    answers, told = ENDS[case]
    uri = names.uris[case]
    seen = names.told(uri)
    assert [what for what, _ in seen] == told
    last = answers[-1]
    if told[-1] != last:
        others = [process for what, process in seen[:-1]]
        assert (others[-1:] == [seen[-1][1]]) == (last != SILENT), seen
    known = names.server.call("info", uri)
    assert known["state"] == ("up" if last == 200 else "down")
    assert known["last_code"] == last
    assert (known["ok"] + known["failed"], known["void"]) == (1, 0)


def test_a_name_is_pinged_on_and_on(names: Names) -> None:
    """Two dead targets take longer than the interval: one ping in flight, down, and up when one is back."""
    [first, second] = names.targets[0]
    uri = names.uris[0]
    server = names.server
    options = {"ping_interval": 0.5, "ping_timeout": 400}
    server.rpc("cfg.seti", "keepalive", "dns_expand", 0)
    server.call("add_destination", uri, "test", **options)
    server.wait_for_state(uri, UP)
    first.silent = second.silent = True
    server.wait_for_state(uri, DOWN)
    seen = len(second.pings)
    wait_for("three pings", lambda: len(second.pings) >= seen + 3)
    branches = {request.header("Call-ID"): request.at for request in first.pings + second.pings}
    times = sorted(branches.values())[-3:]
    assert all(after - before > 0.4 for before, after in pairwise(times))
    second.silent = False
    server.wait_for_state(uri, UP)
    assert server.call("info", uri)["void"] == 0


def hears_behind_an_end(server: Kamailio) -> bool:
    """Say whether a reply behind a final one reaches its reply function: not from 6.1.4 on."""
    version = re.search(r"(\d+)\.(\d+)\.(\d+)", str(server.rpc("core.version")))
    assert version
    return tuple(map(int, version.groups())) < (6, 1, 4)


def test_a_strangers_replies_do_not_count(start) -> None:
    """Whatever a stranger says first, the gateway's own answer decides; silence, if tm keeps that back."""
    forged = [100, 200, 404, 503, 603]
    gateways = [Gateway() for _ in forged]
    for gateway, code in zip(gateways, forged, strict=True):
        # Its own answer comes when tm is done with the stranger's.
        gateway.strangers, gateway.delay = [code], 0.05
    server = start(KEEPALIVE_DESTINATIONS=" ".join(gateway.uri for gateway in gateways))
    heard = hears_behind_an_end(server)
    states = {gateway.uri: UP if heard or gateway is gateways[0] else DOWN for gateway in gateways}
    for uri, state in states.items():
        server.wait_for_state(uri, state)
    for gateway in gateways:
        gateway.code = 404
    for uri in states:
        server.wait_for_state(uri, DOWN)
    for gateway in gateways[1:]:
        known = wait_for("a failure", lambda uri=gateway.uri: (k := server.call("info", uri))["failed"] and k)
        assert known["last_code"] == (404 if heard else 0)
        assert known["mismatched"] >= known["ok"] + known["failed"] - 1
    assert server.call("info", gateways[0].uri)["mismatched"] == 0, "a provisional reply is nothing"
    [line] = server.logged("does not count")
    assert re.search(r"a \d+ from 127\.0\.0\.1:\d+ to a ping of sip:127\.0\.0\.1:\d+ does not count: ", line)
    for gateway in gateways:
        gateway.strangers, gateway.code = [], 200
    for uri in states:
        server.wait_for_state(uri, UP)
    # A stranger alone brings nobody up, and keeps nobody up.
    for gateway in gateways:
        gateway.strangers, gateway.silent = [200], True
    for gateway in gateways:
        server.wait_for_state(gateway.uri, DOWN)
        gateway.close()


def test_tm_can_be_told_to_keep_strangers_out(start, gateway: Gateway) -> None:
    """With callid_matching, which concerns calls too, all versions hear what comes behind a stranger's."""
    gateway.strangers, gateway.delay = [404], 0.05
    server = start()
    server.rpc("cfg.seti", "tm", "callid_matching", 1)
    assert server.call("add_destination", gateway.uri, "test", ping_interval=0.5, ping_timeout=400) == 0
    wait_for("three answers", lambda: server.call("info", gateway.uri).get("ok") == 3)
    known = server.call("info", gateway.uri)
    assert (known["failed"], known["mismatched"]) == (0, 0)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9"])
def test_ping_check_source(kamailio: Kamailio, gateway: Gateway, host: str) -> None:
    """On real servers: an answer from another port, or another address, counts only if that is not
    looked at.
    """
    options = {"ping_interval": 0.5, "ping_timeout": 400, "ping_check_source": 1}
    assert kamailio.call("add_destination", gateway.uri, "test", **options) == 0
    kamailio.wait_for_state(gateway.uri, UP)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((host, 0 if host == gateway.host else gateway.port))
        gateway.answers_from = other
        kamailio.wait_for_state(gateway.uri, DOWN)
        assert kamailio.call("info", gateway.uri)["mismatched"] >= 1
        assert kamailio.call("add_destination", gateway.uri, "test", ping_check_source=0) == 0
        kamailio.wait_for_state(gateway.uri, UP)
        gateway.answers_from = None
    kamailio.call("del_destination", gateway.uri, "test")


def test_ping_check_source_over_tcp_and_with_maddr(kamailio: Kamailio, gateway: Gateway) -> None:
    """Over TCP the address counts; pings go to the host, so answers come from there, whatever maddr says."""
    uris = [f"{gateway.uri};transport=tcp", f"{gateway.uri};maddr=127.0.0.9"]
    for uri in uris:
        assert kamailio.call("add_destination", uri, "test", ping_check_source=1) == 0
    for uri in uris:
        kamailio.wait_for_state(uri, UP)
        assert kamailio.call("info", uri)["mismatched"] == 0
        kamailio.call("del_destination", uri, "test")


def limited_by_a_route(start, gateway: Gateway) -> Kamailio:
    """A native route gives all requests a limit of its own behind keepalive's."""
    return start(
        "native.cfg",
        KEEPALIVE_DIR=ROOT / "kemi",
        LITERAL=gateway.uri,
        KEEPALIVE_OWN_LOCAL_REQUEST=1,
        OWN_LIMIT=LIMIT,
        KEEPALIVE_DESTINATIONS=gateway.uri,
        **QUICK,
    )


def limited_by_tm(start, gateway: Gateway) -> Kamailio:
    """tm lets no transaction live for longer."""
    return start(MAX_NONINV_LIFETIME=LIMIT, KEEPALIVE_DESTINATIONS=gateway.uri, **QUICK)


@pytest.mark.parametrize("limited", [limited_by_a_route, limited_by_tm])
def test_a_limit_that_is_not_ours(start, gateway: Gateway, limited) -> None:
    """Whoever has shortened the limit, a gateway that dies is down, and one line has both times."""
    server = limited(start, gateway)
    server.logged(f"{gateway.uri} unknown -> up")
    gateway.silent = True
    [line] = server.logged(f"{gateway.uri} up -> down: no reply in ")
    assert int(line.split("no reply in ")[1].split(" ms")[0]) < 450
    [line] = server.logged("of ping_timeout")
    asked = re.search(r"pings have (\d+) ms for a reply, and not the 500 of ping_timeout", line)
    assert asked
    # tm ends up to a tick early, or late.
    assert LIMIT - 63 <= int(asked[1]) < 450
    seen = len(gateway.pings)
    wait_for("more pings", lambda: len(gateway.pings) >= seen + 2)
    assert len(server.log_lines("of ping_timeout")) == 1
    gateway.silent = False
    server.logged(f"{gateway.uri} down -> up")


def test_timeouts_that_come_late_are_failures(start, gateway: Gateway) -> None:
    """A failure route that keeps tm's timer waiting makes nobody immortal."""
    server = start(SCRIPT=HERE / "hesitating.py", KEEPALIVE_DESTINATIONS=gateway.uri)
    server.wait_for_state(gateway.uri, UP)
    gateway.silent = True
    server.wait_for_state(gateway.uri, DOWN)
    [line] = server.logged(f"{gateway.uri} up -> down: no reply in ")
    assert int(line.split("no reply in ")[1].split(" ms")[0]) > 900, "it was late"
    assert server.call("info", gateway.uri)["void"] == 0


def test_no_route_is_down(kamailio: Kamailio, namespaces: None) -> None:
    """What no packet can be sent to is down as soon as tm finds that out."""
    address = f"198.19.0.{next(number for number in range(1, 250) if reserve('unreachable', number))}"
    uri = f"sip:{address}"
    subprocess.run(["ip", "route", "add", "unreachable", address], check=True)
    try:
        assert kamailio.call("add_destination", uri, "test", ping_interval=5, ping_timeout=3000) == 0
        kamailio.wait_for_state(uri, DOWN, 2.5)
        known = kamailio.call("info", uri)
        assert (known["last_result"], known["last_code"]) == ("send_failed", 0)
        assert known["last_reason"] == "the ping could not be sent"
        kamailio.call("del_destination", uri, "test")
    finally:
        subprocess.run(["ip", "route", "del", "unreachable", address], check=True)


def test_a_connection_that_is_closed(kamailio: Kamailio, gateway: Gateway) -> None:
    """A gateway that hangs up instead of an answer is down, and up again when it answers."""
    uri = f"{gateway.uri};transport=tcp"
    assert kamailio.call("add_destination", uri, "test") == 0
    kamailio.wait_for_state(uri, UP)
    gateway.hang_ups = 1000
    kamailio.wait_for_state(uri, DOWN)
    gateway.hang_ups = 0
    kamailio.wait_for_state(uri, UP)
    kamailio.call("del_destination", uri, "test")


def test_a_connection_that_is_closed_once(kamailio: Kamailio, gateway: Gateway) -> None:
    """As an idle one may be, just when a ping leaves on it: it is asked once more at once, and stays up."""
    uri = f"{gateway.uri};transport=tcp"
    assert kamailio.call("add_destination", uri, "test", ping_interval=5) == 0
    kamailio.wait_for_state(uri, UP)
    known = kamailio.call("info", uri)
    gateway.hang_ups = 1
    wait_for("its second try", lambda: kamailio.call("info", uri)["ok"] > known["ok"])
    assert gateway.hang_ups == 0
    known = kamailio.call("info", uri)
    assert (known["state"], known["failed"], known["void"]) == ("up", 0, 1)
    assert not kamailio.log_lines(f"{uri} up -> down")
    kamailio.call("del_destination", uri, "test")


def test_a_reply_route_that_waits(start, gateway: Gateway) -> None:
    """What it holds for longer than ping_timeout came too late, and that is down; what it lets pass is up."""
    server = start(SCRIPT=HERE / "holding.py", KEEPALIVE_DESTINATIONS=gateway.uri)
    with contextlib.closing(Gateway()) as other:
        assert server.call("add_destination", other.uri, "test", ping_method="INFO", ping_interval=3) == 0
        server.wait_for_state(other.uri, DOWN)
        assert other.requests
        assert server.call("info", other.uri)["last_reason"].startswith("no reply in ")
    before = server.call("info", gateway.uri)["ok"]
    wait_for("three pings", lambda: server.call("info", gateway.uri)["ok"] >= before + 3)
    assert server.call("info", gateway.uri)["failed"] == 0


def test_a_script_that_takes_our_replies_is_told(start, gateway: Gateway) -> None:
    """If a tm event sets a reply function of its own no ping has a verdict, and the log says why."""
    server = start(
        SCRIPT=HERE / "intruding.py",
        KEEPALIVE_TM_EVENT="ksr_own_event",
        KEEPALIVE_DESTINATIONS=gateway.uri,
        **QUICK,
    )
    server.logged(
        "replies do not come to keepalive: does a route of this server, such as tm:local-request, call"
    )
    known = server.call("info", gateway.uri)
    assert (known["state"], known["failed"]) == ("unknown", 0)


def test_a_request_that_is_no_ping(start, gateway: Gateway) -> None:
    """A reply to a script's own OPTIONS that comes to our function is no result, and is told of once."""
    server = start(SCRIPT=HERE / "intruding.py", KEEPALIVE_DESTINATIONS=gateway.uri)
    server.wait_for_state(gateway.uri, UP)
    for _ in range(3):
        server.message(gateway.uri, uri_user="own")
    [line] = server.logged("a reply to no known ping came to ksr_keepalive_reply")
    assert "set t_on_reply(ksr_keepalive_reply) for requests of its own?" in line
    assert server.state(gateway.uri) == UP
    assert "Traceback" not in server.log
