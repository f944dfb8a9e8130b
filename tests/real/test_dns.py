"""A server asks the DNS server of its test, and no other: what the tests of names rest on."""

from __future__ import annotations

from real.dnsmasq import Dnsmasq
from real.names import NameServer
from real.server import Kamailio

PROVIDER = """
provider.test NAPTR 10 100 s SIP+D2U "" _sip._udp.provider.test
_sip._udp.provider.test SRV 10 60 5080 a.provider.test
_sip._udp.provider.test SRV 20 0 5090 b.provider.test
a.provider.test A 127.0.80.1
a.provider.test A 127.0.80.2
a.provider.test AAAA ::1
www.provider.test CNAME a.provider.test
"""
WITH_IPOPS = ("--loadmodule=ipops.so",)
_SRV = ("priority", "weight", "port", "target")


def srv(server: Kamailio, name: str) -> list[list[object]]:
    found: list[list[object]] = server.call("records", "srv", name, *_SRV)
    return sorted(found)


def test_a_real_dns_server_is_asked(start, dns: Dnsmasq) -> None:
    """ipops gets NAPTR and SRV, the resolver A, AAAA and CNAME, and both get what changes at run time."""
    dns.say(PROVIDER)
    server = start(resolver=dns.address, options=WITH_IPOPS)
    naptr = server.call("records", "naptr", "provider.test", "order", "pref", "services", "replace")
    assert naptr == [[10, 100, "SIP+D2U", "_sip._udp.provider.test"]]
    both = [[10, 60, 5080, "a.provider.test"], [20, 0, 5090, "b.provider.test"]]
    assert srv(server, "_sip._udp.provider.test") == both
    assert srv(server, "_sip._tcp.provider.test") == []
    for name in ("a.provider.test", "www.provider.test"):
        assert server.call("addresses", name) == ["127.0.80.1", "127.0.80.2", "::1"]
    dns.say(PROVIDER.replace("127.0.80.2", "127.0.80.9"))
    assert server.call("addresses", "a.provider.test") == ["127.0.80.1", "127.0.80.9", "::1"]
    dns.say(PROVIDER.replace("5080", "5070"))
    assert [10, 60, 5070, "a.provider.test"] in srv(server, "_sip._udp.provider.test")
    dns.say("b.provider.test A 127.0.80.1")
    assert server.call("addresses", "a.provider.test") == ["EAI_NONAME"]
    assert srv(server, "_sip._udp.provider.test") == []
    dns.pause()
    assert server.call("addresses", "b.provider.test") == ["EAI_AGAIN"]


def test_forty_records_and_odd_ones_arrive(start, dns: Dnsmasq) -> None:
    """Forty records, port 0 and target "." are what a real DNS server says if it is told to."""
    forty = "\n".join(f"_sip._udp.forty.test SRV 10 1 {5100 + at} a.forty.test" for at in range(40))
    dns.say(f"{forty}\n_sip._udp.zero.test SRV 1 1 0 a.zero.test\n_sip._udp.none.test SRV 0 0 0 .")
    server = start(resolver=dns.address, options=WITH_IPOPS)
    assert len(srv(server, "_sip._udp.forty.test")) == 32, "ipops keeps no more of them"
    assert srv(server, "_sip._udp.zero.test") == [[1, 1, 0, "a.zero.test"]]
    assert srv(server, "_sip._udp.none.test") == [[0, 0, 1, ""]]


def test_lies_arrive(start, liar: NameServer) -> None:
    """Loops, refusals and silence reach the server as they were said."""
    liar.say("""
        a.loop.test CNAME b.loop.test
        b.loop.test CNAME a.loop.test
        _sip._udp.loop.test SRV 1 1 5060 a.loop.test
        refused.test A 127.0.80.1
        mute.test A 127.0.80.1
        a.mute.test A 127.0.80.1
    """)
    liar.codes["refused.test"] = 5
    server = start(resolver=liar.address, options=WITH_IPOPS)
    assert srv(server, "_sip._udp.loop.test") == [[1, 1, 5060, "a.loop.test"]]
    names = ("mute.test", "a.loop.test", "refused.test", "none.test", "_sip._udp.loop.test")
    answers = [["127.0.80.1"], ["EAI_NONAME"], ["EAI_AGAIN"], ["EAI_NONAME"], ["EAI_NODATA"]]
    assert [server.call("addresses", name) for name in names] == answers
    liar.mute.add("mute.test")
    assert server.call("addresses", "a.mute.test") == ["EAI_AGAIN"]
