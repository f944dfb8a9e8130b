"""Where calls to a destination are sent."""

from types import ModuleType

import pytest

from conftest import FakeServer
from counted_calls import Calls, fleet
from keepalive_testing.names import resolve

NAME = "sip:provider.com"
ONE, TWO, THREE = (f"sip:192.168.10.{host}:5060" for host in (20, 21, 22))


@pytest.fixture
def name(keepalive: ModuleType, server: FakeServer) -> ModuleType:
    """A name with three targets that are up."""
    assert keepalive.add_destination(NAME, "me", dns_expand=1, ping_interval=60) == 0
    resolve(NAME, [ONE, TWO, THREE])
    server.answer(200, 3)
    assert keepalive.state(NAME) == keepalive.UP
    return keepalive


def key_of(hop: str) -> str:
    """The key of a target."""
    return f"{NAME}#{hop.removeprefix('sip:')}"


def test_the_targets_of_a_name(name: ModuleType) -> None:
    """Those that are alive, each time in an order of its own; of a target its own address."""
    assert {tuple(name.targets(NAME)) for _ in range(100)} > {(ONE, TWO, THREE), (THREE, TWO, ONE)}
    name.report_failure(NAME, "", TWO)
    assert set(name.targets("provider.com")) == {ONE, THREE}
    name.set_admin(key_of(THREE), "drain")
    assert name.targets(NAME) == [ONE]
    assert name.targets(key_of(ONE)) == [ONE]
    assert name.targets(key_of(TWO)) == []


@pytest.mark.parametrize("mode", ["drain", "maint"])
def test_a_name_that_is_taken_out(name: ModuleType, mode: str) -> None:
    """It has no targets, whatever they are."""
    name.set_admin(NAME, mode)
    assert name.targets(NAME) == []
    name.set_admin(NAME, "ready")
    assert len(name.targets(NAME)) == 3


def test_too_few_targets(name: ModuleType, server: FakeServer) -> None:
    """A name that is down by name_min_alive has none, though some are up."""
    name.add_destination(NAME, "me", dns_expand=1, ping_interval=60, name_min_alive="all")
    name.report_failure(NAME, "", TWO)
    server.tick(1)
    assert name.is_alive(NAME) == 2
    assert name.targets(NAME) == []


def test_a_name_that_its_group_keeps_answering(name: ModuleType, server: FakeServer) -> None:
    """All targets are tried then; and those that are up alone, if there are any."""
    name.configure_group("g", group_min_alive=1)
    name.add_destination(NAME, "me", dns_expand=1, ping_interval=60, group="g")
    name.set_admin(key_of(THREE), "maint")
    for hop in (ONE, TWO):
        name.report_failure(NAME, "", hop)
    server.tick(1)
    assert name.info(NAME)["held"] == ["group_min_alive"]
    assert sorted(name.targets(NAME)) == [ONE, TWO]
    name.report_success(NAME, "", TWO)
    assert name.targets(NAME) == [TWO]


def test_what_dns_says_now(name: ModuleType, server: FakeServer) -> None:
    """New targets are behind those of before until they are up."""
    resolve(NAME, [THREE, "sip:192.168.10.23:5060"], kept=[ONE])
    server.tick()
    assert name.targets(NAME) == [THREE, ONE, "sip:192.168.10.23:5060"]
    server.answer(200, 2)
    assert name.targets(NAME)[2] == ONE
    resolve(NAME, ["sip:192.168.10.23:5060"])
    assert name.targets(NAME) == ["sip:192.168.10.23:5060"]


def test_a_name_that_is_alive_has_targets_before_they_are_known(
    keepalive: ModuleType, server: FakeServer
) -> None:
    """Such as one that was pinged as a whole: with unknown_as=down too no call is lost before they reply."""
    keepalive.add_destination(NAME, "me", dns_expand=0, unknown_as="down")
    server.tick()
    server.answer(200)
    keepalive.add_destination(NAME, "me", dns_expand=1, unknown_as="down", ping_interval=60)
    resolve(NAME, [ONE, TWO])
    server.tick()
    assert keepalive.is_alive(NAME) == 1
    assert sorted(keepalive.targets(NAME)) == [ONE, TWO]
    server.answer(503)
    server.answer(503, 1)
    server.tick()
    assert keepalive.is_alive(NAME) == 2
    assert keepalive.targets(NAME) == []


