"""Random histories of a small fleet: whatever happens, nobody is forgotten, and nobody is stuck.

Each destination is pinged at least once in its longest interval while info() gives no reason why not, and out
of turn once a second at the most; when all is calm, all are up, and nothing of what happened is left.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from conftest import ServerMachine
from keepalive_testing.ksr import Transaction

SECOND = 1_000_000
URIS = tuple(f"sip:192.168.10.{number}" for number in (20, 21, 22))
WITNESS = "the test covered its ears"

# The first ping leaves within a second; the last one may be in flight for its time limit and a second more;
# a tick may be late; what an operator sets is seen within a second.
SLACK = 2.5 * SECOND
# What memory had no room to announce is found so long after.
FOUND = 12 * SECOND

LONGEST = 4
intervals = st.sampled_from([2, 3, LONGEST])
# Once, for a moment, or for longer than any interval.
ticks_of_it = st.sampled_from([1, 5, 160])
answers = st.sampled_from([200, 200, 503, 480, 404, 0, -1, -2, -20])
"""a code; 0 for silence, -1 for silence that nobody would have heard, -2 for no word of any kind, not from tm
either, -20 for a 503 with Retry-After: 3"""


class Watched:
    """What the test knows of a destination."""

    def __init__(self) -> None:
        self.answer = 200
        self.options: dict[str, Any] = {}
        self.is_there = False
        self.since = 0
        """when it was pinged last, or had a reason not to be, us"""
        self.longest = 0
        """the longest interval that it had since, us"""
        self.had_trouble = False
        """whether memory was full since"""
        self.times: deque[int] = deque(maxlen=12)
        """when the last pings left, us"""


class SmallFleet(ServerMachine):
    """Calls, scripts, operators and peers do what they like, at any rate."""

    @initialize(options=st.lists(st.fixed_dictionaries({"ping_interval": intervals}), min_size=3, max_size=3))
    def begin(self, options: list[dict[str, Any]]) -> None:
        """Two processes, and three destinations, two of them in a group that keeps one answering."""
        # An administrator's time is that of the wall.
        self.patch.setattr(time, "time", lambda: 1_700_000_000 + self.server.now / SECOND)
        self.server.define("ping_timeout", "100")
        self.server.define("passive_window", "3")
        self.server.now += 1234
        self.paused_by_call = False
        self.trouble_until = 0
        self.fleet = {uri: Watched() for uri in URIS}
        self.global_interval = LONGEST
        self.server.define("ping_interval", str(LONGEST))
        self.processes = [self.server.process()]
        self.restart()
        for uri, own in zip(URIS, options, strict=True):
            self.add(uri, own)

    def restart(self) -> None:
        """Begin with another prober, which knows nothing."""
        self.processes = [self.processes[-1], self.server.process()]
        import keepalive_core.services.watch as watch

        self.patch.setattr(watch, "server_witness", lambda *_: WITNESS if self.is_deaf else "")
        self.is_deaf = False

    def api(self) -> Any:
        """The process that workers and scripts are in."""
        return self.processes[0]

    def add(self, uri: str, options: dict[str, Any]) -> None:
        """Register a destination, or update it."""
        one = self.fleet[uri]
        added = self.api().add_destination(uri, "me", group="" if uri == URIS[0] else "g", **options) == 0
        if added:
            if not one.is_there:
                one.since = self.server.now
            one.is_there, one.options = True, options
            self.note_interval(one)
        elif not self.api().info(uri):
            one.is_there = False

    def note_interval(self, one: Watched) -> None:
        """Take note of the intervals that hold for a destination now."""
        regular = one.options.get("ping_interval", self.global_interval)
        down = one.options.get("ping_interval_down", 0)
        pending = one.options.get("ping_interval_pending", 0)
        one.longest = max(one.longest, max(regular, down, pending) * SECOND)

    # --- time ---

    def tick(self, ticks: int, before: Callable[[], object] = int) -> None:
        """Let time pass, in which peers answer."""
        for _ in range(ticks):
            before()
            sent = len(self.ksr.sent)
            self.server.tick()
            for ping in self.ksr.sent[sent:]:
                self.is_pinged(self.fleet[ping.uri])
                self.reply(ping)
            for uri, one in self.fleet.items():
                self.look_at(uri, one)

    def reply(self, ping: Transaction) -> None:
        """Let the peer do what it does."""
        answer = self.fleet[ping.uri].answer
        self.is_deaf = answer == -1
        if answer > 0:
            self.ksr.reply(ping, answer, "Reason")
        elif answer == -20:
            self.ksr.reply_headers = {"Retry-After": "3"}
            self.ksr.reply(ping, 503, "Reason")
            self.ksr.reply_headers = {}
        elif answer != -2:
            self.ksr.time_out(ping)

    def is_pinged(self, one: Watched) -> None:
        """Take note of a ping, and see that there are not too many."""
        now = self.server.now
        one.times.append(now)
        one.since, one.longest = now, 0
        self.note_interval(one)
        # Intervals are 2 s and more: of seven pings three may be regular, and a change of them adds one.
        if len(one.times) == one.times.maxlen:
            assert one.times[-1] - one.times[0] >= 4 * SECOND, [at / SECOND for at in one.times]

    def look_at(self, uri: str, one: Watched) -> None:
        """See that it was not forgotten."""
        if not one.is_there:
            return
        now = self.server.now
        limit = one.longest + SLACK
        if self.ksr.room_left is not None:
            self.trouble_until = now + FOUND
        if now < self.trouble_until:
            limit = LONGEST * SECOND + SLACK + FOUND
        elif one.had_trouble:
            one.had_trouble, one.since = False, now
        if self.api().info(uri)["not_pinged_because"]:
            one.since, one.longest = now, 0
            self.note_interval(one)
        assert now - one.since <= limit, f"{uri}: no ping for {(now - one.since) / SECOND} s"

    # --- what happens ---

    @rule(ticks=st.sampled_from([1, 3, 10, 30, 100]))
    def time_passes(self, ticks: int) -> None:
        """Nothing else happens."""
        self.tick(ticks)

    @rule(uri=st.sampled_from(URIS), answer=answers)
    def a_peer_changes(self, uri: str, answer: int) -> None:
        """It answers otherwise from now on."""
        self.fleet[uri].answer = answer

    @rule(
        uris=st.lists(st.sampled_from(URIS), min_size=1, max_size=3),
        wishes=st.lists(st.sampled_from(["now", "good", "bad", "200", "503", "486"]), min_size=1, max_size=3),
        ticks=ticks_of_it,
    )
    def calls_and_scripts_wish(self, uris: list[str], wishes: list[str], ticks: int) -> None:
        """Twenty times a second, for a while."""

        def wish() -> None:
            for uri in uris:
                for word in wishes:
                    if word == "now":
                        self.api().ping_now(uri)
                    elif word == "good":
                        self.api().report_success(uri, "a script")
                    elif word == "bad":
                        self.api().report_failure(uri, "a script")
                    else:
                        self.api().report_reply(uri, int(word))

        self.tick(ticks, wish)

    @rule(
        uri=st.sampled_from(URIS),
        changes=st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "ping_interval": intervals,
                    "ping_interval_pending": intervals,
                    "ping_interval_down": intervals,
                    "ping_jitter": st.sampled_from([0, 50]),
                    "ping_skip_if_fresh": st.sampled_from([2, 10]),
                    "stale_after": st.sampled_from([3, 20]),
                    "rise": st.integers(1, 3),
                    "fall": st.integers(1, 3),
                    "drain_codes": st.just("480"),
                    "drain_time": st.just(4),
                    "honor_retry_after": st.just(0),
                    "flap_limit": st.just(2),
                    "flap_window": st.just(6),
                    "flap_hold": st.just(2),
                    "flap_hold_max": st.just(4),
                    "passive_min": st.just(2),
                    "passive_window": st.just(3),
                },
            ),
            min_size=1,
            max_size=3,
        ),
        ticks=ticks_of_it,
    )
    def an_owner_changes_its_mind(self, uri: str, changes: list[dict[str, Any]], ticks: int) -> None:
        """Once, or with each tick."""
        turns = iter(range(ticks))
        self.tick(ticks, lambda: self.add(uri, changes[next(turns) % len(changes)]))

    @rule(values=st.lists(intervals, min_size=1, max_size=3), ticks=ticks_of_it)
    def an_operator_changes_the_interval(self, values: list[int], ticks: int) -> None:
        """Once, or again and again."""
        turns = iter(range(ticks))

        def change() -> None:
            self.global_interval = values[next(turns) % len(values)]
            self.ksr.settings["ping_interval"] = str(self.global_interval)
            for one in self.fleet.values():
                self.note_interval(one)

        self.tick(ticks, change)

    @rule(
        uri=st.sampled_from(URIS),
        modes=st.lists(st.sampled_from(["ready", "drain", "maint"]), min_size=1, max_size=3),
        until=st.sampled_from([0, 1, 5]),
        ticks=ticks_of_it,
    )
    def an_administrator_decides(self, uri: str, modes: list[str], until: int, ticks: int) -> None:
        """Once, or with each tick."""
        turns = iter(range(ticks))
        self.tick(ticks, lambda: self.api().set_admin(uri, modes[next(turns) % len(modes)], until))

    @rule(uri=st.sampled_from(URIS), ticks=ticks_of_it, away=st.sampled_from([0, 1, 3]))
    def it_is_registered_anew(self, uri: str, ticks: int, away: int) -> None:
        """Once, or again and again, at once or some ticks later."""
        turns = iter(range(ticks))

        def renew() -> None:
            if next(turns) % (away + 1):
                return
            if self.fleet[uri].is_there:
                self.api().del_destination(uri, "me")
                # Away for no time at all it has waited for as long as before.
                self.fleet[uri].is_there = not away
                if away:
                    return
            self.add(uri, self.fleet[uri].options)

        self.tick(ticks, renew)

    @rule(
        paused=st.booleans(),
        by_call=st.booleans(),
        seconds=st.sampled_from([0, 1, 4]),
        times=st.integers(1, 4),
    )
    def pings_are_paused_or_resumed(self, paused: bool, by_call: bool, seconds: int, times: int) -> None:
        """Once, or in a row."""
        for _ in range(times):
            if by_call:
                (self.api().pause if paused else self.api().resume)()
            else:
                self.ksr.settings["enabled"] = str(int(not paused))
            self.tick(1 + 20 * seconds)
            paused = not paused

    @rule(room=st.sampled_from([0, 1]), ticks=ticks_of_it)
    def memory_is_full(self, room: int, ticks: int) -> None:
        """For a while: what happens then may not be announced."""
        self.ksr.room_left = room
        for one in self.fleet.values():
            one.had_trouble = True
        self.tick(ticks)

    @rule()
    def memory_is_free(self) -> None:
        """There is room again."""
        self.ksr.room_left = None

    @rule(seconds=st.sampled_from([1, 5, 70]))
    def the_server_stands_still(self, seconds: int) -> None:
        """And nobody is pinged meanwhile."""
        self.server.now += seconds * SECOND
        for one in self.fleet.values():
            one.since += seconds * SECOND

    @rule()
    def another_prober_begins(self) -> None:
        """It has only what is in shared memory."""
        self.restart()

    # --- what is true in the end ---

    def teardown(self) -> None:
        """When all is calm, all are up, and nothing is left."""
        if self.processes:
            self.calm_down()
        self.patch.undo()
        assert self.ksr.violations == []
        assert not [line for line in self.ksr.lines("err") if "Traceback" in line]

    def calm_down(self) -> None:
        """Let all be well for longer than any hold lasts, and see."""
        self.ksr.room_left = None
        self.ksr.settings["enabled"] = "1"
        self.api().resume()
        for uri, one in self.fleet.items():
            one.answer = 200
            # Nothing else is touched: what was not announced has to be found.
            if not one.is_there or "stale_after" in one.options:
                # Shorter than an interval it leaves no state between two pings.
                self.add(uri, {name: value for name, value in one.options.items() if name != "stale_after"})
            if self.api().info(uri)["admin"]["mode"] != "ready":
                self.api().set_admin(uri, "ready")
        self.tick(20 * 40)
        for uri in URIS:
            known = self.api().info(uri)
            assert known["state"] == "up", known
            assert known["consecutive"] > 0
            assert self.api().is_alive(uri) == 1
            left = {name: known[name] for name in ("held", "drained_until", "kept_down_until")}
            assert left == {"held": [], "drained_until": 0, "kept_down_until": 0}


# A quick run finds what is often wrong; ALWAYS_ASKED=1000 takes ten minutes.
SmallFleet.TestCase.settings = settings(
    max_examples=int(os.environ.get("ALWAYS_ASKED", "12")), stateful_step_count=20, deadline=None
)
TestSmallFleet = SmallFleet.TestCase
