"""The guards: as criteria, as properties, and in several processes on the fake server."""

from __future__ import annotations

from types import ModuleType

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from conftest import FakeServer, ServerMachine
from keepalive_core.rules.service_code import groups_keeping

NAME = "sip:gateway.example"
A, B, C = (f"sip:192.168.10.{number}" for number in (20, 21, 22))


# --- groups ----------------------------------------------------------------------------------------------


class GuardedGroup(ServerMachine):
    """Three members of a group, whatever happens to them, in three processes."""

    @initialize(unknown_as=st.sampled_from(["up", "down", "error"]))
    def begin(self, unknown_as: str) -> None:
        """Three processes, three destinations."""
        self.server.define("unknown_as", unknown_as)
        self.processes = [self.server.process() for _ in range(3)]
        self.modes = dict.fromkeys((A, B, C), "ready")
        self.members = {A, B, C}
        for place, uri in enumerate((A, B, C)):
            self.add(uri, place)

    def add(self, uri: str, process: int) -> None:
        """Add a member."""
        options = {"group_min_alive": 1, "ping_interval": 1, "drain_codes": "480", "drain_time": 5}
        assert (
            self.processes[process].add_destination(uri, "guard", group="g", priority=ord(uri[-1]), **options)
            == 0
        )

    @rule(uri=st.sampled_from([A, B, C]), alive=st.booleans(), process=st.integers(0, 2))
    def traffic_reports(self, uri: str, alive: bool, process: int) -> None:
        """A state changes."""
        api = self.processes[process]
        (api.report_success if alive else api.report_failure)(uri, "seen")

    @rule(
        uri=st.sampled_from([A, B, C]),
        mode=st.sampled_from(["ready", "drain", "maint"]),
        process=st.integers(0, 2),
    )
    def an_administrator_decides(self, uri: str, mode: str, process: int) -> None:
        """One is taken out or put back."""
        if uri in self.members:
            assert self.processes[process].set_admin(uri, mode) == 0
            self.modes[uri] = mode

    @rule(uri=st.sampled_from([A, B, C]), process=st.integers(0, 2))
    def one_comes_or_goes(self, uri: str, process: int) -> None:
        """One is deleted, or added again."""
        if uri in self.members:
            assert self.processes[process].del_destination(uri, "guard") == 0
            self.members.remove(uri)
        else:
            self.add(uri, process)
            self.members.add(uri)
        self.modes[uri] = "ready"

    @rule(seconds=st.sampled_from([0.5, 3]), code=st.sampled_from([200, 480, 503]))
    def pings_are_answered(self, seconds: float, code: int) -> None:
        """All are answered with one code: up, down or drained."""
        self.server.answer(code, seconds)

    @invariant()
    def somebody_answers(self) -> None:
        """As long as anybody is left to an operator, someone answers 1; and no more are held than needed."""
        if not self.processes:
            return
        available = [uri for uri in self.members if self.modes[uri] == "ready"]
        for api in self.processes:
            answering = [uri for uri in self.members if api.is_alive(uri) == 1]
            assert bool(answering) == bool(available)
            assert set(api.alive("g")) == set(answering)
        held_up = [uri for uri in self.members if "group_min_alive" in self.processes[0].info(uri)["held"]]
        assert len(held_up) <= 1
        assert not held_up or answering == held_up


GuardedGroup.TestCase.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
TestGuardedGroup = GuardedGroup.TestCase


def test_a_held_destination_is_told_of_once(keepalive: ModuleType, server: FakeServer) -> None:
    """One line when the best one is kept answering, one when it is over; info says so, its state is down."""
    for uri, priority in ((A, 1), (B, 2)):
        keepalive.add_destination(
            uri, "me", group="g", priority=priority, group_min_alive="50%", ping_interval=1
        )
    server.answer(200, 3)
    server.answer(503, 5)
    assert (keepalive.state(A), keepalive.state(B)) == (2, 2)
    assert (keepalive.is_alive(A), keepalive.is_alive(B)) == (2, 1)
    assert keepalive.alive("g") == [B]
    assert keepalive.is_group_alive("g") == 1
    assert keepalive.info(B)["held"] == ["group_min_alive"]
    server.answer(200, 3)
    assert keepalive.info(B)["held"] == []
    assert [line.split("group g: ")[1] for line in server.ksr.lines("warn")] == [
        "only 0 of 2 would answer, so these are kept answering, whatever their state (group_min_alive): " + B,
        "1 answer of their own again",
    ]
    assert not any(map(groups_keeping, server.ksr.tables["keepalive_state"].values()))


def test_group_min_alive_at_run_time(keepalive: ModuleType, server: FakeServer) -> None:
    """An operator turns it on while all are down, and off again."""
    keepalive.add_destination(A, "me", group="g", ping_interval=1)
    server.answer(503, 3)
    assert keepalive.is_alive(A) == 2
    server.ksr.settings["group_min_alive"] = "1"
    server.answer(503, 2)
    assert keepalive.is_alive(A) == 1
    server.ksr.settings["group_min_alive"] = "0"
    server.answer(503, 2)
    assert keepalive.is_alive(A) == 2
    assert not any(map(groups_keeping, server.ksr.tables["keepalive_state"].values()))


def test_no_ping_while_calls_go_well(keepalive: ModuleType, server: FakeServer) -> None:
    """A call that went well is as good as a ping; a failing one makes it be asked again."""
    keepalive.add_destination(A, "me", ping_interval=1, ping_skip_if_fresh=10, stale_after=15)
    server.answer(200, 3)
    keepalive.report_reply(A, 200)
    server.answer(200, 1)
    before = len(server.ksr.sent)
    server.answer(200, 8)
    assert len(server.ksr.sent) == before
    assert keepalive.state(A) == 1, "not stale either"
    server.answer(200, 3)
    assert len(server.ksr.sent) > before
    for ask in (lambda: keepalive.report_reply(A, 503), lambda: keepalive.ping_now(A)):
        keepalive.report_reply(A, 200)
        before = len(server.ksr.sent)
        server.answer(200, 2)
        assert len(server.ksr.sent) <= before + 1, "one may have been on its way"
        before = len(server.ksr.sent)
        ask()
        server.answer(200, 2)
        assert len(server.ksr.sent) > before