TRUNK = "sip:trunk1@provider.com"


def test_what_tracks_a_name_goes_to_its_targets(name: ModuleType, server: FakeServer) -> None:
    """It has the same host: calls go round the dead ones, and what is said of them is said of itself."""
    assert name.add_destination(TRUNK, "me", dns_expand=1, track=NAME) == 0
    assert name.add_destination("sip:trunk2@provider.com", "me", dns_expand=1, track=TRUNK) == 0
    server.tick()
    name.report_success(TRUNK)
    name.report_success("sip:trunk2@provider.com")
    name.report_failure(NAME, "", TWO)
    for uri in (TRUNK, "sip:trunk2@provider.com"):
        assert sorted(name.targets(uri)) == [ONE, THREE]
    assert name.next_target(TRUNK) == 1
    tried = server.ksr.du
    assert name.report_failure(TRUNK, "a call failed") == 0
    assert name.is_alive(TRUNK) == 2
    assert name.is_alive(key_of(tried)) == 1
    assert name.report_failure(TRUNK, "", "sip:192.168.10.99") == -1
    assert name.targets(TRUNK) == []


def test_what_tracks_a_name_and_is_alive_has_targets(name: ModuleType, server: FakeServer) -> None:
    """Its rules are its own: it may be up when all of them are down."""
    assert name.add_destination(TRUNK, "me", dns_expand=1, track=NAME, fall=9) == 0
    server.tick()
    name.report_success(TRUNK)
    for hop in (ONE, TWO, THREE):
        name.report_failure(NAME, "", hop)
    assert name.is_alive(TRUNK) == 1
    assert sorted(name.targets(TRUNK)) == [ONE, TWO, THREE]


@pytest.mark.parametrize(
    "options", [{"dns_expand": 0}, {"outbound_proxy": "sip:192.168.10.1"}, {"track": "sip:192.168.10.30"}]
)
def test_what_tracks_something_elsewhere_is_its_own_target(
    name: ModuleType, server: FakeServer, options: dict[str, object]
) -> None:
    """So is what is to be one thing itself, and what tracks an address, or what nobody monitors."""
    assert name.add_destination(TRUNK, "me", **{"dns_expand": 1, "track": NAME, **options}) == 0
    server.tick()
    name.report_success(TRUNK)
    assert name.targets(TRUNK) == [options.get("outbound_proxy", TRUNK)]


def test_what_is_no_name(keepalive: ModuleType, server: FakeServer) -> None:
    """An address is its own target, as its owner wrote it, or its proxy; so is a name before DNS answers."""
    keepalive.add_destination("192.168.10.30", "me", user_attr="x")
    keepalive.add_destination("sip:192.168.10.31;lr", "me", outbound_proxy="sip:192.168.10.1;transport=tcp")
    keepalive.add_destination(NAME, "me", dns_expand=1, ping_interval=60)
    keepalive.add_destination("sip:other.com", "me", dns_expand=0)
    keepalive.add_destination("sip:[2001:db8::1]:5070;transport=tls", "me")
    for uri, hop in (
        ("sip:192.168.10.30:5060", "sip:192.168.10.30"),
        ("192.168.10.31", "sip:192.168.10.1;transport=tcp"),
        (NAME, NAME),
        ("sip:other.com", "sip:other.com"),
        ("sip:[2001:db8:0::1]:5070;transport=TLS", "sip:[2001:db8::1]:5070;transport=tls"),
    ):
        assert keepalive.targets(uri) == [hop]
        keepalive.report_failure(uri)
    assert keepalive.targets("sip:192.168.10.30") == []
    assert keepalive.targets("sip:192.168.10.32") == []


