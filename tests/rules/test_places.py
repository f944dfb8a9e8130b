"""Which hosts and ports take what is sent to a name: by NAPTR records, by SRV records, or its own."""

from collections.abc import Callable

import pytest

from keepalive_core.rules.dns_records import Naptr, Srv
from keepalive_core.rules.expansion import Expansion
from keepalive_core.rules.uris import Hop
from zone import EACH, HOSTS, Zone, ask, asked, has_all, hops, only


def naptr(*records: tuple[int, int, str, str, str]) -> list[Naptr]:
    return [Naptr(*record) for record in records]


OVER_UDP, OVER_TCP, OVER_TLS = (
    "sip:192.0.2.1:5060",
    "sip:192.0.2.2:5060;transport=tcp",
    "sip:192.0.2.3:5061;transport=tls",
)
ALL = naptr(
    (20, 1, "s", "SIP+D2T", "_sip._tcp.p.com"),
    (10, 9, "s", "SIP+D2U", "_sip._udp.p.com"),
    (10, 5, "S", "sips+d2t", "_sips._tcp.p.com"),
)


@pytest.mark.parametrize(
    ("uri", "questions", "hop"),
    [
        ("sip:p.com:5080", [], "sip:192.0.2.80:5080"),
        ("sip:p.com:5080;transport=tcp", [], "sip:192.0.2.80:5080;transport=tcp"),
        ("sip:p.com;transport=tcp", ["SRV _sip._tcp.p.com"], "sip:192.0.2.80:5060;transport=tcp"),
        ("sip:p.com;transport=tls", ["SRV _sips._tcp.p.com"], "sip:192.0.2.80:5061;transport=tls"),
        ("sips:p.com;transport=tcp", ["SRV _sips._tcp.p.com"], "sip:192.0.2.80:5061;transport=tls"),
        ("sips:p.com", ["NAPTR p.com", "SRV _sips._tcp.p.com"], "sip:192.0.2.80:5061;transport=tls"),
        ("sips:p.com:5080", [], "sip:192.0.2.80:5080;transport=tls"),
        ("sip:p.com;transport=ws", [], "sip:192.0.2.80:5060;transport=ws"),
        ("sip:p.com;transport=sctp", ["SRV _sip._sctp.p.com"], "sip:192.0.2.80:5060;transport=sctp"),
    ],
)
def test_what_the_uri_names_is_not_asked_for(uri: str, questions: list[str], hop: str) -> None:
    """A port: the addresses alone. A transport: no NAPTR. TLS has port 5061, and SRV records of _sips."""
    zone = Zone(addresses={"p.com": ["192.0.2.80"]})
    assert hops(ask(uri, zone)) == [hop]
    assert asked(zone) == [*questions, "address p.com"]


# --- NAPTR ---


@pytest.mark.parametrize(
    ("uri", "hindrance", "hop"),
    [
        ("sip:p.com", has_all, OVER_TLS),
        ("sip:p.com", only("udp", "tcp"), OVER_UDP),
        ("sip:p.com", only("tcp"), OVER_TCP),
        ("sips:p.com", has_all, OVER_TLS),
    ],
)
def test_the_first_naptr_counts_for_which_there_is_a_socket(
    uri: str, hindrance: Callable[[Hop], str], hop: str
) -> None:
    """By order, then by preference; of a sips URI only what is secure."""
    assert hops(ask(uri, Zone({"p.com": ALL}, EACH, HOSTS), hindrance)) == [hop]


@pytest.mark.parametrize(
    ("records", "hop"),
    [
        (naptr((1, 1, "a", "SIP+D2T", "t.com")), "sip:192.0.2.2:5060;transport=tcp"),
        (naptr((1, 1, "A", "SIPS+D2T", "s.com")), "sip:192.0.2.3:5061;transport=tls"),
        (naptr((1, 1, "", "", "other.com")), "sip:192.0.2.2:5060;transport=tcp"),
        (naptr((1, 1, "", "SIP+D2T", "other.com")), "sip:192.0.2.2:5060;transport=tcp"),
        (naptr((1, 1, "s", "SIP+D2U", "_none.p.com"), (2, 1, "a", "SIP+D2U", "t.com")), "sip:192.0.2.2:5060"),
    ],
)
def test_what_a_naptr_leads_to(records: list[Naptr], hop: str) -> None:
    """Addresses with the flag "a", more NAPTR records without one; one that leads nowhere is passed over."""
    zone = Zone({"p.com": records, "other.com": naptr((1, 1, "a", "SIP+D2T", "t.com"))}, {}, HOSTS)
    assert hops(ask("sip:p.com", zone)) == [hop]


@pytest.mark.parametrize(
    "record",
    [
        (1, 1, "u", "E2U+sip", ""),
        (1, 1, "s", "SIP+D2X", "_sip._udp.p.com"),
        (1, 1, "s", "", "_sip._udp.p.com"),
        (1, 1, "s", "SIP+D2U", "."),
        (1, 1, "s", "SIP+D2U", "bad name"),
        (1, 1, "", "", "p.com"),
        (1, 1, "\n", "\n", "\n"),
    ],
)
def test_without_a_usable_naptr_srv_records_are_asked_for(record: tuple[int, int, str, str, str]) -> None:
    """One of another service, with no name, or in a circle leads to what there is without NAPTR."""
    found = ask("sip:p.com", Zone({"p.com": naptr(record)}, EACH, HOSTS))
    assert hops(found) == [OVER_UDP]
    assert found.left_out


