"""Rows that an operator deletes or overwrites come back: nobody is silently unmonitored, or stuck."""

import json
import sys
from types import ModuleType
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from conftest import FakeServer, ServerMachine
from keepalive_core.rules.record import Health

A = "sip:192.168.10.20"
B = "sip:192.168.10.21"
KEY = f"{A}:5060"
UP = 1
DOWN = 2
TABLES = ["state", "health", "destination", "news", "group", "group_change", "page", "admin", "history"]
NONSENSE = ["foo", "", "{}", "1 2 3", "[1, 2]", "\x7f" * 300, "\udcff", 7, -5, 0, 2**31 - 1]
TOLD: list[tuple[Any, ...]] = []


def on_change(uri, state, user_attr):
    """Note what is told."""
    TOLD.append((uri, state, user_attr))


def on_any_change(uri, state, user_attr):
    """Note what is told."""
    TOLD.append(("any", uri, state, user_attr))


@pytest.fixture
def monitored(keepalive: ModuleType, server: FakeServer) -> ModuleType:
    """Two destinations in a group, of which A is up and B down, by script; A has all that one can have."""
    TOLD.clear()
    server.define("ping_interval", "1")
    keepalive.register_callback(on_any_change, "all")
    options = {"group": "g", "priority": 3, "weight": 5, "fall": 2, "ping_interval": 1}
    assert keepalive.add_destination(A, "me", 0, on_change, {"any": "value"}, **options) == 0
    assert keepalive.add_destination(B, "you", 0, None, None, group="g") == 0
    settle(server, 3)
    assert keepalive.set_admin(B, "maint", why="a test") == 0
    settle(server, 2)
    TOLD.clear()
    server.ksr.logged.clear()
    return keepalive


def settle(server: FakeServer, seconds: int, code: int = 200) -> None:
    """Let time pass; A answers, B does not."""
    for _ in range(seconds * 20):
        before = len(server.ksr.sent)
        server.tick()
        for ping in server.ksr.sent[before:]:
            server.ksr.reply(ping, code if ping.uri == A else 503)
    server.run_callbacks()


def rows_of(server: FakeServer, table: str) -> list[str]:
    """The keys of the rows of a table that are of A, its group, or of anything if that is the same."""
    rows = server.ksr.tables[f"keepalive_{table}"]
    return [key for key in rows if key in (KEY, "g", f"{B}:5060") or table == "page"]


STEADY = ["state", "admin", "not_pinged_because", "held", "rise", "fall", "owners", "options", "uri"]


def everything(keepalive: ModuleType) -> Any:
    """All that is known and that no ping changes."""
    known = [{name: keepalive.info(uri)[name] for name in STEADY} for uri in (A, B)]
    answers = [[ask(uri) for ask in (keepalive.is_alive, keepalive.state)] for uri in (A, B)]
    return known, answers, keepalive.alive("g"), keepalive.is_group_alive("g"), len(keepalive.list())


def lines_of(server: FakeServer) -> list[str]:
    """What was logged above INFO."""
    return server.ksr.lines("err") + server.ksr.lines("warn")


@pytest.mark.parametrize("table", TABLES)
def test_a_row_that_was_deleted_comes_back(monitored: ModuleType, server: FakeServer, table: str) -> None:
    """Everything is as it was after some seconds, pings and callbacks go on, and the log has a few lines."""
    before = everything(monitored)
    for key in rows_of(server, table):
        del server.ksr.tables[f"keepalive_{table}"][key]
    settle(server, 4)
    assert everything(monitored) == before
    sent = len(server.ksr.sent)
    settle(server, 3, 503)
    assert len(server.ksr.sent) > sent + 1
    assert monitored.is_alive(A) == DOWN
    assert TOLD == [(A, DOWN, {"any": "value"}), ("any", A, DOWN, "all")]
    assert len(lines_of(server)) <= 3
    assert "Traceback" not in str(lines_of(server))


