"""What DNS says of a name becomes its targets, by RFC 3263: whatever it says, and in whatever order."""

import random
from collections.abc import Sequence
from unittest.mock import ANY

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive_core.rules.dns_records import (
    NO_ANSWER,
    NO_RECORDS,
    NO_SUCH_NAME,
    Answer,
    Kind,
    Naptr,
    Question,
    Srv,
)
from keepalive_core.rules.expansion import Expansion
from keepalive_core.rules.resolution import MOST_TARGETS, OF_STATE_FILE, Resolution
from keepalive_core.rules.uris import parse
from zone import PROVIDER, Zone, ask, asked, has_all, hops, only


def test_naptr_srv_and_addresses() -> None:
    """A name without port and transport: NAPTR, then SRV, then A and AAAA; the best target first."""
    found = ask("sip:p.com", PROVIDER)
    assert asked(PROVIDER) == ["NAPTR p.com", "SRV _sip._udp.p.com", "address a.p.com", "address b.p.com"]
    record = "_sip._udp.p.com SRV"
    assert [target[1:] for target in found.targets] == [
        ("sip:192.0.2.1:5070", 10, 60, f"{record} a.p.com"),
        ("sip:192.0.2.2:5070", 10, 60, f"{record} a.p.com"),
        ("sip:[2001:db8::1]:5070", 10, 60, f"{record} a.p.com"),
        ("sip:192.0.2.3:5060", 10, 40, f"{record} b.p.com"),
    ]
    assert found.targets[0].key == f"{parse('sip:p.com').key}#192.0.2.1:5070"
    assert (found.fault, found.left_out) == ("", "")


def test_an_address_is_one_target_however_often_it_is_said() -> None:
    """The best of its records counts; another port is another target."""
    records = [
        Srv(2, 0, 5060, "u.com"),
        Srv(1, 0, 5060, "U.com."),
        Srv(3, 0, 5060, "v.com"),
        Srv(4, 0, 5070, "v.com"),
    ]
    zone = Zone({}, {"_sip._udp.p.com": records}, {"u.com": ["192.0.2.1"] * 2, "v.com": ["192.0.2.1"]})
    found = ask("sip:p.com", zone)
    assert [(target.hop, target.priority) for target in found.targets] == [
        ("sip:192.0.2.1:5060", 1),
        ("sip:192.0.2.1:5070", 4),
    ]
    assert found.left_out == ""


def test_no_more_than_32_targets() -> None:
    """The best ones; the others are told of."""
    zone = Zone(addresses={"p.com": [f"192.0.2.{at}" for at in range(1, 41)]})
    found = ask("sip:p.com:5060", zone)
    assert hops(found) == [f"sip:192.0.2.{at}:5060" for at in range(1, MOST_TARGETS + 1)]
    assert found.left_out == "more than 32 targets (sip:192.0.2.33:5060 and 7 more)"


def test_what_can_not_be_reached_is_left_out() -> None:
    """An address of a family without a socket is no target."""
    found = ask("sip:a.p.com:5070", PROVIDER, only("udp", families=(0, 4)))
    assert hops(found) == ["sip:192.0.2.1:5070", "sip:192.0.2.2:5070"]
    assert found.left_out == "no IPv6 socket ([2001:db8::1])"


def test_this_server_is_no_target_beside_others() -> None:
    """A name of many servers may mean this one too; alone it is what was asked for."""
    zone = Zone(addresses={"all.com": ["192.0.2.1", "192.0.2.2"], "own.com": ["192.0.2.1"]})
    found = ask("sip:all.com:5060", zone, is_own=lambda hop: hop == "sip:192.0.2.1:5060")
    assert (hops(found), found.left_out) == (
        ["sip:192.0.2.2:5060"],
        "this server itself (sip:192.0.2.1:5060)",
    )
    assert hops(ask("sip:own.com:5060", zone, is_own=lambda hop: True)) == ["sip:192.0.2.1:5060"]


def of(found: Expansion) -> Resolution:
    """What DNS has said then."""
    return Resolution().renewed(*found, asked=1)


# --- faults ---


@pytest.mark.parametrize(
    ("zone", "fault"),
    [
        (Zone(), NO_SUCH_NAME),
        (Zone(mute=[""]), NO_ANSWER),
        (Zone(mute=[""], is_slow=True), NO_ANSWER),
        (Zone(srv={"p.com": []}), NO_RECORDS),
        (Zone(addresses={"p.com": []}), NO_RECORDS),
        (Zone(srv={"_sip._udp.p.com": [Srv(0, 0, 1, "x.com")]}), f"{NO_SUCH_NAME}: x.com"),
        (Zone(srv={"_sip._udp.p.com": [Srv(0, 0, 1, "x.com")]}, mute=["x.com"]), f"{NO_ANSWER}: x.com"),
        (Zone(addresses={"p.com": ["0.0.0.0"]}), "nothing usable: no address of a host (0.0.0.0)"),
    ],
)
def test_why_there_is_no_target(zone: Zone, fault: str) -> None:
    """The fault names what was not found, if it is not the name itself."""
    found = ask("sip:p.com", zone)
    assert (found.targets, found.fault) == ((), fault)


