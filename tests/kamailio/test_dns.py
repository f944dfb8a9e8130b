"""Questions of DNS: what ipops and the C library's resolver say, as answers of one kind."""

import os
import socket
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from conftest import FakeServer
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


@pytest.fixture
def dns(keepalive: ModuleType) -> ModuleType:
    import keepalive_core.kamailio.dns

    return keepalive_core.kamailio.dns


SRV = Question(Kind.SRV, "_sip._udp.p.com")
NAPTR = Question(Kind.NAPTR, "p.com")
ADDRESS = Question(Kind.ADDRESS, "p.com")


def srv(target: str = "a.p.com", port: int = 5070) -> dict[str, Any]:
    return {"priority": 10, "weight": 60, "port": port, "target": target}


def test_srv_records(dns: ModuleType, server: FakeServer) -> None:
    """All of them, as ipops has them."""
    server.ksr.records["srv", SRV.name] = [srv(), srv("b.p.com", 5060)]
    assert dns.answer(SRV) == Answer(srv=[Srv(10, 60, 5070, "a.p.com"), Srv(10, 60, 5060, "b.p.com")])


def test_naptr_records(dns: ModuleType, server: FakeServer) -> None:
    """All of them, without what RFC 3263 does not need."""
    record = {"order": 10, "pref": 100, "flags": "s", "services": "SIP+D2U", "replace": "_sip._udp.p.com"}
    server.ksr.records["naptr", "p.com"] = [record]
    assert dns.answer(NAPTR) == Answer(naptr=[Naptr(10, 100, "s", "SIP+D2U", "_sip._udp.p.com")])


def test_one_name_s_records_are_not_another_s(dns: ModuleType, server: FakeServer) -> None:
    """Though ipops keeps them at one place."""
    server.ksr.records["srv", SRV.name] = [srv()]
    assert dns.answer(SRV).srv
    assert dns.answer(Question(Kind.SRV, "_sip._udp.q.com")) == Answer(fault=NO_RECORDS)


@pytest.mark.parametrize("question", [SRV, NAPTR])
def test_what_took_long_and_came_to_nothing_had_no_answer(
    dns: ModuleType, monkeypatch: pytest.MonkeyPatch, question: Question
) -> None:
    """ipops does not tell it from no records."""
    assert dns.answer(question) == Answer(fault=NO_RECORDS)
    times = iter([0.0, dns.SLOW])
    monkeypatch.setattr(dns.time, "monotonic", lambda: next(times))
    assert dns.answer(question) == Answer(fault=NO_ANSWER)


def test_odd_records_are_none(dns: ModuleType, server: FakeServer) -> None:
    """What is no UTF-8, or no number, is nothing that can be used, and nothing that fails."""
    server.ksr.records["srv", SRV.name] = [srv("\udcff"), srv() | {"port": "x", "weight": None}]
    assert dns.answer(SRV) == Answer(srv=[Srv(10, 60, 5070, "?"), Srv(10, 0, 0, "a.p.com")])


def test_a_question_that_fails_has_no_records(dns: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether ipops says -1 or False."""
    for failure in (-1, False):
        monkeypatch.setattr(dns.KSR.ipops, "srv_query", lambda name, place, said=failure: said)
        monkeypatch.setattr(dns.KSR.ipops, "naptr_query", lambda name, place, said=failure: said)
        assert dns.answer(SRV) == dns.answer(NAPTR) == Answer(fault=NO_RECORDS)


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        (socket.EAI_NONAME, NO_SUCH_NAME),
        (socket.EAI_NODATA, NO_RECORDS),
        (socket.EAI_AGAIN, NO_ANSWER),
        (socket.EAI_FAIL, NO_ANSWER),
        (socket.EAI_MEMORY, NO_ANSWER),
        (socket.EAI_FAMILY, NO_SUCH_NAME),
    ],
)
def test_why_there_is_no_address(
    dns: ModuleType, monkeypatch: pytest.MonkeyPatch, code: int, fault: str
) -> None:
    """The C library tells no such name from no answer."""

    def fails(*_: object, **__: object) -> None:
        raise socket.gaierror(code, "why")

    monkeypatch.setattr(dns.socket, "getaddrinfo", fails)
    assert dns.answer(ADDRESS) == Answer(fault=fault)


def test_addresses(dns: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of both families; a number is its own."""
    found = [(2, 2, 17, "", ("192.0.2.1", 0)), (10, 2, 17, "", ("2001:db8::1", 0, 0, 0))]
    monkeypatch.setattr(dns.socket, "getaddrinfo", lambda *_, **__: found)
    assert dns.answer(ADDRESS) == Answer(addresses=["192.0.2.1", "2001:db8::1"])
    monkeypatch.undo()
    assert dns.answer(Question(Kind.ADDRESS, "192.0.2.7")) == Answer(addresses=["192.0.2.7"])


@pytest.mark.parametrize("name", ["a..b", "x" * 70 + ".com", "\udcff", "a\0b"])
def test_what_python_takes_for_no_name_is_none(dns: ModuleType, name: str) -> None:
    """It is not asked for, and nothing fails."""
    assert dns.answer(Question(Kind.ADDRESS, name)) == Answer(fault=NO_SUCH_NAME)


def test_without_ipops_there_are_addresses_alone(dns: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if no name had other records."""
    monkeypatch.setattr(dns, "can_ask", lambda: False)
    assert dns.answer(SRV) == dns.answer(NAPTR) == Answer(fault=NO_RECORDS)


def test_the_host_s_own_file(dns: ModuleType, tmp_path: Path) -> None:
    """Any spelling of any name of a line; what changes is read again, and a file that is gone has none."""
    file = tmp_path / "hosts"
    hosts = dns.HostsFile(str(file))
    assert not hosts.has("gw")
    file.write_bytes(b"192.0.2.1 GW gw.local # other\n# 192.0.2.2 commented\n\n192.0.2.3\n\xff\xfe x\n")
    assert [hosts.has(name) for name in ("gw", "gw.local", "other", "commented", "192.0.2.3")] == [
        *(True, True, False, False, False)
    ]
    file.write_text("192.0.2.1 another\n")
    os.utime(file, ns=(time.time_ns() + 10**9,) * 2)
    assert [hosts.has(name) for name in ("gw", "another")] == [False, True]
    file.unlink()
    assert not hosts.has("another")