@pytest.mark.parametrize("nonsense", NONSENSE, ids=lambda value: repr(value)[:12])
@pytest.mark.parametrize("table", TABLES)
def test_nonsense_in_a_row_costs_that_row(
    monitored: ModuleType, server: FakeServer, table: str, nonsense: object
) -> None:
    """It is dropped with a line that names it, and the row is made anew."""
    before = everything(monitored)
    for key in rows_of(server, table):
        server.ksr.tables[f"keepalive_{table}"][key] = nonsense
    settle(server, 4)
    assert everything(monitored) == before
    settle(server, 3, 503)
    assert monitored.is_alive(A) == DOWN
    assert [each for each in TOLD if each[:2] == (A, DOWN)]
    assert len(lines_of(server)) <= 6
    assert all(len(line) < 400 and "Traceback" not in line for line in lines_of(server))


@pytest.mark.parametrize(
    "tables", [("state", "health"), ("state", "destination"), ("health", "destination", "state")]
)
def test_several_tables_at_once(monitored: ModuleType, server: FakeServer, tables: tuple[str, ...]) -> None:
    """Even a destination all of whose rows are gone is not forgotten: nobody said that it is to go."""
    for table in tables:
        server.ksr.tables[f"keepalive_{table}"].clear()
    settle(server, 4)
    assert monitored.is_alive(A) == UP
    assert monitored.alive("g") == [A]
    assert monitored.info(A)["owners"]["me"]["user_attr"] == {"any": "value"}
    assert monitored.info(B)["admin"]["mode"] == "maint"
    assert monitored.is_alive(B) == DOWN


def test_what_is_deleted_by_its_owner_stays_so(monitored: ModuleType, server: FakeServer) -> None:
    """Whatever is missing of it before or meanwhile: it is pinged no more, and comes not back."""
    del server.ksr.tables["keepalive_state"][KEY]
    assert monitored.del_destination(A, "me") == 0
    settle(server, 4)
    sent = len([ping for ping in server.ksr.sent if ping.uri == A])
    settle(server, 4)
    assert len([ping for ping in server.ksr.sent if ping.uri == A]) == sent
    assert monitored.is_alive(A) == -1
    assert monitored.alive("g") == []
    assert KEY not in server.ksr.tables["keepalive_health"]


def test_an_admin_mode_that_is_ended_does_not_come_back(monitored: ModuleType, server: FakeServer) -> None:
    """A row that an administrator's word removed is not missing."""
    assert monitored.set_admin(B, "ready") == 0
    settle(server, 6)
    assert monitored.info(B)["admin"] == {"mode": "ready"}
    assert lines_of(server) == []


def test_is_alive_mends_what_it_reads(monitored: ModuleType, server: FakeServer) -> None:
    """Who asks does not wait for a prober."""
    for value in ("foo", 7, -1, 99):
        server.ksr.tables["keepalive_state"][KEY] = value
        assert monitored.is_alive(A) == UP
    del server.ksr.tables["keepalive_state"][KEY]
    assert monitored.state(A) == UP
    assert monitored.is_alive(A) == UP


def test_a_value_that_could_be_true_is_not(monitored: ModuleType, server: FakeServer) -> None:
    """A state that an operator wrote is that of the record again: nobody is stuck in it."""
    server.ksr.tables["keepalive_state"][KEY] = DOWN
    settle(server, 4)
    assert monitored.is_alive(A) == UP
    server.ksr.tables["keepalive_health"][KEY] = server.ksr.tables["keepalive_health"][f"{B}:5060"]
    settle(server, 6)
    assert monitored.is_alive(A) == UP


COMMON = ["settings", "listeners", "callbacks", "started", "startup", "state_read", "generation", "revision"]


@pytest.mark.parametrize("nonsense", [None, "foo", "[]", "{}", "\udcff", 0, -1])
@pytest.mark.parametrize(
    "row", [*COMMON, "group_changes", "unannounced", "lost", "untold", "callback", "pulse"]
)
def test_a_row_of_the_server_comes_back(
    monitored: ModuleType, server: FakeServer, row: str, nonsense: object
) -> None:
    """Settings, callbacks and counters: what is in force stays so, and what is new is taken."""
    server.ksr.settings["fall"] = "3"
    settle(server, 2)
    rows = server.ksr.tables["keepalive"]
    before = rows.get(row)
    rows.pop(row, None) if nonsense is None else rows.update({row: nonsense})
    settle(server, 3)
    other = server.process()
    assert other.info(B)["fall"] == 3
    assert other.is_alive(A) == UP
    assert monitored.add_destination("sip:new", "me") == 0
    settle(server, 3)
    assert other.info("sip:new")["last_code"] == 503
    settle(server, 4, 503)
    assert ("any", A, DOWN, "all") in TOLD
    if row in ("generation", "revision", "group_changes"):
        assert rows[row] > before
    assert len(lines_of(server)) <= 4
    assert "Traceback" not in str(lines_of(server))


