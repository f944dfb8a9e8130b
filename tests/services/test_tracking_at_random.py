"""Random histories of trackers and of those that they track: in the end each follows its own."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from conftest import ServerMachine

HOSTS = [f"sip:192.168.10.{number}" for number in (20, 21)]
TRUNKS = [f"sip:t{number}@192.168.10.{20 + number % 2}" for number in range(5)]
TABLES = ("tracked", "destination", "health", "state", "news", "history")

hosts = st.sampled_from(HOSTS)
trunks = st.sampled_from(TRUNKS)


class Trackers(ServerMachine):
    """Two hosts and five trunks, on which anything may be said of each, in one of two probers."""

    @initialize()
    def begin(self) -> None:
        """All are there, and each trunk tracks a host."""
        self.server.define("probers", "2")
        self.keepalive: Any = self.server.process()
        from keepalive_core.services.prober import Prober

        self.probers = [Prober(lambda: self.server.now) for _ in range(2)]
        self.is_short = False
        for host in HOSTS:
            self.add(host, "", 1)
        for number, trunk in enumerate(TRUNKS):
            self.add(trunk, HOSTS[number % 2], 1)
        self.run(2, 200)

    def run(self, seconds: float, code: int) -> set[str]:
        """Let time pass, in which all pings are answered, or not if the code is 0; return whom they asked."""
        asked = set()
        for _ in range(round(seconds * 10)):
            before = len(self.ksr.sent)
            self.server.now += 100_000
            for prober in self.probers:
                prober.tick()
            for ping in self.ksr.sent[before:]:
                asked.add(ping.uri)
                if code:
                    self.ksr.reply(ping, code)
        return asked

    @rule(uri=st.one_of(hosts, trunks), track=st.one_of(hosts, trunks, st.just("")), fall=st.integers(1, 3))
    def add(self, uri: str, track: str, fall: int) -> None:
        """Somebody registers one, or says something else of it."""
        self.keepalive.add_destination(uri, "me", track=track, fall=fall)

    @rule(uri=st.one_of(hosts, trunks))
    def delete(self, uri: str) -> None:
        """Somebody takes one away."""
        self.keepalive.del_destination(uri, "me")

    @rule(uri=st.one_of(hosts, trunks), mode=st.sampled_from(["maint", "drain", "ready"]))
    def order(self, uri: str, mode: str) -> None:
        """An operator says something of one, or has it pinged."""
        self.keepalive.set_admin(uri, mode)
        self.keepalive.ping_now(uri)

    @rule(uri=st.one_of(hosts, trunks), code=st.sampled_from([200, 503]))
    def call(self, uri: str, code: int) -> None:
        """A call goes well, or fails."""
        self.keepalive.report_reply(uri, code)

    @rule(track=st.one_of(hosts, trunks, st.just(None)))
    def configure(self, track: str | None) -> None:
        """A group that nobody is in yet tracks something."""
        self.keepalive.configure_group("g", **({"track": track} if track else {}))

    @rule(seconds=st.sampled_from([0.2, 1, 35]), code=st.sampled_from([0, 200, 404, 503]))
    def wait(self, seconds: float, code: int) -> None:
        """Time passes."""
        self.run(seconds, code)

    @precondition(lambda self: not self.is_short)
    @rule(uri=st.one_of(hosts, trunks), table=st.sampled_from(TABLES))
    def lose(self, uri: str, table: str) -> None:
        """Somebody deletes a row by RPC."""
        self.ksr.tables[f"keepalive_{table}"].pop(f"{uri}:5060", None)

    @rule(is_short=st.booleans())
    def memory(self, is_short: bool) -> None:
        """Shared memory runs out, or there is some again."""
        self.is_short = is_short
        self.ksr.room_left = 0 if is_short else None

    def teardown(self) -> None:
        """At the end all are registered as they should be, and each follows the host that it tracks."""
        if hasattr(self, "probers"):
            self.memory(False)
            self.run(30, 200)
            for number, uri in enumerate([*HOSTS, *TRUNKS]):
                self.keepalive.add_destination(uri, "me")
                self.keepalive.set_admin(uri, "ready")
                if uri in TRUNKS:
                    self.keepalive.add_destination(uri, "me", track=HOSTS[number % 2])
            self.run(100, 200)
            everyone = [*HOSTS, *TRUNKS]
            assert [self.keepalive.state(uri) for uri in everyone] == [1] * len(everyone)
            assert self.run(35, 503) == set(HOSTS)
            assert [self.keepalive.state(uri) for uri in everyone] == [2] * len(everyone)
            assert sum(self.keepalive.info(host)["tracked_by"] for host in HOSTS) == len(TRUNKS)
            assert not any(queue for name, queue in self.ksr.queues.items() if "tracked" in name)
            # What was refused, or had no room, is told.
            self.ksr.logged.clear()
        super().teardown()


TestTrackers = Trackers.TestCase
TestTrackers.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
