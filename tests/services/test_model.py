"""Random histories of one destination on the fake server, against a model that is written a second way.

The model keeps what happened, not what follows from it: each question is answered by looking at the whole
list of evidence again, where the module keeps counters.
"""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from conftest import ServerMachine
from keepalive_testing.ksr import Transaction

DESTINATION = "sip:192.168.10.20"
# A ping's time limit is its interval, 1 s; a second later nobody waits for its end.
DEADLINE = 2_000_000
MODES = ("ready", "drain", "maint")


def states_of(evidence: list[bool | None], rise: int, fall: int) -> list[int]:
    """Return the state after each piece of evidence: True for life, False for failure, None for a restart."""
    states = [0]
    begins = 0
    for at, sign in enumerate(evidence):
        if sign is None:
            begins = at + 1
            states.append(0)
            continue
        since = evidence[begins : at + 1]
        needed = rise if sign else fall
        if len(since) == 1 or (len(since) >= needed and all(each is sign for each in since[-needed:])):
            states.append(1 if sign else 2)
        else:
            states.append(states[-1])
    return states


class OneDestination(ServerMachine):
    """Pings end in any order, late or twice; reports, admin moves and registrations come in between."""

    @initialize(rise=st.integers(1, 4), fall=st.integers(1, 4))
    def begin(self, rise: int, fall: int) -> None:
        """Three processes, and a destination."""
        self.processes = [self.server.process() for _ in range(3)]
        self.rise, self.fall = rise, fall
        self.evidence: list[bool | None] = []
        self.mode = "ready"
        self.registered_at = 0
        self.newest: Transaction | None = None
        """the newest ping that was judged"""
        self.left = 0
        """when the newest ping left, us"""
        self.add()

    def add(self) -> None:
        """Register the destination."""
        options = {"rise": self.rise, "fall": self.fall, "ping_interval": 1}
        assert self.processes[0].add_destination(DESTINATION, "model", **options) == 0

    # --- what happens ---

    @rule(seconds=st.sampled_from([0.1, 1, 3]))
    def time_passes(self, seconds: float) -> None:
        """Pings leave; one of which no word comes by its deadline is a failure."""
        for _ in range(round(seconds * 10)):
            before = len(self.ksr.sent)
            self.server.tick()
            if before and self.server.now - self.left >= DEADLINE and self.is_news(self.ksr.sent[before - 1]):
                self.evidence.append(False)
                self.newest = self.ksr.sent[before - 1]
            if len(self.ksr.sent) > before:
                self.left = self.server.now

    def is_news(self, ping: Transaction) -> bool:
        """Say whether a ping's end is for this registration and newer than what was judged."""
        at = self.ksr.sent.index(ping)
        judged = -1 if self.newest is None else self.ksr.sent.index(self.newest)
        return at >= self.registered_at and at > judged

    @precondition(lambda self: self.ksr.sent)
    @rule(back=st.integers(0, 5), code=st.sampled_from([200, 202, 404, 408, 503, 0]), data=st.data())
    def a_ping_ends(self, back: int, code: int, data: st.DataObject) -> None:
        """One of the last pings is answered or times out: a new one, a late one, or one again."""
        ping = self.ksr.sent[max(0, len(self.ksr.sent) - 1 - back)]
        if self.is_news(ping):
            self.evidence.append(200 <= code < 300)
            self.newest = ping
        if code:
            self.ksr.reply(ping, code)
        else:
            self.ksr.time_out(ping)

    @rule(alive=st.booleans(), process=st.integers(0, 2))
    def traffic_reports(self, alive: bool, process: int) -> None:
        """A process reports what traffic showed."""
        api = self.processes[process]
        assert (api.report_success if alive else api.report_failure)(DESTINATION, "seen") == 0
        self.evidence.append(alive)

    @rule(mode=st.sampled_from(MODES), process=st.integers(0, 2))
    def an_administrator_decides(self, mode: str, process: int) -> None:
        """A process sets the admin mode."""
        assert self.processes[process].set_admin(DESTINATION, mode) == 0
        self.mode = mode

    @rule(process=st.integers(0, 2))
    def it_is_registered_anew(self, process: int) -> None:
        """Deleted and added again it is another registration: unknown, ready, and old pings are nothing."""
        assert self.processes[process].del_destination(DESTINATION, "model") == 0
        self.add()
        self.evidence.append(None)
        self.mode = "ready"
        self.registered_at = len(self.ksr.sent)
        self.newest = None

    @rule()
    def the_owner_adds_it_again(self) -> None:
        """What was there stays."""
        self.add()

    # --- what is true at any time ---

    @invariant()
    def every_process_sees_what_the_model_says(self) -> None:
        """State, answer, counters, admin mode and history agree with the evidence."""
        if not self.processes:
            return
        states = states_of(self.evidence, self.rise, self.fall)
        begins = len(self.evidence) - self.evidence[::-1].index(None) if None in self.evidence else 0
        since = self.evidence[begins:]
        for api in self.processes:
            assert api.state(DESTINATION) == states[-1]
            down = self.mode != "ready" or states[-1] == 2
            assert api.is_alive(DESTINATION) == (2 if down else 1), "unknown_as is up"
        known = self.processes[0].info(DESTINATION)
        assert known["admin"]["mode"] == self.mode
        assert (known["ok"], known["failed"]) == (since.count(True), since.count(False))
        assert known["void"] == 0, "this server heard everything"
        streak = 0
        while streak < len(since) and since[-1 - streak] is since[-1]:
            streak += 1
        assert known["consecutive"] == (streak if since and since[-1] else -streak)
        # Never two changes without evidence between, never more changes than evidence.
        changes = [(a, b) for a, b in zip(states[begins:], states[begins + 1 :], strict=False) if a != b]
        names = {0: "unknown", 1: "up", 2: "down"}
        wanted = [{"from": names[a], "to": names[b]} for a, b in changes]
        assert [{"from": each["from"], "to": each["to"]} for each in known["history"]] == wanted[-10:]


OneDestination.TestCase.settings = settings(max_examples=30, stateful_step_count=40, deadline=None)
TestOneDestination = OneDestination.TestCase