def test_a_mute_server_is_not_asked_again_and_again() -> None:
    """Behind a question that took its whole time only the addresses are asked for."""
    zone = Zone(mute=[""], is_slow=True)
    ask("sip:p.com", zone)
    assert asked(zone) == ["NAPTR p.com", "address p.com"]
    hosts = {f"{at}.com": Srv(0, 0, 5060, f"{at}.com") for at in range(9)}
    zone = Zone({}, {"_sip._udp.p.com": list(hosts.values())}, mute=list(hosts))
    found = ask("sip:p.com", zone)
    assert len([each for each in asked(zone) if each.startswith("address")]) == 2
    assert found.fault == f"{NO_ANSWER}: 0.com"


@pytest.mark.parametrize("is_slow", [False, True])
@pytest.mark.parametrize("lost", ["p.com", "_sip._udp.p.com", "a.p.com"])
def test_a_lost_answer_moves_nothing(lost: str, is_slow: bool) -> None:
    """A name with SRV records does not go to its own address for want of an answer."""
    before = of(ask("sip:p.com", PROVIDER))
    for records in (PROVIDER.naptr, {}):
        zone = Zone(records, PROVIDER.srv, PROVIDER.addresses, [lost], is_slow)
        found = ask("sip:p.com", zone, before=before)
        assert found.fault == NO_ANSWER + (": a.p.com" if lost == "a.p.com" else "")
        assert {*found.targets} <= {*before.targets}


@pytest.mark.parametrize("addresses", [None, []])
def test_a_host_without_an_address_beside_others_keeps_what_it_had(addresses: list[str] | None) -> None:
    """A slip in the zone of a provider costs no target; a record that is gone takes its targets along."""
    before = ask("sip:p.com", PROVIDER)
    known = {host: found for host, found in PROVIDER.addresses.items() if host != "a.p.com"}
    zone = Zone(PROVIDER.naptr, PROVIDER.srv, known if addresses is None else known | {"a.p.com": addresses})
    found = ask("sip:p.com", zone, before=of(before))
    assert (found.targets, found.fault) == (before.targets, "")
    assert found.left_out.endswith("(a.p.com)")
    assert ask("sip:p.com", zone, before=of(found)) == found
    [records] = PROVIDER.srv.values()
    left = [each for each in records if each.target != "a.p.com"]
    found = ask("sip:p.com", Zone(PROVIDER.naptr, dict.fromkeys(PROVIDER.srv, left), known), before=of(found))
    assert hops(found) == ["sip:192.0.2.3:5060"]


def test_a_lost_answer_of_another_zone_is_named() -> None:
    """As that of a hoster to which a NAPTR record leads."""
    behind = {"p.com": [Naptr(1, 1, "s", "SIP+D2U", "_sip._udp.host.net")]}
    records = {"_sip._udp.host.net": [Srv(0, 0, 5060, "a.p.com")]}
    before = of(ask("sip:p.com", Zone(behind, records, PROVIDER.addresses)))
    found = ask("sip:p.com", Zone(behind, records, PROVIDER.addresses, ["host.net"]), before=before)
    assert found.fault == f"{NO_ANSWER}: _sip._udp.host.net"


def test_what_is_never_answered_is_as_if_it_were_not_there() -> None:
    """As NAPTR records that a firewall does not let pass: SRV records count, now and the next time."""
    zone = Zone({}, PROVIDER.srv, PROVIDER.addresses, silent=[Question(Kind.NAPTR, "p.com")])
    found = ask("sip:p.com", zone)
    assert found.targets == ask("sip:p.com", PROVIDER).targets
    assert found.left_out == f"{NO_ANSWER} (NAPTR p.com)"
    assert ask("sip:p.com", zone, before=of(found)) == found
    # Without SRV records the address of the name is the only one left.
    silent = [Question(Kind.NAPTR, "p.com"), Question(Kind.SRV, "_sip._udp.p.com")]
    zone = Zone({}, {}, PROVIDER.addresses, silent=silent)
    assert hops(ask("sip:p.com", zone)) == ["sip:192.0.2.80:5060"]
    assert [*asked(zone)].count("address p.com") == 2