def test_a_sips_name_takes_nothing_that_is_not_secure() -> None:
    """A NAPTR record for UDP is left out, and what is asked for is _sips."""
    found = ask("sips:p.com", Zone({"p.com": ALL[:2]}, EACH, HOSTS))
    assert hops(found) == [OVER_TLS]
    assert "not secure" in found.left_out


def test_no_more_than_some_naptr_records_are_followed() -> None:
    """Neither behind each other nor beside each other."""
    chain = {f"{at}.com": naptr((1, 1, "", "", f"{at + 1}.com")) for at in range(50)}
    beside = {"p.com": naptr(*((1, at, "s", "SIP+D2U", f"_sip._udp.{at}.com") for at in range(30)))}
    for zone, uri in ((Zone(chain, {}, {"0.com": ["192.0.2.1"]}), "sip:0.com"), (Zone(beside), "sip:p.com")):
        found = ask(uri, zone)
        assert len(zone.asked) <= 14
        assert "more than 8 NAPTR records" in found.left_out


# --- SRV ---


@pytest.mark.parametrize(
    ("hindrance", "hop"), [(has_all, OVER_UDP), (only("tcp", "tls"), OVER_TCP), (only("sctp"), "")]
)
def test_without_naptr_the_transports_with_a_socket_are_asked_for(
    hindrance: Callable[[Hop], str], hop: str
) -> None:
    """UDP first; without records of any of them it is UDP, as the URI says."""
    found = ask("sip:p.com", Zone({}, EACH, HOSTS), hindrance)
    assert hops(found) == ([hop] if hop else [])
    assert hop or found.fault == "nothing usable: no udp socket (192.0.2.80)"


def test_no_such_service() -> None:
    """SRV records with the target "." say that there is none: then its own address is none, too."""
    zone = Zone({}, {"_sip._udp.p.com": [Srv(0, 0, 0, ".")]}, HOSTS)
    assert ask("sip:p.com", zone) == Expansion(
        (),
        *[
            'nothing usable: SRV with the target "." (_sip._udp.p.com)',
            'SRV with the target "." (_sip._udp.p.com)',
        ],
    )
    both = Zone({}, zone.srv | {"_sip._tcp.p.com": EACH["_sip._tcp.p.com"]}, HOSTS)
    assert hops(ask("sip:p.com", both)) == [OVER_TCP]


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (Srv(0, 0, 0, "u.com"), "SRV with port 0 (u.com)"),
        (Srv(0, 0, 65_536, "u.com"), "SRV with port 65536 (u.com)"),
        (Srv(0, 0, 5060, ""), 'SRV with the target "." (_sip._udp.p.com)'),
        (Srv(0, 0, 5060, "127.1"), "SRV with no host name (127.1)"),
        (Srv(0, 0, 5060, "bad name"), "SRV with no host name (bad name)"),
        (Srv(0, 0, 5060, "\x1b"), "SRV with no host name ('\\x1b')"),
        (Srv(0, 0, 5060, "none.com"), "no such name (none.com)"),
        (Srv(0, 0, 5060, "mapped.com"), "no address of a host (0.0.0.0 and 2 more)"),
    ],
)
def test_lies_are_left_out(record: Srv, why: str) -> None:
    """What a record must not say is told, and the others are used."""
    hosts = HOSTS | {"mapped.com": ["::ffff:192.0.2.1", "fe80::1", "0.0.0.0"]}
    good = Srv(1, 1, 5070, "t.com")
    found = ask("sip:p.com", Zone({}, {"_sip._udp.p.com": [record, good]}, hosts))
    assert (hops(found), found.fault, found.left_out) == (["sip:192.0.2.2:5070"], "", why)
    alone = ask("sip:p.com", Zone({}, {"_sip._udp.p.com": [record]}, hosts))
    assert alone.targets == ()
    assert alone.fault


def test_an_address_as_the_target_of_a_record_is_one() -> None:
    """RFC 2782 wants a name there; it is what some have, and plain."""
    zone = Zone({}, {"_sip._udp.p.com": [Srv(0, 0, 5070, "192.0.2.9")]})
    assert hops(ask("sip:p.com", zone)) == ["sip:192.0.2.9:5070"]


def test_numbers_out_of_range_are_the_nearest() -> None:
    """Priority and weight have 16 bits."""
    zone = Zone({}, {"_sip._udp.p.com": [Srv(-1, 70_000, 5060, "u.com")]}, HOSTS)
    [target] = ask("sip:p.com", zone).targets
    assert (target.priority, target.weight) == (0, 65_535)


def test_what_is_too_long_for_a_name_is_not_asked_for() -> None:
    """A host of 250 characters has no room for a service in front of it."""
    host = ".".join(["x" * 61] * 4)
    zone = Zone(addresses={host: ["192.0.2.1"]})
    assert hops(ask(f"sip:{host}", zone)) == ["sip:192.0.2.1:5060"]
    assert asked(zone) == [f"NAPTR {host}", f"address {host}"]
