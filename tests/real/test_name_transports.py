"""Names over TCP and TLS, and names as outbound proxies, on real servers."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

import pytest

from real.provider import Name, Provider
from real.server import Kamailio, free_port
from real.test_names import QUICK
from real.test_pings import DOWN, UP


class Certificate:
    """A certificate that nobody but itself has signed, and what speaks TLS with it."""

    def __init__(self, folder: Path, name: str) -> None:
        made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}"]
        key, self.file = folder / f"{name}.key", folder / f"{name}.pem"
        subprocess.run([*made, "-keyout", key, "-out", self.file], check=True, capture_output=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.file, key)


@pytest.fixture
def tls(tmp_path: Path) -> ssl.SSLContext:
    """What a gateway speaks TLS with."""
    return Certificate(tmp_path, "gateway.test").context


def speaking_tls() -> tuple[str, ...]:
    """Return the options of a server with a socket of TLS.

    One process reads all connections: on Kamailio 5.6 with OpenSSL 3 (Debian 12) a second one can't decode
    the peer's public key when another has decoded one before.
    """
    return ("-l", f"tls:127.0.0.1:{free_port()}", "-N", "1")


def test_tcp_targets(start, provider: Provider) -> None:
    """By NAPTR, by the URI's transport, and by both at once beside UDP: each is asked over its own."""
    server: Kamailio = start(resolver=provider.dns.address, **QUICK)
    first, second = provider.gateway(), provider.gateway()
    offer = '@ NAPTR 10 10 s SIP+D2T "" _sip._tcp.@'
    records = ("_sip._tcp.@ SRV 1 1 5060 a.@", "_sip._tcp.@ SRV 2 1 5060 b.@", "a.@ A %1", "b.@ A %2")
    offered = Name(server, f"sip:{provider.say('offered', offer, *records)}")
    written = Name(server, f"sip:{provider.say('written', *records)};transport=tcp")
    for name in (offered, written):
        name.have({first: "up", second: "up"})
        assert {each["transport"] for each in name.info["targets"]} == {"tcp"}
    assert all("/TCP " in ping.header("Via") for ping in [*first.pings, *second.pings])
    second.close()
    for name in (offered, written):
        name.have({first: "up", second: "down"})
        assert server.state(name.uri) == UP
        name.delete()


def test_tls_targets(start, provider: Provider, tls: ssl.SSLContext) -> None:
    """sips and transport=tls ask for _sips._tcp, and port 5061 of addresses if no record names one."""
    server: Kamailio = start(resolver=provider.dns.address, options=speaking_tls(), TLS_FIRST=1, **QUICK)
    first, second = provider.gateway(port=5071, tls=tls), provider.gateway(port=5061, tls=tls)
    records = ("_sips._tcp.@ SRV 1 1 5071 a.@", "_sips._tcp.@ SRV 2 1 5061 b.@", "a.@ A %1", "b.@ A %2")
    written = Name(server, f"sip:{provider.say('tls', *records)};transport=tls")
    sips = Name(server, f"sips:{provider.say('sips', *records)}")
    plain = Name(server, f"sips:{provider.say('plain', '@ A %2')}")
    for name in (written, sips):
        name.have({first: "up", second: "up"})
        assert {each["transport"] for each in name.info["targets"]} == {"tls"}
    plain.have({second: "up"})
    assert all("/TLS " in ping.header("Via") for ping in first.pings)
    assert {ping.uri for ping in first.pings} == {written.uri, sips.uri}
    second.close()
    sips.have({first: "up", second: "down"})
    plain.become(DOWN)


def test_certificates_are_verified_as_the_profile_says(start, provider: Provider, tmp_path: Path) -> None:
    """With a list of authorities, a target whose certificate none of them signed is down."""
    known, unknown = (Certificate(tmp_path, name) for name in ("known", "unknown"))
    first, second = (provider.gateway(port=5061, tls=each.context) for each in (known, unknown))
    server: Kamailio = start(
        resolver=provider.dns.address,
        options=speaking_tls(),
        files={"authorities": known.file.read_text()},
        TLS_FIRST=1,
        TLS_CA="FOLDER/authorities",
        **QUICK,
    )
    name = Name(server, f"sips:{provider.say('verified', '@ A %1', '@ A %2')}")
    name.have({first: "up", second: "down"})


def test_an_outbound_proxy_that_is_a_name(start, provider: Provider) -> None:
    """Its addresses are the targets, of an address and of a name; the URI asked is as it was written."""
    server: Kamailio = start(resolver=provider.dns.address, **QUICK)
    first, second = provider.gateway(), provider.gateway()
    proxy = f"sip:{provider.say('proxy', '_sip._udp.@ SRV 1 1 5060 a.@', 'a.@ A %1', 'a.@ A %2')}"
    for uri in ("sip:192.0.2.7:5070", "sip:unresolved.test", "sip:192.0.2.8"):
        name = Name(server, uri, outbound_proxy=proxy)
        name.have({first: "up", second: "up"})
        assert name.uri in {ping.uri for ping in first.pings}
        first.silent = True
        name.have({first: "down", second: "up"})
        assert server.state(uri) == UP
        second.silent = True
        name.become(DOWN)
        first.silent = second.silent = False
        name.become(UP)
        name.delete()
