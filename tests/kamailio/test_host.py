"""What the host has: as much of it as any machine has. tests/real has namespaces for the rest."""

from __future__ import annotations

import os
import resource
from pathlib import Path
from types import SimpleNamespace

import pytest

from keepalive_core.kamailio import host

# RFC 5737: nobody's.
NOBODYS = "192.0.2.77"


def test_an_address_is_the_hosts_or_not() -> None:
    """Its loopback address is; what a socket may be bound to whatever is there, is taken for one."""
    assert host.has_address("127.0.0.1")
    assert not host.has_address(NOBODYS)
    assert host.has_address("0.0.0.0")
    assert host.has_address("fe80::1")


def test_a_way_to_itself() -> None:
    """There is one, and nothing is refused on it; from somebody else's address nothing is told."""
    assert host.has_route("127.0.0.1")
    assert host.refusal("127.0.0.1", "127.0.0.1", 9, sends=True) == ""
    assert host.refusal("", "127.0.0.1", 9, sends=False) == ""
    assert host.refusal(NOBODYS, "127.0.0.1", 9, sends=False) == ""


def test_descriptors_run_out() -> None:
    """As soon as no more may be open than are, and no longer."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.dup(0)
    os.close(lowest_free)
    assert host.has_descriptors()
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))
    try:
        assert not host.has_descriptors()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert host.has_descriptors()


def test_the_names_of_the_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own, in full and in short, and what stands beside it; not what else is written in /etc/hosts."""
    monkeypatch.setattr(host.os, "uname", lambda: SimpleNamespace(nodename="SBC1.example.com"))
    monkeypatch.setattr(host, "_HOSTS", tmp_path / "hosts")
    assert host.names() == {"sbc1.example.com", "sbc1"}
    (tmp_path / "hosts").write_text(
        "127.0.0.1 localhost ads.example\n# 127.0.1.1 sbc1.example.com no\n"
        "127.0.1.1\tSBC1.example.com voip.example.com # sbc9\n\n0.0.0.0\n"
    )
    assert host.names() == {"sbc1.example.com", "sbc1", "voip.example.com"}