def test_what_is_malformed(keepalive: ModuleType, server: FakeServer) -> None:
    """A log line as is_alive's."""
    for wrong in ("a b", "", None, 5, "sip:x#y"):
        assert keepalive.targets(wrong) == []
        assert keepalive.next_target(wrong) == -1
    assert all("bad destination" in line for line in server.ksr.lines("err"))
    assert len(server.ksr.lines("err")) >= 5


def test_a_group_of_names(name: ModuleType, server: FakeServer) -> None:
    """The targets of the best member come first."""
    name.add_destination(NAME, "me", dns_expand=1, ping_interval=60, group="g", priority=1)
    name.add_destination("sip:192.168.10.30", "me", group="g", priority=2)
    name.report_failure(NAME, "", TWO)
    found = name.alive("g", targets=True)
    assert (found[0], {*found[1:]}) == ("sip:192.168.10.30", {ONE, THREE})
    assert name.alive("g") == ["sip:192.168.10.30", NAME]
    assert name.alive("none", targets=True) == []


def test_a_call_goes_round(name: ModuleType, server: FakeServer) -> None:
    """Each target once, then none is left; another call has all of them again."""
    for _ in range(2):
        tried = []
        while name.next_target(NAME) == 1:
            tried.append(server.ksr.du)
        assert sorted(tried) == [ONE, TWO, THREE]
        assert name.next_target(NAME) == -1
        server.ksr.new_call()


def test_a_call_with_two_destinations(name: ModuleType, server: FakeServer) -> None:
    """Each is tried by itself, in whatever spelling, and by turns; an address once."""
    name.add_destination("sip:backup.com", "me", dns_expand=1, ping_interval=60)
    resolve("sip:backup.com", [ONE])
    name.add_destination("sip:192.168.10.20", "me")
    assert name.next_target(NAME) == 1
    assert (name.next_target("sip:backup.com"), server.ksr.du) == (1, ONE)
    assert (name.next_target("sip:BACKUP.com."), server.ksr.du) == (-1, ONE)
    assert (name.next_target("192.168.10.20"), server.ksr.du) == (1, "sip:192.168.10.20")
    assert name.next_target("sip:192.168.10.20:5060") == -1
    assert [name.next_target("provider.com") for _ in range(3)] == [1, 1, -1]


def test_a_target_that_dies_in_mid_call(name: ModuleType, server: FakeServer) -> None:
    """It is not tried any more; one that DNS no longer says is not either."""
    assert name.next_target(NAME) == 1
    left = [hop for hop in (ONE, TWO, THREE) if hop != server.ksr.du]
    name.report_failure(NAME, "", left[0])
    assert (name.next_target(NAME), server.ksr.du) == (1, left[1])
    resolve(NAME, [left[0], left[1]])
    assert name.next_target(NAME) == -1


def test_a_call_has_an_end(keepalive: ModuleType, server: FakeServer) -> None:
    """It is sent on 64 times at the most, however many destinations are asked for."""
    for uri in fleet(70):
        keepalive.add_destination(uri, "me")
    assert sum(keepalive.next_target(uri) == 1 for uri in fleet(70)) == 64


def test_what_targets_reads(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The destination's number twice, the revision's and each target's; all rows after a change alone."""
    calls = Calls(server, monkeypatch)
    api = calls.api
    api.add_destination(NAME, "me", dns_expand=1, ping_interval=60)
    api.add_destination("sip:192.168.10.30", "me", ping_interval=60)
    resolve(NAME, [ONE, TWO, THREE])
    server.answer(200, 3)
    api.targets(NAME), api.targets("sip:192.168.10.30")
    assert calls.of(api.targets, NAME) == 6
    assert calls.of(api.targets, "sip:192.168.10.30") == 3
    # Those two, and what is tried: read, and written in the place of what was.
    assert calls.of(api.next_target, NAME) == 6 + 1 + 1 + 3
