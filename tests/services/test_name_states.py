"""Names: each address behind one is pinged by itself, and the name follows what becomes of them."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from conftest import FakeServer
from event_log import with_event
from keepalive_core.rules import uris
from keepalive_core.rules.rows import Behind
from keepalive_testing.names import resolve
from restarting import stop, write_state_file

NAME = "sip:provider.example.com"
KEY = uris.parse(NAME).key
ONE, TWO, THREE = (f"sip:192.168.10.{number}:5060" for number in (1, 2, 3))


class Provider:
    """A name on a fake server, whose addresses answer as a test says."""

    def __init__(self, server: FakeServer, keepalive: ModuleType) -> None:
        self.server = server
        self.keepalive = keepalive
        self.dead: set[str] = set()
        """hops that reply 503"""
        self.muted: set[str] = set()
        """hops that do not reply yet"""

    def run(self, seconds: float) -> list[str]:
        """Let time pass in which pings are answered; return the hops to which they went."""
        hops = []
        for _ in range(round(seconds * 20)):
            before = len(self.server.ksr.sent)
            self.server.tick()
            for ping in self.server.ksr.sent[before:]:
                hops.append(ping.hop)
                if ping.hop not in self.muted:
                    self.server.ksr.reply(ping, 503 if ping.hop in self.dead else 200, "Reason")
        self.server.tick()
        self.server.run_callbacks()
        return hops

    @property
    def state(self) -> int:
        """That of the name."""
        return int(self.keepalive.state(NAME))


@pytest.fixture
def provider(server: FakeServer, keepalive: ModuleType) -> Provider:
    """A provider at two addresses, of which nothing is known yet."""
    server.tick(1)
    found = Provider(server, keepalive)
    _add(found)
    resolve(NAME, [ONE, TWO])
    return found


def _add(provider: Provider, owner: str = "me", **options: Any) -> None:
    assert provider.keepalive.add_destination(NAME, owner, dns_expand=1, **options) == 0
    provider.server.tick()


def _announced(server: FakeServer) -> list[tuple[str, str]]:
    """Take what the resolver is told."""
    found = list(server.ksr.queues["keepalive_names"])
    server.ksr.queues["keepalive_names"].clear()
    return found


def test_each_address_is_pinged_by_itself(provider: Provider) -> None:
    """With the request URI as its owner wrote it, sent to the address; and the name itself is not pinged."""
    assert sorted(provider.run(31)) == [ONE, ONE, TWO, TWO]
    assert {ping.uri for ping in provider.server.ksr.sent} == {NAME}
    assert provider.keepalive.info(NAME)["not_pinged_because"] == ""
    assert provider.state == provider.keepalive.UP


def test_half_a_provider_is_enough(provider: Provider) -> None:
    """It is up as long as one address is, and down when none is."""
    provider.run(2)
    provider.dead = {ONE}
    provider.run(31)
    assert provider.keepalive.is_alive(NAME) == 1
    assert provider.keepalive.is_alive(f"{KEY}#192.168.10.1") == 2
    provider.dead = {ONE, TWO}
    provider.run(31)
    assert provider.keepalive.is_alive(NAME) == 2
    provider.dead = {TWO}
    provider.run(31)
    assert provider.keepalive.is_alive(NAME) == 1
    assert [line for line in provider.server.ksr.lines("notice") if f"{NAME} " in line] == [
        f"keepalive: {NAME} unknown -> up: 1 of 2 targets up",
        f"keepalive: {NAME} up -> down: 0 of 2 targets up; 192.168.10.1:5060: 503 Reason in 0.0 ms",
        f"keepalive: {NAME} down -> up: 1 of 2 targets up; 192.168.10.2:5060: 503 Reason in 0.0 ms",
    ]


def test_name_min_alive_says_how_many_have_to_be_up(provider: Provider) -> None:
    """A change of it counts at once."""
    provider.run(2)
    provider.dead = {ONE}
    provider.run(31)
    assert provider.keepalive.is_alive(NAME) == 1
    _add(provider, name_min_alive="all")
    provider.run(0.2)
    assert provider.keepalive.is_alive(NAME) == 2
    _add(provider, name_min_alive="50%")
    provider.run(0.2)
    assert provider.keepalive.is_alive(NAME) == 1


def test_callbacks_are_told_of_the_name(provider: Provider, events: list[dict[str, Any]]) -> None:
    """As for any destination, and not of its addresses unless that is asked for."""
    _add(provider, callback=with_event)
    provider.run(2)
    provider.dead = {ONE}
    provider.run(31)
    assert [(event["destination"], event["state"]) for event in events] == [(KEY, "up")]
    _add(provider, callback=with_event, callback_targets=1)
    provider.dead = set()
    provider.run(31)
    assert [(event["destination"], event["state"]) for event in events[1:]] == [
        (f"{KEY}#192.168.10.1:5060", "up")
    ]


def test_a_provider_that_renumbers_is_never_unknown(provider: Provider) -> None:
    """It keeps its state until the new addresses are decided, also if the old ones are dead by then."""
    provider.run(2)
    provider.dead = {ONE, TWO}
    provider.muted = {THREE}
    resolve(NAME, [THREE], kept=[ONE, TWO])
    for key in ("192.168.10.1", "192.168.10.2"):
        provider.keepalive.ping_now(f"{KEY}#{key}")
    assert sorted(provider.run(2.5)) == [ONE, TWO, THREE]
    assert provider.keepalive.is_alive(f"{KEY}#192.168.10.1") == 2
    assert provider.state == provider.keepalive.UP
    [ping] = [each for each in provider.server.ksr.sent if each.hop == THREE]
    provider.server.ksr.reply(ping, 200)
    provider.run(1)
    assert provider.state == provider.keepalive.UP
    assert len([line for line in provider.server.ksr.lines("notice") if f"{NAME} " in line]) == 1
    assert _announced(provider.server)[-1] == (KEY, "")


@pytest.mark.parametrize("kept", [[], [ONE, TWO]])
def test_a_name_whose_new_addresses_can_not_be_asked_is_unknown(provider: Provider, kept: list[str]) -> None:
    """After 300 s, as any destination of which nothing can be learned: old pings prove nothing for ever."""
    provider.run(2)
    provider.server.refusals["192.168.10.3"] = "Network is unreachable"
    provider.dead, provider.muted = {ONE, TWO}, {THREE}
    resolve(NAME, [THREE], kept=kept)
    for seconds, state in ((250, provider.keepalive.UP), (150, provider.keepalive.UNKNOWN)):
        for _ in range(seconds * 10):  # in each it ticks twice
            before = len(provider.server.ksr.sent)
            provider.run(0.05)
            for ping in provider.server.ksr.sent[before:]:
                if ping.hop == THREE:
                    provider.server.ksr.time_out(ping)
        assert provider.state == state
    provider.server.refusals.clear()
    provider.muted.clear()
    provider.run(31)
    assert provider.state == provider.keepalive.UP


def test_a_name_that_never_resolved_is_down_with_its_reason(provider: Provider) -> None:
    """And the resolver is told of it."""
    import keepalive_core.kamailio.name_rows as name_rows

    provider.keepalive.del_destination(NAME, "me")
    provider.server.tick()
    name_rows.drop_resolution(KEY)
    _announced(provider.server)
    _add(provider)
    assert provider.keepalive.info(NAME)["not_pinged_because"] == "no targets"
    assert _announced(provider.server)[0] == (KEY, "")
    resolve(NAME, [], fault="no such name")
    provider.run(0.2)
    assert provider.keepalive.info(NAME)["history"][-1]["reason"] == "no such name"
    assert provider.state == provider.keepalive.DOWN


def test_dns_is_asked_at_once_if_all_addresses_fail(provider: Provider) -> None:
    """Perhaps they have moved."""
    provider.run(2)
    _announced(provider.server)
    provider.dead = {ONE}
    provider.run(31)
    assert _announced(provider.server) == []
    provider.dead = {ONE, TWO}
    provider.run(31)
    assert (KEY, "now") in _announced(provider.server)


def test_an_address_that_returns_has_its_history(provider: Provider) -> None:
    """Within an hour; after that it begins anew."""
    provider.run(2)
    key = f"{KEY}#192.168.10.2:5060"
    for minutes, known in ((50, 1), (70, 0)):
        resolve(NAME, [ONE])
        provider.run(1)
        assert provider.keepalive.is_alive(key) == -1
        provider.server.now += minutes * 60_000_000
        provider.server.tick()
        resolve(NAME, [ONE, THREE])
        resolve(NAME, [ONE])  # who leaves has those forgotten that left long ago
        resolve(NAME, [ONE, TWO])
        assert len(provider.keepalive.info(key)["history"]) == known
        provider.muted = {TWO}
        provider.run(1)


def test_what_is_in_force_for_a_name_is_so_for_its_addresses(provider: Provider) -> None:
    """Whatever its owner, or a group that it is in, says later on."""
    provider.run(2)
    _add(provider, ping_interval=5, ping_method="INFO", group="carriers")
    assert len(provider.run(10)) == 4
    provider.keepalive.configure_group("carriers", rise=7)
    provider.server.tick(2)
    assert provider.keepalive.info(f"{KEY}#192.168.10.1")["rise"] == 7
    assert provider.server.ksr.sent[-1].method == "INFO"


def test_of_a_name_in_maintenance_nothing_is_pinged(provider: Provider) -> None:
    """And all addresses are asked soon when it is over."""
    provider.run(2)
    provider.keepalive.set_admin(NAME, "maint")
    provider.server.tick()
    assert provider.keepalive.info(f"{KEY}#192.168.10.1")["not_pinged_because"] == "maintenance"
    assert provider.run(65) == []
    provider.keepalive.set_admin(NAME, "ready")
    assert sorted(provider.run(2)) == [ONE, TWO]


def test_one_address_in_maintenance_is_not_pinged(provider: Provider) -> None:
    """The others are; and if all are taken out the name gets no calls, but is not down by that."""
    provider.run(2)
    provider.keepalive.set_admin(f"{KEY}#192.168.10.1", "maint")
    provider.server.tick()
    assert provider.run(31) == [TWO]
    assert provider.keepalive.is_alive(NAME) == 1
    provider.keepalive.set_admin(f"{KEY}#192.168.10.2", "drain")
    provider.run(0.2)
    assert (provider.keepalive.is_alive(NAME), provider.state) == (2, 1)
    told = f"{KEY} is drained, as its targets are: 2 of 2 targets up, 0 in service"
    assert any(told in line for line in provider.server.ksr.lines("warn"))
    provider.keepalive.set_admin(f"{KEY}#192.168.10.2", "ready")
    provider.run(0.2)
    assert (provider.keepalive.is_alive(NAME), provider.state) == (1, 1)


def test_an_order_to_ping_a_name_pings_its_addresses(provider: Provider) -> None:
    """So does a report of a failure."""
    provider.run(10)
    provider.keepalive.ping_now(NAME)
    assert sorted(provider.run(1)) == [ONE, TWO]
    provider.run(5)
    provider.keepalive.report_failure(NAME, "of a call")
    assert sorted(provider.run(1)) == [ONE, TWO]


def test_a_name_is_judged_by_its_targets_alone(provider: Provider) -> None:
    """Not by a ping that left when it was none, and not by a report; its history is that of its state."""
    provider.run(2)
    assert provider.keepalive.add_destination(NAME, "me", dns_expand=0) == 0
    provider.muted = {""}
    assert "" in provider.run(32)
    _add(provider)
    provider.run(4)
    assert provider.keepalive.report_failure(NAME, "of a call") == 0
    for _ in range(9):
        assert provider.keepalive.report_reply(NAME, 503) == 0
    provider.run(1)
    assert provider.keepalive.info(NAME)["history"][1:] == []


def test_a_target_of_which_nothing_is_heard_is_unknown(provider: Provider) -> None:
    """And so is its name, if it depends on that one."""
    import keepalive_core.services.intake as intake

    _add(provider, name_min_alive="all")
    provider.run(2)
    intake.expire(f"{KEY}#192.168.10.1:5060", "no fresh result for 60 s")
    provider.server.tick()
    assert provider.state == provider.keepalive.UNKNOWN
    _add(provider, name_min_alive="1")
    assert provider.state == provider.keepalive.UP


def test_a_name_is_given_up_if_it_fails_too_often(provider: Provider, events: list[dict[str, Any]]) -> None:
    """As often as its interval comes; an address that fails is not, as DNS says that it is there."""
    _add(provider, remove_after=3, callback=with_event)
    provider.dead = {ONE}
    provider.run(200)
    assert provider.keepalive.is_alive(f"{KEY}#192.168.10.1") == 2
    assert provider.state == provider.keepalive.UP
    provider.dead = {ONE, TWO}
    provider.run(125)
    assert provider.keepalive.is_alive(NAME) == -1
    assert _announced(provider.server)[-1] == (KEY, "")


def test_dns_expand_may_change_at_any_time(provider: Provider) -> None:
    """With 0 the name is pinged as a whole, and the resolver hears of it both times."""
    provider.run(2)
    _announced(provider.server)
    assert provider.keepalive.add_destination(NAME, "me", dns_expand=0) == 0
    provider.server.tick()
    assert _announced(provider.server) == [(KEY, "")]
    resolve(NAME, [])
    assert set(provider.run(31)) == {""}
    _add(provider)
    assert (KEY, "") in _announced(provider.server)
    assert provider.run(31) == []


def test_a_name_that_was_up_as_a_whole_waits_for_dns(
    server: FakeServer, keepalive: ModuleType, wall: list[float]
) -> None:
    """No answer says nothing of it: it stays up, and gets its calls itself; after five minutes it is down."""
    assert keepalive.add_destination(NAME, "me", dns_expand=0) == 0
    server.tick()
    server.answer(200)
    assert keepalive.add_destination(NAME, "me", dns_expand=1) == 0
    resolve(NAME, [], fault="no answer from DNS")
    server.tick(60)
    assert (keepalive.is_alive(NAME), keepalive.targets(NAME)) == (keepalive.UP, [NAME])
    wall[0] += 301
    server.tick(60)
    assert keepalive.is_alive(NAME) == keepalive.DOWN


def test_a_proxy_that_is_a_name_is_expanded(provider: Provider) -> None:
    """Also in front of an address, whose URI stands in the request."""
    uri = "sip:192.168.20.1"
    assert provider.keepalive.add_destination(uri, "me", dns_expand=1, outbound_proxy=NAME) == 0
    resolve(uri, [THREE])
    provider.server.tick(1)
    sent = [ping for ping in provider.server.ksr.sent if ping.uri == uri]
    assert [ping.hop for ping in sent] == [THREE]
    provider.server.ksr.reply(sent[0], 200)
    provider.server.tick()
    assert provider.keepalive.is_alive(uri) == 1


@pytest.mark.parametrize("uri", [NAME, "sip:192.168.20.1"])
def test_a_proxy_that_is_no_name_is_our_own_mistake(
    server: FakeServer, keepalive: ModuleType, wall: list[float], uri: str
) -> None:
    """Who is behind it is not down: its state stands for five minutes, and is unknown then."""
    server.define("dns_expand", "1")
    proxy = "sip:proxy.example"
    assert keepalive.add_destination(uri, "me", dns_expand=1, outbound_proxy=proxy) == 0
    resolve(uri, [ONE])
    server.answer(200, 3)
    assert keepalive.state(uri) == 1
    resolve(uri, [], fault="no such name")
    server.tick(60)
    assert keepalive.state(uri) == 1
    wall[0] += 301
    server.tick(60)
    assert keepalive.state(uri) == 0
    assert keepalive.info(uri)["last_reason"] == "outbound_proxy 'sip:proxy.example': no such name"


def test_what_dns_said_of_another_host_says_nothing(server: FakeServer, keepalive: ModuleType) -> None:
    """Such as of an outbound_proxy that it had before, until DNS is asked for its own name."""
    assert keepalive.add_destination(NAME, "me", dns_expand=1) == 0
    resolve(NAME, [ONE])
    server.answer(200, 3)
    rows = sys.modules["keepalive_core.kamailio.name_rows"]
    for host, state in (("proxy.example", 1), (NAME.removeprefix("sip:"), 2)):
        rows.store_resolution(KEY, rows.resolution(KEY)._replace(targets=(), fault="no such name", host=host))
        server.tick(60)
        assert keepalive.state(NAME) == state


def test_a_target_is_no_destination_of_its_own(provider: Provider) -> None:
    """It is registered with its name, and by nobody else."""
    key = f"{KEY}#192.168.10.1:5060"
    assert provider.keepalive.add_destination(key, "me") == -1
    assert provider.keepalive.del_destination(key, "me") == -1
    assert "is a target, which is monitored with its name" in provider.server.ksr.lines("err")[0]


def test_lost_rows_are_made_anew(provider: Provider) -> None:
    """Of a name and of its targets, as of any destination."""
    provider.run(2)
    keys = [KEY, f"{KEY}#192.168.10.1:5060"]
    for table in ("state", "health", "destination", "news"):
        for key in keys:
            del provider.server.ksr.tables[f"keepalive_{table}"][key]
        provider.run(70)
        for key in keys:
            assert key in provider.server.ksr.tables[f"keepalive_{table}"], table
            assert provider.keepalive.is_alive(key) == 1
    rows = provider.server.process().registry.destination_rows
    assert rows.registration(keys[1]).target == Behind(keys[0], ONE)


def test_nobody_is_registered_behind_a_name_that_is_gone(provider: Provider) -> None:
    """The resolver may be late."""
    import keepalive_core.services.registrations as registrations

    provider.keepalive.del_destination(NAME, "me")
    assert not registrations.register_target(KEY, THREE)
    registrations.remove_target(f"{KEY}#192.168.10.1:5060")
    registrations.remove_target(f"{KEY}#192.168.10.1:5060")
    assert provider.keepalive.is_alive(f"{KEY}#192.168.10.1") == -1


def test_mass_failure_counts_addresses(provider: Provider) -> None:
    """And no name: it is not pinged."""
    import keepalive_core.services.prober as prober

    provider.run(2)
    assert prober.the_prober._fleet.behind[""] == 2
    assert prober.the_prober._fleet.rate == pytest.approx(2 / 30)


def test_a_name_and_its_targets_outlive_a_restart(server: FakeServer, tmp_path: Path) -> None:
    """With their states and histories: nothing is unknown while DNS is asked, and the targets are pinged."""
    server.define("state_file", str(tmp_path / "state"))
    server.define("destinations", NAME)
    server.define("dns_expand", "1")
    provider = Provider(server, server.process())
    server.tick(1)
    keys = resolve(NAME, [ONE, TWO])
    provider.run(2)
    provider.dead = {TWO}
    provider.run(31)
    write_state_file(server)
    stop(server)
    provider.keepalive = server.process()
    server.tick(1)
    assert provider.keepalive.is_alive(NAME) == 1
    assert (KEY, "") in _announced(server)
    write_state_file(server)
    import keepalive_core.services.registrations as registrations

    wrong = f"{KEY}#no address"
    text = server.ksr.tables["keepalive_restored"][keys[0]].replace(keys[0], wrong)
    server.ksr.tables["keepalive_restored"][wrong] = text
    assert {name: sorted(hops) for name, hops in registrations.remembered_targets().items()} == {
        KEY: [ONE, TWO]
    }
    resolve(NAME, [ONE, TWO])
    server.tick(0.1)
    assert [provider.keepalive.state(key) for key in (KEY, *keys)] == [1, 1, 2]
    assert len(provider.keepalive.info(keys[1])["history"]) == 2
    assert sorted(provider.run(1)) == [ONE, TWO]
    assert provider.keepalive.info(NAME)["ok"] > 1


def test_targets_of_before_are_forgotten_once_dns_has_answered(server: FakeServer, tmp_path: Path) -> None:
    """What DNS does not say any more has left."""
    server.define("state_file", str(tmp_path / "state"))
    server.define("destinations", NAME)
    server.define("dns_expand", "1")
    provider = Provider(server, server.process())
    server.tick(1)
    resolve(NAME, [ONE, TWO])
    provider.run(2)
    write_state_file(server)
    stop(server)
    server.process()
    server.tick(1)
    resolve(NAME, [ONE])
    write_state_file(server)
    import keepalive_core.services.registrations as registrations

    assert registrations.remembered_targets() == {}