def test_a_pause_that_was_lost_goes_on(monitored: ModuleType, server: FakeServer) -> None:
    """A standby whose row was deleted does not begin to ping; resume() does."""
    monitored.pause()
    settle(server, 2)
    del server.ksr.tables["keepalive"]["paused"]
    sent = len(server.ksr.sent)
    settle(server, 5)
    assert len(server.ksr.sent) <= sent + 1
    monitored.resume()
    settle(server, 3)
    assert len(server.ksr.sent) > sent + 1


def test_how_many_are_behind_an_uplink_comes_back(monitored: ModuleType, server: FakeServer) -> None:
    """The guard that asks would hold nobody, or everybody."""
    server.ksr.settings["mass_failure"] = "50"
    settle(server, 3)
    before = dict(server.ksr.tables["keepalive_uplink"])
    assert before
    from keepalive_core.kamailio import uplink_rows

    for damaged in ({}, dict.fromkeys(before, "foo")):
        server.ksr.tables["keepalive_uplink"].clear()
        server.ksr.tables["keepalive_uplink"].update(damaged)
        settle(server, 3)
        assert uplink_rows.behind("") == 2
        assert monitored.is_alive(A) == UP


@pytest.mark.parametrize("value", [2**31 - 1, 2**31 - 2, -(2**31), "foo"])
def test_a_counter_at_its_end_gives_no_number_twice(
    monitored: ModuleType, server: FakeServer, value: object
) -> None:
    """Pages of rosters have numbers, too: whatever somebody wrote, a group has all of its members."""
    uris = [f"sip:10.0.0.{number}" for number in range(1, 41)]
    server.ksr.tables["keepalive"]["generation"] = value
    settle(server, 2)
    seen: set[int] = set()
    for number, uri in enumerate(uris):
        assert monitored.add_destination(uri, "me", group="many", priority=number) == 0
        generation, _, _ = json.loads(server.ksr.tables["keepalive_destination"][f"{uri}:5060"])
        seen.add(generation)
        if number % 10 == 9:
            settle(server, 1)
    assert len(seen) == len(uris)
    server.answer(200, 3)
    assert len(monitored.alive("many")) == len(uris)


@pytest.mark.parametrize("later_us", [3600 * 1_000_000, 10**18, 10**30])
def test_results_count_whatever_time_somebody_wrote(
    monitored: ModuleType, server: FakeServer, later_us: int
) -> None:
    """A last ping in the future would make each result an old one, and a dead destination would stay up."""
    rows = server.ksr.tables["keepalive_health"]
    known = Health.from_text(rows[KEY])
    rows[KEY] = known._replace(newest_sent=server.now + later_us).text()
    settle(server, 30, 503)
    assert monitored.is_alive(A) == DOWN


def test_a_mode_that_somebody_else_ended_goes_on(monitored: ModuleType, server: FakeServer) -> None:
    """Whoever writes that a destination is ready has not said so."""
    server.ksr.tables["keepalive_admin"][f"{B}:5060"] = json.dumps(["ready", 0, "", "", 5])
    settle(server, 5)
    assert monitored.info(B)["admin"]["why"] == "a test"


def test_settings_that_somebody_else_wrote_are_not_in_force(
    monitored: ModuleType, server: FakeServer
) -> None:
    """Whatever they say, and however well formed they are."""
    server.ksr.tables["keepalive"]["settings"] = json.dumps(
        json.loads(server.ksr.tables["keepalive"]["settings"]) | {"rise": 500}
    )
    settle(server, 2)
    assert monitored.info(B)["rise"] == 1


def test_many_lost_rows_are_a_few_lines(keepalive: ModuleType, server: FakeServer) -> None:
    """A table that was flushed is whole again within seconds, with a line a second at the most."""
    uris = [f"sip:10.0.{number // 250}.{number % 250 + 1}" for number in range(1500)]
    for uri in uris:
        keepalive.add_destination(uri, "me")
    server.answer(200, 31)
    server.ksr.logged.clear()
    server.ksr.tables["keepalive_state"].clear()
    server.answer(200, 5)
    assert [keepalive.is_alive(uri) for uri in uris] == [UP] * len(uris)
    lines = lines_of(server)
    assert 1 <= len(lines) <= 5
    assert sum(3 + int(line.rpartition(" and ")[2].split()[0]) for line in lines) == len(uris), lines


