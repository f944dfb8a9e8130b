"""Random histories of names on the fake server: when all is quiet again, everything is as it should be.

Names come and go, DNS says now this and now that or nothing, addresses die and return, operators take some
out, rows are lost. The model knows only what is true at the end, not how it came about.
"""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from conftest import ServerMachine
from keepalive_core.rules import uris
from zone import Zone

NAMES = ("sip:one.example:5060", "sip:two.example", "sip:192.168.20.1:5060")
PROXY = "sip:proxy.example:5060"
HOSTS = [f"192.168.10.{number}" for number in range(31, 35)]
WORDS = ("1", "50%", "all")
TABLES = ("state", "health", "destination", "news", "history", "name")
SECONDS = 5
"""of both intervals"""
UP, DOWN = 1, 2

_names = st.sampled_from(NAMES)
_hosts = st.sampled_from(HOSTS)


class Names(ServerMachine):
    """Two names, and an address behind a proxy that is one; their addresses live or die."""

    @initialize(words=st.lists(st.sampled_from(WORDS), min_size=3, max_size=3), number=st.integers(1, 4))
    def begin(self, words: list[str], number: int) -> None:
        """A server, of whose processes one resolves names."""
        for name, value in {"dns_expand": 1, "ping_interval": SECONDS, "dns_interval": SECONDS}.items():
            self.server.define(name, str(value))
        self.zone = Zone()
        self.keepalive: ModuleType = self.server.process()
        import keepalive_core.services.resolver as resolver

        self.resolver = resolver.Resolver(self.zone.answer)
        self.wanted: dict[str, tuple[str, int]] = {}
        """of each destination that is registered name_min_alive and dns_expand"""
        self.dead: set[str] = set()
        for name, word in zip(NAMES, words, strict=True):
            self.add(name, word, 1)
            self.dns_says(name, HOSTS[:number])
        self.run(2)

    def run(self, seconds: float) -> list[str]:
        """Let time pass, in which who lives answers and DNS is asked; return the next hops of the pings."""
        hops = []
        for _ in range(round(seconds * 10)):
            before = len(self.ksr.sent)
            self.server.tick(0.1)
            self.resolver.tick()
            for ping in self.ksr.sent[before:]:
                hops.append(ping.hop)
                if uris.peer_of(ping.hop or ping.uri)[0] in self.dead:
                    self.ksr.time_out(ping)
                else:
                    self.ksr.reply(ping, 200, "OK")
        self.server.run_callbacks()
        return hops

    # --- what happens ---

    @rule(seconds=st.sampled_from([0.3, 2, 7]))
    def time_passes(self, seconds: float) -> None:
        """Pings leave, and DNS is asked."""
        self.run(seconds)

    @rule(name=_names, word=st.sampled_from(WORDS), expand=st.sampled_from([1, 1, 1, 0]))
    def add(self, name: str, word: str, expand: int) -> None:
        """An owner wants a name, or changes his mind."""
        proxy = {"outbound_proxy": PROXY} if name == NAMES[2] else {}
        options: dict[str, Any] = {"name_min_alive": word, "dns_expand": expand, **proxy}
        assert self.keepalive.add_destination(name, "me", **options) == 0
        self.wanted[name] = word, expand

    @rule(name=_names)
    def delete(self, name: str) -> None:
        """Nobody wants it any more."""
        if self.wanted.pop(name, None):
            assert self.keepalive.del_destination(name, "me") == 0

    @rule(name=_names, hosts=st.lists(_hosts, unique=True, max_size=4))
    def dns_says(self, name: str, hosts: list[str]) -> None:
        """DNS has other addresses; without any the answer is empty."""
        self.zone.addresses[host_of(name)] = hosts
        self.zone.mute = [each for each in self.zone.mute if each != host_of(name)]

    @rule(name=_names)
    def dns_is_mute(self, name: str) -> None:
        """DNS says nothing of a name."""
        self.zone.mute = [*self.zone.mute, host_of(name)]

    @rule(host=_hosts)
    def dies_or_returns(self, host: str) -> None:
        """An address answers no more, or again."""
        self.dead ^= {host}

    @rule(name=_names, host=st.sampled_from(["", *HOSTS]), mode=st.sampled_from(["ready", "drain", "maint"]))
    def order(self, name: str, host: str, mode: str) -> None:
        """An operator says something of a name, or of one of its targets, that may not be there."""
        key = f"{name}#{host}" if host else name
        if self.keepalive.state(key) != -1:
            assert self.keepalive.set_admin(key, mode) == 0

    @rule(table=st.sampled_from(TABLES), name=_names, host=st.sampled_from(["", *HOSTS]))
    def lose_a_row(self, table: str, name: str, host: str) -> None:
        """Somebody with RPC deletes a row."""
        key = uris.parse(f"{name}#{host}" if host else name).key
        self.ksr.tables[f"keepalive_{table}"].pop(key, None)

    # --- how it has to be in the end ---

    def teardown(self) -> None:
        """See how it is in the end of each history."""
        if hasattr(self, "dead"):
            self.all_is_quiet()
        super().teardown()

    def all_is_quiet(self) -> None:
        """Minutes later all is as DNS, the addresses and the operators have it."""
        self.run(40)
        hops = self.run(2 * SECONDS + 1)
        expected: set[str] = set()
        for name in NAMES:
            for host in HOSTS:
                key = f"{name}#{host}"
                if name not in self.wanted or not self.wanted[name][1]:
                    assert self.keepalive.state(key) == -1, key
            if name in self.wanted:
                expected |= self.hops_of(name)
        assert set(hops) == expected

    def hops_of(self, name: str) -> set[str]:
        """Return where pings of a name have to go, and see how it is."""
        word, expand = self.wanted[name]
        info = self.keepalive.info(name)
        out = info["admin"]["mode"] == "maint"
        if not expand:
            assert info["targets"] == []
            return set() if out else {PROXY if name == NAMES[2] else ""}
        said = self.zone.addresses.get(host_of(name))
        if said and host_of(name) not in self.zone.mute:
            assert sorted(each["address"] for each in info["targets"]) == sorted(said)
        assert not any(each["kept"] for each in info["targets"]) or out
        hops, up, serving = set(), 0, 0
        for target in info["targets"]:
            known = self.keepalive.info(target["target"])
            is_out = out or known["admin"]["mode"] == "maint"
            if not is_out:
                hops.add(f"sip:{target['address']}:5060")
                assert known["state"] == ("down" if target["address"] in self.dead else "up"), known
            up += known["state"] == "up"
            serving += self.keepalive.is_alive(target["target"]) == UP and known["state"] == "up"
        number = len(info["targets"])
        if number and not out and all(self.keepalive.state(each["target"]) for each in info["targets"]):
            needed = {"1": 1, "50%": math.ceil(number / 2), "all": number}[word]
            assert info["state"] == ("up" if up >= needed else "down"), info
            alive = serving >= needed and info["admin"]["mode"] == "ready"
            assert self.keepalive.is_alive(name) == (UP if alive else DOWN), info
        return hops


def host_of(name: str) -> str:
    """Return for which host DNS is asked."""
    return uris.parse(PROXY if name == NAMES[2] else name).uri.removeprefix("sip:").partition(":")[0]


Names.TestCase.settings = settings(max_examples=20, stateful_step_count=14, deadline=None)
TestNames = Names.TestCase