@pytest.mark.parametrize("zone", [PROVIDER, Zone({}, {}, {"p.com": ["192.0.2.80", "192.0.2.81"]})])
def test_what_is_never_answered_is_not_waited_for_behind_a_restart(zone: Zone) -> None:
    """What a state file says of targets, not that they are of SRV records, keeps no name from an answer."""
    silent = [Question(Kind.NAPTR, "p.com"), Question(Kind.SRV, "_sip._tcp.p.com")]
    found = ask("sip:p.com", zone)
    before = Resolution().recalled([each._replace(record=OF_STATE_FILE) for each in found.targets])
    firewall = Zone({}, zone.srv, zone.addresses, silent=silent)
    assert ask("sip:p.com", firewall, before=before).targets == found.targets
    # But none goes to its web server for want of an answer.
    before = before.recalled([each for each in before.targets if "192.0.2.8" not in each.hop])
    if before.targets:
        firewall.silent = [Question(Kind.NAPTR, "p.com"), Question(Kind.SRV, "_sip._udp.p.com")]
        assert ask("sip:p.com", firewall, before=before) == ((), NO_ANSWER, ANY)


def test_records_that_are_gone_are_gone() -> None:
    """If DNS says that there are no SRV records any more, the name's own addresses are its targets."""
    before = of(ask("sip:p.com", PROVIDER))
    found = ask("sip:p.com", Zone({}, {}, PROVIDER.addresses), before=before)
    assert (hops(found), found.fault) == (["sip:192.0.2.80:5060"], "")


def test_what_kamailio_does_not_send_is_not_asked_for() -> None:
    """Nothing is asked of DNS for a transport that no ping can take."""
    for uri in ("sips:p.com;transport=udp", "sip:p.com;transport=wss"):
        zone = Zone()
        assert ask(uri, zone).fault.startswith("nothing usable: ")
        assert asked(zone) == []


# --- whatever DNS says ---

NAMES = st.sampled_from(
    ["p.com", "a.com", "b.com", "_sip._udp.p.com", "_sip._tcp.a.com", ".", "", "192.0.2.7"]
) | st.text(max_size=6)
NUMBERS = st.integers(-1, 70_000) | st.integers()
NAPTRS = st.builds(
    Naptr,
    NUMBERS,
    NUMBERS,
    st.sampled_from(["s", "a", "", "u", "S"]) | st.text(max_size=3),
    st.sampled_from(["SIP+D2U", "SIP+D2T", "SIPS+D2T", "", "x"]) | st.text(max_size=3),
    NAMES,
)
SRVS = st.builds(Srv, NUMBERS, NUMBERS, st.sampled_from([5060, 5061, 0]) | NUMBERS, NAMES)
ADDRESSES = (
    st.ip_addresses().map(str)
    | st.sampled_from(["192.0.2.1", "2001:db8::1", "0.0.0.0"])
    | st.text(max_size=5)
)
ANSWERS = st.builds(
    Answer,
    st.lists(NAPTRS, max_size=5),
    st.lists(SRVS, max_size=40),
    st.lists(ADDRESSES, max_size=40),
    st.sampled_from(["", NO_ANSWER, NO_RECORDS, NO_SUCH_NAME]),
)
URIS = st.sampled_from(
    [
        "sip:p.com",
        "sips:p.com",
        "sip:p.com:5070",
        "sip:p.com;transport=tcp",
        "sip:p.com;transport=ws",
        "sips:p.com;transport=udp",
        "sip:p.com:5061;transport=tls",
        "sip:" + ".".join(["x" * 60] * 4),
    ]
)


class Any(Zone):
    """A DNS server that says anything: the same each time it is asked the same."""

    def __init__(self, answers: Sequence[Answer], shuffle: random.Random | None = None) -> None:
        super().__init__()
        self._answers = list(answers)
        self._said: dict[Question, Answer] = {}
        self._shuffle = shuffle

    def answer(self, question: Question) -> Answer:
        self.asked.append(question)
        # By the question, as their order may depend on nothing else.
        at = sum(map(ord, f"{question.kind.value}{question.name}"))
        said = self._said.setdefault(question, self._answers[at % len(self._answers)])
        if self._shuffle is None:
            return said
        mixed = [self._shuffle.sample(list(each), len(each)) for each in said[:3]]
        return Answer(*mixed, fault=said.fault)


@given(URIS, st.lists(ANSWERS, min_size=1, max_size=6), st.booleans(), st.randoms(use_true_random=False))
def test_any_answer(uri: str, answers: list[Answer], has_tcp: bool, chance: random.Random) -> None:
    """It ends, within bounds, in what a row can hold; the order of records means nothing."""
    hindrance = has_all if has_tcp else only("udp", families=(0, 4))
    found = ask(uri, Any(answers), hindrance)
    assert bool(found.targets) or bool(found.fault)
    known = Resolution().renewed(*found, asked=1)
    assert Resolution.from_text(known.text()) == known
    assert len({target.hop for target in found.targets}) == len(found.targets) <= MOST_TARGETS
    assert [target.priority for target in found.targets] == sorted(
        target.priority for target in found.targets
    )
    for target in found.targets:
        assert parse(target.key).key == target.key
        assert parse(target.hop).uri == target.hop
    again = ask(uri, Any(answers, chance), hindrance, of(found))
    assert (again.targets, again.left_out) == (found.targets, found.left_out) or NO_ANSWER in again.fault
    assert ask(uri, Any(answers, chance), hindrance) == found