class Vandal(ServerMachine):
    """Any rows are deleted or overwritten at any time, beside all that goes on; in the end all is well."""

    @initialize()
    def begin(self) -> None:
        self.server.define("ping_interval", "1")
        self.processes = [self.server.process() for _ in range(2)]
        self.wanted = {A: True, B: True}
        for uri in self.wanted:
            self.processes[0].add_destination(uri, "me", 0, on_change, group="g")
        settle(self.server, 2)

    tables = st.sampled_from([f"keepalive_{name}" for name in TABLES] + ["keepalive"])

    @rule(table=tables, which=st.integers(0, 50), value=st.sampled_from([None, *NONSENSE]))
    def damage(self, table: str, which: int, value: object) -> None:
        rows = self.ksr.tables[table]
        # Who counts "unannounced" up and takes all rows of a destination does what a deletion does that found
        # no memory to be announced: nobody can tell them apart.
        keys = [key for key in rows if key not in ("paused", "list_missed", "room", "unannounced")]
        if keys:
            key = keys[which % len(keys)]
            rows.pop(key) if value is None else rows.update({key: value})

    @rule(table=tables)
    def flush(self, table: str) -> None:
        self.ksr.tables[table].clear()

    @rule(uri=st.sampled_from([A, B]), process=st.integers(0, 1))
    def come_or_go(self, uri: str, process: int) -> None:
        # Who asks for it while its row makes no sense is refused, and asks again.
        if self.wanted[uri]:
            done = self.processes[process].del_destination(uri, "me") == 0
            self.wanted[uri] = not done
        else:
            self.wanted[uri] = self.processes[process].add_destination(uri, "me", group="g") == 0
        # What the prober has not heard of it cannot bring back.
        self.server.tick(0.2)

    @rule(seconds=st.integers(1, 3))
    def time_passes(self, seconds: int) -> None:
        settle(self.server, seconds)

    @invariant()
    def nothing_fails_but_with_a_line(self) -> None:
        assert "Traceback" not in str(self.ksr.lines("err"))

    def teardown(self) -> None:
        if hasattr(self, "wanted"):
            # A prober rests for ten seconds between two looks at all.
            settle(self.server, 13)
            for uri, is_wanted in self.wanted.items():
                state = (UP if uri == A else DOWN) if is_wanted else -1
                assert [api.is_alive(uri) for api in self.processes] == [state, state]
            alive = [A] if self.wanted[A] else []
            assert [api.alive("g") for api in self.processes] == [alive, alive]
        self.ksr.logged.clear()
        super().teardown()


test_whatever_is_damaged_heals = Vandal.TestCase


def test_what_is_deleted_while_it_is_mended_stays_deleted(
    monitored: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A destination whose rows are being made anew may go just then: its deletion waits in the queue."""
    prober = sys.modules["keepalive_core.services.prober"].the_prober
    mend = sys.modules["keepalive_core.services.registrations"].mend

    def mend_late(key: str, *rest: object) -> object:
        monitored.del_destination(A, "me")
        return mend(key, *rest)

    prober._mending.suspect(KEY)
    with monkeypatch.context() as patch:
        patch.setattr("keepalive_core.services.registrations.mend", mend_late)
        server.tick()
    settle(server, 3)
    assert monitored.state(A) == -1
    assert [each["uri"] for each in monitored.list()] == [B]
    assert not prober._mending.has_suspects


def test_a_change_between_two_looks_is_no_lost_row(
    monitored: ModuleType, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody wants a destination too, just when its prober has heard all, and looks at rows."""
    from keepalive_core.services.mending import Mending

    look = Mending.look_around
    owners = iter(range(1000))

    def look_late(self: Mending, now: int) -> None:
        assert monitored.add_destination(A, f"owner {next(owners)}") == 0
        look(self, now)

    monkeypatch.setattr(Mending, "look_around", look_late)
    settle(server, 3)
    assert server.ksr.lines("warn") == []
