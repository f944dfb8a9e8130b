"""Shared memory runs out and comes back at any write: nothing is half done, nothing is lost, and all heals.

What a function refuses has changed nothing, and what it accepted is there in full. As soon as there is room
again everybody is asked, groups are whole, callbacks know the newest state, and of who is gone no row is
left.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from conftest import ServerMachine

URIS = tuple(f"sip:192.168.10.{number}" for number in (20, 21, 22))
GROUPS = ("", "carriers", "overflow")
# What one write at a time may meet: so many new entries fit, then so many do not (None: until later).
SHORTAGES = st.tuples(st.integers(0, 6), st.sampled_from([1, 2, 5, None]))
KEPT_OF = ("state", "destination", "health", "history", "news", "admin")
TOLD: dict[str, int] = {}


def on_change(uri: str, state: int, user_attr: object) -> None:
    """Note the state that was told last."""
    TOLD[uri] = state


class MemoryRunsOut(ServerMachine):
    """Owners, administrators and peers do what they like; any of their acts may find no room."""

    @initialize()
    def begin(self) -> None:
        """Two processes, one of which pings."""
        TOLD.clear()
        self.server.define("ping_interval", "2")
        self.server.define("fall", "1")
        self.processes = [self.server.process() for _ in range(2)]
        self.owners: dict[str, dict[str, dict[str, Any]]] = {uri: {} for uri in URIS}
        """by URI and owner, what was accepted"""
        self.modes = dict.fromkeys(URIS, "ready")
        self.floors: dict[str, int] = {}
        self.answers = dict.fromkeys(URIS, 200)
        self.server.tick(2)

    def with_shortage(self, shortage: tuple[int, int | None], act: Callable[[], int]) -> bool:
        """Do something while memory runs out, or not; say whether it was accepted."""
        if self.ksr.room_left is None and shortage[1] is not None:
            self.ksr.room_left, self.ksr.refusals_left = shortage
        elif self.ksr.room_left is None:
            self.ksr.room_left = shortage[0]
        before = self.answers_of_groups()
        answer = act()
        assert answer in (0, -1)
        assert answer == 0 or self.answers_of_groups() == before
        return answer == 0

    def answers_of_groups(self) -> list[list[str]]:
        """Who is alive in each group."""
        return [self.processes[1].alive(group) for group in GROUPS[1:]]

    # --- what happens ---

    @rule(
        shortage=SHORTAGES,
        uri=st.sampled_from(URIS),
        owner=st.sampled_from(["me", "you"]),
        group=st.sampled_from(GROUPS),
        priority=st.integers(0, 2),
        fall=st.integers(1, 2),
        process=st.integers(0, 1),
    )
    def an_owner_adds(
        self,
        shortage: tuple[int, int | None],
        uri: str,
        owner: str,
        group: str,
        priority: int,
        fall: int,
        process: int,
    ) -> None:
        """Registered in full, or not at all; what was there before stays as it was."""
        how = {"group": group, "priority": priority, "fall": fall}
        add = self.processes[process].add_destination
        if self.with_shortage(shortage, lambda: add(uri, owner, 0, on_change, {"of": owner}, **how)):
            if not self.owners[uri]:
                self.modes[uri] = "ready"
            self.owners[uri][owner] = how

    @rule(
        shortage=SHORTAGES,
        uri=st.sampled_from(URIS),
        owner=st.sampled_from(["me", "you"]),
        process=st.integers(0, 1),
    )
    def an_owner_deletes(self, shortage: tuple[int, int | None], uri: str, owner: str, process: int) -> None:
        """Gone, or still there; and of what an owner does not have there is nothing to delete."""
        delete = self.processes[process].del_destination
        if self.with_shortage(shortage, lambda: delete(uri, owner)):
            assert owner in self.owners[uri]
            del self.owners[uri][owner]

    @rule(shortage=SHORTAGES, uri=st.sampled_from(URIS), mode=st.sampled_from(["ready", "drain", "maint"]))
    def an_administrator_decides(self, shortage: tuple[int, int | None], uri: str, mode: str) -> None:
        """So it is from then on, or as before."""
        if self.with_shortage(shortage, lambda: self.processes[0].set_admin(uri, mode)):
            assert self.owners[uri]
            self.modes[uri] = mode

    @rule(shortage=SHORTAGES, group=st.sampled_from(GROUPS[1:]), floor=st.integers(0, 2))
    def a_group_is_configured(self, shortage: tuple[int, int | None], group: str, floor: int) -> None:
        """Its floor is another one, or the one before."""
        configure = self.processes[0].configure_group
        if self.with_shortage(shortage, lambda: configure(group, group_min_alive=floor)):
            self.floors[group] = floor

    @rule(
        shortage=SHORTAGES,
        answers=st.tuples(*[st.sampled_from([200, 503, 0])] * len(URIS)),
        seconds=st.sampled_from([0.1, 1, 3]),
    )
    def time_passes(self, shortage: tuple[int, int | None], answers: tuple[int, ...], seconds: float) -> None:
        """Peers answer or not, and their changes find no room."""
        self.answers = dict(zip(URIS, answers, strict=True))
        self.with_shortage(shortage, lambda: self.go_on(seconds))

    @rule(shortage=SHORTAGES, uri=st.sampled_from(URIS), alive=st.booleans())
    def a_script_reports(self, shortage: tuple[int, int | None], uri: str, alive: bool) -> None:
        """And asks for a ping."""
        api = self.processes[1]
        self.with_shortage(shortage, lambda: (api.report_success if alive else api.report_failure)(uri, "x"))
        self.with_shortage(shortage, lambda: api.ping_now(uri))

    @rule()
    def there_is_room(self) -> None:
        """Again, for as long as nothing else takes it."""
        self.ksr.room_left = self.ksr.refusals_left = None

    def go_on(self, seconds: float) -> int:
        """Let time pass in which peers do what they do, and callbacks run."""
        for _ in range(round(seconds * 20)):
            sent = len(self.ksr.sent)
            self.server.tick()
            for ping in self.ksr.sent[sent:]:
                code = self.answers.get(ping.uri, 0)
                self.ksr.reply(ping, code) if code else self.ksr.time_out(ping)
        self.server.run_callbacks()
        return 0

    # --- what is true at any time ---

    @invariant()
    def nothing_is_half_registered(self) -> None:
        """Each process sees who was accepted, with all that was, and nobody else."""
        for api in self.processes:
            wanted = {uri for uri, owners in self.owners.items() if owners}
            assert {each["uri"] for each in api.list()} == wanted
            for uri in URIS:
                assert (api.is_alive(uri) == -1) == (uri not in wanted)
                assert (api.state(uri) == -1) == (uri not in wanted)
                if uri not in wanted:
                    continue
                known = api.info(uri)
                assert known["owners"].keys() == self.owners[uri].keys()
                for owner, how in self.owners[uri].items():
                    said = known["owners"][owner]
                    assert (said["group"], said["priority"]) == (how["group"], how["priority"])
                    assert said["user_attr"] == {"of": owner}
                assert known["options"] == {"fall": next(iter(self.owners[uri].values()))["fall"]}
                assert known["admin"]["mode"] == self.modes[uri]

    # --- what is true in the end ---

    def teardown(self) -> None:
        """With room, and peers that answer, all is well within seconds; and no lock, no trace is left."""
        if self.processes:
            self.ksr.room_left = self.ksr.refusals_left = None
            self.answers = dict.fromkeys(URIS, 200)
            self.go_on(60)
            self.see_that_all_is_well()
        self.patch.undo()
        assert self.ksr.violations == []
        assert self.ksr.locks == []
        assert not [line for line in self.ksr.lines("err") if "Traceback" in line]

    def see_that_all_is_well(self) -> None:
        """Who is wanted is asked and up, in its groups, and told; of who is not there is nothing."""
        self.nothing_is_half_registered()
        wanted = [uri for uri, owners in self.owners.items() if owners]
        asked = [uri for uri in wanted if self.modes[uri] != "maint"]
        sent = len(self.ksr.sent)
        self.go_on(4)
        assert {ping.uri for ping in self.ksr.sent[sent:]} == set(asked)
        for uri in asked:
            assert self.processes[0].state(uri) == 1
            assert self.processes[0].info(uri)["callbacks"]["waiting"] == 0
            assert TOLD[uri] == 1
        for group in GROUPS[1:]:
            members = {
                uri
                for uri in wanted
                if group in {how["group"] for how in self.owners[uri].values()} and self.modes[uri] == "ready"
            }
            assert set(self.processes[1].alive(group)) == members
        keys = {f"{uri}:5060" for uri in wanted}
        for table in KEPT_OF:
            assert self.ksr.tables[f"keepalive_{table}"].keys() <= keys, table


# A quick run finds what is often wrong; MEMORY_RUNS_OUT=2000 takes ten minutes.
MemoryRunsOut.TestCase.settings = settings(
    max_examples=int(os.environ.get("MEMORY_RUNS_OUT", "25")), stateful_step_count=20, deadline=None
)
TestMemoryRunsOut = MemoryRunsOut.TestCase
